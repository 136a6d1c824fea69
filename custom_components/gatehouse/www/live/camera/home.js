/** What an opened camera asks of Home Assistant: how it streams, and the actions that can be taken. */

/** Return how a camera can be streamed: `web_rtc`, `hls`, both or neither. */
export async function streamTypes(hass, camera) {
  return (await hass.callWS({ type: "camera/capabilities", entity_id: camera })).frontend_stream_types;
}

/** Keep the newest picture; returns the path at which it is kept. */
export async function takeSnapshot(hass, camera) {
  return (await act(hass, "snapshot", camera, {})).response[camera].path;
}

/** Return the address of a file in Home Assistant's media. */
export async function mediaAddress(hass, media) {
  const told = await hass.callWS({ type: "media_source/resolve_media", media_content_id: media });
  return hass.hassUrl(told.url);
}

/** Record a camera from now on for so many seconds. */
export const record = (hass, camera, seconds) => act(hass, "record", camera, { duration: seconds });

/** Notify nobody of a camera for so many seconds; 0 wakes it. */
export const snooze = (hass, camera, seconds) => act(hass, "snooze", camera, { duration: seconds });

/** Turn a switch on or off. */
export const turn = (hass, entity, on) =>
  hass.callService("switch", on ? "turn_on" : "turn_off", {}, { entity_id: entity }, false);

/** Go to another page of Home Assistant. */
export function goTo(path) {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
}

// What goes wrong is told by whoever asked, and not by Home Assistant as well.
const act = (hass, action, camera, fields) =>
  hass.callService("gatehouse", action, fields, { entity_id: camera }, false, true);
