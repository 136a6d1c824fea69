/** A reader learns a card: it is held there, and belongs to somebody from then on. */

import { html, nothing } from "../../lit.js";
import { sentenceOf } from "../../language.js";
import { button, choice, field, progress } from "../../parts.js";
import { cancelEnrollment, enroll, saveCredential } from "./gatehouse.js";
import { Form, doneTold } from "./form.js";

/** Seconds that a reader waits for a card. */
const PATIENCE = 30;

export class Lesson {
  #card;
  #user;
  #end;
  #form;
  #now = null;
  #clock = null;
  #problem = null;

  /** The card will be the user's; `end` is called when there is no more to do. */
  constructor(card, user, end) {
    this.#card = card;
    this.#user = user;
    this.#end = end;
    const [door] = this.#doors();
    this.#form = new Form(card, { door: door?.key, name: card.word("card") });
  }

  template() {
    const word = (key, values) => this.#card.word(key, values);
    return html`<div class="lesson" role="group" aria-label=${word("add_by_reader")}>
      ${this.#problem ? html`<p class="problem" role="alert">${this.#problem}</p>` : nothing}
      ${this.#now ? this.#waiting(word) : this.#beginning(word)}
    </div>`;
  }

  /** Nobody looks any more: the reader lets people in again. */
  closed() {
    // Where that fails, the reader gives up by itself when its time is over.
    if (this.#now?.waits) cancelEnrollment(this.#card.hass, this.#now.door).catch(() => {});
    this.#over();
  }

  #over() {
    clearInterval(this.#clock);
    this.#now = null;
  }

  #doors() {
    return this.#card.feed.doors.filter(({ state }) => state && Object.keys(state.readers).length);
  }

  #beginning(word) {
    const { draft } = this.#form;
    const doors = this.#doors().map(({ key, name }) => [key, name]);
    if (!doors.length) {
      return html`<p>${word("no_readers")}</p>
        <footer>${button({ label: word("cancel"), onclick: () => this.#end() })}</footer>`;
    }
    return html`
      ${field(word("at_door"), choice(doors, draft.door, (door) => this.#form.set({ door })))}
      ${this.#form.text("name", word("name_of_card"))}
      <footer>
        ${button({ label: word("cancel"), onclick: () => this.#end() })}
        ${button({ label: word("begin"), icon: "mdi:nfc", kind: "primary", onclick: () => this.#begin() })}
      </footer>`;
  }

  #waiting(word) {
    const left = Math.max(0, Math.ceil((this.#now.until - Date.now()) / 1000));
    return html`
      <p class="hold" role="status">${word("hold_card", { door: this.#doorName() })}</p>
      ${progress((100 * left) / PATIENCE, word("seconds_left", { count: left }))}
      <p class="about" aria-hidden="true">${word("seconds_left", { count: left })}</p>
      <footer>${button({ label: word("cancel"), onclick: () => this.#end() })}</footer>`;
  }

  #doorName() {
    return this.#doors().find(({ key }) => key === this.#form.draft.door)?.name ?? "";
  }

  async #begin() {
    this.#problem = null;
    const { door } = this.#form.draft;
    const lesson = {
      door,
      waits: true,
      until: Date.now() + PATIENCE * 1000,
      card: enroll(this.#card.hass, door, PATIENCE),
    };
    this.#now = lesson;
    this.#clock = setInterval(() => this.#card.changed(), 1000);
    this.#card.changed();
    try {
      const found = await lesson.card.finally(() => (lesson.waits = false));
      if (this.#now === lesson) await this.#learned(found);
    } catch (error) {
      if (this.#now === lesson) this.#problem = await sentenceOf(this.#card.hass, error);
    }
    if (this.#now !== lesson) return;
    this.#over();
    this.#card.changed();
  }

  async #learned({ card, belongs_to: owner }) {
    if (owner) throw new Error(this.#card.word("card_is_taken", { name: owner }));
    const { name } = this.#form.draft;
    const answer = await saveCredential(this.#card.hass, { user_id: this.#user, name, card });
    this.#card.say(doneTold(this.#card, answer, "card_learned"));
    this.#end();
  }
}
