/** What somebody says of an incident: seen, kept, a note, nobody there. */

import { html, nothing } from "../../lit.js";
import { button, icon } from "../../parts.js";
import { keepIncident, listIgnored, notAPerson, noteIncident, removeIgnored, reviewIncident } from "./gatehouse.js";

/** Letters, as Gatehouse keeps them. */
const LONGEST_NOTE = 2000;

export class Remarks {
  #card;
  #know;
  #isWriting = false;
  #ignored = [];

  /** `know` is called with what became of the incident. */
  constructor(card, know) {
    this.#card = card;
    this.#know = know;
  }

  /** Begin with another incident. */
  begin() {
    this.#isWriting = false;
    this.#ignored = [];
  }

  template(details) {
    return html`<div class="remarks">
      <div class="actions">${this.#deeds(details)}</div>
      ${this.#ignored.length ? html`<p class="about">${this.#card.word("ignored", { what: this.#what() })}</p>` : nothing}
      ${this.#isWriting ? this.#form(details) : this.#note(details)}
    </div>`;
  }

  #deeds({ id, isNew, kept, falseAlarm, clips }) {
    const card = this.#card;
    const clip = (clips ?? []).find((each) => each.url);
    const review = () => this.#do(() => reviewIncident(card.hass, id, isNew));
    const keep = () => this.#do(() => keepIncident(card.hass, id, !kept), card.word(kept ? "let_go" : "is_kept"));
    const nobody = { icon: "mdi:account-off-outline", label: card.word("nobody"), onclick: () => this.#nobody(id) };
    const somebody = { icon: "mdi:undo", label: card.word("somebody"), onclick: () => this.#somebody(id) };
    return html`
      ${button({ icon: "mdi:check", label: card.word(isNew ? "review" : "reviewed_yes"), pressed: !isNew, onclick: review })}
      ${button({ icon: kept ? "mdi:lock" : "mdi:lock-open-outline", label: card.word(kept ? "kept" : "keep"), pressed: kept, onclick: keep })}
      ${button(falseAlarm ? somebody : nobody)}
      ${clip ? html`<a class="plain" href=${clip.url} download>${icon("mdi:download")}<span>${card.word("download")}</span></a>` : nothing}`;
  }

  #note({ note }) {
    const write = () => {
      this.#isWriting = true;
      this.#card.changed();
    };
    const label = this.#card.word(note ? "change_note" : "add_note");
    return html`<div class="note">
      ${note ? html`<p>${note}</p>` : nothing}
      ${button({ icon: "mdi:pencil-outline", label, iconOnly: Boolean(note), onclick: write })}
    </div>`;
  }

  #form({ id, note }) {
    const card = this.#card;
    const over = () => {
      this.#isWriting = false;
      card.changed();
    };
    const save = async (event) => {
      event.preventDefault();
      const written = event.target.elements.note.value;
      if (await this.#do(() => noteIncident(card.hass, id, written))) over();
    };
    return html`<form class="note" @submit=${save}>
      <textarea name="note" rows="3" maxlength=${LONGEST_NOTE} aria-label=${card.word("note")} .value=${note}></textarea>
      <footer>
        ${button({ label: card.word("cancel"), onclick: over })}
        <button class="primary">${card.word("save")}</button>
      </footer>
    </form>`;
  }

  async #nobody(id) {
    const card = this.#card;
    const asked = { title: card.word("nobody_sure"), text: card.word("nobody_about"), confirm: card.word("nobody") };
    if (!(await card.sheet.ask(asked))) return;
    await this.#do(async () => {
      const { incident, ignored } = await notAPerson(card.hass, id);
      this.#ignored = ignored;
      return incident;
    });
  }

  /** Take it back: what is ignored since is looked for again, if somebody may say so. */
  #somebody(id) {
    const card = this.#card;
    const done = card.word(card.isAdmin ? "looked_again" : "still_ignored");
    return this.#do(async () => {
      const since = card.isAdmin ? (await listIgnored(card.hass)).filter((box) => box.incident === id) : [];
      for (const box of since) await removeIgnored(card.hass, box.id);
      this.#ignored = [];
      return reviewIncident(card.hass, id, false);
    }, done);
  }

  #what() {
    const nameOf = (entity) => this.#card.hass.states[entity]?.attributes.friendly_name;
    return this.#ignored.map((box) => [box.label, nameOf(box.entity_id)].filter(Boolean).join(", ")).join("; ");
  }

  async #do(work, done) {
    const incident = await this.#card.attempt(work, done);
    if (incident) this.#know(incident);
    return incident;
  }
}
