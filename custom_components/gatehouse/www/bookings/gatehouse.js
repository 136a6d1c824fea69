/** What the bookings card asks of Gatehouse over Home Assistant's WebSocket. */

/** Hear the bookings that are asked for, then all news of them; resolves to how to end. */
export function subscribeBookings(hass, question, hear) {
  const asked = { type: "gatehouse/bookings/subscribe", ...question };
  return hass.connection.subscribeMessage(hear, asked, { resubscribe: false });
}

/** Book an hour, or a series of them. */
export function book(hass, wish) {
  return hass.callWS({ type: "gatehouse/bookings/book", ...wish });
}

/** Change a booking, one hour of it, or that and the following ones; what is not said stays. */
export function editBooking(hass, which, changes) {
  return hass.callWS({ type: "gatehouse/bookings/edit", ...which, ...changes });
}

/** Cancel a booking, one hour of it, or that and the following ones. */
export function cancelBooking(hass, which) {
  return hass.callWS({ type: "gatehouse/bookings/cancel", ...which });
}

/** Return the cameras that can be booked. */
export async function listCameras(hass) {
  return (await hass.callWS({ type: "gatehouse/cameras" })).cameras;
}
