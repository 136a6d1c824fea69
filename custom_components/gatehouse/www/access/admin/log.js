/** The part that shows who came: live, and back to the beginning of the log. */

import { html, nothing, repeat } from "../../lit.js";
import { sentenceOf } from "../../language.js";
import { button, choice, field, icon, status } from "../../parts.js";
import { TYPES, latencyOf, passageOf } from "../model.js";
import { kindOf, outcomeOf, wayOf, whoOf } from "../passage.js";
import { fetchLog, listIncidents, listPassages } from "./gatehouse.js";
import { byDay, isAsked, picturesOf, spanOf, wishOf } from "./passages.js";

/** Passages that are asked for at once. */
const PAGE = 50;

/** How many pages are read at once to find a text. */
const PATIENCE = 10;

/** So long addresses of pictures are surely good, in milliseconds. */
const FRESH = 300_000;

const ICONS = {
  ...{ granted: "mdi:account-check", denied: "mdi:account-cancel", forced: "mdi:alert-octagon" },
  ...{ held_open: "mdi:door-open", exit: "mdi:exit-run", tamper: "mdi:screwdriver" },
  tailgating: "mdi:account-multiple-plus",
};

const EVERYTHING = { door: "", user: "", kind: "", day: "", text: "" };

export class LogPart {
  #card;
  #register;
  #filter = EVERYTHING;
  #rows = [];
  #pictures = new Map();
  #next = null;
  #turn = 0;
  #busy = false;
  #problem = null;
  #read = 0;
  #pictured = 0;
  #end = document.createElement("div");
  #eye = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.#more());

  constructor(card, register) {
    this.#card = card;
    this.#register = register;
    this.refresh();
  }

  /** Begin with the newest passages. */
  async refresh() {
    this.#turn += 1;
    this.#read = 0;
    await this.#page(null);
  }

  /** Take a passage that happened now. */
  hear(passage) {
    if (!isAsked(passage, this.#filter, this.#card.hass.config.time_zone)) return;
    this.#rows = [passage, ...this.#rows.filter((row) => row.id !== passage.id)];
    this.#card.changed();
  }

  template() {
    const word = (key, values) => this.#card.word(key, values);
    const found = this.#shown();
    return html`
      ${this.#filters(word)}
      ${this.#problem ? html`<p class="status problem" role="alert">${this.#problem}</p>` : nothing}
      ${byDay(found, this.#card.times.day).map(
        ({ day, rows }) => html`<section class="passages" aria-label=${day}><h3>${day}</h3>
          <ul>${repeat(rows, (row) => row.id, (row) => this.#row(row, word))}</ul></section>`,
      )}
      ${found.length || this.#busy ? nothing : status(word("nothing_logged"))}
      ${this.#busy ? status(word("loading")) : nothing}
      ${this.#next && this.#isTired()
        ? html`<div class="head">${button({ label: word("search_on"), onclick: () => this.#on() })}</div>`
        : nothing}
      ${this.#end}`;
  }

  #filters(word) {
    const { door, user, kind, day, text } = this.#filter;
    const doors = this.#card.feed.doors.map(({ key, name }) => [key, name]);
    const users = this.#register.users.map(({ id, name }) => [id, name]);
    const kinds = Object.keys(TYPES).map((each) => [each, kindOf(each, this.#card)]);
    const one = (name, chosen, all, options) =>
      field(word(name), choice([["", word(all)], ...options], chosen, (value) => this.#ask({ [name]: value })));
    return html`<div class="filters" role="search" aria-label=${word("log")}>
      ${one("door", door, "all_doors", doors)}
      ${one("user", user, "all_people", users)}
      ${one("kind", kind, "all_kinds", kinds)}
      ${field(word("day"), html`<input type="date" .value=${day} @change=${({ target }) => this.#ask({ day: target.value })}>`)}
      ${field(word("text"), html`<input type="search" .value=${text} @input=${({ target }) => this.#find(target.value)}>`)}
      ${button({ label: word("export"), icon: "mdi:download", onclick: () => this.#export() })}
    </div>`;
  }

  #row(row, word) {
    const who = whoOf(row, this.#card);
    const told = [
      ...[row.door, ...wayOf(row, this.#card), latencyOf(row.latency, this.#card.hass.language)],
      ...[row.decider === "server" && word("by_server"), row.replayed && word("replayed")],
    ];
    const picture = this.#pictures.get(row.incident);
    return html`<li class="passage">
      <span class="sign ${row.bad ? "bad" : "good"}">${icon(ICONS[row.kind] ?? "mdi:help")}</span>
      <span class="told">
        <span class="name">${who ?? outcomeOf(row, this.#card)}</span>
        ${who ? html`<span class="how ${row.bad ? "problem" : ""}">${outcomeOf(row, this.#card)}</span>` : nothing}
        <small>${told.filter(Boolean).join(" · ")}</small>
      </span>
      <time datetime=${row.at.toISOString()}>${this.#card.times.time(row.at)}</time>
      ${row.incident
        ? html`<a href="/gatehouse/incident/${row.incident}" aria-label=${word("incident_of", { who: who ?? row.door })}>
            ${picture ? html`<img alt="" loading="lazy" src=${picture} @error=${() => this.#renew()}>` : icon("mdi:cctv")}</a>`
        : nothing}
    </li>`;
  }

  #shown() {
    const text = this.#filter.text.trim().toLocaleLowerCase();
    const rows = this.#rows.map(passageOf);
    if (!text) return rows;
    const said = (row) => [whoOf(row, this.#card), outcomeOf(row, this.#card), row.door, ...wayOf(row, this.#card)];
    return rows.filter((row) => said(row).join(" ").toLocaleLowerCase().includes(text));
  }

  #ask(changes) {
    this.#filter = { ...this.#filter, ...changes };
    this.refresh();
  }

  #find(text) {
    this.#filter = { ...this.#filter, text };
    this.#on();
  }

  #on() {
    this.#read = 0;
    this.#look();
    this.#card.changed();
  }

  #isTired() {
    return Boolean(this.#filter.text) && this.#read >= PATIENCE;
  }

  #more() {
    if (this.#next && !this.#busy && !this.#isTired()) this.#page(this.#next);
  }

  async #page(before) {
    const turn = this.#turn;
    const { hass } = this.#card;
    this.#busy = true;
    this.#problem = null;
    this.#card.changed();
    try {
      const wish = { ...wishOf(this.#filter), ...(before ? { before } : {}) };
      const { passages, next } = await listPassages(hass, PAGE, wish);
      if (turn !== this.#turn) return;
      this.#rows = before ? [...this.#rows, ...passages] : passages;
      this.#next = next;
      this.#read += 1;
      this.#pictured = Date.now();
      this.#picture(passages);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#next = null;
      this.#problem = await sentenceOf(hass, error);
    }
    this.#busy = false;
    this.#card.changed();
    this.#look();
  }

  /** Look again whether the end of the list is to be seen. */
  #look() {
    this.#eye.unobserve(this.#end);
    this.#eye.observe(this.#end);
  }

  async #picture(passages) {
    const span = spanOf(passages);
    if (!span) return;
    const incidents = await this.#card.attempt(() => listIncidents(this.#card.hass, span.since, span.until));
    for (const [incident, picture] of picturesOf(incidents ?? [])) this.#pictures.set(incident, picture);
    this.#card.changed();
  }

  /** Ask for all pictures again, whose addresses have run out. */
  #renew() {
    if (Date.now() < this.#pictured + FRESH) return;
    this.#pictured = Date.now();
    for (let first = 0; first < this.#rows.length; first += PAGE) this.#picture(this.#rows.slice(first, first + PAGE));
  }

  async #export() {
    const file = await this.#card.attempt(() => fetchLog(this.#card.hass, wishOf(this.#filter)));
    if (!file) return;
    const address = URL.createObjectURL(file);
    const link = Object.assign(document.createElement("a"), { href: address, download: "access.csv" });
    link.click();
    URL.revokeObjectURL(address);
  }
}
