/** The cameras beside each other: for each its picture, its name and what is going on. */

import { html, nothing, repeat } from "../lit.js";
import { icon, status } from "../parts.js";
import { strangers, streamOf } from "./model.js";

/** Milliseconds that a picture is new enough: where nothing happens, and where something does. */
const CALM = 10_000;
const LIVELY = 2_000;

/** Return what is to be said before or instead of pictures. */
export function sayings({ cameras, problem, shown }, card) {
  if (problem) return status(card.word("failed", { error: problem }));
  if (!cameras) return status(card.word("waiting"));
  const unknown = strangers(cameras, card.config.cameras);
  if (!shown.length && !unknown.length) return status(card.word("no_cameras"));
  return unknown.map((entity) => status(card.word("stranger", { entity })));
}

/** Return the tiles; `pointed` is the key of the one that somebody points at, `act` opens one and points at one. */
export function grid(tiles, card, pointed, act) {
  const { columns } = card.config;
  return html`<ul class="cameras ${columns ? "fixed" : ""}" style="--columns: ${columns ?? 1}">
    ${repeat(tiles, (tile) => tile.key, (tile) => html`<li>${picture(tile, card, pointed, act)}</li>`)}
  </ul>`;
}

/** Return why a camera shows nothing, with the moment since when. */
export function whyAway({ away }, card) {
  const why = card.word(away.why);
  const told = away.since ? card.word("since", { why, moment: card.times.moment(away.since) }) : why;
  return html`<span class="why">${icon("mdi:camera-off")}<span>${told}</span></span>`;
}

/** Return what a camera says of itself, as marks that are read and not only seen. */
export const signs = (tile, card) =>
  tile.signs.map(({ part, kind, icon: shown }) => {
    const until = part === "snooze" && tile.snoozed;
    const told = until ? card.word("snoozed_until", { moment: card.times.time(until) }) : card.word(part);
    return html`<span class="sign ${kind}">${icon(shown)}<span>${told}</span></span>`;
  });

function picture(tile, card, pointed, { open, point }) {
  const address = tile.picture && card.hass.hassUrl(tile.picture);
  // Browsers have few connections: one film at a time.
  const film = address && pointed === tile.key ? streamOf(address) : null;
  return html`<button
    type="button" class="camera ${tile.away ? "away" : ""}"
    @click=${() => open(tile.key)}
    @pointerenter=${({ pointerType }) => pointerType === "mouse" && point(tile.key)}
    @pointerleave=${() => pointed === tile.key && point(null)}
  >
    <gatehouse-still .address=${address} .pace=${tile.lively ? LIVELY : CALM} .fluent=${film}></gatehouse-still>
    <span class="signs">${signs(tile, card)}</span>
    <span class="told">
      <span class="name">${tile.name}</span>
      ${tile.away ? whyAway(tile, card) : nothing}
    </span>
  </button>`;
}
