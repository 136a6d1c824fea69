/** What the live card asks of Gatehouse over Home Assistant's WebSocket. */

/** Return the cameras with their entities, by what those are for. */
export async function listCameras(hass) {
  return (await hass.callWS({ type: "gatehouse/cameras" })).cameras;
}

/** Return the zones and masks of a camera. */
export async function listZones(hass, camera) {
  return (await hass.callWS({ type: "gatehouse/zones/list", camera })).zones;
}

/** Keep a zone or a mask: camera, name, kind, points, sensitive, and zone_id if it has one. Administrators only. */
export async function saveZone(hass, zone) {
  return (await hass.callWS({ type: "gatehouse/zones/save", ...zone })).zone;
}

/** Forget a zone or a mask. Administrators only. */
export function deleteZone(hass, zone) {
  return hass.callWS({ type: "gatehouse/zones/delete", zone_id: zone });
}

/** Return the boxes in which something is ignored. */
export async function listIgnored(hass, camera) {
  return (await hass.callWS({ type: "gatehouse/ignored/list", camera })).ignored;
}

/** Let count again what is ignored in a box. Administrators only. */
export function removeIgnored(hass, box) {
  return hass.callWS({ type: "gatehouse/ignored/remove", box_id: box });
}
