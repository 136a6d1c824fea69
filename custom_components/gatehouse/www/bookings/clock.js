/** Days and hours by the clock of the house, as forms write them. Pure. */

const MINUTE = 60_000;
const DAY = 24 * 60;

/** Return the day of a moment, as 2026-11-22, where the clock is that of a zone. */
export const dateIn = (zone, moment) => shown(zone, moment).slice(0, 10);

/** Return the next full hour: its date and its time. */
export function nextHour(zone, now) {
  const [date, time] = written(at(shown(zone, now)) + 60 * MINUTE).split("T");
  return { date, time: `${time.slice(0, 2)}:00` };
}

/** Return the date some days after another. */
export const dateAfter = (date, days) => written(at(`${date}T00:00`) + days * DAY * MINUTE).slice(0, 10);

/** Return the time some minutes after another, around midnight. */
export const timeAfter = (time, minutes) => written(at(`2026-01-01T${time}`) + minutes * MINUTE).slice(11);

/** Return the day of the week of a date: 0 is Monday. */
export const weekdayOf = (date) => (new Date(`${date}T00:00Z`).getUTCDay() + 6) % 7;

/** Return how many minutes lie between two times of which the second may be on the next day. */
export function minutesBetween(from, to) {
  const [one, other] = [from, to].map((time) => at(`2026-01-01T${time}`) / MINUTE);
  return other > one ? other - one : other - one + DAY;
}

/** Return a moment as 2026-11-22T17:00, where the clock is that of a zone. */
function shown(zone, moment) {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return format.format(moment).replace(" ", "T");
}

/** Return what a clock shows as milliseconds, as if its zone had no seasons. */
const at = (clock) => new Date(`${clock}Z`).getTime();

const written = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 16);
