/** Something that is written and kept: a draft, its fields, Save, and perhaps Delete. */

import { html, live, nothing } from "../../lit.js";
import { button, field } from "../../parts.js";

export class Form {
  #busy = false;

  constructor(card, draft) {
    this.card = card;
    this.draft = draft;
  }

  /* What a form says of itself. */

  /** Return the template of what is written. */
  body() {
    return nothing;
  }

  /** Return the template of what is beside, and kept by itself. */
  beside() {
    return nothing;
  }

  /** Keep the draft; resolves to what Gatehouse answers. */
  async keep() {}

  /** Take the answer, after which the draft is kept. */
  kept(answer) {
    this.card.sheet.close();
    this.card.say(doneTold(this.card, answer));
  }

  /** Return what to ask before it is forgotten, and how: title, text, forget(); null if it cannot be. */
  leaving() {
    return null;
  }

  /* What a form can ask of itself. */

  word(key, values) {
    return this.card.word(key, values);
  }

  set(changes) {
    this.draft = { ...this.draft, ...changes };
    this.card.changed();
  }

  text(key, label, { type = "text", help, ...more } = {}) {
    const write = (event) => this.set({ [key]: event.target.value });
    const { autocomplete = "off", inputmode = nothing } = more;
    return field(
      label,
      html`<input name=${key} type=${type} autocomplete=${autocomplete} inputmode=${inputmode}
        min=${more.min ?? nothing} .value=${live(this.draft[key])} @input=${write}>`,
      help,
    );
  }

  check(key, label) {
    return checkBox(label, this.draft[key], (wanted) => this.set({ [key]: wanted }), key);
  }

  template() {
    const leaving = this.leaving();
    return html`<form class="form" novalidate ?inert=${this.#busy} @submit=${(event) => this.#submit(event)}>
        ${this.body()}
        <footer>
          ${leaving ? button({ label: this.word("delete"), kind: "danger", onclick: () => this.#leave(leaving) }) : nothing}
          ${this.cancel ? button({ label: this.word("cancel"), onclick: () => this.cancel() }) : nothing}
          <button type="submit" class="primary">${this.word("save")}</button>
        </footer>
      </form>
      ${this.beside()}`;
  }

  async #submit(event) {
    event.preventDefault();
    await this.#waiting(async () => {
      const answer = await this.card.attempt(() => this.keep());
      if (answer !== undefined) this.kept(answer ?? {});
    });
  }

  async #leave({ title, text, forget }) {
    if (!(await this.card.sheet.ask({ title, text, confirm: this.word("delete"), danger: true }))) return;
    await this.#waiting(async () => {
      const answer = await this.card.attempt(forget);
      if (answer === undefined) return;
      this.card.sheet.close();
      this.card.say(doneTold(this.card, answer ?? {}, "deleted"));
    });
  }

  async #waiting(work) {
    if (this.#busy) return;
    this.#busy = true;
    this.card.changed();
    await work();
    this.#busy = false;
    this.card.changed();
  }
}

/** Return that something is done, and who does not know of it yet. */
export function doneTold(card, { unconfirmed = [] }, done = "saved") {
  return unconfirmed.length ? card.word("saved_but", { agents: unconfirmed.join(", ") }) : card.word(done);
}

/** A box to check, with its words beside. */
export const checkBox = (label, checked, onchange, name = nothing) =>
  html`<label class="check"><input type="checkbox" name=${name} .checked=${live(checked)}
    @change=${(event) => onchange(event.target.checked)}><span>${label}</span></label>`;
