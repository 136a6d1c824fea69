/** The doors: how each is, who was there last, and a button to unlock it. */

import { html, nothing, repeat } from "../lit.js";
import { button, icon, status } from "../parts.js";
import { unlockDoor } from "./gatehouse.js";
import { shownDoor } from "./model.js";
import { lastPassage } from "./passage.js";

/** Milliseconds in which a second tap unlocks a door. */
const ARMED = 4000;

const STATES = {
  locked: ["mdi:lock", "good"],
  unlocked: ["mdi:lock-open-variant", "warning"],
  open: ["mdi:door-open", "warning"],
  forced: ["mdi:alert-octagon", "bad"],
  held_open: ["mdi:door-open", "bad"],
  offline: ["mdi:lan-disconnect", ""],
  unknown: ["mdi:help-circle-outline", ""],
  untold: ["mdi:door", ""],
};

export class Doors {
  #card;
  #armed = null;
  #timer = null;
  #busy = new Set();

  constructor(card) {
    this.#card = card;
  }

  /** Forget that somebody has tapped once. */
  disarm() {
    clearTimeout(this.#timer);
    this.#armed = null;
  }

  /** Return the template of these doors (see `doorsOf`); `tell` is called with the one to tell more of. */
  template(doors, feed, tell) {
    const { states } = this.#card.hass;
    // Home Assistant tells nobody the state of what they may not see.
    const shown = doors.filter(({ id }) => states[id]).map((door) => this.shown(door, feed));
    if (!shown.length) return status(this.#card.word("no_doors"));
    return html`<ul class="doors">${repeat(shown, ({ id }) => id, (door) => this.#row(door, feed, tell))}</ul>`;
  }

  /** Return a door as it is now. */
  shown(door, feed) {
    const told = feed.doors.find(({ entity_id: entity }) => entity === door.id);
    return shownDoor(door, this.#card.hass.states, told, feed.passages);
  }

  /** Return in words how a door is. */
  stateOf({ state, hasContact }) {
    const word = this.#card.word(state);
    const mute = ["locked", "unlocked"].includes(state) && !hasContact;
    return mute ? `${word}, ${this.#card.word("no_contact")}` : word;
  }

  /** Return in words by which mode a door goes, or what another mode is called. */
  modeOf({ modeEntity }, mode = undefined) {
    const { hass } = this.#card;
    const state = hass.states[modeEntity];
    return state ? hass.formatEntityState(state, mode) : mode;
  }

  #row(door, feed, tell) {
    const { word, times } = this.#words();
    const [shown, kind] = STATES[door.state];
    const until = door.until ? ` ${word("until", { moment: times.moment(door.until) })}` : "";
    return html`<li class="door ${kind}">
      <button type="button" class="about-door" aria-label=${word("about_door", { door: door.name })} @click=${() => tell(door)}>
        <span class="sign ${kind}">${icon(shown)}</span>
        <span class="told">
          <span class="name">${door.name}</span>
          <span class="how">${this.stateOf(door)}</span>
          ${door.mode === "normal" ? nothing : html`<span class="mode mark warning">${this.modeOf(door)}${until}</span>`}
          ${feed.ringing && feed.ringing === door.key ? html`<span class="mark ongoing">${word("ringing")}</span>` : nothing}
          ${door.fault ? html`<span class="problem">${word("fault", { error: door.fault })}</span>` : nothing}
          ${lastPassage(door.last, this.#card)}
        </span>
        ${door.picture ? html`<img alt="" loading="lazy" src=${door.picture}>` : nothing}
      </button>
      ${door.canUnlock ? this.#unlock(door, feed) : nothing}
    </li>`;
  }

  #words() {
    return { word: (key, values) => this.#card.word(key, values), times: this.#card.times };
  }

  #unlock(door, feed) {
    const armed = this.#armed === door.id;
    const { word } = this.#words();
    const named = { door: door.name };
    return html`<button
      type="button"
      class="unlock ${armed ? "primary" : "plain"}"
      ?disabled=${this.#busy.has(door.id) || door.state === "offline"}
      aria-label=${armed ? word("sure_which", named) : word("unlock_which", named)}
      @click=${() => (armed ? this.#open(door, feed) : this.#arm(door.id))}
    >${icon("mdi:lock-open-variant")}<span>${armed ? word("sure") : word("unlock")}</span></button>`;
  }

  #arm(id) {
    this.disarm();
    this.#armed = id;
    this.#timer = setTimeout(() => {
      this.disarm();
      this.#card.changed();
    }, ARMED);
    this.#card.changed();
  }

  async #open(door, { site }) {
    this.disarm();
    const lockdown = this.#card.isAdmin && site === "lockdown";
    if (lockdown && !(await this.#means(door))) return;
    this.#busy.add(door.id);
    this.#card.changed();
    const passage = await this.#card.attempt(() => this.#unlocked(door, lockdown));
    this.#busy.delete(door.id);
    this.#card.changed();
    if (passage === undefined) return;
    const named = { door: door.name, who: passage?.actor };
    this.#card.say(this.#card.word(named.who ? "unlocked_by" : "unlocked_now", named));
  }

  #means({ name }) {
    const { word } = this.#words();
    const text = word("lockdown_unlock", { door: name });
    return this.#card.sheet.ask({ title: word("lockdown_on"), text, confirm: word("unlock"), danger: true });
  }

  /** Unlock a door as its user may: only administrators are told of the passage. */
  async #unlocked({ id }, lockdown) {
    const { hass, isAdmin } = this.#card;
    if (isAdmin) return unlockDoor(hass, id, lockdown ? { in_lockdown: true } : {});
    try {
      await hass.callService("lock", "unlock", {}, { entity_id: id }, false);
    } catch (error) {
      // Home Assistant says so in one English word.
      throw error.message === "Unauthorized" ? new Error(this.#card.word("not_allowed")) : error;
    }
    return null;
  }
}
