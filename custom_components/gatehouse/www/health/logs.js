/** What the agents and the site have written: the newest as it comes, and back to the oldest. */

import { html, nothing, repeat } from "../lit.js";
import { button, choice, field, mark, status } from "../parts.js";
import { listLogs } from "./gatehouse.js";

/** Records that are asked for at once. */
const PAGE = 100;

/** More are not held: the newest are asked for anew. */
const MOST = 5000;

/** From which on records are shown, the least bad first, and how each looks. */
const LEVELS = { debug: "", info: "", warning: "warning", error: "bad", critical: "critical" };

const EVERYTHING = { source: "", level: "info", text: "", since: "" };

export class Logs {
  #card;
  #filter = EVERYTHING;
  #records = null;
  #sources = [];
  #next = null;
  #problem = null;
  #isAsking = false;

  constructor(card) {
    this.#card = card;
  }

  /** Return what to ask for. */
  get question() {
    const { source, level, text, since } = this.#filter;
    return {
      ...{ level, limit: PAGE },
      ...(source ? { source } : {}),
      ...(text ? { text } : {}),
      ...(since ? { since: new Date(since).toISOString() } : {}),
    };
  }

  /** Take what the subscription told. */
  heard(event) {
    this.#problem = event.kind === "failed" ? event.message : null;
    if (event.kind === "page") [this.#records, this.#next, this.#sources] = [event.records, event.next, event.sources];
    if (event.kind === "records") this.#records = [...event.records, ...(this.#records ?? [])];
    if (this.#records?.length > MOST) this.#card.listenAnew("logs");
  }

  refused(problem) {
    this.#problem = problem;
  }

  template() {
    const card = this.#card;
    const records = this.#records ?? [];
    return html`${this.#filters()}
      ${this.#problem ? html`<p class="status problem" role="alert">${card.word("failed", { error: this.#problem })}</p>` : nothing}
      ${this.#records || this.#problem ? nothing : status(card.word("waiting"))}
      ${this.#records && !records.length ? status(card.word("nothing_written")) : nothing}
      <ol class="records" aria-label=${card.word("logs")}>${repeat(records, ({ id }) => id, (record) => row(card, record))}</ol>
      ${this.#next ? html`<p class="more">${button({ label: card.word("more"), disabled: this.#isAsking, onclick: () => this.#more() })}</p>` : nothing}`;
  }

  #filters() {
    const { word } = { word: (key) => this.#card.word(key) };
    const { source, level, text, since } = this.#filter;
    const sources = [["", word("all_sources")], ...this.#sources.map(({ id, name }) => [id, name])];
    const levels = Object.keys(LEVELS).map((each) => [each, word(`from_${each}`)]);
    const typed = (name) => ({ target }) => this.#ask({ [name]: target.value });
    return html`<div class="filters" role="search" aria-label=${word("logs")}>
      ${field(word("source"), choice(sources, source, (value) => this.#ask({ source: value })))}
      ${field(word("level"), choice(levels, level, (value) => this.#ask({ level: value })))}
      ${field(word("text"), html`<input type="search" .value=${text} @change=${typed("text")}>`)}
      ${field(word("written_since"), html`<input type="datetime-local" .value=${since} @change=${typed("since")}>`)}
    </div>`;
  }

  #ask(changes) {
    this.#filter = { ...this.#filter, ...changes };
    this.#card.listenAnew("logs");
    this.#card.changed();
  }

  async #more() {
    this.#isAsking = true;
    const [filter, before] = [this.#filter, this.#next];
    const page = await this.#card.attempt(() => listLogs(this.#card.hass, { ...this.question, before }));
    this.#isAsking = false;
    if (page && filter === this.#filter && before === this.#next) {
      this.#records = [...this.#records, ...page.records];
      this.#next = page.next;
    }
    this.#card.changed();
  }
}

function row(card, { at, level, name, logger, text }) {
  const moment = new Date(at);
  return html`<li>
    <p class="line">
      <time datetime=${moment.toISOString()} title=${moment.toISOString()}>${card.times.moment(moment)}</time>
      ${mark(LEVELS[level] ?? "", card.word(`level_${level}`))}<span class="about" title=${logger}>${name}</span>
    </p>
    <p class="text">${text}</p>
  </li>`;
}
