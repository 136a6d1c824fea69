/** Whether somebody, or a card of theirs, may be used now, as a mark. */

import { mark } from "../../parts.js";

const STANDINGS = {
  valid: ["good", "valid"],
  disabled: ["", "disabled"],
  not_yet: ["warning", "not_yet"],
  over: ["", "over"],
  used_up: ["", "used_up"],
};

/** Return the mark of a standing, with the moment that it changes. */
export function standingMark({ standing, since, until }, card) {
  const [kind, word] = STANDINGS[standing];
  const moment = { not_yet: since && ["from", since], valid: until && ["until", until] }[standing];
  const when = moment ? `, ${card.word(moment[0], { moment: card.times.moment(moment[1]) })}` : "";
  return mark(kind, `${card.word(word)}${when}`);
}
