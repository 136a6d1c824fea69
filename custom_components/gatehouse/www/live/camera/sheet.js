/** One camera, opened: live, with what can be done to it; administrators change its zones. */

import { wordsOf } from "../../language.js";
import { html, nothing } from "../../lit.js";
import { button, mark } from "../../parts.js";
import { lastIncident, mediaOf, switchesOf, tileOf } from "../model.js";
import { signs, whyAway } from "../view.js";
import { goTo, mediaAddress, record, snooze, takeSnapshot, turn } from "./home.js";
import { Player } from "./player.js";
import { WORDS } from "./words.js";

/** Seconds. */
const CLIP = 30;
const SNOOZE = 3600;

const ICONS = { recording: "mdi:record-circle-outline", privacy: "mdi:eye-off", detection: "mdi:walk" };

export class CameraSheet {
  #card;
  #key;
  #player;
  #snapshot = null;
  #zones = null;

  /** It is opened for a camera that the card shows. */
  constructor(card, key) {
    this.#card = card;
    this.#key = key;
    this.#player = new Player(() => card.hass, this.#tile.entity, () => card.changed());
  }

  title() {
    return this.#tile?.name ?? this.#word("camera");
  }

  template() {
    const tile = this.#tile;
    // Who is private shows a sign, and has no video.
    const way = tile?.isPrivate ? "pictures" : "video";
    this.#player.want(tile && !tile.away && !this.#zones ? way : null);
    if (!tile) return html`<p class="status">${this.#word("gone")}</p>`;
    return this.#zones ? this.#zones.template(tile) : this.#live(tile);
  }

  closed() {
    this.#player.close();
  }

  #word(key, values) {
    return wordsOf(WORDS, this.#card.hass.language)(key, values);
  }

  get #camera() {
    return this.#card.camera(this.#key);
  }

  get #tile() {
    return this.#camera && tileOf(this.#card.hass, this.#camera);
  }

  #live(tile) {
    return html`${this.#stage(tile)}
      <div class="facts">
        <p class="marks">${tile.away ? nothing : this.#way()}${signs(tile, this.#card)}</p>
        <div class="actions">${this.#acts(tile)}${this.#switches()}${this.#views()}</div>
        ${this.#snapshot ? this.#kept(this.#snapshot) : nothing}
      </div>`;
  }

  #stage(tile) {
    // The newest picture, until the player shows more.
    const still = tile.picture && !this.#player.way ? this.#card.hass.hassUrl(tile.picture) : null;
    return html`<div class="stage" style="--shape: ${tile.shape}">
      <gatehouse-still .address=${still}></gatehouse-still>
      ${tile.away ? whyAway(tile, this.#card) : nothing}${this.#player.element}
    </div>`;
  }

  #way() {
    const { way } = this.#player;
    return way ? mark("good", this.#word(way)) : mark("ongoing", this.#word("connecting"));
  }

  #acts(tile) {
    const asleep = tile.snoozed !== null;
    const snoozed = () => snooze(this.#card.hass, tile.entity, asleep ? 0 : SNOOZE);
    const clip = () => record(this.#card.hass, tile.entity, CLIP);
    const looks = !tile.away && !tile.isPrivate;
    return [
      looks && tile.isOurs ? this.#button("take_snapshot", "mdi:camera", () => this.#take(tile)) : nothing,
      looks ? this.#button("clip", "mdi:filmstrip", () => this.#attempt(clip, "clip_asked")) : nothing,
      this.#button("snooze_hour", "mdi:bell-sleep", () => this.#attempt(snoozed), { pressed: asleep }),
    ];
  }

  #switches() {
    const { hass } = this.#card;
    return Object.entries(switchesOf(hass, this.#camera)).map(([part, { entity, on }]) =>
      this.#button(`turn_${part}`, ICONS[part], () => this.#attempt(() => turn(hass, entity, !on)), { pressed: on }),
    );
  }

  #views() {
    const { video, element, way } = this.#player;
    const fill = element.requestFullscreen ? () => element.requestFullscreen() : video?.webkitEnterFullscreen?.bind(video);
    const small = document.pictureInPictureEnabled && video ? () => video.requestPictureInPicture() : null;
    const incident = lastIncident(this.#card.hass, this.#camera);
    return [
      way && fill ? this.#button("full", "mdi:fullscreen", () => this.#attempt(fill)) : nothing,
      way && small ? this.#button("small", "mdi:picture-in-picture-bottom-right", () => this.#attempt(small)) : nothing,
      incident ? this.#button("last_incident", "mdi:shield-alert-outline", () => this.#leave(incident)) : nothing,
      this.#card.isAdmin ? this.#button("zones", "mdi:vector-polygon", () => this.#edit()) : nothing,
    ];
  }

  #button(name, icon, onclick, more = {}) {
    return button({ label: this.#word(name), icon, onclick, ...more });
  }

  #attempt(work, done = null) {
    return this.#card.attempt(work, done && this.#word(done, { seconds: CLIP }));
  }

  async #take({ entity, name }) {
    const { hass } = this.#card;
    const path = await this.#attempt(() => takeSnapshot(hass, entity));
    if (!path) return;
    const media = mediaOf(path);
    // Where the media are elsewhere, it can be told but not shown.
    const address = media && (await mediaAddress(hass, media).catch(() => null));
    this.#snapshot = { path, address, name };
    this.#card.changed();
  }

  #kept({ path, address, name }) {
    const picture = html`<img src=${address} alt=${this.#word("snapshot_of", { name })} />`;
    const shown = html`<a href=${address} target="_blank">${picture}</a>`;
    return html`<figure class="kept">
      ${address ? shown : nothing}<figcaption>${this.#word("kept_at", { path })}</figcaption>
    </figure>`;
  }

  #leave(path) {
    this.#card.sheet.close();
    goTo(path);
  }

  #edit() {
    return this.#card.attempt(async () => {
      const { ZoneEditor } = await import("../zones/editor.js");
      this.#zones = new ZoneEditor(this.#card, this.#camera, () => {
        this.#zones = null;
        this.#card.changed();
      });
    });
  }
}
