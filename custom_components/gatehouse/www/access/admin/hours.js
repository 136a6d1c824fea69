/** The part that shows when and where: schedules, holidays, and doors that go together. */

import { html, nothing, repeat } from "../../lit.js";
import { button, icon } from "../../parts.js";
import { GroupForm } from "./group.js";
import { HolidayForm } from "./holiday.js";
import { doorName, usersOf } from "./model.js";
import { ScheduleForm } from "./schedule.js";
import { DAYS, summaryOf } from "./windows.js";

export class HoursPart {
  #card;
  #register;

  constructor(card, register) {
    this.#card = card;
    this.#register = register;
  }

  template() {
    const { schedules, holidays, groups } = this.#register;
    const { sheet } = this.#card;
    const names = dayNames(this.#card.hass.language);
    const schedule = (each) => sheet.open(new ScheduleForm(this.#card, this.#register, names, each));
    const holiday = (each) => sheet.open(new HolidayForm(this.#card, each));
    const group = (each) => sheet.open(new GroupForm(this.#card, this.#register, each));
    return html`
      ${this.#list("hours", "new_schedule", "mdi:calendar-week", schedules, schedule, (each) => this.#schedule(each, names))}
      ${this.#list("holidays", "new_holiday", "mdi:calendar-star", holidays, holiday, (each) => this.#holiday(each))}
      ${this.#list("groups", "new_group", "mdi:door-sliding", groups, group, (each) => this.#group(each))}`;
  }

  #list(title, added, shown, nouns, open, told) {
    const name = this.#card.word(title);
    return html`<section class="nouns" aria-label=${name}>
      <div class="head">
        <h3>${name}</h3>
        ${button({ label: this.#card.word(added), icon: "mdi:plus", onclick: () => open(null) })}
      </div>
      <ul>
        ${repeat(
          nouns,
          (noun) => noun.id,
          (noun) => html`<li><button type="button" class="row" @click=${() => open(noun)}>
            ${icon(shown)}
            <span class="told">
              <span class="name">${noun.name}</span>
              ${told(noun).filter(Boolean).map((line) => html`<small>${line}</small>`)}
            </span>
          </button></li>`,
        )}
      </ul>
      ${nouns.length ? nothing : html`<p class="status">${this.#card.word("none_yet")}</p>`}
    </section>`;
  }

  #schedule({ id, windows, special }, names) {
    const needed = usersOf(this.#register.users, { schedule: id });
    return [
      windows.length ? summaryOf(windows, names.short) : this.#card.word("never"),
      special.length ? this.#card.word("special_count", { count: special.length }) : null,
      needed.length ? this.#card.word("used_by", { names: needed.join(", ") }) : null,
    ];
  }

  #holiday({ first, last, yearly }) {
    const format = { day: "numeric", month: "long", timeZone: "UTC", ...(yearly ? {} : { year: "numeric" }) };
    const date = new Intl.DateTimeFormat(this.#card.hass.language, format);
    const told = date.formatRange(new Date(first), new Date(last));
    return [yearly ? this.#card.word("each_year", { days: told }) : told];
  }

  #group({ id, doors }) {
    const needed = usersOf(this.#register.users, { group: id });
    return [
      doors.map((key) => doorName(this.#card.feed.doors, key)).join(", "),
      needed.length ? this.#card.word("used_by", { names: needed.join(", ") }) : null,
    ];
  }
}

/** Return what days are called in a language, short and long. */
export function dayNames(language) {
  // The first of January 2024 was a Monday.
  const named = (weekday) => {
    const format = new Intl.DateTimeFormat(language, { weekday, timeZone: "UTC" });
    return (day) => format.format(new Date(Date.UTC(2024, 0, 1 + DAYS.indexOf(day))));
  };
  return { short: named("short"), long: named("long") };
}
