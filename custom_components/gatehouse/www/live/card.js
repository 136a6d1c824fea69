/** The dashboard card `custom:gatehouse-live-card`: all cameras, and each of them live. */

import { GatehouseCard, offer } from "../card.js";
import { wordsHere } from "../language.js";
import { html, nothing } from "../lit.js";
import { listCameras } from "./gatehouse.js";
import { MOST_COLUMNS, chosen, entitiesOf, tileOf } from "./model.js";
import "./still.js";
import { STYLE } from "./style.js";
import { grid, sayings } from "./view.js";
import { WORDS } from "./words.js";

const TAG = "gatehouse-live-card";

/** Milliseconds: entities come many at a time, and a site that is not there yet comes soon. */
const LULL = 500;
const SOON = 10_000;

class LiveCard extends GatehouseCard {
  static words = WORDS;
  static style = STYLE;

  #cameras = null;
  #problem = null;
  #retry = null;
  #pointed = null;

  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const word = wordsHere(WORDS);
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        { name: "cameras", selector: { entity: { multiple: true, filter: { domain: "camera" } } } },
        { name: "columns", selector: { number: { min: 1, max: MOST_COLUMNS, mode: "box" } } },
      ],
      computeLabel: ({ name }) => word(name),
      computeHelper: ({ name }) => ({ cameras: word("cameras_about"), columns: word("columns_about") })[name],
    };
  }

  checked(config) {
    const { cameras = [], columns = null } = config;
    if (!Array.isArray(cameras) || !cameras.every((entity) => /^camera\.\w+$/.test(entity))) {
      throw new Error(wordsHere(WORDS)("cameras_refused"));
    }
    if (columns !== null && !(Number.isInteger(columns) && columns >= 1 && columns <= MOST_COLUMNS)) {
      throw new Error(wordsHere(WORDS)("columns_refused", { most: MOST_COLUMNS }));
    }
    return { ...config, cameras, columns };
  }

  getCardSize() {
    return 4;
  }

  getGridOptions() {
    return { columns: 12, rows: "auto", min_columns: 3 };
  }

  feeds() {
    return { cameras: followCameras };
  }

  heard(_feed, cameras) {
    this.#cameras = cameras;
    this.#problem = null;
  }

  refused(feed, sentence) {
    this.#problem = sentence;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.isConnected && this.listenAnew(feed), SOON);
  }

  entities() {
    return this.#shown.flatMap((camera) => entitiesOf(this.hass, camera));
  }

  template() {
    const title = this.config.title ?? this.word("live");
    const tiles = this.#shown.map((camera) => tileOf(this.hass, camera));
    const known = { cameras: this.#cameras, problem: this.#problem, shown: tiles };
    return html`
      <h2 class="title" ?hidden=${!title}>${title}</h2>
      ${sayings(known, this)}
      ${tiles.length ? grid(tiles, this, this.#pointed, { open: this.#open, point: this.#point }) : nothing}
    `;
  }

  /** Return a camera as Gatehouse knows it, undefined if it is gone. */
  camera(key) {
    return this.#cameras?.find((camera) => camera.key === key);
  }

  get #shown() {
    return chosen(this.#cameras ?? [], this.config?.cameras);
  }

  // What few ask for comes when it is asked for.
  #open = (key) =>
    this.attempt(async () => {
      const { CameraSheet } = await import("./camera/sheet.js");
      this.#pointed = null;
      this.sheet.open(new CameraSheet(this, key));
    });

  #point = (key) => {
    this.#pointed = key;
    this.changed();
  };
}

/** Hear the cameras, now and whenever entities come or go; resolves to how to end. */
async function followCameras(hass, hear) {
  let timer = null;
  let over = false;
  const after = (pause) => {
    clearTimeout(timer);
    if (!over) timer = setTimeout(again, pause);
  };
  // What is known stays, where asking again fails: Gatehouse may just be loaded again.
  const again = () => listCameras(hass).then(hear, () => after(SOON));
  const later = () => after(LULL);
  const news = { type: "subscribe_events", event_type: "entity_registry_updated" };
  const end = await hass.connection.subscribeMessage(later, news, { resubscribe: false });
  const leave = () => {
    over = true;
    clearTimeout(timer);
    return end();
  };
  try {
    hear(await listCameras(hass));
  } catch (error) {
    leave();
    throw error;
  }
  return leave;
}

/** Suggest the card for a camera of Gatehouse's own. */
const suggest = (hass, entity) =>
  entity.startsWith("camera.") && hass.entities[entity]?.platform === "gatehouse"
    ? { config: { type: `custom:${TAG}`, cameras: [entity] } }
    : null;

offer(TAG, LiveCard, {
  name: wordsHere(WORDS)("name"),
  description: wordsHere(WORDS)("description"),
  documentation: "detection.md",
  suggest,
});
