/** What the agenda shows, out of what Gatehouse and Home Assistant tell. Pure. */

import { dateAfter } from "./clock.js";

/** Gatehouse tells no more days at once. */
export const MOST_DAYS = 366;

/** The calendar whose bookings say which cameras; all others are those of pairs. */
export const SITE = "site";

/** How far one looks back. */
export const DAYS_BACK = 31;

/** What is known before anything was heard. */
export const SILENCE = { state: "waiting", bookings: [], problem: null };

/** How each state looks: a class of the style. */
export const KINDS = {
  ...{ scheduled: "", recording: "recording", completed: "ongoing", processing: "ongoing" },
  ...{ ready: "good", uploaded: "good", shared: "good", failed: "bad", missed: "bad", cancelled: "" },
};

/** The states of what is still to be recorded: only that can be changed. */
const AHEAD = new Set(["scheduled", "recording"]);

/** Return what is known after an event of the subscription. */
export function heard(feed, event) {
  switch (event.kind) {
    case "bookings":
      return { state: "ready", bookings: event.bookings, problem: null };
    case "gone":
      return { ...feed, bookings: feed.bookings.filter(({ id }) => id !== event.id) };
    case "failed":
      return { ...feed, problem: event.message };
    default:
      return { ...feed, problem: null, bookings: inOrder(feed.bookings, event.booking) };
  }
}

/** Return what to ask for: from some days before today on, until some days after it. */
export function questionOf({ today, before, after, calendar, owner }) {
  return {
    since: `${dateAfter(today, -before)}T00:00:00`,
    until: `${dateAfter(today, after)}T00:00:00`,
    ...(calendar ? { calendar } : {}),
    ...(owner ? { owner } : {}),
  };
}

/** Return a booking as the agenda shows it. */
export function hourOf(booking) {
  return {
    ...{ id: booking.id, uid: booking.uid, recurrence: booking.recurrence, summary: booking.summary },
    ...{ start: new Date(booking.start), end: new Date(booking.end), description: booking.description },
    ...{ calendar: booking.calendar, place: booking.calendar_name, source: booking.source },
    ...{ cameras: booking.cameras, layout: booking.layout, owner: booking.owner, owner_id: booking.owner_id },
    ...{ state: booking.state, error: booking.error, progress: booking.progress },
    eta: booking.eta ? new Date(booking.eta) : null,
    ...{ movie: booking.movie, link: booking.link, isSeries: booking.recurrence !== null },
  };
}

/** Return hours by the days on which they begin, or are still going on; today is always among them. */
export function daysOf(hours, dateOf, now) {
  const today = dateOf(now);
  const days = new Map([[today, []]]);
  for (const hour of hours) {
    const begins = dateOf(hour.start);
    const date = begins < today && hour.end > now ? today : begins;
    days.set(date, [...(days.get(date) ?? []), hour]);
  }
  const told = [...days].map(([date, those]) => ({ date, hours: those }));
  return told.sort((one, other) => one.date.localeCompare(other.date));
}

/** Return whether somebody may change an hour, as far as one can tell. */
export function mayChange(hour, user, now) {
  const isTheirs = user.is_admin || hour.owner_id === user.id;
  return isTheirs && !hour.source && hour.end > now && AHEAD.has(hour.state);
}

/** Return how a change names what it is of: an hour of a series, that and those after it, or all. */
export const whichOf = ({ uid, recurrence }, following) =>
  recurrence === null ? { uid } : { uid, recurrence, following };

/** Return the calendars of Gatehouse: those of pairs, and the site's, whose bookings say which cameras. */
export function calendarsOf(hass) {
  const ours = Object.values(hass.entities).filter(
    ({ platform, entity_id: entity }) => platform === "gatehouse" && entity.startsWith("calendar."),
  );
  return ours.flatMap(({ entity_id: entity, device_id: id }) => {
    const [state, device] = [hass.states[entity], hass.devices[id]];
    if (!state || !device) return [];
    const isPair = device.identifiers.some(([, owner]) => owner.startsWith("/pair/"));
    const name = device.name_by_user ?? device.name;
    // Another calendar is followed there: it is booked in that one.
    return [{ entity, name, isPair, isOurs: state.attributes.supported_features > 0 }];
  });
}

/** Return who can be told that a movie is ready: entities of notify, and its actions. */
export function notifiersOf(hass) {
  const entities = Object.values(hass.states)
    .filter(({ entity_id: entity }) => entity.startsWith("notify."))
    .map(({ entity_id: entity, attributes }) => [entity, attributes.friendly_name ?? entity]);
  const actions = Object.entries(hass.services.notify ?? {})
    .filter(([action]) => action !== "send_message")
    .map(([action, { name }]) => [`notify.${action}`, name || action]);
  return [...new Map([...actions, ...entities])].sort(([, one], [, other]) => one.localeCompare(other));
}

/** Return what Home Assistant says of an error, in the language of whoever looks. */
export function errorOf(hass, code) {
  const told = Object.values(hass.entities).find(
    ({ platform, translation_key: key }) => platform === "gatehouse" && key === "last_booking",
  );
  const state = told && hass.states[told.entity_id];
  return state ? hass.formatEntityAttributeValue(state, "error", code) : code.replaceAll("_", " ");
}

/** Return bookings with one that is as it is told now, the first one first. */
function inOrder(bookings, booking) {
  const others = bookings.filter(({ id }) => id !== booking.id);
  return [...others, booking].sort(
    (one, other) => new Date(one.start) - new Date(other.start) || one.id.localeCompare(other.id),
  );
}
