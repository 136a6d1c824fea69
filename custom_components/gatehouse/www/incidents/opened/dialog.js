/** One incident, opened: what was filmed, what is known of it, and what somebody says of it. */

import { html, nothing } from "../../lit.js";
import { button, icon, mark, status } from "../../parts.js";
import { areShown, still } from "./boxes.js";
import { Remarks } from "./remarks.js";
import { SharePanel } from "./share.js";
import { REASONS, detailsOf, renewed, shownOf, whyNoClip } from "./details.js";
import { getIncident } from "./gatehouse.js";
import { levelMark } from "../view.js";

/** Pixels; less is a finger that trembles. */
const SWIPE = 60;

const TYPED_INTO = "input, textarea, select, video";

export class IncidentDetail {
  #card;
  #id;
  #closed;
  #details = null;
  #chosen = null;
  #touched = null;
  #remarks;
  #share;
  #strike = (event) => this.#struck(event);

  /** Show the incident of an id; `closed` is called with the id of the one that was shown last. */
  constructor(card, id, closed) {
    this.#card = card;
    this.#closed = closed;
    this.#remarks = new Remarks(card, (incident) => this.#know(incident));
    this.#share = new SharePanel(card);
    // What has the focus may go with the incident that was shown before.
    document.addEventListener("keydown", this.#strike);
    this.#go(id);
  }

  title() {
    return this.#details?.place ?? this.#card.word("incident");
  }

  about() {
    if (!this.#details) return "";
    const { started } = this.#details;
    return `${this.#card.times.day(started)}, ${this.#card.times.time(started)}`;
  }

  template() {
    if (!this.#details) return status(this.#card.word("waiting"));
    const shown = shownOf(this.#details);
    const chosen = shown.find((each) => each.id === this.#chosen) ?? shown[0];
    return html`<div class="detail" @touchstart=${(event) => this.#touch(event)} @touchend=${(event) => this.#swiped(event)}>
      <div class="stage">${chosen ? this.#stage(chosen) : nothing}</div>
      ${this.#choices(shown, chosen)}
      ${this.#facts()}
      ${this.#remarks.template(this.#details)}
      ${this.#share.template(chosen?.kind === "clip" ? chosen : null)}
    </div>`;
  }

  closed() {
    document.removeEventListener("keydown", this.#strike);
    this.#card.settle(this.#id);
    this.#closed(this.#id);
  }

  /** Hear of an incident: what is new of the one that is shown is asked for. */
  news(incident) {
    if (incident.id === this.#id) this.#ask();
  }

  #go(id) {
    this.#id = id;
    this.#chosen = null;
    this.#remarks.begin();
    this.#share.begin();
    const known = this.#card.incidents.find((incident) => incident.id === id);
    this.#details = known ? detailsOf(known) : null;
    this.#card.sheet.say("");
    this.#card.sheet.element.scrollTop = 0;
    return this.#ask();
  }

  #ask() {
    const asked = this.#id;
    return this.#card.attempt(async () => {
      const incident = await getIncident(this.#card.hass, asked);
      if (asked === this.#id) this.#details = renewed(detailsOf(incident), this.#details);
    });
  }

  #know(incident) {
    if (incident.id === this.#id) this.#details = renewed(detailsOf(incident), this.#details);
    this.#card.know(incident);
  }

  #stage(shown) {
    const card = this.#card;
    if (shown.kind !== "clip") return still(card, shown, this.#nameOf(shown));
    const poster = (!areShown() && shown.plain) || shown.poster;
    const failed = () => card.say(card.word("unplayable"), { failed: true });
    return html`<video
      controls playsinline preload="metadata" poster=${poster ?? nothing} src=${shown.url}
      aria-label=${this.#nameOf(shown)} @error=${failed}
    ></video>`;
  }

  #choices(shown, chosen) {
    const card = this.#card;
    const { newer, older } = card.beside(this.#id);
    const beside = (id, name, shape) =>
      button({ icon: shape, label: card.word(name), iconOnly: true, disabled: !id, onclick: () => this.#go(id) });
    const images = { clip: "mdi:play-circle-outline", picture: "mdi:image-outline", frame: "mdi:image-multiple-outline" };
    const choose = (each) => () => {
      this.#chosen = each.id;
      card.changed();
    };
    return html`<div class="choices">
      ${beside(newer, "newer", "mdi:chevron-left")}
      <div role="group" aria-label=${card.word("shown")}>
        ${shown.length < 2 ? nothing : shown.map((each) => button({
          ...{ label: this.#nameOf(each, true), icon: images[each.kind], onclick: choose(each) },
          pressed: each === chosen,
        }))}
      </div>
      ${beside(older, "older", "mdi:chevron-right")}
    </div>`;
  }

  #facts() {
    const card = this.#card;
    const { summary, risk, reasons, zones, passages, author, ongoing } = this.#details;
    const why = whyNoClip(this.#details);
    return html`<div class="facts">
      <p class="marks">
        ${ongoing ? mark("ongoing", card.word("ongoing")) : nothing}${levelMark(card, this.#details)}
        ${risk === null ? nothing : html`<span>${card.word("risk", { risk })}</span>`}
        <span class="about">${this.#measures()}</span>
      </p>
      <p class="told-by">${summary}${author === "model" ? html` ${icon("mdi:creation-outline")}` : nothing}</p>
      ${reasons.length ? html`<p class="about">${reasons.join(" · ")}</p>` : nothing}
      ${zones.length ? html`<p class="about">${card.word("in_zones", { zones: zones.join(", ") })}</p>` : nothing}
      ${passages.length ? html`<ul class="passages">${passages.map((passage) => this.#passage(passage))}</ul>` : nothing}
      ${why ? status(card.word(why)) : nothing}
    </div>`;
  }

  #measures() {
    const { labels, count, seconds } = this.#details;
    const many = count > 1 ? `${count} × ` : "";
    const lasted = seconds > 0 ? this.#card.word("lasted", { seconds }) : "";
    return [labels.length ? `${many}${labels.join(", ")}` : "", lasted].filter(Boolean).join(" · ");
  }

  /** Return who went through which door, or did not, and why. */
  #passage({ kind, door, person, reason, at }) {
    const card = this.#card;
    const kinds = { granted: "good", exit: "good", denied: "warning", held_open: "warning", tailgating: "warning" };
    const why = REASONS.has(reason) ? card.word(`why_${reason}`) : reason;
    return html`<li>
      ${mark(kinds[kind] ?? "bad", card.word(kind))}
      <span>${[person, door, why].filter(Boolean).join(" · ")}</span>
      <time datetime=${at.toISOString()}>${card.times.time(at)}</time>
    </li>`;
  }

  #nameOf(shown, isShort = false) {
    const card = this.#card;
    if (shown.kind === "frame") return card.word("frame", { number: shown.number });
    if (shown.kind === "picture") return isShort ? card.word("picture") : card.word("picture_of", { place: this.#details.place });
    const camera = card.hass.states[shown.camera]?.attributes.friendly_name;
    return card.word(camera ? "clip_of" : "clip", { camera, seconds: shown.seconds });
  }

  #struck(event) {
    const way = { ArrowLeft: "newer", ArrowRight: "older" }[event.key];
    const isTyping = event.composedPath()[0].matches?.(TYPED_INTO);
    if (!way || event.altKey || event.ctrlKey || event.metaKey || isTyping || this.#card.sheet.isAsking) return;
    this.#turn(way);
  }

  #touch(event) {
    const [finger] = event.touches;
    const isOne = event.touches.length === 1 && !event.target.closest(TYPED_INTO);
    this.#touched = isOne ? [finger.clientX, finger.clientY] : null;
  }

  #swiped(event) {
    if (!this.#touched) return;
    const [finger] = event.changedTouches;
    const [across, down] = [finger.clientX - this.#touched[0], finger.clientY - this.#touched[1]];
    this.#touched = null;
    if (Math.abs(across) > Math.max(SWIPE, 2 * Math.abs(down))) this.#turn(across > 0 ? "newer" : "older");
  }

  #turn(way) {
    const next = this.#card.beside(this.#id)[way];
    if (next) this.#go(next);
  }
}
