/** The dashboard card `custom:gatehouse-incidents-card`: what happened, newest first. */

import { element } from "../dom.js";
import { sentenceOf, wordsOf } from "../language.js";
import { IncidentDialog } from "./dialog.js";
import { subscribeIncidents } from "./gatehouse.js";
import { MOST, SILENCE, heard } from "./model.js";
import { STYLE } from "./style.js";
import { IncidentList } from "./view.js";
import { WORDS } from "./words.js";

const TAG = "gatehouse-incidents-card";
const LIMIT = 10;

/** Milliseconds; pictures that fail sooner after a page are missing, not run out. */
const FRESH = 5 * 60_000;

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);

const words = wordsOf(WORDS, document.documentElement.lang || "en");

class IncidentsCard extends HTMLElement {
  #hass;
  #config;
  #feed = SILENCE;
  #end = null;
  #refused = null;
  #paged = 0;
  #day = "";
  #title = element("h2", { className: "title" });
  #list = new IncidentList({
    open: (id) => this.#open(id),
    pictureFailed: () => this.#renew(),
  });
  #dialog = new IncidentDialog();

  static getStubConfig() {
    return { limit: LIMIT };
  }

  static getConfigForm() {
    const limit = { number: { min: 1, max: MOST, mode: "box" } };
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        { name: "limit", default: LIMIT, selector: limit },
      ],
      computeLabel: ({ name }) => words(name),
    };
  }

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [SHEET];
    root.append(element("ha-card", {}, this.#title, this.#list.element), this.#dialog.element);
  }

  setConfig(config) {
    const limit = config.limit ?? LIMIT;
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
      throw new Error(words("limit_refused", { most: MOST }));
    }
    const again = this.#config && this.#config.limit !== limit;
    this.#config = { ...config, limit };
    if (again) this.#unfollow();
    this.#follow();
    this.#show();
  }

  set hass(hass) {
    const before = this.#hass;
    this.#hass = hass;
    // A subscription ends with its connection.
    if (before?.connected && !hass.connected) this.#end = null;
    this.#follow();
    const spoken = before?.language !== hass.language || before?.locale !== hass.locale;
    const dark = Boolean(hass.themes?.darkMode);
    if (before?.themes !== hass.themes) this.style.colorScheme = dark ? "dark" : "light";
    if (spoken || this.#day !== new Date().toDateString()) this.#show();
  }

  connectedCallback() {
    this.#follow();
  }

  disconnectedCallback() {
    this.#unfollow();
    this.#dialog.element.close();
  }

  getCardSize() {
    return 1 + Math.ceil((this.#config?.limit ?? LIMIT) * 1.5);
  }

  getGridOptions() {
    return { columns: 12, rows: 8, min_columns: 6, min_rows: 4 };
  }

  /** Subscribe unless that is done; what was refused is tried again when more of Home Assistant runs. */
  #follow() {
    const hass = this.#hass;
    const ready = this.isConnected && this.#config && hass && hass.connected !== false;
    if (!ready || this.#end || this.#refused === hass.config) return;
    const end = () => subscribed.then((unsubscribe) => unsubscribe?.());
    const hear = (event) => this.#end === end && this.#hear(event);
    this.#end = end;
    const subscribed = subscribeIncidents(hass, this.#config.limit, hear).catch(async (error) => {
      if (this.#end !== end) return;
      this.#end = null;
      this.#refused = hass.config;
      const problem = await sentenceOf(hass, error);
      this.#feed = { ...this.#feed, state: "failed", problem };
      this.#show();
    });
  }

  #unfollow() {
    this.#end?.();
    this.#end = null;
    this.#refused = null;
  }

  /** Ask for addresses that are good again, unless they are. */
  #renew() {
    if (Date.now() - this.#paged < FRESH) return;
    this.#paged = Date.now();
    this.#unfollow();
    this.#follow();
  }

  #hear(event) {
    if (event.kind === "page") this.#paged = Date.now();
    this.#feed = heard(this.#feed, event, this.#config.limit);
    this.#show();
    if (event.incident && this.#dialog.shows(event.incident.id)) this.#dialog.refresh(this.#hass);
  }

  #open(id) {
    const incident = this.#feed.incidents.find((each) => each.id === id);
    return this.#dialog.open(this.#hass, incident);
  }

  #show() {
    if (!this.#hass || !this.#config) return;
    this.#day = new Date().toDateString();
    const named = wordsOf(WORDS, this.#hass.language);
    this.#title.textContent = this.#config.title ?? named("incidents");
    this.#title.hidden = !this.#title.textContent;
    this.#list.show(this.#feed, this.#hass);
  }
}

// Dashboards of a browser that was open during an upgrade load a second version.
if (!customElements.get(TAG)) {
  customElements.define(TAG, IncidentsCard);
  (window.customCards ??= []).push({
    type: TAG,
    name: words("name"),
    description: words("description"),
    preview: true,
    documentationURL: "https://github.com/gatehouse-home/gatehouse/blob/main/docs/footage.md",
  });
}
