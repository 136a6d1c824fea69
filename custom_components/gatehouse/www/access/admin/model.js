/** What administrators see and say of who may enter, out of what Gatehouse tells. Pure. */

/** Return how somebody, or a card of theirs, stands now: the key of a word. */
export function standingOf({ active, valid_from: since, valid_until: until, max_uses: most, uses }, now) {
  if (!active) return "disabled";
  if (since && new Date(since) > now) return "not_yet";
  if (until && new Date(until) <= now) return "over";
  return most && uses >= most ? "used_up" : "valid";
}

/** Return somebody as a row of the list. */
export function personRow(user, { schedules, groups, doors }, now) {
  const visits = user.credentials.filter((each) => each.visitor);
  const counted = visits.filter((each) => each.max_uses);
  return {
    ...{ id: user.id, name: user.name, standing: standingOf(user, now) },
    since: dateOf(user.valid_from),
    until: dateOf(user.valid_until),
    visitor: visits.length > 0,
    left: counted.length ? counted.reduce((sum, each) => sum + Math.max(0, each.max_uses - each.uses), 0) : null,
    cards: user.credentials.filter((each) => each.credential_type === "rfid").length,
    pin: user.credentials.some((each) => each.credential_type === "pin"),
    opens: user.permissions.map((each) => ({
      where: [...each.door_groups.map(called(groups)), ...each.doors.map((key) => doorName(doors, key))],
      when: each.schedule && called(schedules)(each.schedule),
    })),
  };
}

/** Return whether a text is in somebody's name, or in what they may open. */
export function isFound({ name, opens }, text) {
  const told = [name, ...opens.flatMap(({ where, when }) => [...where, when ?? ""])].join(" ");
  return told.toLocaleLowerCase().includes(text.trim().toLocaleLowerCase());
}

/** Return what people call a door; one that is gone is called by its key. */
export const doorName = (doors, key) => doors.find((door) => door.key === key)?.name ?? key;

/** Return what is to be written of somebody; without a user, of somebody new. */
export function personDraft(user, zone) {
  return {
    ...{ name: user?.name ?? "", active: user?.active ?? true, note: user?.note ?? "" },
    ...validityDraft(user, zone),
    permissions: user?.permissions.length ? user.permissions : [{ doors: [], door_groups: [], schedule: null }],
  };
}

/** Return what is to be written of a card. */
export function credentialDraft(credential, zone) {
  const { name, active, visitor, max_uses: most } = credential;
  return { name, active, visitor, max_uses: most ? String(most) : "", ...validityDraft(credential, zone) };
}

/** Return what Gatehouse is asked to keep: only what is written otherwise than it was. */
export function changesOf(draft, before) {
  const changed = Object.entries(draft).filter(([key, value]) => !isSame(value, before?.[key]));
  return Object.fromEntries(changed.map(([key, value]) => [key, EMPTY.includes(key) && value === "" ? null : value]));
}

/** Return the limits of a card as Gatehouse wants them. */
export const withNumbers = ({ max_uses: most, ...more }) => ({
  ...more,
  ...(most === undefined ? {} : { max_uses: most === null ? null : Number(most) }),
});

/** Return the names of those whose permissions need a schedule or a group. */
export function usersOf(users, { schedule, group }) {
  const needs = (each) => (schedule ? each.schedule === schedule : each.door_groups.includes(group));
  return users.filter((user) => user.permissions.some(needs)).map((user) => user.name);
}

/** Return a moment as an input wants it, by the clock of the house. */
export function localOf(moment, timeZone) {
  if (!moment) return "";
  const format = new Intl.DateTimeFormat("sv", {
    ...{ timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  });
  return format.format(new Date(moment)).replace(" ", "T");
}

/** Return with or without something, as its box is checked. */
export const withOrWithout = (list, item, wanted) =>
  wanted ? [...list.filter((each) => each !== item), item] : list.filter((each) => each !== item);

const EMPTY = ["valid_from", "valid_until", "max_uses"];

const dateOf = (told) => (told ? new Date(told) : null);

const called = (nouns) => (id) => nouns.find((noun) => noun.id === id)?.name ?? id;

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const validityDraft = (noun, zone) => ({
  valid_from: localOf(noun?.valid_from, zone),
  valid_until: localOf(noun?.valid_until, zone),
});
