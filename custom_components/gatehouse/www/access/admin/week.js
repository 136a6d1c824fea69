/** A week to draw hours on: across days, from time to time. What it does can be typed below it as well. */

import { html, nothing } from "../../lit.js";
import { DAYS, MIDNIGHT, STEP, blocksOf, clockOf, drawn, resized } from "./windows.js";

/** Minutes that a tap makes. */
const TAP = 60;

/** Hours that are written beside the days. */
const HOURS = [0, 4, 8, 12, 16, 20, 24];

export class Week {
  #changed;
  #drag = null;

  /** `changed` is called when what is shown is no more as it was; with windows, when there are others. */
  constructor(changed) {
    this.#changed = changed;
  }

  template(windows, { label, nameOf }) {
    const blocks = blocksOf(this.#drag?.windows ?? windows);
    const end = (event) => this.#end(event, windows);
    return html`<div class="week" role="img" aria-label=${label}
      @pointerdown=${(event) => this.#begin(event, windows)} @pointermove=${(event) => this.#move(event)}
      @pointerup=${end} @pointercancel=${() => this.#forget()}>
      <div class="clock">${HOURS.map((hour) => html`<span style="top: ${percent(hour * 60)}">${hour}</span>`)}</div>
      ${DAYS.map(
        (name, day) => html`<div class="column">
          <span class="weekday">${nameOf(name)}</span>
          <div class="day" data-day=${day}>
            ${blocks.filter((block) => block.day === day).map(block)}
            ${this.#isDrawn(day) ? rectangle("drawn", this.#hours()) : nothing}
          </div>
        </div>`,
      )}
    </div>`;
  }

  #begin(event, windows) {
    if (event.button !== 0) return;
    const { target, currentTarget: week } = event;
    const { index, edge } = target.dataset;
    const place = placeOf(week, event);
    if (edge) this.#drag = { index: Number(index), edge, before: windows, windows };
    else if (target.closest(".day")) this.#drag = { from: place, to: place };
    else return;
    week.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.#changed();
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const to = placeOf(event.currentTarget, event);
    const windows = drag.edge ? resized(drag.before, drag.index, drag.edge, to.minutes) : null;
    this.#drag = drag.edge ? { ...drag, windows } : { ...drag, to };
    this.#changed();
  }

  #end(event, windows) {
    if (!this.#drag) return;
    this.#move(event);
    const { edge, windows: others } = this.#drag;
    const made = edge ? others : drawn(windows, { days: this.#days(), ...this.#hours() });
    this.#drag = null;
    this.#changed(made);
  }

  #forget() {
    this.#drag = null;
    this.#changed();
  }

  #isDrawn(day) {
    return this.#drag?.from !== undefined && this.#days().includes(day);
  }

  #days() {
    const [one, other] = [this.#drag.from.day, this.#drag.to.day].sort((a, b) => a - b);
    return DAYS.map((_, day) => day).filter((day) => day >= one && day <= other);
  }

  #hours() {
    const [from, to] = [this.#drag.from.minutes, this.#drag.to.minutes].sort((a, b) => a - b);
    if (to - from >= STEP) return { from, to };
    const begins = Math.min(from, MIDNIGHT - TAP);
    return { from: begins, to: begins + TAP };
  }
}

const percent = (minutes) => `${(minutes / MIDNIGHT) * 100}%`;

const rectangle = (kind, { from, to }, inside = nothing) =>
  html`<div class=${kind} style="top: ${percent(from)}; height: ${percent(to - from)}">${inside}</div>`;

const block = ({ index, from, to, edges }) =>
  rectangle(
    "block",
    { from, to },
    html`<span>${clockOf(from)}–${clockOf(to)}</span>
      ${edges.map((edge) => html`<i class="edge ${edge}" data-index=${index} data-edge=${edge}></i>`)}`,
  );

/** Return over which day and minute of a week a pointer is; beside it, the nearest. */
function placeOf(week, { clientX, clientY }) {
  const days = [...week.querySelectorAll(".day")].map((day) => day.getBoundingClientRect());
  const [{ left, top, height }] = days;
  const width = (days.at(-1).right - left) / days.length;
  const within = (number, most) => Math.min(Math.max(number, 0), most);
  const minutes = Math.round(((clientY - top) / height) * (MIDNIGHT / STEP)) * STEP;
  return { day: within(Math.floor((clientX - left) / width), 6), minutes: within(minutes, MIDNIGHT) };
}
