/** Gatehouse in the sidebar: a screen for each card, and an incident by its address. */

import { sheetOf } from "../card.js";
import { wordsOf } from "../language.js";
import { html, nothing, render } from "../lit.js";
import { button, tabs } from "../parts.js";
import { SHARED } from "../style.js";
import { screensOf } from "./screens.js";
import { STYLE } from "./style.js";
import { WORDS } from "./words.js";

const HOME = "/gatehouse";

class GatehousePanel extends HTMLElement {
  #hass;
  #route = { path: "" };
  #narrow = false;
  #cards = new Map();
  #opened = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheetOf(SHARED), sheetOf(STYLE)];
  }

  set hass(hass) {
    this.#hass = hass;
    for (const card of this.#cards.values()) card.hass = hass;
    this.#draw();
  }

  set route(route) {
    this.#route = route;
    this.#draw();
  }

  set narrow(narrow) {
    this.#narrow = narrow;
    this.#draw();
  }

  #draw() {
    if (!this.#hass) return;
    const word = wordsOf(WORDS, this.#hass.language);
    const screens = screensOf(this.#hass);
    const [, name, incident] = this.#route.path.split("/");
    const shown = screens.find(({ kind }) => kind === name) ?? screens[0];
    const isHidden = this.#narrow || this.#hass.dockedSidebar === "always_hidden";
    const names = screens.map(({ kind, title, icon }) => [kind, title, icon]);
    const menu = button({ icon: "mdi:menu", label: word("menu"), iconOnly: true, onclick: () => this.#menu() });
    render(html`<div class="bar">
        ${isHidden ? menu : nothing}
        ${tabs(names, shown?.kind, (kind) => this.#go(`/${kind}`), word("screens"))}
      </div>
      <main class="screen">${shown ? this.#card(shown) : nothing}</main>`, this.shadowRoot);
    this.#open(name === "incident" ? decodeURIComponent(incident ?? "") : null);
  }

  /** Return the card of a screen: the same as long as the panel is there. */
  #card({ kind, tag }) {
    if (!this.#cards.has(kind)) {
      const card = document.createElement(tag);
      this.#cards.set(kind, card);
      // The card may be on its way still.
      customElements.whenDefined(tag).then(() => {
        customElements.upgrade(card);
        card.setConfig({ title: "" });
        card.hass = this.#hass;
      });
    }
    return this.#cards.get(kind);
  }

  /** Open the incident that the address names, once; its end is that of the address. */
  async #open(incident) {
    if (incident === this.#opened) return;
    this.#opened = incident;
    const card = this.#cards.get("incidents");
    await customElements.whenDefined(card?.localName ?? "ha-card");
    if (!incident || !card || this.#opened !== incident) return;
    card.open(incident, () => {
      if (this.isConnected && this.#opened === incident) this.#go("/incidents");
    });
  }

  #go(path) {
    history.replaceState(history.state, "", `${HOME}${path}`);
    window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: true } }));
  }

  #menu() {
    this.dispatchEvent(new CustomEvent("hass-toggle-menu", { bubbles: true, composed: true }));
  }
}

if (!customElements.get("gatehouse-panel")) customElements.define("gatehouse-panel", GatehousePanel);
