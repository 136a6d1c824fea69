/** A holiday: a day or more, once or each year. */

import { html } from "../../lit.js";
import { Form } from "./form.js";
import { deleteHoliday, saveHoliday } from "./gatehouse.js";
import { changesOf } from "./model.js";

const NEW = { name: "", first: "", last: "", yearly: false };

export class HolidayForm extends Form {
  #holiday;

  /** Without a holiday, it is a new one. */
  constructor(card, holiday = null) {
    const { name, first, last, yearly } = holiday ?? NEW;
    super(card, { name, first, last, yearly });
    this.#holiday = holiday;
  }

  title() {
    return this.#holiday?.name ?? this.word("new_holiday");
  }

  body() {
    return html`
      ${this.text("name", this.word("name_of"))}
      <div class="pair">
        ${this.text("first", this.word("first_day"), { type: "date" })}
        ${this.text("last", this.word("last_day"), { type: "date", min: this.draft.first })}
      </div>
      ${this.check("yearly", this.word("yearly"))}`;
  }

  async keep() {
    const { last, ...draft } = this.draft;
    if (!draft.first) throw new Error(this.word("first_day_missing"));
    const wish = changesOf({ ...draft, last: last || draft.first }, this.#holiday);
    // One day alone would be taken for the last one, too.
    const days = wish.first || wish.last ? { first: draft.first, last: last || draft.first } : {};
    const asked = this.#holiday ? { holiday_id: this.#holiday.id } : {};
    return saveHoliday(this.card.hass, { ...asked, ...wish, ...days });
  }

  leaving() {
    if (!this.#holiday) return null;
    const { id, name } = this.#holiday;
    return {
      ...{ title: this.word("delete_which", { name }), text: this.word("holiday_leaves") },
      forget: () => deleteHoliday(this.card.hass, id),
    };
  }
}
