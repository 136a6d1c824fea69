/** One hour, opened: how far it has come, its movie and its link, and what somebody may do about it. */

import { copied } from "../clipboard.js";
import { html, nothing } from "../lit.js";
import { button, field, icon, status } from "../parts.js";
import { cancelBooking } from "./gatehouse.js";
import { mayChange, whichOf } from "./model.js";
import { cameraNames, comingTold, errorTold, spanTold, stateMark } from "./view.js";

export class HourDetail {
  #card;
  #id;
  #asked = null;
  #movie = null;

  constructor(card, id) {
    this.#card = card;
    this.#id = id;
  }

  title() {
    return this.#card.hour(this.#id)?.summary ?? this.#card.word("booking");
  }

  about() {
    const hour = this.#card.hour(this.#id);
    return hour ? `${this.#card.times.day(hour.start)}, ${spanTold(this.#card, hour)}` : "";
  }

  template() {
    const hour = this.#card.hour(this.#id);
    if (!hour) return status(this.#card.word("gone"));
    this.#load(hour.movie);
    return html`<div class="detail">
      ${this.#stage(hour)}
      <div class="facts">
        <p class="marks">${stateMark(this.#card, hour)}${this.#series(hour)}</p>
        ${comingTold(this.#card, hour)}${errorTold(this.#card, hour)}
        ${hour.description ? html`<p class="words">${hour.description}</p>` : nothing}
        <p class="about">${this.#where(hour)}</p>
        ${hour.source ? html`<p class="about">${this.#elsewhere(hour)}</p>` : nothing}
        ${hour.link ? this.#link(hour.link) : nothing}
        ${mayChange(hour, this.#card.hass.user, new Date()) ? this.#deeds(hour) : nothing}
      </div>
    </div>`;
  }

  #stage({ movie, summary }) {
    if (!movie || movie !== this.#movie?.id) return nothing;
    const failed = () => this.#card.say(this.#card.word("unplayable"), { failed: true });
    return html`<video class="stage" controls playsinline preload="metadata" src=${this.#movie.url}
      aria-label=${this.#card.word("movie_of", { summary })} @error=${failed}></video>`;
  }

  #series({ isSeries }) {
    return isSeries ? html`<span class="about">${icon("mdi:repeat")} ${this.#card.word("repeats")}</span>` : nothing;
  }

  #where({ place, cameras, layout, owner }) {
    const { word } = this.#words();
    const shape = cameras.length > 1 ? word(`layout_${layout}`) : "";
    return [place, cameraNames(this.#card.hass, cameras), shape, owner].filter(Boolean).join(" · ");
  }

  #elsewhere({ source }) {
    const calendar = this.#card.hass.states[source]?.attributes.friendly_name ?? source;
    return this.#card.word("elsewhere", { calendar });
  }

  #link(link) {
    const { word } = this.#words();
    const address = html`<input readonly .value=${link} @focus=${(event) => event.target.select()}>`;
    return html`<div class="link">
      ${field(word("link"), address, word("link_about"))}
      <div class="actions">
        ${button({ label: word("copy"), icon: "mdi:content-copy", onclick: () => this.#copy(link) })}
        <a class="plain" href=${link} target="_blank" rel="noreferrer">${icon("mdi:open-in-new")}<span>${word("open")}</span></a>
      </div>
    </div>`;
  }

  #deeds(hour) {
    const { word } = this.#words();
    const edit = () => this.#card.book(this.#card.told(this.#id));
    const cancel = (following) => () => this.#cancel(hour, following);
    const danger = { kind: "danger", icon: "mdi:calendar-remove" };
    return html`<footer>
      ${hour.isSeries
        ? [
            button({ ...danger, label: word("cancel_this"), onclick: cancel(false) }),
            button({ ...danger, label: word("cancel_following"), onclick: cancel(true) }),
          ]
        : button({ ...danger, label: word("cancel_booking"), onclick: cancel(false) })}
      ${button({ label: word("edit"), icon: "mdi:pencil", kind: "primary", onclick: edit })}
    </footer>`;
  }

  #words() {
    return { word: (key, values) => this.#card.word(key, values) };
  }

  /** Ask where the movie is to be had, once. */
  #load(movie) {
    if (!movie || movie === this.#asked) return;
    this.#asked = movie;
    this.#card.attempt(async () => {
      const asked = { type: "media_source/resolve_media", media_content_id: movie };
      const { url } = await this.#card.hass.callWS(asked);
      this.#movie = { id: movie, url };
    });
  }

  async #copy(link) {
    const isCopied = await copied(link, this.#card.sheet.element);
    this.#card.say(this.#card.word(isCopied ? "copied" : "not_copied"));
  }

  async #cancel(hour, following) {
    const { word } = this.#words();
    const text = word(hour.state === "recording" ? "cancel_running" : following ? "cancel_all_about" : "cancel_about");
    const title = word("cancel_which", { summary: hour.summary, moment: this.#card.times.moment(hour.start) });
    const confirm = word("cancel_yes");
    if (!(await this.#card.sheet.ask({ title, text, confirm, danger: true }))) return;
    const done = await this.#card.attempt(() => cancelBooking(this.#card.hass, whichOf(hour, following)));
    if (done === undefined) return;
    this.#card.renew();
    this.#card.sheet.close();
    this.#card.say(word("cancelled"));
  }
}
