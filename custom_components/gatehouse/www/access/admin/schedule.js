/** A schedule: hours of the week, days that go by hours of their own, and holidays. */

import { html, nothing } from "../../lit.js";
import { button, choice, field } from "../../parts.js";
import { Form, checkBox } from "./form.js";
import { deleteSchedule, saveSchedule } from "./gatehouse.js";
import { changesOf, usersOf, withOrWithout } from "./model.js";
import { Week } from "./week.js";
import { DAYS, changed, edited, inOrder, isOverMidnight, short, without } from "./windows.js";

const HOLIDAYS = { closed: "holidays_closed", as_sunday: "holidays_as_sunday", ignored: "holidays_ignored" };

const WORKDAY = { start: "08:00", end: "18:00" };

export class ScheduleForm extends Form {
  #schedule;
  #before;
  #register;
  #dayNames;
  #week = new Week((windows) => this.set(windows ? { windows } : {}));

  /** Without a schedule, it is a new one. */
  constructor(card, register, dayNames, schedule = null) {
    const before = schedule ? draftOf(schedule) : null;
    super(card, before ?? { name: "", windows: [], special: [], holidays: "closed" });
    this.#schedule = schedule;
    this.#before = before;
    this.#register = register;
    this.#dayNames = dayNames;
  }

  title() {
    return this.#schedule?.name ?? this.word("new_schedule");
  }

  body() {
    const { windows, holidays } = this.draft;
    const rules = Object.entries(HOLIDAYS).map(([value, word]) => [value, this.word(word)]);
    const needed = this.#schedule ? usersOf(this.#register.users, { schedule: this.#schedule.id }) : [];
    return html`
      ${this.text("name", this.word("name_of"))}
      <p class="about">${this.word("week_about")}</p>
      ${this.#week.template(windows, { label: this.word("week"), nameOf: this.#dayNames.short })}
      <ul class="windows" aria-label=${this.word("week")}>${windows.map((window, index) => this.#window(window, index))}</ul>
      <div class="actions">
        ${button({ label: this.word("add_hours"), icon: "mdi:plus", onclick: () => this.#add() })}
      </div>
      ${this.#special()}
      ${field(this.word("on_holidays"), choice(rules, holidays, (chosen) => this.set({ holidays: chosen })))}
      ${needed.length ? html`<p class="about">${this.word("used_by", { names: needed.join(", ") })}</p>` : nothing}`;
  }

  async keep() {
    if (this.draft.special.some(({ first }) => !first)) throw new Error(this.word("first_day_missing"));
    const asked = this.#schedule ? { schedule_id: this.#schedule.id } : {};
    return saveSchedule(this.card.hass, { ...asked, ...changesOf(this.draft, this.#before) });
  }

  leaving() {
    if (!this.#schedule) return null;
    const { id, name } = this.#schedule;
    return {
      ...{ title: this.word("delete_which", { name }), text: this.word("schedule_leaves") },
      forget: () => deleteSchedule(this.card.hass, id),
    };
  }

  #add() {
    this.set({ windows: [...this.draft.windows, { days: DAYS.slice(0, 5), ...WORKDAY }] });
  }

  #window(window, index) {
    const change = (fields) => this.set({ windows: changed(this.draft.windows, index, fields) });
    const toggle = (day) => change({ days: inOrder(withOrWithout(window.days, day, !window.days.includes(day))) });
    return html`<li class="window">
      <div class="days">
        ${DAYS.map(
          (day) => html`<button type="button" class="plain weekday" aria-label=${this.#dayNames.long(day)}
            aria-pressed=${String(window.days.includes(day))} @click=${() => toggle(day)}>${this.#dayNames.short(day)}</button>`,
        )}
      </div>
      ${this.#hours(window, change, () => this.set({ windows: without(this.draft.windows, index) }))}
    </li>`;
  }

  #hours(hours, change, remove) {
    const time = (edge, label) => html`<input type="time" class=${edge} aria-label=${label} .value=${hours[edge]}
      @change=${({ target }) => target.value && change({ [edge]: target.value })}>`;
    return html`<div class="hours">
      ${time("start", this.word("begins"))}<span aria-hidden="true">–</span>${time("end", this.word("ends"))}
      ${button({ label: this.word("remove_hours"), icon: "mdi:delete-outline", iconOnly: true, onclick: remove })}
      ${isOverMidnight(hours) ? html`<small>${this.word("next_day")}</small>` : nothing}
    </div>`;
  }

  #special() {
    const { special } = this.draft;
    const add = () => this.set({ special: [...special, { first: "", last: "", hours: [] }] });
    return html`<fieldset>
      <legend>${this.word("special")}</legend>
      ${special.map((days, index) => this.#days(days, index))}
      <div class="actions">${button({ label: this.word("add_days"), icon: "mdi:calendar-plus", onclick: add })}</div>
    </fieldset>`;
  }

  #days({ first, last, hours }, index) {
    const change = (fields) => this.set({ special: changed(this.draft.special, index, fields) });
    const remove = () => this.set({ special: without(this.draft.special, index) });
    const say = (key, day) => change(key === "first" && !last ? { first: day, last: day } : { [key]: day });
    const date = (key, value, label) => html`<input type="date" class=${key} aria-label=${label} .value=${value}
      @change=${({ target }) => say(key, target.value)}>`;
    return html`<div class="special">
      <div class="hours">
        ${date("first", first, this.word("first_day"))}<span aria-hidden="true">–</span>${date("last", last, this.word("last_day"))}
        ${button({ label: this.word("remove_days"), icon: "mdi:delete-outline", iconOnly: true, onclick: remove })}
      </div>
      ${hours.map((each, place) =>
        this.#hours(
          each,
          (fields) => change({ hours: changed(hours, place, fields) }),
          () => change({ hours: without(hours, place) }),
        ),
      )}
      ${checkBox(this.word("closed_all_day"), !hours.length, (closed) => change({ hours: closed ? [] : [WORKDAY] }))}
      ${hours.length
        ? button({ label: this.word("add_hours"), icon: "mdi:plus", onclick: () => change({ hours: [...hours, WORKDAY] }) })
        : nothing}
    </div>`;
  }
}

const draftOf = ({ name, windows, special, holidays }) => ({
  ...{ name, holidays, windows: edited(windows) },
  special: special.map(({ hours, ...days }) => ({ ...days, hours: hours.map(short) })),
});
