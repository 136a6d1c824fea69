/** More of a door: how it is, who was there last, its mode, and what it asks for. */

import { html, nothing } from "../../lit.js";
import { button, choice, field, mark } from "../../parts.js";
import { MODES } from "../model.js";
import { lastPassage } from "../passage.js";
import { Form } from "./form.js";
import { setMode, setRules } from "./gatehouse.js";
import { changesOf } from "./model.js";

/** Minutes for which a mode can hold; the first is for ever. */
const SPANS = ["", "15", "30", "60", "120", "240", "480"];

const VERIFY = {
  card: "verify_card",
  card_and_pin: "verify_card_and_pin",
  card_or_pin: "verify_card_or_pin",
  pin: "verify_pin",
};

const ANTIPASSBACK = { off: "antipassback_off", soft: "antipassback_soft", hard: "antipassback_hard" };

export class DoorForm extends Form {
  #id;
  #before;
  #doors;

  /** It is the door of this entity, as `doors` shows it. */
  constructor(card, id, doors) {
    const before = draftOf(toldOf(card, id));
    super(card, before);
    this.#before = before;
    this.#id = id;
    this.#doors = doors;
  }

  title() {
    return this.#shown.name;
  }

  about() {
    return this.#doors.stateOf(this.#shown);
  }

  body() {
    const { until, mode } = this.#shown;
    const holds = until && mode === this.draft.mode;
    return this.#rules(holds ? this.card.times.moment(until) : null);
  }

  beside() {
    const { last, picture, fault } = this.#shown;
    const named = { door: this.#shown.name };
    return html`<section class="part">
      ${fault ? html`<p class="problem">${this.word("fault", { error: fault })}</p>` : nothing}
      <h3>${this.word("last")}</h3>
      ${lastPassage(last, this.card)}
      ${picture ? html`<img class="picture" alt=${this.word("picture_of", named)} src=${picture}>` : nothing}
      ${this.#readers()}
      <div class="actions">${button({ label: this.word("more"), onclick: () => this.#more() })}</div>
    </section>`;
  }

  async keep() {
    const { mode, minutes, ...rules } = changesOf(this.draft, this.#before);
    const answers = [];
    if (mode || minutes) answers.push(await setMode(this.card.hass, this.#id, this.draft.mode, spanOf(this.draft)));
    if (Object.keys(rules).length) answers.push(await setRules(this.card.hass, this.#id, rules));
    return { unconfirmed: [...new Set(answers.flatMap((answer) => answer.unconfirmed))] };
  }

  get #shown() {
    const door = this.card.doors.find(({ id }) => id === this.#id);
    return this.#doors.shown(door, this.card.feed);
  }

  #rules(until) {
    const { mode, minutes, verify, antipassback } = this.draft;
    const spans = SPANS.map((each) => [each, this.#span(each)]);
    const said = (table) => Object.entries(table).map(([value, word]) => [value, this.word(word)]);
    const modes = MODES.map((each) => [each, this.#doors.modeOf(this.#shown, each)]);
    const help = until ? this.word("until", { moment: until }) : undefined;
    return html`
      ${field(this.word("mode"), choice(modes, mode, (chosen) => this.set({ mode: chosen, minutes: "" })), help)}
      ${mode === "normal"
        ? nothing
        : field(this.word("mode_until"), choice(spans, minutes, (chosen) => this.set({ minutes: chosen })))}
      ${field(this.word("verify"), choice(said(VERIFY), verify, (chosen) => this.set({ verify: chosen })))}
      ${field(
        this.word("antipassback"),
        choice(said(ANTIPASSBACK), antipassback, (chosen) => this.set({ antipassback: chosen })),
      )}`;
  }

  #span(minutes) {
    if (!minutes) return this.word("always");
    const hours = Number(minutes) / 60;
    return hours > 1 ? this.word("several_hours", { count: hours }) : this.word("minutes", { count: minutes });
  }

  #readers() {
    const readers = Object.entries(toldOf(this.card, this.#id)?.state?.readers ?? {});
    if (!readers.length) return nothing;
    return html`<h3>${this.word("readers")}</h3>
      <ul class="readers">${readers.map(([name, reader]) => html`<li><span>${name}</span>${this.#reader(reader)}</li>`)}</ul>`;
  }

  #reader({ online, error, tampered }) {
    if (tampered) return mark("bad", this.word("reader_tampered"));
    if (online) return mark("good", this.word("reader_fine"));
    return html`${mark("bad", this.word("reader_lost"))}${error ? html`<small>${error}</small>` : nothing}`;
  }

  #more() {
    this.card.sheet.close();
    this.card.moreInfo(this.#id);
  }
}

const toldOf = (card, id) => card.feed.doors.find(({ entity_id: entity }) => entity === id);

const spanOf = ({ mode, minutes }) => (mode !== "normal" && minutes ? { duration: { minutes: Number(minutes) } } : {});

const draftOf = ({ mode, verify, antipassback }) => ({ mode, minutes: "", verify, antipassback });
