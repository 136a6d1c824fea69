/** A passage in words: who, how, what came of it, and why. */

import { html } from "../lit.js";
import { TYPES, latencyOf } from "./model.js";

/** Return what can come of an attempt, or be done to a door, in words. */
export const kindOf = (kind, card) => card.said("event_type", TYPES[kind] ?? kind);

/** Return who it was: a name, the digits of a card that nobody has, or somebody; null if it was nobody. */
export function whoOf({ who, card: digits, kind }, card) {
  if (who) return who;
  if (digits) return `${card.word("unknown_card")} ${digits}`;
  return ["granted", "denied"].includes(kind) ? card.word("somebody") : null;
}

/** Return what came of it and why, in words. */
export function outcomeOf({ kind, reason, warning }, card) {
  const why = [card.said("reason", reason), card.said("warning", warning)].filter(Boolean);
  return [kindOf(kind, card), ...why].join(": ");
}

/** Return how they said who they are, and which way they went. */
export function wayOf({ how, credential, direction }, card) {
  const shown = card.said("authentication", how);
  const named = shown && credential && credential !== shown;
  return [named ? `${shown} (${credential})` : shown, card.said("direction", direction)].filter(Boolean);
}

/** The last passage of a door, on a line or two. */
export function lastPassage(passage, card) {
  if (!passage) return html`<span class="last">${card.word("nobody_yet")}</span>`;
  const latency = latencyOf(passage.latency, card.hass.language);
  const [first, ...more] = [
    ...[whoOf(passage, card), outcomeOf(passage, card), ...wayOf(passage, card)],
    latency && card.word("decided_in", { latency }),
  ].filter(Boolean);
  return html`<span class="last">
    <span class="mark ${passage.bad ? "bad" : "good"}">${first}</span>
    <time datetime=${passage.at.toISOString()}>${card.times.moment(passage.at)}</time>
    <small>${more.join(" · ")}</small>
  </span>`;
}
