/** The hours of a week: windows that people say, and blocks that are drawn of them. Pure. */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** Minutes; what is drawn ends at a multiple of them. */
export const STEP = 15;

export const MIDNIGHT = 24 * 60;

/** Return how many minutes of its day have passed at a time such as 08:30:00. */
export function minutesOf(clock) {
  const [hours, minutes] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}

/** Return the time of day after so many minutes; the end of a day is midnight. */
export function clockOf(minutes) {
  const told = (number) => String(number).padStart(2, "0");
  return `${told(Math.floor(minutes / 60) % 24)}:${told(minutes % 60)}`;
}

/** Return whether hours end on the day after they began. */
export const isOverMidnight = ({ start, end }) => minutesOf(end) <= minutesOf(start);

/** Return windows as they are edited: their days in order, their times without seconds. */
export const edited = (windows) => windows.map(({ days, ...hours }) => ({ days: inOrder(days), ...short(hours) }));

/** Return hours without seconds. */
export const short = ({ start, end }) => ({ start: start.slice(0, 5), end: end.slice(0, 5) });

/** Return what a week looks like: on each day from when to when, and which edges end the window. */
export function blocksOf(windows) {
  return windows.flatMap((window, index) =>
    window.days.flatMap((name) => {
      const day = DAYS.indexOf(name);
      const [from, to] = [minutesOf(window.start), minutesOf(window.end)];
      if (!isOverMidnight(window)) return [{ index, day, from, to, edges: ["start", "end"] }];
      const evening = { index, day, from, to: MIDNIGHT, edges: to ? ["start"] : ["start", "end"] };
      const morning = { index, day: (day + 1) % 7, from: 0, to, edges: ["end"] };
      return to ? [evening, morning] : [evening];
    }),
  );
}

/** Return windows with one that was drawn over some days; those of the same hours are one. */
export function drawn(windows, { days, from, to }) {
  const added = { days: days.map((day) => DAYS[day]), start: clockOf(from), end: clockOf(to) };
  const same = windows.findIndex(({ start, end }) => start === added.start && end === added.end);
  if (same < 0) return [...windows, added];
  return changed(windows, same, { days: inOrder([...windows[same].days, ...added.days]) });
}

/** Return windows of which one begins or ends at another time; it keeps a length. */
export function resized(windows, index, edge, minutes) {
  const { start, end } = windows[index];
  const moved = { start, end, [edge]: clockOf(minutes) };
  return moved.start === moved.end && start !== end ? windows : changed(windows, index, moved);
}

/** Return windows of which one is said otherwise. */
export const changed = (windows, index, fields) =>
  windows.map((window, place) => (place === index ? { ...window, ...fields } : window));

/** Return all but one. */
export const without = (list, index) => list.filter((_, place) => place !== index);

/** Return days in the order of the week, each once. */
export const inOrder = (days) => DAYS.filter((day) => days.includes(day));

/** Return days as people say them: those that follow each other as from–to. */
export function daysTold(days, nameOf) {
  const runs = [];
  for (const day of inOrder(days)) {
    const last = runs.at(-1);
    if (last && DAYS.indexOf(day) === DAYS.indexOf(last.at(-1)) + 1) last.push(day);
    else runs.push([day]);
  }
  const told = (run) => (run.length > 2 ? [`${nameOf(run[0])}–${nameOf(run.at(-1))}`] : run.map(nameOf));
  return runs.flatMap(told).join(", ");
}

/** Return a schedule in a line. */
export const summaryOf = (windows, nameOf) =>
  edited(windows).map(({ days, start, end }) => `${daysTold(days, nameOf)} ${start}–${end}`).join("; ");
