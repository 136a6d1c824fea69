/** What is asked of Gatehouse where something opens over the incidents card. */

/** Return an incident with its recordings; addresses in it hold for an hour. */
export function getIncident(hass, incident) {
  return hass.callWS({ type: "gatehouse/incidents/get", incident_id: incident });
}

/** Say that somebody has looked at an incident, or that it is to be looked at again. */
export function reviewIncident(hass, incident, reviewed) {
  return hass.callWS({ type: "gatehouse/incidents/review", incident_id: incident, reviewed });
}

/** Keep a note about an incident. */
export function noteIncident(hass, incident, note) {
  return hass.callWS({ type: "gatehouse/incidents/note", incident_id: incident, note });
}

/** Keep the pictures and clips of an incident for ever, or no longer. */
export function keepIncident(hass, incident, keep) {
  return hass.callWS({ type: "gatehouse/incidents/keep", incident_id: incident, keep });
}

/** Say that nobody was there; what stands there is ignored from now on. */
export function notAPerson(hass, incident) {
  return hass.callWS({ type: "gatehouse/incidents/not_a_person", incident_id: incident });
}

/** Return what is ignored in the pictures of all cameras. */
export async function listIgnored(hass) {
  return (await hass.callWS({ type: "gatehouse/ignored/list" })).ignored;
}

/** Ignore something no longer. Administrators only. */
export function removeIgnored(hass, box) {
  return hass.callWS({ type: "gatehouse/ignored/remove", box_id: box });
}

/** Return the cameras, each with the place it is at. */
export async function listCameras(hass) {
  return (await hass.callWS({ type: "gatehouse/cameras" })).cameras;
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
