/** The part that shows who may enter. */

import { html, nothing, repeat } from "../../lit.js";
import { button, icon, mark, status } from "../../parts.js";
import { isFound, personRow } from "./model.js";
import { PersonForm } from "./person.js";
import { standingMark } from "./standing.js";

export class PeoplePart {
  #card;
  #register;
  #text = "";

  constructor(card, register) {
    this.#card = card;
    this.#register = register;
  }

  template() {
    const { users, schedules, groups } = this.#register;
    const word = (key, values) => this.#card.word(key, values);
    const known = { schedules, groups, doors: this.#card.feed.doors };
    const rows = users.map((user) => personRow(user, known, new Date())).filter((row) => isFound(row, this.#text));
    return html`
      <div class="head">
        <input type="search" aria-label=${word("search_people")} placeholder=${word("search_people")}
          .value=${this.#text} @input=${({ target }) => this.#search(target.value)}>
        ${button({ label: word("new_person"), icon: "mdi:account-plus", onclick: () => this.#open(null) })}
      </div>
      <ul class="people">${repeat(rows, (row) => row.id, (row) => this.#row(row))}</ul>
      ${rows.length ? nothing : status(word(users.length ? "nobody_found" : "nobody_may_enter"))}`;
  }

  #row(row) {
    const word = (key, values) => this.#card.word(key, values);
    const opens = row.opens.map(({ where, when }) => {
      const doors = where.join(", ") || word("no_door");
      return when ? `${doors} (${when})` : doors;
    });
    const left = row.left === null ? "" : `, ${word("visits_left", { count: row.left })}`;
    const shown = [row.cards && word("cards_count", { count: row.cards }), row.pin && word("pin")].filter(Boolean);
    return html`<li><button type="button" class="row" @click=${() => this.#open(row.id)}>
      ${icon(row.visitor ? "mdi:account-clock" : "mdi:account")}
      <span class="told">
        <span class="name">${row.name}</span>
        <span class="marks">
          ${standingMark(row, this.#card)}
          ${row.visitor ? mark("ongoing", `${word("visitor")}${left}`) : nothing}
          <small>${shown.join(", ") || word("nothing_to_show")}</small>
        </span>
        <small>${opens.join("; ") || word("no_door")}</small>
      </span>
    </button></li>`;
  }

  #search(text) {
    this.#text = text;
    this.#card.changed();
  }

  #open(id) {
    this.#card.sheet.open(new PersonForm(this.#card, this.#register, id));
  }
}
