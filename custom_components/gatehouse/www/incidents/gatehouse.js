/** What the incidents card asks of Gatehouse over Home Assistant's WebSocket. */

/** Hear the newest incidents that are asked for, then all news; resolves to how to end. */
export function subscribeIncidents(hass, question, hear) {
  const asked = { type: "gatehouse/incidents/subscribe", ...question };
  return hass.connection.subscribeMessage(hear, asked, { resubscribe: false });
}

/** Return a page of incidents: what comes before the incident `before`, and where the next page begins. */
export function listIncidents(hass, question) {
  return hass.callWS({ type: "gatehouse/incidents/list", ...question });
}
