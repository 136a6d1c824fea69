/** The incidents in the card, as a timeline or a gallery: one button for each, by days. */

import { html, nothing, repeat } from "../lit.js";
import { button, icon, mark, status } from "../parts.js";
import { daysOf, rowOf } from "./model.js";

/** Return the head of the card: its title, and how one looks for something and at it. */
export function head(card, { onfilter, onview }) {
  const [next, shape] = card.view === "gallery" ? ["timeline", "mdi:view-list"] : ["gallery", "mdi:view-grid"];
  return html`<header class="head">
    <h2 class="title">${card.config.title ?? card.word("incidents")}</h2>
    ${button({ icon: "mdi:filter-variant", label: card.word("filter"), iconOnly: true, onclick: onfilter })}
    ${button({ icon: shape, label: card.word(next), iconOnly: true, onclick: onview })}
  </header>`;
}

/** Return what is looked for beside what the card always shows, each with a cross that ends it. */
export function chips(card, { filter, everything, onlook }) {
  const asked = Object.keys(filter).filter((name) => filter[name] !== everything[name]);
  if (!asked.length) return nothing;
  const forget = (name) => onlook({ ...filter, [name]: everything[name] });
  return html`<div class="chips" role="group" aria-label=${card.word("looked_for")}>
    ${asked.map((name) => chip(card, told(card, name, filter[name]), () => forget(name)))}
  </div>`;
}

/** Return all incidents that are known, and the button for more. */
export function list(card, { feed, isAll, onopen, onmore, onlost }) {
  const days = daysOf(feed.incidents.map(rowOf), card.times.day);
  const rows = repeat(days, ({ day }) => day, ({ day, rows: held }) => section(card, day, held, onopen, onlost));
  const more = button({ label: card.word("more"), onclick: onmore });
  return html`<div class="body ${card.view}" @keydown=${step}>
    ${said(card, feed, isAll)}${rows}
    ${feed.next ? html`<p class="more">${more}</p>` : nothing}
  </div>`;
}

/** Return how bad something is, as a mark that is read and not only seen. */
export function levelMark(card, row) {
  if (row.falseAlarm) return mark("none", card.word("false_alarm"));
  return row.level ? mark(row.level, card.word(row.level)) : nothing;
}

const chip = (card, words, onclick) =>
  html`<button type="button" class="chip" aria-label=${card.word("forget", { words })} @click=${onclick}>
    <span>${words}</span>${icon("mdi:close")}
  </button>`;

/** Return in words what is looked for. */
function told(card, name, value) {
  if (name === "text") return `“${value}”`;
  if (name === "where") return card.places.find(([place]) => place === value)?.[1] ?? value;
  if (name === "day") return card.times.day(new Date(`${value}T12:00:00`));
  if (name === "label") return value;
  return card.word({ level: `from_${value}`, reviewed: `reviewed_${value}`, alarms: `alarms_${value}`, kept: "kept" }[name]);
}

function said(card, { state, incidents, problem }, isAll) {
  if (state === "failed") return status(card.word("failed", { error: problem }));
  if (state === "waiting") return status(card.word("waiting"));
  return incidents.length ? nothing : status(card.word(isAll ? "quiet" : "nothing_like_it"));
}

function section(card, day, rows, onopen, onlost) {
  return html`<section aria-label=${day}>
    <h3>${day}</h3>
    <ul>${repeat(rows, ({ id }) => id, (row) => html`<li>${opener(card, row, onopen, onlost)}</li>`)}</ul>
  </section>`;
}

function opener(card, row, onopen, onlost) {
  const seen = row.picture
    ? html`<img src=${row.picture} alt="" loading="lazy" decoding="async" @load=${shown} @error=${(event) => lost(event, onlost)}>`
    : nothing;
  return html`<button
    type="button" class="incident ${row.isNew ? "new" : ""}" data-id=${row.id} @click=${() => onopen(row.id)}
  >
    <span class="thumbnail">${seen}</span>
    <span class="told">
      <span class="line">
        <span class="place">${row.place}</span>
        <time datetime=${row.started.toISOString()}>${card.times.time(row.started)}</time>
      </span>
      <span class="summary">${row.summary}</span>
      <span class="marks">
        ${row.ongoing ? mark("ongoing", card.word("ongoing")) : nothing}${levelMark(card, row)}
        ${row.isNew ? mark("unseen", card.word("unseen")) : nothing}
        ${row.kept ? html`<ha-icon icon="mdi:lock-outline" title=${card.word("kept")}></ha-icon>` : nothing}
        ${row.note ? html`<ha-icon icon="mdi:note-text-outline" title=${card.word("has_note")}></ha-icon>` : nothing}
      </span>
    </span>
  </button>`;
}

function shown(event) {
  event.target.classList.remove("lost");
}

function lost(event, onlost) {
  event.target.classList.add("lost");
  onlost();
}

/** Go to another incident, as keyboards do in lists. */
function step(event) {
  const rows = [...event.currentTarget.querySelectorAll(".incident")];
  const at = rows.indexOf(event.target.closest(".incident"));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  rows[to]?.focus();
}
