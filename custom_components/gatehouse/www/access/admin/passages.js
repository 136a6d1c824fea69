/** What is asked of the access log, and what is made of its answers. Pure. */

import { localOf } from "./model.js";

/** Milliseconds; an incident may have begun before somebody came to its door. */
const BEFORE = 10 * 60_000;

/** Return what Gatehouse is asked for; a day is one of the house. */
export function wishOf({ door, user, kind, day }) {
  return {
    ...(door ? { doors: [door] } : {}),
    ...(user ? { users: [user] } : {}),
    ...(kind ? { kinds: [kind] } : {}),
    ...(day ? { since: `${day}T00:00:00`, until: `${day}T23:59:59.999999` } : {}),
  };
}

/** Return whether news of a passage belongs into the list. */
export function isAsked({ door, user_id: user, kind, occurred_at: at }, filter, zone) {
  const { door: atDoor, user: by, kind: only, day } = filter;
  const fits = [[atDoor, door], [by, user], [only, kind], [day, localOf(at, zone).slice(0, 10)]];
  return fits.every(([wanted, is]) => !wanted || wanted === is);
}

/** Return in which time the incidents of passages were, null if there are none. */
export function spanOf(passages) {
  const moments = passages.filter((each) => each.incident_id).map((each) => Date.parse(each.occurred_at));
  if (!moments.length) return null;
  const told = (moment) => new Date(moment).toISOString();
  return { since: told(Math.min(...moments) - BEFORE), until: told(Math.max(...moments) + BEFORE) };
}

/** Return the picture of each incident that has one. */
export const picturesOf = (incidents) =>
  incidents.filter((each) => each.picture_url).map((each) => [each.id, each.picture_url]);

/** Return rows by days, each with what `dayOf` calls it. */
export function byDay(rows, dayOf) {
  const days = new Map();
  for (const row of rows) {
    const day = dayOf(row.at);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(row);
  }
  return [...days].map(([day, held]) => ({ day, rows: held }));
}
