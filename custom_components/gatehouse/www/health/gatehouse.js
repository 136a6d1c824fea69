/** What the health card asks of Gatehouse over Home Assistant's WebSocket: all of it is for administrators. */

/** Hear how all is, now and whenever that changes, in a language; resolves to how to end. */
export function subscribeHealth(hass, language, hear) {
  const asked = { type: "gatehouse/health/subscribe", language };
  return hass.connection.subscribeMessage(hear, asked, { resubscribe: false });
}

/** Hear the newest records of the log that are asked for, then all news; resolves to how to end. */
export function subscribeLogs(hass, question, hear) {
  const asked = { type: "gatehouse/logs/subscribe", ...question };
  return hass.connection.subscribeMessage(hear, asked, { resubscribe: false });
}

/** Return a page of the log: what comes before `before`, and where the next page begins. Administrators only. */
export function listLogs(hass, question) {
  return hass.callWS({ type: "gatehouse/logs/list", ...question });
}
