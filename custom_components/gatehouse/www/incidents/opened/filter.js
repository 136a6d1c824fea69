/** The sheet in which somebody says what to look for; the list follows at once. */

import { html } from "../../lit.js";
import { button, choice, field } from "../../parts.js";
import { listCameras } from "./gatehouse.js";
import { LEVELS, placesOf } from "../model.js";

export class FilterSheet {
  #card;
  #filter;
  #everything;

  constructor(card, filter, everything) {
    this.#card = card;
    this.#filter = filter;
    this.#everything = everything;
    card.attempt(async () => {
      card.places = placesOf(await listCameras(card.hass));
    });
  }

  title() {
    return this.#card.word("filter");
  }

  template() {
    const card = this.#card;
    const { text, day, kept } = this.#filter;
    return html`<div class="filter">
      ${field(card.word("text"), html`<input type="search" .value=${text} @change=${(event) => this.#look({ text: event.target.value })}>`, card.word("text_about"))}
      ${this.#choice("where", [["", card.word("anywhere")], ...card.places])}
      ${this.#choice("label", [["", card.word("anything")], ...this.#labels().map((label) => [label, label])])}
      ${this.#choice("level", [["", card.word("any_level")], ...LEVELS.slice(1).map((level) => [level, card.word(`from_${level}`)])])}
      ${this.#choice("reviewed", [["", card.word("any_review")], ...this.#said({ no: "reviewed_no", yes: "reviewed_yes" })])}
      ${this.#choice("alarms", this.#said({ without: "alarms_without", with: "alarms_with", only: "alarms_only" }))}
      ${field(card.word("day"), html`<input type="date" .value=${day} @change=${(event) => this.#look({ day: event.target.value })}>`)}
      <label class="check">
        <input type="checkbox" .checked=${kept} @change=${(event) => this.#look({ kept: event.target.checked })}>
        ${card.word("kept")}
      </label>
      <footer>
        ${button({ label: card.word("reset"), onclick: () => this.#look(this.#everything) })}
        ${button({ label: card.word("show"), kind: "primary", onclick: () => card.sheet.close() })}
      </footer>
    </div>`;
  }

  #choice(name, options) {
    const control = choice(options, this.#filter[name], (value) => this.#look({ [name]: value }));
    return field(this.#card.word(name), control);
  }

  #said(words) {
    return Object.entries(words).map(([value, key]) => [value, this.#card.word(key)]);
  }

  /** Return what has been seen, as far as that is known, and people. */
  #labels() {
    const seen = this.#card.incidents.flatMap((incident) => incident.labels);
    return [...new Set(["person", this.#filter.label, ...seen])].filter(Boolean).sort();
  }

  #look(changes) {
    this.#filter = { ...this.#filter, ...changes };
    this.#card.look(this.#filter);
  }
}
