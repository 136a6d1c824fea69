/** A reader learns a card: it is held there, and belongs to somebody from then on. */

import { html, nothing } from "../../lit.js";
import { sentenceOf } from "../../language.js";
import { button, choice, field, progress } from "../../parts.js";
import { enroll, saveCredential } from "./gatehouse.js";
import { Form, doneTold } from "./form.js";

/** Seconds that a reader waits for a card. */
const PATIENCE = 30;

/** What readers learn now, by door: a reader learns on although nobody looks, and is asked once. */
const learning = new Map();

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

  /** Nobody looks any more. */
  closed() {
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
    const lesson = lessonAt(this.#card.hass, this.#form.draft.door);
    this.#now = lesson;
    this.#clock = setInterval(() => this.#card.changed(), 1000);
    this.#card.changed();
    try {
      const found = await lesson.card;
      if (this.#now === lesson) await this.#learned(found);
    } catch (error) {
      if (this.#now === lesson) this.#problem = await sentenceOf(this.#card.hass, error);
    }
    if (this.#now !== lesson) return;
    this.closed();
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

/** Return what a door learns: the lesson that goes on, or a new one. */
function lessonAt(hass, door) {
  const going = learning.get(door);
  if (going) return going;
  const lesson = { until: Date.now() + PATIENCE * 1000, card: enroll(hass, door, PATIENCE) };
  learning.set(door, lesson);
  const over = () => learning.delete(door);
  lesson.card.then(over, over);
  return lesson;
}
