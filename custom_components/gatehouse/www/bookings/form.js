/** The sheet in which somebody books an hour, or changes one. */

import { sentenceOf } from "../language.js";
import { html, live, nothing } from "../lit.js";
import { button, choice, field } from "../parts.js";
import { book, editBooking, listCameras } from "./gatehouse.js";
import { SITE, calendarsOf, notifiersOf, whichOf } from "./model.js";
import { repetition } from "./repetition.js";
import { LAYOUTS, MOST_CAMERAS, USUAL, beginning, changesOf, draftOf, isOvernight, newDraft, wishOf } from "./wish.js";

/** What is said where somebody chose a time. */
const TIMES = new Set(["booking_clash", "booking_times_bad", "booking_over", "booking_begun", "booking_rule_bad"]);

export class BookingForm {
  #card;
  #booking;
  #before;
  #draft;
  #isAll = false;
  #cameras = [];
  #owners = [];
  #busy = false;
  #problem = null;

  /** Change a booking that is told; without one, it is a new one. */
  constructor(card, booking = null) {
    this.#card = card;
    this.#booking = booking;
    const zone = card.hass.config.time_zone;
    this.#before = booking ? draftOf(booking, zone) : newDraft(zone, new Date(), this.#calendars[0]?.entity);
    this.#draft = this.#before;
    this.#ask();
  }

  title() {
    return this.#card.word(this.#booking ? "edit" : "book");
  }

  template() {
    if (!this.#booking && !this.#calendars.length) return html`<p class="status">${this.#card.word("no_calendar")}</p>`;
    return html`<form class="form" novalidate ?inert=${this.#busy} @submit=${(event) => this.#submit(event)}>
      ${this.#scope()}
      ${this.#text("summary", { required: true })}
      ${this.#which()}
      ${this.#when()}
      ${this.#isSingle ? nothing : repetition(this.#card, this.#draft, (changes) => this.#set(changes))}
      ${this.#more()}
      ${this.#said("form")}
      <footer>
        ${button({ label: this.#card.word("cancel"), onclick: () => this.#card.sheet.close() })}
        <button type="submit" class="primary">${this.#card.word(this.#booking ? "save" : "book_it")}</button>
      </footer>
    </form>`;
  }

  /** The calendars in which one can book: that of the card, if it shows one. */
  get #calendars() {
    const { hass, config } = this.#card;
    const open = calendarsOf(hass).filter(({ isOurs }) => isOurs);
    return config.calendar ? open.filter(({ entity }) => entity === config.calendar) : open;
  }

  get #isPair() {
    const { calendar } = this.#draft;
    if (this.#booking) return calendar !== SITE;
    return Boolean(this.#calendars.find(({ entity }) => entity === calendar)?.isPair);
  }

  /** Whether it is one hour of a series, by itself. */
  get #isSingle() {
    return this.#isSeries && !this.#isAll;
  }

  get #isSeries() {
    return Boolean(this.#booking?.recurrence);
  }

  #scope() {
    if (!this.#isSeries) return nothing;
    const options = ["this", "following"].map((each) => [each, this.#card.word(`scope_${each}`)]);
    const choose = (scope) => {
      this.#isAll = scope === "following";
      this.#card.changed();
    };
    return field(this.#card.word("scope"), choice(options, this.#isAll ? "following" : "this", choose));
  }

  #which() {
    const { calendar } = this.#draft;
    const options = this.#calendars.map(({ entity, name }) => [entity, name]);
    const choose = (entity) => this.#set({ calendar: entity, layout: USUAL, upload: USUAL, share: USUAL });
    return html`
      ${this.#booking || options.length < 2 ? nothing : field(this.#card.word("calendar"), choice(options, calendar, choose))}
      ${this.#isPair || this.#cameras.length < 2 ? nothing : this.#choices()}`;
  }

  #choices() {
    const { cameras } = this.#draft;
    const isFull = cameras.length >= MOST_CAMERAS;
    const take = (entity, isTaken) =>
      this.#set({ cameras: isTaken ? [...cameras, entity] : cameras.filter((each) => each !== entity) });
    return html`<fieldset class="choices">
      <legend>${this.#card.word("cameras")}</legend>
      ${this.#cameras.map(([entity, name]) =>
        check(name, cameras.includes(entity), (isTaken) => take(entity, isTaken), isFull && !cameras.includes(entity)))}
      <small>${this.#card.word("cameras_about", { most: MOST_CAMERAS })}</small>
    </fieldset>`;
  }

  #when() {
    const draft = this.#draft;
    const zone = this.#card.hass.config.time_zone;
    const isElsewhere = zone !== Intl.DateTimeFormat().resolvedOptions().timeZone;
    return html`<div class="times">
        ${this.#time("date", { type: "date", write: (date) => ({ date }) })}
        ${this.#time("from", { type: "time", write: (from) => beginning(draft, from) })}
        ${this.#time("to", { type: "time", write: (to) => ({ to }) })}
      </div>
      ${isOvernight(draft) ? html`<small>${this.#card.word("next_day")}</small>` : nothing}
      ${isElsewhere ? html`<small>${this.#card.word("house_time", { zone })}</small>` : nothing}
      ${this.#said("when")}`;
  }

  #more() {
    const { word, isAdmin } = { word: (key) => this.#card.word(key), isAdmin: this.#card.isAdmin };
    const usual = this.#isPair && !this.#booking ? [[USUAL, word("as_usual")]] : [];
    const layouts = LAYOUTS.map((layout) => [layout, word(`layout_${layout}`)]);
    const answers = ["no", "yes"].map((answer) => [answer, word(answer)]);
    const one = (name, options) =>
      field(word(name), choice([...usual, ...options], this.#draft[name], (value) => this.#set({ [name]: value })));
    const { cameras } = this.#draft;
    return html`<details>
      <summary>${word("more")}</summary>
      <div class="more">
        ${this.#isPair || cameras.length > 1 || this.#cameras.length === 2 ? one("layout", layouts) : nothing}
        ${one("upload", answers)}${one("share", answers)}
        ${isAdmin ? this.#owner() : nothing}
        ${this.#text("description", { label: "remark" })}
        ${this.#notify()}
      </div>
    </details>`;
  }

  #owner() {
    const names = html`<datalist id="owners">${this.#owners.map((name) => html`<option value=${name}></option>`)}</datalist>`;
    const about = this.#card.word("owner_about", { name: this.#card.hass.user.name });
    return html`${this.#text("owner", { help: this.#booking ? undefined : about, list: "owners" })}${names}`;
  }

  #notify() {
    const { hass } = this.#card;
    const chosen = this.#draft.notify ?? [];
    const known = new Map(notifiersOf(hass));
    const all = [...known, ...chosen.filter((each) => !known.has(each)).map((each) => [each, each])];
    if (!all.length) return nothing;
    const tell = (target, isTold) =>
      this.#set({ notify: isTold ? [...chosen, target] : chosen.filter((each) => each !== target) });
    return html`<fieldset class="choices">
      <legend>${this.#card.word("notify")}</legend>
      ${all.map(([target, name]) => check(name, chosen.includes(target), (isTold) => tell(target, isTold)))}
    </fieldset>`;
  }

  #text(name, { label = name, help, list, required = false } = {}) {
    const write = ({ target }) => this.#set({ [name]: target.value });
    const control = html`<input name=${name} autocomplete="off" list=${list ?? nothing} ?required=${required} ?autofocus=${required}
      .value=${live(this.#draft[name])} @input=${write}>`;
    return field(this.#card.word(label), control, help);
  }

  #time(name, { type, write }) {
    const control = html`<input name=${name} type=${type} required .value=${live(this.#draft[name])}
      @change=${({ target }) => this.#set(write(target.value))}>`;
    return field(this.#card.word(name), control);
  }

  /** Return why it was refused, where that can be mended. */
  #said(spot) {
    return this.#problem?.spot === spot
      ? html`<p class="problem refused" role="alert">${this.#problem.sentence}</p>`
      : nothing;
  }

  #set(changes) {
    this.#draft = { ...this.#draft, ...changes };
    this.#problem = null;
    this.#card.changed();
  }

  /** Ask which cameras there are, and administrators also for whom they can book. */
  #ask() {
    const { hass, isAdmin } = this.#card;
    return this.#card.attempt(async () => {
      const known = (await listCameras(hass)).map(({ name, entities }) => [entities.camera, name]);
      this.#cameras = known.filter(([entity]) => entity);
      if (!isAdmin) return;
      const users = await hass.callWS({ type: "config/auth/list" });
      const people = users.filter((user) => user.is_active && !user.system_generated);
      this.#owners = people.map(({ name }) => name).filter(Boolean);
    });
  }

  async #submit(event) {
    event.preventDefault();
    const missing = event.target.querySelector(":invalid");
    if (missing) {
      this.#problem = { spot: "form", sentence: this.#card.word("missing", { what: this.#card.word(missing.name) }) };
      missing.focus();
      this.#card.changed();
      return;
    }
    await this.#send();
  }

  async #send() {
    this.#busy = true;
    this.#problem = null;
    this.#card.changed();
    try {
      await this.#keep();
      this.#card.renew(this.#draft.date);
      this.#card.sheet.close();
      this.#card.say(this.#card.word(this.#booking ? "saved" : "booked"));
    } catch (error) {
      const spot = TIMES.has(error.translation_key ?? error.code) ? "when" : "form";
      this.#problem = { spot, sentence: await sentenceOf(this.#card.hass, error) };
    }
    this.#busy = false;
    this.#card.changed();
    queueMicrotask(() => this.#card.sheet.element.querySelector(".refused")?.scrollIntoView({ block: "center" }));
  }

  #keep() {
    const { hass } = this.#card;
    if (!this.#booking) return book(hass, wishOf(this.#draft, { isPair: this.#isPair }));
    const changes = changesOf(this.#draft, this.#before, { isPair: this.#isPair, isAll: !this.#isSingle });
    return editBooking(hass, whichOf(this.#booking, this.#isAll), changes);
  }
}

const check = (name, checked, onchange, disabled = false) =>
  html`<label class="check"><input type="checkbox" .checked=${live(checked)} ?disabled=${disabled}
    @change=${(event) => onchange(event.target.checked)}><span>${name}</span></label>`;
