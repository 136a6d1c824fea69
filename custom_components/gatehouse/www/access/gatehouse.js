/** What the access card asks of Gatehouse over Home Assistant's WebSocket. */

/** Hear how the doors are, the newest passages, and then all news; resolves to how to end. */
export function subscribeDoors(hass, limit, hear) {
  const asked = { type: "gatehouse/access/subscribe", limit };
  return hass.connection.subscribeMessage(hear, asked, { resubscribe: false });
}

/** Unlock a door for a moment, in the name of who asks; `wish` may have in_lockdown. Administrators only. */
export async function unlockDoor(hass, door, wish = {}) {
  return (await hass.callWS({ type: "gatehouse/access/unlock", door, ...wish })).passage;
}
