/** Links for outsiders to one clip: made, copied, listed, revoked. For administrators. */

import { copied } from "../../clipboard.js";
import { html, nothing, repeat } from "../../lit.js";
import { button, field } from "../../parts.js";
import { createShare, listShares, revokeShare } from "./gatehouse.js";
import { linkOf, linksOf, wishOf } from "./details.js";

const LONGEST = { hours: 720, days: 30 };
const MOST_VIEWINGS = 1000;
const LONGEST_NOTE = 200;

export class SharePanel {
  #card;
  #clip = null;
  #shares = null;
  #made = null;
  #unit = "hours";
  #isOpen = false;
  #isBusy = false;

  constructor(card) {
    this.#card = card;
  }

  /** Begin with another incident. */
  begin() {
    this.#shares = this.#made = null;
    this.#isOpen = false;
  }

  /** Return what is offered for a clip, nothing if there is none or whoever looks may not share. */
  template(clip) {
    const card = this.#card;
    if (!clip || !card.isAdmin) return nothing;
    if (this.#clip?.id !== clip.id) this.#made = null;
    this.#clip = clip;
    const opener = { icon: "mdi:share-variant", label: card.word("share"), kind: "primary", expanded: this.#isOpen };
    return html`<section class="share">
      ${button({ ...opener, onclick: () => this.#turn() })}${this.#isOpen ? this.#panel() : nothing}
    </section>`;
  }

  #turn() {
    this.#isOpen = !this.#isOpen;
    this.#card.changed();
    return this.#isOpen ? this.#do(() => this.#list()) : null;
  }

  #panel() {
    return html`<p class="about">${this.#card.word("share_about")}</p>
      ${this.#form()}${this.#made ? this.#shown(this.#made) : nothing}${this.#shares ? this.#links() : nothing}`;
  }

  #form() {
    const word = (key) => this.#card.word(key);
    const units = Object.keys(LONGEST).map((unit) => html`<option value=${unit}>${word(unit)}</option>`);
    const create = (event) => {
      event.preventDefault();
      const typed = Object.fromEntries(new FormData(event.target));
      return this.#do(() => this.#create(typed), word("made"));
    };
    return html`<form ?inert=${this.#isBusy} @submit=${create}>
      <div class="pair">
        ${field(word("valid_for"), html`<input name="amount" type="number" min="1" max=${LONGEST[this.#unit]} step="1" value="24" required>`)}
        <select name="unit" aria-label=${word("valid_unit")} @change=${(event) => this.#count(event.target.value)}>${units}</select>
      </div>
      ${field(word("viewings"), html`<input name="uses" type="number" min="1" max=${MOST_VIEWINGS} step="1" placeholder=${word("unlimited")}>`)}
      ${field(word("note"), html`<input name="note" type="text" maxlength=${LONGEST_NOTE} autocomplete="off" placeholder=${word("note_about")}>`)}
      <button class="primary">${word("create")}</button>
    </form>`;
  }

  /** Return the new link with all that can be done with it. */
  #shown(link) {
    const word = (key) => this.#card.word(key);
    const copy = { icon: "mdi:content-copy", label: word("copy"), onclick: () => this.#copy(link) };
    const send = { icon: "mdi:export-variant", label: word("send"), onclick: () => this.#send(link) };
    const address = html`<input readonly .value=${link.address} @focus=${(event) => event.target.select()}>`;
    return html`<div class="made">
      ${field(word("link"), address, link.hint ?? undefined)}
      <div class="actions">${button(copy)}${navigator.share ? button(send) : nothing}</div>
    </div>`;
  }

  #links() {
    const card = this.#card;
    const { own, others } = linksOf(this.#shares, this.#clip.id, location.origin);
    const elsewhere = html`<details>
      <summary>${card.word("living_elsewhere", { count: others.length })}</summary>${this.#listOf(others)}
    </details>`;
    return html`<div class="links">
      <h3>${card.word(own.length ? "living" : "none_living")}</h3>
      ${this.#listOf(own)}${others.length ? elsewhere : nothing}
    </div>`;
  }

  #listOf(links) {
    return html`<ul>${repeat(links, ({ id }) => id, (link) => this.#item(link))}</ul>`;
  }

  #item(link) {
    const card = this.#card;
    const moment = card.times.moment(link.until);
    const often = link.most ? "seen_of" : link.uses === 1 ? "seen_once" : "seen_often";
    const facts = [card.word("until", { moment }), card.word(often, { uses: link.uses, most: link.most })];
    if (link.footage !== this.#clip.id && link.filmed) facts.unshift(this.#whichClip(link));
    const revoke = () => this.#do(() => this.#revoke(link), card.word("revoked"));
    return html`<li>
      <span class="told">
        <span>${facts.join(" · ")}</span>${link.note ? html`<span class="about">${link.note}</span>` : nothing}
      </span>
      ${button({ icon: "mdi:content-copy", label: card.word("copy"), iconOnly: true, onclick: () => this.#copy(link) })}
      ${button({ icon: "mdi:link-off", label: card.word("revoke_which", { moment }), iconOnly: true, onclick: revoke })}
    </li>`;
  }

  #whichClip(link) {
    const camera = this.#card.hass.states[link.camera]?.attributes.friendly_name;
    return [camera, this.#card.times.moment(link.filmed)].filter(Boolean).join(", ");
  }

  #count(unit) {
    this.#unit = unit;
    this.#card.changed();
  }

  async #list() {
    this.#shares = await listShares(this.#card.hass);
  }

  async #create(typed) {
    this.#made = linkOf(await createShare(this.#card.hass, wishOf(this.#clip.id, typed)), location.origin);
    await this.#list();
  }

  async #revoke(link) {
    await revokeShare(this.#card.hass, link.id);
    if (this.#made?.id === link.id) this.#made = null;
    await this.#list();
  }

  /** Copy a link; where the browser does not let a page do that, by a field in which it is selected. */
  async #copy(link) {
    const card = this.#card;
    const isCopied = await copied(link.address, card.sheet.element);
    if (!isCopied) this.#made = link;
    card.say(card.word(isCopied ? "copied" : "not_copied"));
    card.changed();
  }

  async #send(link) {
    try {
      await navigator.share({ url: link.address });
    } catch (error) {
      // Who changes his mind has made no mistake.
      if (error.name !== "AbortError") this.#card.say(error.message, { failed: true });
    }
  }

  /** Do something; meanwhile nothing else can be sent. */
  async #do(work, done) {
    this.#isBusy = true;
    this.#card.changed();
    const end = () => (this.#isBusy = false);
    return this.#card.attempt(() => work().finally(end), done);
  }
}
