/** The small parts that cards are made of, as templates. */

import { html, live, nothing } from "./lit.js";

/** One of Home Assistant's icons, beside words that say the same. */
export const icon = (name) => html`<ha-icon icon=${name} aria-hidden="true"></ha-icon>`;

/** A button: words, an icon, or both; kind is plain, primary or danger; pressed makes it a switch, expanded a lid. */
export function button({ label, icon: shown, onclick, kind = "plain", iconOnly = false, disabled = false, ...more }) {
  return html`<button
    type="button"
    class="${kind} ${iconOnly ? "round" : ""}"
    ?disabled=${disabled}
    aria-label=${iconOnly ? label : nothing}
    title=${iconOnly ? label : nothing}
    aria-pressed=${more.pressed ?? nothing}
    aria-expanded=${more.expanded ?? nothing}
    @click=${onclick}
  >${shown ? icon(shown) : nothing}${iconOnly ? nothing : html`<span>${label}</span>`}</button>`;
}

/** A small word with a colour before it; kind is a class of the style. */
export const mark = (kind, text) => html`<span class="mark ${kind}">${text}</span>`;

/** A sentence where there is nothing else to show. */
export const status = (text) => html`<p class="status" role="status">${text}</p>`;

/** A control with its name above it, and perhaps a sentence below. */
export const field = (label, control, help = nothing) =>
  html`<label class="field"><span>${label}</span>${control}${help ? html`<small>${help}</small>` : nothing}</label>`;

/** A choice of one: options are [value, words] pairs. */
export const choice = (options, chosen, onchange, { label, disabled = false } = {}) =>
  html`<select aria-label=${label ?? nothing} ?disabled=${disabled} @change=${(event) => onchange(event.target.value)}>
    ${options.map(([value, words]) => html`<option value=${value} .selected=${live(value === chosen)}>${words}</option>`)}
  </select>`;

/** Views of a card of which one is chosen: tabs are [key, words, icon]. */
export const tabs = (all, chosen, onchange, label) =>
  html`<div class="tabs" role="tablist" aria-label=${label}>
    ${all.map(
      ([key, words, shown]) => html`<button
        type="button" role="tab" aria-selected=${String(key === chosen)} tabindex=${key === chosen ? 0 : -1}
        @click=${() => onchange(key)} @keydown=${(event) => step(event)}
      >${shown ? icon(shown) : nothing}<span>${words}</span></button>`,
    )}
  </div>`;

/** How far something is: percent from 0 to 100, null while nobody knows. */
export const progress = (percent, label) =>
  html`<progress aria-label=${label} max="100" value=${percent ?? nothing}></progress>`;

/** Go to the next or the last tab, as keyboards do. */
function step(event) {
  const to = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  const next = to && event.currentTarget[to];
  if (!next) return;
  event.preventDefault();
  next.click();
  next.focus();
}
