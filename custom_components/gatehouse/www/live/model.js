/** What the live card shows, out of what Gatehouse and Home Assistant tell. Pure: no page, no clock, no connection. */

export const MOST_COLUMNS = 6;

/** What a tile says beside its name, in this order: the part of the camera that says so when it is on, and how it looks. */
const SIGNS = [
  { part: "privacy", kind: "warning", icon: "mdi:eye-off" },
  { part: "person", kind: "bad", icon: "mdi:account" },
  { part: "motion", kind: "ongoing", icon: "mdi:run" },
  { part: "recording", kind: "bad", icon: "mdi:record-circle-outline" },
  { part: "snooze", kind: "none", icon: "mdi:bell-sleep" },
];

/** Return the cameras that are wanted, in that order; all that have an entity where nobody wants any. */
export function chosen(cameras, wanted) {
  const seen = cameras.filter((camera) => camera.entities.camera);
  if (!wanted?.length) return seen;
  return wanted.map((entity) => seen.find((camera) => camera.entities.camera === entity)).filter(Boolean);
}

/** Return those of the wanted entities that are no camera of Gatehouse. */
export function strangers(cameras, wanted = []) {
  const known = new Set(cameras.map((camera) => camera.entities.camera));
  return wanted.filter((entity) => !known.has(entity));
}

/** Return the entities whose states say how a camera is. */
export function entitiesOf(hass, camera) {
  const parts = ["camera", "detection", "incident", ...SIGNS.map((sign) => sign.part)];
  return [...parts.map((part) => camera.entities[part]), linkOf(hass, camera)].filter(Boolean);
}

/** Return a camera as it is now. */
export function tileOf(hass, camera) {
  const { entities } = camera;
  const state = hass.states[entities.camera];
  const link = hass.states[linkOf(hass, camera)];
  const isOn = (part) => hass.states[entities[part]]?.state === "on";
  const away = !state || state.state === "unavailable";
  const until = hass.states[entities.snooze]?.attributes.until;
  return {
    key: camera.key,
    entity: entities.camera,
    name: state?.attributes.friendly_name ?? camera.name,
    shape: camera.width && camera.height ? `${camera.width} / ${camera.height}` : "16 / 9",
    away: away ? { why: whyAway(state, link), since: state ? new Date(state.last_changed) : null } : null,
    isPrivate: isOn("privacy"),
    signs: away ? [] : SIGNS.filter((sign) => isOn(sign.part)),
    // Where something happens, pictures are newer.
    lively: isOn("person") || isOn("motion"),
    picture: away ? null : pictureOf(state, isOn("privacy")),
    snoozed: isOn("snooze") && until ? new Date(until) : null,
    isOurs: hass.entities[entities.camera]?.platform === "gatehouse",
  };
}

/** Return the switches of a camera that can be turned now, by what they are for. */
export function switchesOf(hass, camera) {
  const usable = ["recording", "privacy", "detection"].flatMap((part) => {
    const state = hass.states[camera.entities[part]];
    return state && state.state !== "unavailable" ? [[part, { entity: state.entity_id, on: state.state === "on" }]] : [];
  });
  return Object.fromEntries(usable);
}

/** Return where the last incident of a camera is shown, null if none is known. */
export function lastIncident(hass, camera) {
  const incident = hass.states[camera.entities.incident]?.attributes.incident_id;
  return incident && hass.panels.gatehouse ? `/gatehouse/incident/${encodeURIComponent(incident)}` : null;
}

/** Return the address of a camera's pictures, one after the other, out of that of its newest. */
export const streamOf = (picture) => picture.replace("/camera_proxy/", "/camera_proxy_stream/");

/** Return whether a camera has a stream, which Home Assistant says by a bit. */
export const hasStream = (state) => Boolean(state.attributes.supported_features & 2);

/** Return a kept picture as one of Home Assistant's media, where they are where they usually are. */
export function mediaOf(path) {
  const place = path.lastIndexOf("/gatehouse/");
  return place < 0 ? null : `media-source://media_source/local${path.slice(place)}`;
}

/** Return the sensor that says whether what a camera is on can be reached, if there is one. */
function linkOf(hass, camera) {
  const device = hass.entities[camera.entities.camera]?.device_id;
  const above = hass.devices[device]?.via_device_id;
  const beside = Object.values(hass.entities).filter((entity) => above && entity.device_id === above);
  return beside.map((entity) => entity.entity_id).find(
    (entity) => hass.states[entity]?.attributes.device_class === "connectivity",
  );
}

/** Return the address of the newest picture: another one as soon as somebody wants none to be seen. */
function pictureOf({ attributes: { entity_picture: picture } }, isPrivate) {
  return picture ? `${picture}${isPrivate ? "&private" : ""}` : null;
}

function whyAway(state, link) {
  if (!state) return "unseen";
  return link && link.state !== "on" ? "agent_away" : "no_pictures";
}
