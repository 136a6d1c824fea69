/** The screens of Gatehouse: one for each card that this house has something for. */

import { wordsOf } from "../language.js";
import { WORDS } from "./words.js";

const ICONS = {
  incidents: "mdi:shield-alert-outline",
  live: "mdi:cctv",
  access: "mdi:door",
  bookings: "mdi:calendar-clock",
  health: "mdi:heart-pulse",
};

/** What of a house a screen is about; the others are there in every house. */
const NEEDED = { live: "camera.", access: "lock.", bookings: "calendar." };

/** Return the screens: what each is called, how it is shown, and its card. */
export function screensOf(hass) {
  const ours = Object.values(hass.entities).filter((entity) => entity.platform === "gatehouse");
  const isNeeded = (kind) => !NEEDED[kind] || ours.some(({ entity_id: id }) => id.startsWith(NEEDED[kind]));
  const word = wordsOf(WORDS, hass.language);
  const cards = hass.panels.gatehouse?.config?.cards ?? [];
  return Object.keys(ICONS)
    .filter((kind) => cards.includes(kind) && isNeeded(kind))
    .map((kind) => ({ kind, icon: ICONS[kind], title: word(kind), tag: `gatehouse-${kind}-card` }));
}
