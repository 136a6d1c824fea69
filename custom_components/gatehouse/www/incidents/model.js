/** What the incidents card shows, out of what Gatehouse tells. Pure: no page, no clock, no connection. */

export const SILENCE = { state: "waiting", incidents: [], next: null, problem: null };

/** How many incidents are asked for at once. */
export const PAGE = 40;

/** What the card looks for at first: everything but false alarms. */
export const ALL = {
  ...{ text: "", where: "", label: "", level: "", reviewed: "", alarms: "without", kept: false, day: "" },
};

/** The levels, the least first. */
export const LEVELS = ["low", "medium", "high", "critical"];

/** Return what Gatehouse is asked for, out of what somebody looks for; a day is one of the house. */
export function questionOf({ text, where, label, level, reviewed, alarms, kept, day }) {
  const [kind, place] = [where.slice(0, 1), where.slice(2)];
  const wished = {
    ...{ text: text.trim(), label, level, group: kind === "g" && place },
    cameras: kind === "c" && [place],
    since: day && `${day}T00:00:00`,
    until: day && `${dayAfter(day)}T00:00:00`,
  };
  const asked = Object.entries(wished).filter(([, value]) => value);
  if (reviewed) asked.push(["reviewed", reviewed === "yes"]);
  if (alarms !== "with") asked.push(["false_alarm", alarms === "only"]);
  if (kept) asked.push(["kept", true]);
  return { ...Object.fromEntries(asked), limit: PAGE };
}

/** Whether an incident is one that somebody looks for, as Gatehouse would say; the day is one in `timeZone`. */
export function matches(incident, filter, timeZone) {
  const { where, label, level, reviewed, alarms, kept, day } = filter;
  const place = where.slice(2);
  const seenBy = incident.sightings.some((seen) => [seen.camera, seen.entity_id].includes(place));
  const told = wordsOf(toldOf(incident));
  return (
    (!where || (where.startsWith("g") ? incident.group === place : seenBy)) &&
    (!label || incident.labels.includes(label)) &&
    (!level || LEVELS.indexOf(incident.level) >= LEVELS.indexOf(level)) &&
    (!reviewed || Boolean(incident.reviewed) === (reviewed === "yes")) &&
    (alarms === "with" || incident.false_alarm === (alarms === "only")) &&
    (!kept || incident.kept) &&
    (!day || dayIn(new Date(incident.started), timeZone) === day) &&
    wordsOf(filter.text).every((word) => told.some((each) => each.startsWith(word)))
  );
}

/** Return what is known after an event of the subscription. */
export function heard(feed, event, isWanted) {
  if (event.kind === "failed") return { ...feed, state: "failed", problem: event.message };
  if (event.kind === "page") return begun(feed, event);
  return changed(feed, event.incident, isWanted(event.incident));
}

/** Return what is known when an incident is as it is now. */
export function changed(feed, incident, isWanted) {
  const others = feed.incidents.filter((each) => each.id !== incident.id);
  const last = feed.incidents.at(-1);
  // What is older than the last page comes with its own.
  const isBeyond = feed.next && last && newestFirst(last, incident) < 0;
  const incidents = isWanted && !isBeyond ? [incident, ...others].sort(newestFirst) : others;
  return { ...feed, incidents };
}

/** Return what is known with one more page. */
export function continued(feed, page) {
  const known = new Set(feed.incidents.map((incident) => incident.id));
  const older = page.incidents.filter((incident) => !known.has(incident.id));
  return { ...feed, incidents: [...feed.incidents, ...older], next: page.next };
}

/** Return an incident as a row of the list. */
export function rowOf(incident) {
  return {
    id: incident.id,
    place: incident.place,
    started: new Date(incident.started),
    ongoing: incident.state === "open",
    falseAlarm: incident.false_alarm,
    level: incident.level,
    isNew: !incident.reviewed,
    kept: incident.kept,
    note: incident.note,
    summary: incident.summary || incident.reasons.join(", ") || incident.labels.join(", "),
    picture: incident.picture_url,
  };
}

/** Return rows by days, each with what `dayOf` calls it. */
export function daysOf(rows, dayOf) {
  const days = new Map();
  for (const row of rows) {
    const day = dayOf(row.started);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(row);
  }
  return [...days].map(([day, held]) => ({ day, rows: held }));
}

/** Return the incidents beside one: the newer and the older, null where there is none. */
export function besideOf(feed, id) {
  const place = feed.incidents.findIndex((incident) => incident.id === id);
  const at = (index) => (place < 0 ? null : (feed.incidents[index]?.id ?? null));
  return { newer: at(place - 1), older: at(place + 1) };
}

/** Return the places that one can look for, and the cameras of those that have several. */
export function placesOf(cameras) {
  const places = Map.groupBy(cameras, (camera) => camera.group);
  return [...places].flatMap(([group, held]) => [
    [`g:${group}`, held[0].place],
    ...(held.length > 1 ? held.map(({ key, place, name }) => [`c:${key}`, `${place}: ${name}`]) : []),
  ]);
}

/** Return the date of a moment in a time zone, as a field for dates writes it. */
export function dayIn(moment, timeZone) {
  const date = { timeZone, year: "numeric", month: "2-digit", day: "2-digit" };
  return new Intl.DateTimeFormat("sv-SE", date).format(moment);
}

/** Return what is known with the first page, told again: what follows it stays, if nothing is missing between. */
function begun(feed, { incidents, next }) {
  const last = feed.incidents.findIndex((incident) => incident.id === incidents.at(-1)?.id);
  const older = last < 0 ? [] : feed.incidents.slice(last + 1);
  return { state: "ready", incidents: [...incidents, ...older], next: older.length ? feed.next : next, problem: null };
}

const dayAfter = (day) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

const newestFirst = (one, other) => Date.parse(other.started) - Date.parse(one.started);

const toldOf = ({ place, labels, zones, passages, reasons, summary, note }) =>
  [place, ...labels, ...zones, ...passages.map((passage) => passage.person ?? ""), ...reasons, summary, note].join(" ");

/** Return the words of a text without case and accents, as Gatehouse reads them. */
const wordsOf = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
