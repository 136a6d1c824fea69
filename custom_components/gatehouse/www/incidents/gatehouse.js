/** What the incidents card asks of Gatehouse over Home Assistant's WebSocket. */

/** Hear the newest incidents and then all news; resolves to how to end, and ends with the connection. */
export function subscribeIncidents(hass, limit, hear) {
  const asked = { type: "gatehouse/incidents/subscribe", limit };
  return hass.connection.subscribeMessage(hear, asked, { resubscribe: false });
}

/** Return an incident with its recordings; addresses in it hold for an hour. */
export function getIncident(hass, incident) {
  return hass.callWS({ type: "gatehouse/incidents/get", incident_id: incident });
}

/** Make a link to a clip; `wish` has footage_id, lifetime, note and perhaps uses. Administrators only. */
export async function createShare(hass, wish) {
  return (await hass.callWS({ type: "gatehouse/share/create", ...wish })).share;
}

/** Return the links that may still be used. Administrators only. */
export async function listShares(hass) {
  return (await hass.callWS({ type: "gatehouse/share/list" })).shares;
}

/** End a link. Administrators only. */
export async function revokeShare(hass, share) {
  return (await hass.callWS({ type: "gatehouse/share/revoke", share_id: share })).share;
}
