/** The picture that zones are drawn on: by finger, mouse or keys. */

import { html, nothing } from "../../lit.js";
import { FEWEST, MOST, crossing, holds, inserted, moved, nearestEdge, without } from "./shape.js";

/** Pixels: what is nearer to an edge is meant for it, and what moves less is a tap. */
const NEAR = 16;
const TAP = 4;

/** Parts of the picture by which a key moves a corner, and with the shift key. */
const STEP = 0.01;
const STRIDE = 0.05;

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Canvas {
  #act;
  #word;
  #drag = null;
  #dragged = false;

  /** `act` is told what somebody does: draw, drag, drop, choose (a corner), pick (a zone); `word` says the corners. */
  constructor(act, word) {
    this.#act = act;
    this.#word = word;
  }

  /** Return the picture with what is kept and, if something is being drawn, its outline and corners. */
  template({ address, shape, zones, ignored, draft, refusal }) {
    const others = zones.filter((zone) => zone.id !== draft?.id);
    const kind = draft && `${draft.kind} ${crossing(draft.drawn) ? "crossing" : ""}`;
    return html`<div
      class="canvas ${draft ? "drawing" : ""}" style="--shape: ${shape}"
      @click=${(event) => (draft ? this.#tap(event, draft.drawn) : this.#pick(event, zones))}
    >
      <gatehouse-still .address=${address} .pace=${Infinity}></gatehouse-still>
      ${ignored.map(({ box }) => html`<span class="ignored" style=${framed(box)}></span>`)}
      ${others.map((zone) => outline({ points: zone.points, closed: true }, `${zone.kind} other`))}
      ${draft ? outline(draft.drawn, kind) : others.map(name)}
      ${draft?.drawn.points.map((point, at) => this.#corner(point, at, draft.drawn)) ?? nothing}
      ${refusal?.at ? html`<p class="refusal" role="alert" style=${placed(refusal.at)}>${refusal.sentence}</p>` : nothing}
    </div>`;
  }

  #corner(point, at, drawn) {
    const [x, y] = point.map((number) => Math.round(number * 100));
    const closes = at === 0 && !drawn.closed && drawn.points.length >= FEWEST;
    const told = { number: at + 1, count: drawn.points.length, x, y };
    return html`<button
      type="button" class="corner ${closes ? "closes" : ""}" style=${placed(point)}
      aria-label=${this.#word(closes ? "corner_closes" : "corner", told)}
      @pointerdown=${(event) => this.#begin(event, at, drawn)}
      @pointermove=${(event) => this.#move(event, drawn)}
      @pointerup=${() => this.#end(drawn)}
      @pointercancel=${() => this.#end(drawn)}
      @click=${(event) => this.#press(event, at, drawn, closes)}
      @focus=${() => this.#act.choose(at)}
      @keydown=${(event) => this.#strike(event, at, drawn)}
    ></button>`;
  }

  #begin(event, at, drawn) {
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#drag = { at, from: drawn, x: event.clientX, y: event.clientY };
    this.#dragged = false;
  }

  #move(event, drawn) {
    if (!this.#drag) return;
    const { at, x, y } = this.#drag;
    this.#dragged ||= Math.hypot(event.clientX - x, event.clientY - y) > TAP;
    if (this.#dragged) this.#act.drag(moved(drawn, at, pointOf(event)));
  }

  #end(drawn) {
    if (this.#drag && this.#dragged) this.#act.drop(this.#drag.from, drawn);
    this.#drag = null;
  }

  /** A press of the first corner closes the outline, unless it was a drag. */
  #press(event, at, drawn, closes) {
    event.stopPropagation();
    if (closes && !this.#dragged) this.#act.draw({ ...drawn, closed: true }, at);
    this.#dragged = false;
  }

  #strike(event, at, drawn) {
    const way = WAYS[event.key];
    const isGone = event.key === "Delete" || event.key === "Backspace";
    if (!way && !isGone) return;
    event.preventDefault();
    if (isGone) return this.#act.draw(without(drawn, at), Math.max(0, at - 1));
    const step = event.shiftKey ? STRIDE : STEP;
    const point = drawn.points[at].map((number, axis) => number + way[axis] * step);
    this.#act.draw(moved(drawn, at, point), at);
  }

  /** A tap sets the next corner; once the outline is closed, one on it sets a corner between two. */
  #tap(event, drawn) {
    const { points, closed } = drawn;
    if (points.length >= MOST) return;
    const point = pointOf(event);
    const { place, away } = closed ? nearestEdge(drawn, point, sizeOf(event)) : { place: points.length - 1, away: 0 };
    if (away <= NEAR) this.#act.draw(inserted(drawn, place + 1, point), place + 1);
  }

  #pick(event, zones) {
    const point = pointOf(event);
    const zone = zones.find((each) => holds(each.points, point));
    if (zone) this.#act.pick(zone);
  }
}

const percent = (number) => `${number * 100}%`;
const placed = ([x, y]) => `left: ${percent(x)}; top: ${percent(y)}`;
const framed = ({ left, top, right, bottom }) =>
  `${placed([left, top])}; width: ${percent(right - left)}; height: ${percent(bottom - top)}`;

/** Return an outline, with a dark one below it: pictures are of all colours. */
function outline({ points, closed }, kind) {
  const line = points.map((point) => point.join()).join(" ");
  const drawn = closed
    ? html`<svg viewBox="0 0 1 1" preserveAspectRatio="none"><polygon points=${line} /><polygon points=${line} /></svg>`
    : html`<svg viewBox="0 0 1 1" preserveAspectRatio="none"><polyline points=${line} /><polyline points=${line} /></svg>`;
  return html`<span class="outline ${kind}" aria-hidden="true">${drawn}</span>`;
}

/** Return the name of a zone, in the middle of its corners. */
function name({ points, name: text }) {
  const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  return html`<span class="name" style=${placed(middle)}>${text}</span>`;
}

const boxOf = (event) => event.currentTarget.closest(".canvas").getBoundingClientRect();

function sizeOf(event) {
  const { width, height } = boxOf(event);
  return [width, height];
}

function pointOf(event) {
  const { left, top, width, height } = boxOf(event);
  return [(event.clientX - left) / width, (event.clientY - top) / height];
}
