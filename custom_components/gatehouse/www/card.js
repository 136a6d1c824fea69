/** What every card of Gatehouse is: it follows Home Assistant, hears Gatehouse, and shows what it knows. */

import { sentenceOf, timesOf, wordsOf } from "./language.js";
import { nothing, render } from "./lit.js";
import { Sheet } from "./sheet.js";
import { SHARED } from "./style.js";

const sheets = new Map();

/** Return the style sheet of a text; cards of one kind share it. */
export function sheetOf(text) {
  if (!sheets.has(text)) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    sheets.set(text, sheet);
  }
  return sheets.get(text);
}

export class GatehouseCard extends HTMLElement {
  /** What the card says, by language (see `wordsOf`), and how it looks beside what all share. */
  static words = { en: {} };
  static style = "";

  #hass;
  #config;
  #ends = new Map();
  #refused = null;
  #seen = [];
  #day = "";
  #due = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheetOf(SHARED), sheetOf(this.constructor.style)];
    this.content = document.createElement("ha-card");
    /** What opens over the page: one thing at a time. */
    this.sheet = new Sheet(this);
    root.append(this.content, this.sheet.element);
  }

  /* What a card says of itself. */

  /** Return a configuration with its defaults, or throw an Error that tells what is wrong with it. */
  checked(config) {
    return config;
  }

  /** Return what the card listens to: functions from (hass, hear) to a promise of how to end, by name. */
  feeds() {
    return {};
  }

  /** Take what a feed told. */
  heard(_feed, _event) {}

  /** Take why a feed cannot be had, as a sentence. */
  refused(_feed, _sentence) {}

  /** Return the entities that the card shows: it is drawn again when one of them changes. */
  entities() {
    return [];
  }

  /** Return the template of what is inside the card. */
  template() {
    return nothing;
  }

  /** Called when the card has been drawn, for what only a page that is there can be asked. */
  drawn() {}

  /* What a card can ask of itself. */

  get hass() {
    return this.#hass;
  }

  get config() {
    return this.#config;
  }

  /** Return a word of the card in the user's language. */
  word(key, values) {
    return wordsOf(this.constructor.words, this.#hass?.language)(key, values);
  }

  /** How the user writes moments. */
  get times() {
    return timesOf(this.#hass);
  }

  get isAdmin() {
    return Boolean(this.#hass?.user?.is_admin);
  }

  /** Draw the card again, once, when everything that happens now has happened. */
  changed() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (!this.#hass || !this.#config) return;
      this.#day = new Date().toDateString();
      render(this.template(), this.content, { host: this });
      this.sheet.draw();
      this.drawn();
    });
  }

  /** Listen anew to a feed, or to all: what was asked of it has changed, or has run out. */
  listenAnew(feed = null) {
    for (const name of feed ? [feed] : [...this.#ends.keys()]) {
      this.#ends.get(name)?.();
      this.#ends.delete(name);
    }
    this.#refused = null;
    this.#listen();
  }

  /** Do what somebody asked for, and say how it went. Returns what came of it; undefined if it failed. */
  async attempt(work, done = null) {
    try {
      const came = (await work()) ?? null;
      if (done) this.say(done);
      return came;
    } catch (error) {
      this.say(await sentenceOf(this.#hass, error), { failed: true });
      return undefined;
    } finally {
      this.changed();
    }
  }

  /** Tell the user a sentence: in what is open over the page, else where Home Assistant tells its own. */
  say(message, { failed = false } = {}) {
    if (this.sheet.isOpen) this.sheet.say(message, failed);
    else this.#tell("hass-notification", { message });
  }

  /** Open what Home Assistant shows of an entity. */
  moreInfo(entityId) {
    this.#tell("hass-more-info", { entityId });
  }

  /* What Home Assistant asks of a card. */

  setConfig(config) {
    this.#config = this.checked(config);
    this.listenAnew();
    this.changed();
  }

  set hass(hass) {
    const before = this.#hass;
    this.#hass = hass;
    // A subscription ends with its connection.
    if (before?.connected && !hass.connected) this.#ends.clear();
    this.#listen();
    if (before?.themes !== hass.themes) {
      this.style.colorScheme = hass.themes?.darkMode ? "dark" : "light";
    }
    if (this.#differs(before, hass)) this.changed();
  }

  connectedCallback() {
    this.#listen();
    this.changed();
  }

  disconnectedCallback() {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
    this.#refused = null;
    this.sheet.close();
  }

  #differs(before, hass) {
    const seen = this.#config ? this.entities().map((entity) => hass.states[entity]) : [];
    const same = seen.length === this.#seen.length && seen.every((state, i) => state === this.#seen[i]);
    this.#seen = seen;
    const spoken = before?.language === hass.language && before?.locale === hass.locale;
    return !same || !spoken || before?.user !== hass.user || this.#day !== new Date().toDateString();
  }

  /** Listen to what is not listened to; what was refused is tried when more of Home Assistant runs. */
  #listen() {
    const hass = this.#hass;
    const ready = this.isConnected && this.#config && hass && hass.connected !== false;
    if (!ready || this.#refused === hass.config) return;
    for (const [name, subscribe] of Object.entries(this.feeds())) {
      if (!this.#ends.has(name)) this.#subscribe(name, subscribe, hass);
    }
  }

  #subscribe(name, subscribe, hass) {
    const end = () => subscribed.then((unsubscribe) => unsubscribe?.());
    const hear = (event) => this.#ends.get(name) === end && (this.heard(name, event), this.changed());
    this.#ends.set(name, end);
    const subscribed = subscribe(hass, hear).catch(async (error) => {
      if (this.#ends.get(name) !== end) return;
      this.#ends.delete(name);
      this.#refused = hass.config;
      this.refused(name, await sentenceOf(hass, error));
      this.changed();
    });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

/** Offer a card to dashboards; `about` has name, description, documentation and perhaps suggest. */
export function offer(tag, Card, { name, description, documentation, suggest }) {
  // Dashboards of a browser that was open during an upgrade load a second version.
  if (customElements.get(tag)) return;
  customElements.define(tag, Card);
  (window.customCards ??= []).push({
    ...{ type: tag, name, description, preview: true },
    documentationURL: `https://github.com/gatehouse-home/gatehouse/blob/main/docs/${documentation}`,
    ...(suggest ? { getEntitySuggestion: suggest } : {}),
  });
}
