/** What the doors of the access card show, out of what Home Assistant and Gatehouse tell. Pure. */

export const SECTIONS = ["doors", "people", "hours", "log"];

export const MODES = ["normal", "keep_locked", "keep_unlocked"];

/** What Home Assistant calls what comes of an attempt, or is done to a door. */
export const TYPES = {
  ...{ granted: "access_granted", denied: "access_denied", forced: "door_forced", held_open: "door_held_open" },
  ...{ exit: "exit_request", tamper: "reader_tamper", tailgating: "tailgating_suspected" },
};

/** What administrators hear of the doors, before they heard anything. */
export const SILENCE = {
  ...{ state: "waiting", problem: null, doors: [], site: "normal", unconfirmed: [] },
  ...{ passages: [], ringing: null },
};

/** How many passages are remembered, to tell who was last. */
export const RECENT = 50;

/** Return what is known after an event of the subscription. */
export function heard(feed, event) {
  switch (event.kind) {
    case "doors":
      return { ...feed, ...siteOf(event), state: "ready", problem: null, doors: event.doors };
    case "site":
      return { ...feed, ...siteOf(event) };
    case "door":
      return { ...feed, doors: feed.doors.map((door) => (door.key === event.door.key ? event.door : door)) };
    case "page":
      return { ...feed, passages: event.passages };
    case "passage":
      return { ...feed, passages: [event.passage, ...feed.passages].slice(0, RECENT), ringing: null };
    case "ring":
      return { ...feed, ringing: event.door };
    case "failed":
      return { ...feed, state: "failed", problem: event.message };
    default:
      return feed;
  }
}

/** Return the entities of each door, by what they are for; only the wanted ones if any are named. */
export function doorsOf(hass, wanted = []) {
  const devices = new Map();
  for (const entity of Object.values(hass.entities)) {
    if (entity.platform !== "gatehouse" || !entity.device_id) continue;
    const part = partOf(entity);
    if (part) devices.set(entity.device_id, { ...devices.get(entity.device_id), [part]: entity.entity_id });
  }
  return [...devices]
    .map(([device, entities]) => ({ name: nameOf(hass.devices[device]), id: entities.lock ?? entities.access, entities }))
    .filter(({ id }) => id && (!wanted.length || wanted.includes(id)))
    .sort((one, other) => one.name.localeCompare(other.name, hass.language));
}

/** Return the entities that say whether something goes before what any door says. */
export function alarmsOf(hass) {
  return Object.values(hass.entities).filter(
    ({ platform, translation_key: key }) => platform === "gatehouse" && ALARMS.includes(key),
  );
}

/** Return which of them holds: normal, lockdown or evacuation. */
export function siteMode(hass, alarms) {
  const on = alarms.find(({ entity_id: entity }) => hass.states[entity]?.state === "on");
  return on?.translation_key ?? "normal";
}

/** Return a door as it is now; `told` is what administrators know beside. */
export function shownDoor({ id, name, entities }, states, told, passages) {
  const state = (part) => states[entities[part]];
  const is = (part) => state(part)?.state === "on";
  const mode = state("mode");
  return {
    ...{ id, name, key: told?.key ?? null, canUnlock: Boolean(entities.lock) },
    state: stateOf(state("lock"), { forced: is("forced"), held: is("held_open"), open: is("contact") }),
    hasContact: Boolean(entities.contact),
    fault: state("fault")?.attributes.error ?? null,
    mode: isKnown(mode) ? mode.state : "normal",
    modeEntity: entities.mode,
    until: dateOf(mode?.attributes.until),
    last: lastOf(state("access"), passages.find((passage) => passage.door === told?.key)),
    picture: pictureOf(state("picture")),
  };
}

/** Return a passage as it is shown: who, how, what came of it and why; words are keys. */
export function passageOf(passage) {
  const { kind, actor, authentication: how, reason, warning } = passage;
  return {
    ...{ id: passage.id, kind, who: actor, card: passage.card, how, reason, warning },
    ...{ door: passage.door_name, direction: passage.direction, credential: passage.credential_name },
    ...{ latency: passage.latency_ms, decider: passage.decided_by, replayed: passage.replayed },
    ...{ incident: passage.incident_id, at: new Date(passage.occurred_at) },
    bad: !["granted", "exit"].includes(kind),
  };
}

/** Return how long something took, as a language writes it; null if nobody measured it. */
export function latencyOf(milliseconds, language) {
  if (milliseconds === null || milliseconds === undefined) return null;
  const maximumFractionDigits = milliseconds < 10 ? 1 : 0;
  const format = { style: "unit", unit: "millisecond", maximumFractionDigits };
  return new Intl.NumberFormat(language, format).format(milliseconds);
}

const ALARMS = ["lockdown", "evacuation"];

const kindOf = (type) => Object.keys(TYPES).find((kind) => TYPES[kind] === type) ?? type;

const siteOf = ({ site, unconfirmed }) => ({ site, unconfirmed });

const dateOf = (told) => (told ? new Date(told) : null);

const nameOf = (device) => device?.name_by_user || device?.name || "";

const isKnown = (state) => Boolean(state) && !["unavailable", "unknown"].includes(state.state);

const pictureOf = (state) => (isKnown(state) ? state.attributes.entity_picture : null);

/** Return what an entity of a door is for, null if the card does not show it. */
function partOf({ entity_id: entity, translation_key: key }) {
  const [domain] = entity.split(".");
  switch (domain) {
    case "lock":
      return "lock";
    case "binary_sensor":
      // Home Assistant itself has the words of a contact.
      return key ? ["forced", "held_open", "fault"].find((each) => each === key) : "contact";
    default:
      return { "event/access": "access", "select/mode": "mode", "image/last_access": "picture" }[`${domain}/${key}`];
  }
}

function stateOf(lock, { forced, held, open }) {
  if (!lock) return "untold";
  if (lock.state === "unavailable") return "offline";
  if (forced) return "forced";
  if (held) return "held_open";
  if (open) return "open";
  return ["locked", "unlocked"].includes(lock.state) ? lock.state : "unknown";
}

/** Return what happened last at a door: its event knows news only, the log also what is told late. */
function lastOf(event, logged) {
  const last = logged ? passageOf(logged) : null;
  if (!isKnown(event) || !event.attributes.occurred_at) return last;
  const { event_type: type, ...told } = event.attributes;
  const news = passageOf({ ...told, id: null, door_name: "", kind: kindOf(type) });
  return last && last.at >= news.at ? last : news;
}
