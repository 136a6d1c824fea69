/** The dashboard card `custom:gatehouse-access-card`: doors, and for administrators who may enter and who came. */

import { GatehouseCard, offer } from "../card.js";
import { wordsHere } from "../language.js";
import { html, nothing } from "../lit.js";
import { status, tabs } from "../parts.js";
import { Doors } from "./doors.js";
import { subscribeDoors } from "./gatehouse.js";
import { RECENT, SECTIONS, SILENCE, alarmsOf, doorsOf, heard, siteMode } from "./model.js";
import { STYLE } from "./style.js";
import { WORDS } from "./words.js";

const words = wordsHere(WORDS);

/** Milliseconds for which it is shown that somebody rang. */
const RINGING = 30_000;

const ICONS = { doors: "mdi:door", people: "mdi:account-multiple", hours: "mdi:calendar-week", log: "mdi:text-box-outline" };

class AccessCard extends GatehouseCard {
  static words = WORDS;
  static style = STYLE;

  #feed = SILENCE;
  #doors = new Doors(this);
  #desk = null;
  #section = null;
  #known = {};
  #ringing = null;

  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const sections = SECTIONS.map((value) => ({ value, label: words(value) }));
    const doors = { multiple: true, filter: { integration: "gatehouse", domain: "lock" } };
    return {
      schema: [
        { name: "title", selector: { text: {} } },
        { name: "sections", selector: { select: { multiple: true, options: sections } } },
        { name: "doors", selector: { entity: doors } },
      ],
      computeLabel: ({ name }) => words(name),
    };
  }

  checked(config) {
    const { sections = SECTIONS, doors = [] } = config;
    if (!Array.isArray(sections) || sections.some((each) => !SECTIONS.includes(each))) {
      throw new Error(words("list_refused", { name: "sections", all: SECTIONS.join(", ") }));
    }
    if (!Array.isArray(doors)) throw new Error(words("list_refused", { name: "doors", all: "lock.front_door, …" }));
    return { ...config, doors, sections: sections.length ? sections : SECTIONS };
  }

  getCardSize() {
    return 6;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, min_rows: 3 };
  }

  feeds() {
    return this.isAdmin ? { doors: (hass, hear) => subscribeDoors(hass, RECENT, hear) } : {};
  }

  heard(_, event) {
    this.#feed = heard(this.#feed, event);
    if (event.kind === "ring") this.#fade();
    this.#desk?.heard(event);
  }

  refused(_, problem) {
    this.#feed = { ...this.#feed, state: "failed", problem };
  }

  entities() {
    const { doors, alarms } = this.#there();
    return [...doors.flatMap((door) => Object.values(door.entities)), ...alarms.map((each) => each.entity_id)];
  }

  template() {
    const title = this.config.title ?? this.word("access");
    const sections = this.isAdmin ? this.config.sections : ["doors"];
    const section = sections.includes(this.#section) ? this.#section : sections[0];
    if (this.isAdmin) this.#open();
    return html`
      ${title ? html`<h2 class="title">${title}</h2>` : nothing}
      ${sections.length > 1 ? this.#tabs(sections, section, title) : nothing}
      <div class="body" role=${sections.length > 1 ? "tabpanel" : nothing} aria-label=${this.word(section)}>
        ${section === "doors" ? this.#front() : (this.#desk?.template(section) ?? status(this.word("loading")))}
      </div>`;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#doors.disarm();
    clearTimeout(this.#ringing);
  }

  /** What is known of all doors, as they are told to administrators. */
  get feed() {
    return this.#feed;
  }

  /** The doors that the card shows (see `doorsOf`). */
  get doors() {
    return this.#there().doors;
  }

  /** Return what Home Assistant calls a value that is told of a passage; null of none. */
  said(attribute, value) {
    if (!value) return null;
    const [door] = this.doors.filter(({ entities }) => this.hass.states[entities.access]);
    return door ? this.hass.formatEntityAttributeValue(this.hass.states[door.entities.access], attribute, value) : value;
  }

  /** Forget that somebody rang, after a while. */
  #fade() {
    clearTimeout(this.#ringing);
    this.#ringing = setTimeout(() => {
      this.#feed = { ...this.#feed, ringing: null };
      this.changed();
    }, RINGING);
  }

  #tabs(sections, chosen, label) {
    const all = sections.map((each) => [each, this.word(each), ICONS[each]]);
    const choose = (section) => {
      this.#section = section;
      this.#doors.disarm();
      this.changed();
    };
    return tabs(all, chosen, choose, label || this.word("access"));
  }

  #front() {
    const { doors, alarms } = this.#there();
    const mode = this.isAdmin && this.#feed.state === "ready" ? this.#feed.site : siteMode(this.hass, alarms);
    const feed = { ...this.#feed, site: mode };
    const { problem } = this.#feed;
    return html`
      ${problem ? html`<p class="status problem">${this.word("failed", { error: problem })}</p>` : nothing}
      ${this.#alarm(mode)}
      ${this.#doors.template(doors, feed, (door) => this.#tell(door))}
      ${this.isAdmin ? (this.#desk?.emergency() ?? nothing) : nothing}`;
  }

  #alarm(mode) {
    if (mode === "normal") return nothing;
    return html`<p class="alarm" role="alert">${this.word(mode === "lockdown" ? "lockdown_on" : "evacuation_on")}</p>`;
  }

  #tell(door) {
    if (this.#desk) this.#desk.door(door.id);
    else this.moreInfo(door.id);
  }

  /** Load what only administrators see, once. */
  async #open() {
    if (this.#desk !== null) return;
    this.#desk = undefined;
    await this.attempt(async () => {
      const { Desk, STYLE: style, WORDS: more } = await import("./admin/desk.js");
      AccessCard.words = more;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      this.shadowRoot.adoptedStyleSheets = [...this.shadowRoot.adoptedStyleSheets, sheet];
      this.#desk = new Desk(this, this.#doors);
    });
  }

  #there() {
    const { entities, devices } = this.hass;
    const { config } = this;
    const known = this.#known;
    if (known.entities !== entities || known.devices !== devices || known.config !== config) {
      const alarms = alarmsOf(this.hass);
      this.#known = { ...{ entities, devices, config, alarms }, doors: doorsOf(this.hass, config.doors) };
    }
    return this.#known;
  }
}

offer("gatehouse-access-card", AccessCard, {
  name: words("name"),
  description: words("description"),
  documentation: "access.md",
  suggest: (hass, entity) =>
    entity.startsWith("lock.") && hass.entities[entity]?.platform === "gatehouse"
      ? { config: { type: "custom:gatehouse-access-card", doors: [entity], sections: ["doors"] } }
      : null,
});
