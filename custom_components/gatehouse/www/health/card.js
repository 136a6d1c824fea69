/** The dashboard card `custom:gatehouse-health-card`: how the machines are, what is wrong, and what they write. */

import { GatehouseCard, offer } from "../card.js";
import { wordsHere } from "../language.js";
import { html, nothing } from "../lit.js";
import { status, tabs } from "../parts.js";
import { agents, machine } from "./agents.js";
import { subscribeHealth, subscribeLogs } from "./gatehouse.js";
import { SILENCE, heard } from "./model.js";
import { detection, problems, storage } from "./site.js";
import { STYLE } from "./style.js";
import { WORDS } from "./words.js";

const ICONS = { health: "mdi:heart-pulse", logs: "mdi:text-box-outline" };

class HealthCard extends GatehouseCard {
  static words = WORDS;
  static style = STYLE;

  #known = SILENCE;
  #tab = "health";
  #logs = null;

  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const words = wordsHere(WORDS);
    return { schema: [{ name: "title", selector: { text: {} } }], computeLabel: ({ name }) => words(name) };
  }

  getCardSize() {
    return 8;
  }

  getGridOptions() {
    return { columns: 12, rows: 8, min_columns: 6, min_rows: 4 };
  }

  feeds() {
    if (!this.isAdmin) return {};
    return {
      health: (hass, hear) => subscribeHealth(hass, hass.language, hear),
      ...(this.#logs && this.#tab === "logs" ? { logs: (hass, hear) => subscribeLogs(hass, this.#logs.question, hear) } : {}),
    };
  }

  heard(feed, event) {
    if (feed === "logs") this.#logs.heard(event);
    else this.#known = heard(this.#known, event);
  }

  refused(feed, problem) {
    if (feed === "logs") this.#logs.refused(problem);
    else this.#known = { ...this.#known, state: "failed", problem };
  }

  template() {
    const title = this.config.title ?? this.word("health");
    const all = Object.keys(ICONS).map((each) => [each, this.word(each), ICONS[each]]);
    return html`
      ${title ? html`<h2 class="title">${title}</h2>` : nothing}
      ${this.isAdmin ? tabs(all, this.#tab, (tab) => this.#go(tab), title || this.word("health")) : nothing}
      <div class="body" role=${this.isAdmin ? "tabpanel" : nothing} aria-label=${this.word(this.#tab)}>${this.#shown()}</div>`;
  }

  #go(tab) {
    this.#tab = tab;
    this.listenAnew("logs");
    this.changed();
    if (tab !== "logs" || this.#logs) return;
    // Few read the log: it comes when somebody does.
    this.attempt(async () => {
      const { Logs } = await import("./logs.js");
      this.#logs ??= new Logs(this);
      this.listenAnew("logs");
    });
  }

  #shown() {
    if (!this.isAdmin) return status(this.word("administrators"));
    if (this.#tab === "logs") return this.#logs?.template() ?? status(this.word("waiting"));
    const { state, problem, health } = this.#known;
    const failed = state === "failed" ? html`<p class="status problem" role="alert">${this.word("failed", { error: problem })}</p>` : nothing;
    if (!health) return state === "failed" ? failed : status(this.word("waiting"));
    const deeds = {
      restart: ({ name, entity_id: entity }) => this.#begin("restart_camera", name, {}, { entity_id: entity }),
      begin: (action, { name }, device) => this.#begin(action, name, { device_id: device }),
    };
    return html`${failed}${problems(this, health.problems)}${agents(this, health.agents, deeds)}
      ${machine(this, health.machine)}${detection(this, health)}${storage(this, health.storage)}`;
  }

  /** Ask whether to begin something anew, and do it. */
  async #begin(action, name, data, target = undefined) {
    const title = this.word(`sure_${action}`, { name });
    const text = this.word(`about_${action}`);
    if (!(await this.sheet.ask({ title, text, confirm: this.word("do_it"), danger: true }))) return;
    const work = () => this.hass.callService("gatehouse", action, data, target, false);
    await this.attempt(work, this.word("begun"));
  }
}

const words = wordsHere(WORDS);
offer("gatehouse-health-card", HealthCard, {
  ...{ name: words("name"), description: words("description"), documentation: "health.md" },
});
