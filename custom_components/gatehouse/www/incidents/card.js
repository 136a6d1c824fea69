/** The dashboard card `custom:gatehouse-incidents-card`: what happened, newest first. */

import { GatehouseCard, offer, sheetOf } from "../card.js";
import { joined, wordsHere } from "../language.js";
import { html } from "../lit.js";
import { listIncidents, subscribeIncidents } from "./gatehouse.js";
import { ALL, PAGE, SILENCE, besideOf, changed, continued, heard, matches, questionOf } from "./model.js";
import { STYLE } from "./style.js";
import { chips, head, list } from "./view.js";
import { WORDS } from "./words.js";

const TAG = "gatehouse-incidents-card";
const VIEWS = ["timeline", "gallery"];

/** Where a browser remembers how somebody likes to look at incidents. */
const REMEMBERED = "gatehouse-incidents-view";

/** Milliseconds; pictures that fail sooner after a page are missing, not run out. */
const FRESH = 5 * 60_000;

/** What opens over the card is fetched beside it: nobody waits for that to see what happened. */
const opening = import("./opened/all.js").then((opened) => {
  IncidentsCard.words = joined(WORDS, opened.WORDS);
  return opened;
});

class IncidentsCard extends GatehouseCard {
  static words = WORDS;
  static style = STYLE;

  #feed = SILENCE;
  #everything = ALL;
  #filter = ALL;
  #paged = 0;
  #isAsking = false;
  #missing = null;
  #places = [];
  #end = new IntersectionObserver((seen) => seen.some((end) => end.isIntersecting) && this.#more(), {
    ...{ rootMargin: "600px", scrollMargin: "600px" },
  });

  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const words = wordsHere(WORDS);
    const views = VIEWS.map((value) => ({ value, label: words(value) }));
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        { name: "view", selector: { select: { options: views } } },
        { name: "camera", selector: { entity: { domain: "camera" } } },
      ],
      computeLabel: ({ name }) => words(name),
    };
  }

  getCardSize() {
    return 8;
  }

  getGridOptions() {
    return { columns: 12, rows: 8, min_columns: 6, min_rows: 4 };
  }

  checked(config) {
    if (config.view && !VIEWS.includes(config.view)) throw new Error(wordsHere(WORDS)("view_refused"));
    this.#everything = { ...ALL, where: config.camera ? `c:${config.camera}` : "" };
    this.#filter = this.#everything;
    return config;
  }

  feeds() {
    const question = questionOf(this.#filter);
    return { incidents: (hass, hear) => subscribeIncidents(hass, question, hear) };
  }

  heard(_feed, event) {
    if (event.kind === "page") this.#paged = Date.now();
    this.#feed = heard(this.#feed, event, (incident) => this.#isWanted(incident));
    if (event.incident) this.sheet.shown?.news?.(event.incident);
  }

  refused(_feed, problem) {
    this.#feed = { ...this.#feed, state: "failed", problem };
  }

  template() {
    const look = (filter) => this.look(filter);
    return html`${head(this, { onfilter: () => this.#choose(), onview: () => this.#turn() })}
    ${chips(this, { filter: this.#filter, everything: this.#everything, onlook: look })}
    ${list(this, {
      ...{ feed: this.#feed, isAll: this.#filter === this.#everything, onopen: (id) => this.open(id) },
      ...{ onmore: () => this.#more(), onlost: () => this.#renew() },
    })}`;
  }

  drawn() {
    // An observer tells what it sees when it begins to look.
    this.#end.disconnect();
    const end = this.content.querySelector(".more");
    if (end && !this.#isAsking && this.#missing !== this.#feed.next) this.#end.observe(end);
  }

  disconnectedCallback() {
    this.#end.disconnect();
    super.disconnectedCallback();
  }

  /** How incidents are shown: as somebody chose in this browser, else as the card is set up. */
  get view() {
    const remembered = localStorage.getItem(REMEMBERED);
    return VIEWS.includes(remembered) ? remembered : (this.config.view ?? VIEWS[0]);
  }

  /** What is known, to look for what is like it. */
  get incidents() {
    return this.#feed.incidents;
  }

  /** The places that one can look for. */
  get places() {
    return this.#places;
  }

  set places(places) {
    this.#places = places;
    this.changed();
  }

  /** Look for something else. */
  look(filter) {
    const isAll = Object.entries(this.#everything).every(([name, value]) => filter[name] === value);
    this.#filter = isAll ? this.#everything : filter;
    this.#feed = SILENCE;
    this.listenAnew("incidents");
    this.changed();
  }

  /** Open an incident, by its id. */
  open(id, closed = () => undefined) {
    return this.attempt(async () => {
      const { IncidentDetail } = await this.#opening();
      this.sheet.open(new IncidentDetail(this, id, closed));
    });
  }

  /** Return which incidents are beside one in the list: the newer and the older. */
  beside(id) {
    return besideOf(this.#feed, id);
  }

  /** Take what became of an incident. */
  know(incident) {
    this.#feed = changed(this.#feed, incident, this.#isWanted(incident));
    this.changed();
  }

  /** Go to where an incident stands in the list. */
  settle(id) {
    const row = this.content.querySelector(`[data-id="${CSS.escape(id)}"]`);
    row?.scrollIntoView({ block: "nearest" });
    row?.focus({ preventScroll: true });
  }

  #isWanted(incident) {
    return matches(incident, this.#filter, this.hass.config.time_zone);
  }

  async #opening() {
    const opened = await opening;
    const sheets = this.shadowRoot.adoptedStyleSheets;
    const style = sheetOf(opened.STYLE);
    if (!sheets.includes(style)) sheets.push(style);
    return opened;
  }

  #choose() {
    return this.attempt(async () => {
      const { FilterSheet } = await this.#opening();
      this.sheet.open(new FilterSheet(this, this.#filter, this.#everything));
    });
  }

  /** Show the incidents the other way, here and next time. */
  #turn() {
    localStorage.setItem(REMEMBERED, VIEWS.find((view) => view !== this.view));
    this.changed();
  }

  async #more() {
    if (this.#isAsking || !this.#feed.next) return;
    this.#isAsking = true;
    const [feed, filter] = [this.#feed, this.#filter];
    const asked = { ...questionOf(filter), before: feed.next };
    const page = await this.attempt(() => listIncidents(this.hass, asked));
    this.#isAsking = false;
    // What failed is asked again by whoever presses the button.
    this.#missing = page ? null : feed.next;
    if (page && filter === this.#filter && feed.next === this.#feed.next) {
      this.#feed = continued(this.#feed, page);
    }
    this.changed();
  }

  /** Ask for addresses that are good again, unless they are. */
  #renew() {
    if (Date.now() - this.#paged < FRESH) return;
    this.#paged = Date.now();
    this.#feed = { ...this.#feed, incidents: this.#feed.incidents.slice(0, PAGE) };
    this.listenAnew("incidents");
  }
}

const words = wordsHere(WORDS);
offer(TAG, IncidentsCard, {
  ...{ name: words("name"), description: words("description"), documentation: "incidents.md" },
  suggest: (hass, entity) =>
    entity.startsWith("camera.") && hass.entities[entity]?.platform === "gatehouse"
      ? { config: { type: `custom:${TAG}`, camera: entity } }
      : null,
});
