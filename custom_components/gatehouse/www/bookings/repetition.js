/** How a booking repeats: the part of its form. */

import { html, nothing } from "../lit.js";
import { button, choice, field } from "../parts.js";
import { DAYS, REPEATS, daysOf } from "./wish.js";

/** A Monday, to ask how days are called. */
const MONDAY = Date.UTC(2026, 0, 5, 12);

/** Return the template of how a draft repeats; `set` is called with what is chosen. */
export function repetition(card, draft, set) {
  const known = draft.was?.repeat === "own" ? [...REPEATS, "own"] : REPEATS;
  const options = known.map((each) => [each, card.word(`repeat_${each}`)]);
  return html`${field(card.word("repeat"), choice(options, draft.repeat, (repeat) => set({ repeat })))}
    ${draft.repeat === "own" ? html`<small>${draft.was.rule}</small>` : nothing}
    ${draft.repeat === "weekly" ? weekdays(card, draft, set) : nothing}
    ${["daily", "weekly"].includes(draft.repeat) ? until(card, draft, set) : nothing}`;
}

function weekdays(card, draft, set) {
  const chosen = daysOf(draft);
  const turn = (day) => set({ days: chosen.includes(day) ? chosen.filter((each) => each !== day) : [...chosen, day] });
  return html`<div class="days" role="group" aria-label=${card.word("weekdays")}>
    ${DAYS.map((day, at) => button({ label: nameOf(card, at), pressed: chosen.includes(day), onclick: () => turn(day) }))}
  </div>`;
}

const until = (card, draft, set) =>
  field(
    card.word("until"),
    html`<input name="until" type="date" min=${draft.date} .value=${draft.until} @change=${({ target }) => set({ until: target.value })}>`,
    card.word("until_about"),
  );

/** Return the short name of a day of the week. */
function nameOf({ hass }, day) {
  const format = new Intl.DateTimeFormat(hass.language, { weekday: "short", timeZone: "UTC" });
  return format.format(MONDAY + day * 86_400_000);
}
