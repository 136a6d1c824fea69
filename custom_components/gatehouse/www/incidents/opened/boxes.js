/** A picture of an incident, with boxes around what was detected in it, for who wants to see them. */

import { html, nothing, repeat } from "../../lit.js";
import { button } from "../../parts.js";

/** Where a browser remembers that somebody does not want to see them. */
const REMEMBERED = "gatehouse-incidents-boxes";
const HIDDEN = "hidden";

/** Above a box is room for its words; a box that begins as high as this has them inside. */
const HIGH = 0.08;

/** Words begin at the left of a box; in the right half of the picture they end at its right. */
const FAR = 0.5;

/** Whether boxes are shown in this browser. */
export const areShown = () => localStorage.getItem(REMEMBERED) !== HIDDEN;

/** Return a picture as large as there is room, with what was found in it, and a button that hides that. */
export function still(card, { id, url, found }, name) {
  const boxes = found.length && areShown() ? boxesOf(card, found) : nothing;
  // Each has an element of its own: boxes wait for the picture that they belong to.
  const pictured = () => html`<div class="still"><img src=${url} alt=${name} @load=${shaped}>${boxes}</div>`;
  return html`${repeat([id], (key) => key, pictured)}${found.length ? switchOf(card) : nothing}`;
}

/** Return the button that shows and hides boxes, here and next time. */
function switchOf(card) {
  const turn = () => {
    if (areShown()) localStorage.setItem(REMEMBERED, HIDDEN);
    else localStorage.removeItem(REMEMBERED);
    card.changed();
  };
  return button({ icon: "mdi:vector-square", label: card.word("boxes"), iconOnly: true, pressed: areShown(), onclick: turn });
}

/** Return the boxes, the surest on top. */
function boxesOf(card, found) {
  const percent = new Intl.NumberFormat(card.hass.locale?.language, { style: "percent" });
  const words = ({ label, score }) => html`<span><b>${label}</b> ${percent.format(score)}</span>`;
  return html`<ul class="boxes" aria-label=${card.word("boxes")}>
    ${found.toReversed().map((each) => html`<li class=${kindOf(each)} style=${framed(each.box)}>${words(each)}</li>`)}
  </ul>`;
}

const kindOf = ({ label, box }) =>
  [label === "person" ? "person" : "thing", box.top < HIGH ? "inside" : "", box.left > FAR ? "far" : ""].join(" ");

const percentOf = (share) => `${share * 100}%`;
const framed = ({ left, top, right, bottom }) =>
  `left: ${percentOf(left)}; top: ${percentOf(top)}; width: ${percentOf(right - left)}; height: ${percentOf(bottom - top)}`;

/** Let the boxes have the shape of the picture, which only the picture knows. */
function shaped({ target }) {
  target.parentElement.style.setProperty("--shape", target.naturalWidth / target.naturalHeight);
  target.parentElement.classList.add("seen");
}
