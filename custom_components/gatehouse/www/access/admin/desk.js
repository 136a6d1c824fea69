/** What only administrators see on the access card: who may enter, when, who came, and emergencies. */

import { html } from "../../lit.js";
import { status } from "../../parts.js";
import { DoorForm } from "./door.js";
import { emergency } from "./emergency.js";
import { HoursPart } from "./hours.js";
import { LogPart } from "./log.js";
import { PeoplePart } from "./people.js";
import { Register } from "./register.js";

export { STYLE } from "./style.js";
export { WORDS } from "./words.js";

export class Desk {
  #card;
  #doors;
  #register;
  #people;
  #hours;
  #log = null;

  /** It belongs to a card, whose doors are shown by `doors`. */
  constructor(card, doors) {
    this.#card = card;
    this.#doors = doors;
    this.#register = new Register(card);
    this.#people = new PeoplePart(card, this.#register);
    this.#hours = new HoursPart(card, this.#register);
    this.#register.refresh();
  }

  /** Take what the card heard of the doors. */
  heard(event) {
    if (["doors", "policy"].includes(event.kind)) this.#register.refresh();
    if (event.kind === "doors") this.#log?.refresh();
    if (event.kind === "passage") this.#log?.hear(event.passage);
  }

  /** Return the template of a section: people, hours or log. */
  template(section) {
    const { ready, problem } = this.#register;
    if (problem) return html`<p class="status problem" role="alert">${problem}</p>`;
    if (!ready) return status(this.#card.word("loading"));
    if (section === "log") return (this.#log ??= new LogPart(this.#card, this.#register)).template();
    return (section === "people" ? this.#people : this.#hours).template();
  }

  /** Return the template of what is done in an emergency. */
  emergency() {
    return emergency(this.#card);
  }

  /** Show more of the door of this entity. */
  door(id) {
    const told = this.#card.feed.doors.some((door) => door.entity_id === id);
    if (told) this.#card.sheet.open(new DoorForm(this.#card, id, this.#doors));
    else this.#card.moreInfo(id);
  }
}
