/** What somebody writes of a booking, and what is asked of Gatehouse for it. Pure. */

import { dateAfter, dateIn, minutesBetween, nextHour, timeAfter, weekdayOf } from "./clock.js";

export const LAYOUTS = ["side_by_side", "picture_in_picture", "panorama", "separate"];

export const REPEATS = ["none", "daily", "weekly"];

/** The days of a week, as rules name them. */
export const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/** No booking has more cameras. */
export const MOST_CAMERAS = 2;

/** What is left to the calendar. */
export const USUAL = "";

/** Minutes that an hour has unless somebody says otherwise. */
const HOUR = 60;

/** Return what is written when somebody begins: the next full hour. */
export function newDraft(zone, now, calendar) {
  const { date, time } = nextHour(zone, now);
  return {
    ...{ calendar, summary: "", date, from: time, to: timeAfter(time, HOUR), cameras: [], layout: USUAL },
    ...{ upload: USUAL, share: USUAL, notify: null, owner: "", description: "" },
    ...ruleOf(null, zone),
  };
}

/** Return what is written of a booking; its times are by the clock of the house. */
export function draftOf(booking, zone) {
  const [from, to] = [booking.start, booking.end].map((moment) => moment.slice(11, 16));
  return {
    ...{ calendar: booking.calendar, summary: booking.summary, date: booking.start.slice(0, 10), from, to },
    ...{ cameras: booking.cameras, layout: booking.layout, upload: said(booking.upload) },
    ...{ share: said(booking.share), notify: booking.notify, owner: booking.owner },
    description: booking.description,
    ...ruleOf(booking.rrule, zone),
  };
}

/** Return a draft of which the beginning was moved: it lasts as long as before. */
export const beginning = (draft, from) => ({
  ...draft,
  ...{ from, to: from ? timeAfter(from, minutesBetween(draft.from || from, draft.to)) : draft.to },
});

/** Return whether a draft ends on the day after it began. */
export const isOvernight = ({ from, to }) => to <= from;

/** Return the days of the week that a draft repeats on. */
export const daysOf = ({ days, date }) => (days.length || !date ? days : [DAYS[weekdayOf(date)]]);

/** Return the fields that book a draft. */
export function wishOf(draft, { isPair }) {
  const { start, end } = spanOf(draft);
  const rrule = ruleText(draft);
  return {
    ...{ calendar: draft.calendar, summary: draft.summary.trim(), start, end },
    ...(rrule ? { rrule } : {}),
    ...(isPair || !draft.cameras.length ? {} : { cameras: draft.cameras }),
    ...(draft.layout ? { layout: draft.layout } : {}),
    ...answers(draft),
    ...(draft.notify ? { notify: draft.notify } : {}),
    ...(draft.owner.trim() ? { owner: draft.owner.trim() } : {}),
    ...(draft.description.trim() ? { description: draft.description.trim() } : {}),
  };
}

/** Return the fields of a draft that are not as they were; what repeats is said only of all hours. */
export function changesOf(draft, before, { isPair, isAll }) {
  const [now, was] = [draft, before].map((each) => ({
    ...wishOf(each, { isPair }),
    ...{ owner: each.owner.trim(), description: each.description.trim(), rrule: ruleText(each) },
  }));
  const changed = Object.keys(now).filter((name) => JSON.stringify(now[name]) !== JSON.stringify(was[name]));
  const fields = Object.fromEntries(changed.map((name) => [name, now[name]]));
  if (!isAll) delete fields.rrule;
  const moved = "start" in fields || "end" in fields;
  return moved ? { ...fields, start: now.start, end: now.end } : fields;
}

/** Return what is chosen of how it repeats, out of a rule; one that cannot be shown stays as it is. */
export function ruleOf(rule, zone) {
  const none = { repeat: "none", days: [], until: "" };
  if (!rule) return { ...none, was: null };
  const parts = Object.fromEntries(rule.split(";").map((part) => part.split("=")));
  const { FREQ: often, BYDAY: days = "", UNTIL: until = "", ...others } = parts;
  const plain = days.split(",").filter(Boolean);
  const isKnown = ["DAILY", "WEEKLY"].includes(often) && plain.every((day) => DAYS.includes(day));
  const isSimple = isKnown && !(often === "DAILY" && plain.length) && isUsual(others);
  const read = isSimple ? { repeat: often.toLowerCase(), days: plain, until: lastDay(until, zone) } : { ...none, repeat: "own" };
  return { ...read, was: { ...read, rule } };
}

/** Return the rule of a draft, null if it does not repeat. */
function ruleText(draft) {
  const { repeat, until, was } = draft;
  if (repeat === "none") return null;
  const isSame = was?.repeat === repeat && was.until === until && `${was.days}` === `${draft.days}`;
  if (isSame) return was.rule;
  const days = DAYS.filter((day) => draft.days.includes(day));
  return [
    `FREQ=${repeat.toUpperCase()}`,
    ...(repeat === "weekly" && days.length ? [`BYDAY=${days}`] : []),
    ...(until ? [`UNTIL=${until.replaceAll("-", "")}`] : []),
  ].join(";");
}

/** Return whether the other parts of a rule say only what is usual. */
const isUsual = ({ INTERVAL: step = "1", WKST: _, ...others }) => step === "1" && !Object.keys(others).length;

/** Return on which day a series ends; a rule tells the moment, as 20261231T225959Z. */
function lastDay(until, zone) {
  if (!until) return "";
  const [, year, month, day, time] = until.match(/^(\d{4})(\d\d)(\d\d)T?(\d{6})?/);
  if (!time) return `${year}-${month}-${day}`;
  const [hours, minutes, seconds] = time.match(/../g);
  return dateIn(zone, new Date(Date.UTC(year, month - 1, day, hours, minutes, seconds)));
}

function spanOf(draft) {
  const last = isOvernight(draft) ? dateAfter(draft.date, 1) : draft.date;
  return { start: `${draft.date}T${draft.from}:00`, end: `${last}T${draft.to}:00` };
}

const said = (answer) => (answer ? "yes" : "no");

/** Return what was answered of upload and share. */
function answers(draft) {
  const told = ["upload", "share"].filter((name) => draft[name] !== USUAL);
  return Object.fromEntries(told.map((name) => [name, draft[name] === "yes"]));
}
