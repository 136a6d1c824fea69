/** The agenda: days with their hours, each a button that opens it. */

import { html, nothing, repeat } from "../lit.js";
import { button, icon, mark, progress, status } from "../parts.js";
import { KINDS, SITE, daysOf, errorOf } from "./model.js";

/** Return the head of the card: its title, whose bookings it shows, and the button to book. */
export function head(card, { isMine, onmine, onbook }) {
  const mine = { label: card.word("only_mine"), icon: isMine ? "mdi:account" : "mdi:account-multiple" };
  return html`<header class="head">
    <h2 class="title">${card.config.title ?? card.word("bookings")}</h2>
    ${card.config.mine ? nothing : button({ ...mine, iconOnly: true, pressed: isMine, onclick: onmine })}
    ${button({ label: card.word("book"), icon: "mdi:plus", kind: "primary", onclick: onbook })}
  </header>`;
}

/** Return the days of an agenda, today among them, with what leads to earlier and to later ones. */
export function agenda(card, { feed, hours, dateOf, isPastShown, onpast, onlater, onopen }) {
  const now = new Date();
  const [today, days] = [dateOf(now), daysOf(hours, dateOf, now)];
  const past = days.filter(({ date }) => date < today);
  const turn = { icon: "mdi:history", label: card.word("earlier"), expanded: isPastShown, onclick: onpast };
  return html`<div class="body">
    ${feed.problem ? html`<p class="status problem" role="alert">${card.word("failed", { error: feed.problem })}</p>` : nothing}
    ${feed.state === "waiting" ? status(card.word("waiting")) : nothing}
    <p class="turn">${button(turn)}</p>
    ${isPastShown ? section(card, past, today, onopen) : nothing}
    ${isPastShown && !past.length && feed.state === "ready" ? status(card.word("nothing_before")) : nothing}
    ${feed.state === "waiting" ? nothing : section(card, days.filter(({ date }) => date >= today), today, onopen)}
    ${onlater ? html`<p class="turn">${button({ label: card.word("later"), icon: "mdi:chevron-down", onclick: onlater })}</p>` : nothing}
  </div>`;
}

/** Return how far an hour has come, as a mark that is read and not only seen. */
export const stateMark = (card, hour) => mark(KINDS[hour.state], card.word(`state_${hour.state}`));

/** Return from when to when an hour is. */
export const spanTold = (card, { start, end }) => `${card.times.time(start)} – ${card.times.time(end)}`;

/** Return how much of a movie is made or uploaded, and when it is likely to be there. */
export function comingTold(card, { progress: percent, eta }) {
  if (percent === null) return nothing;
  const until = eta ? card.word("ready_at", { time: card.times.time(eta) }) : "";
  return html`<span class="coming">
    ${progress(percent, card.word("made"))}<small>${percent} %${until ? ` · ${until}` : ""}</small>
  </span>`;
}

/** Return what went wrong, in words. */
export const errorTold = (card, { error }) =>
  error ? html`<span class="problem">${icon("mdi:alert-outline")}${errorOf(card.hass, error)}</span>` : nothing;

function section(card, days, today, onopen) {
  return repeat(days, ({ date }) => date, ({ date, hours }) => {
    const name = date === today ? card.word("today") : card.times.day(hours[0].start);
    return html`<section aria-label=${name}>
      <h3>${name}</h3>
      ${hours.length ? nothing : html`<p class="free">${card.word("nothing_booked")}</p>`}
      <ul>${repeat(hours, ({ id }) => id, (hour) => html`<li>${row(card, hour, onopen)}</li>`)}</ul>
    </section>`;
  });
}

function row(card, hour, onopen) {
  // A pair is called as what its cameras see.
  const place = hour.calendar === SITE ? cameraNames(card.hass, hour.cameras) : hour.place;
  return html`<button type="button" class="hour ${KINDS[hour.state]}" data-id=${hour.id} @click=${() => onopen(hour.id)}>
    <span class="when">
      <time datetime=${hour.start.toISOString()}>${card.times.time(hour.start)}</time>
      <time datetime=${hour.end.toISOString()}>${card.times.time(hour.end)}</time>
    </span>
    <span class="told">
      <span class="name">${hour.summary}</span>
      <span class="about">${[place, hour.owner].filter(Boolean).join(" · ")}</span>
      <span class="marks">
        ${stateMark(card, hour)}
        ${hour.isSeries ? html`<ha-icon icon="mdi:repeat" title=${card.word("repeats")}></ha-icon>` : nothing}
        ${hour.movie ? html`<ha-icon icon="mdi:play-circle-outline" title=${card.word("movie")}></ha-icon>` : nothing}
        ${hour.link ? html`<ha-icon icon="mdi:link-variant" title=${card.word("link")}></ha-icon>` : nothing}
      </span>
      ${comingTold(card, hour)}${errorTold(card, hour)}
    </span>
  </button>`;
}

/** Return what cameras are called, where they are known still. */
export const cameraNames = (hass, cameras) =>
  cameras.map((entity) => hass.states[entity]?.attributes.friendly_name ?? entity).join(", ");
