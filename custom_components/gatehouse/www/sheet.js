/** What opens over the page: a dialog with a title, one thing at a time, and questions on top of it. */

import { html, nothing, render } from "./lit.js";
import { button } from "./parts.js";

export class Sheet {
  #card;
  #shown = null;
  #said = null;
  #beside = false;

  /** It belongs to a card, whose words it says. */
  constructor(card) {
    this.#card = card;
    this.element = document.createElement("dialog");
    this.element.setAttribute("aria-labelledby", "sheet-title");
    this.element.addEventListener("close", () => this.isOpen || this.#end());
    // What is beside the sheet is the dialog itself; who selects text may let go there.
    this.element.addEventListener("pointerdown", (event) => (this.#beside = event.target === this.element));
    this.element.addEventListener("click", (event) => {
      if (this.#beside && event.target === this.element) this.close();
    });
  }

  get isOpen() {
    return this.element.open;
  }

  /** Whether a question waits for its answer. */
  get isAsking() {
    return Boolean(this.element.parentNode?.querySelector(".question"));
  }

  /** What is shown, null if nothing is: what `open` was given. */
  get shown() {
    return this.isOpen ? this.#shown : null;
  }

  /** Show something: title(), template() and perhaps about() are asked at each drawing, closed() at its end. */
  open(shown) {
    if (this.isOpen) this.close();
    this.#shown = shown;
    this.#said = null;
    this.draw();
    this.element.showModal();
    this.element.scrollTop = 0;
  }

  close() {
    if (!this.isOpen) return;
    this.element.close();
    // The browser tells of it only later, when something else may be open.
    this.#end();
  }

  /** Say a sentence at the top; the next takes its place, and an empty one is silence. */
  say(message, failed = false) {
    this.#said = message ? { message, failed } : null;
    this.draw();
  }

  draw() {
    if (this.#shown) render(this.#template(this.#shown), this.element);
  }

  /** Ask yes or no; resolves to whether `confirm` was chosen. */
  ask({ title, text, confirm, danger = false }) {
    const asking = document.createElement("dialog");
    asking.className = "question";
    asking.setAttribute("aria-labelledby", "question-title");
    this.element.after(asking);
    const cancel = () => asking.close();
    const choose = () => asking.close(confirm);
    const choices = html`<footer>
      ${button({ label: this.#card.word("cancel"), onclick: cancel })}
      ${button({ label: confirm, onclick: choose, kind: danger ? "danger" : "primary" })}
    </footer>`;
    render(html`<div class="sheet"><h2 id="question-title">${title}</h2><p>${text}</p>${choices}</div>`, asking);
    return new Promise((resolve) => {
      asking.addEventListener("close", () => {
        asking.remove();
        resolve(asking.returnValue === confirm);
      });
      asking.showModal();
    });
  }

  #template(shown) {
    const close = button({
      ...{ icon: "mdi:close", label: this.#card.word("close"), iconOnly: true },
      onclick: () => this.close(),
    });
    const said = this.#said
      ? html`<p class=${this.#said.failed ? "problem" : "said"} role="alert">${this.#said.message}</p>`
      : nothing;
    return html`<div class="sheet">
      <header>
        <div><h2 id="sheet-title">${shown.title()}</h2>${shown.about ? html`<p class="about">${shown.about()}</p>` : nothing}</div>
        ${close}
      </header>
      ${said}${shown.template()}
    </div>`;
  }

  #end() {
    const shown = this.#shown;
    if (!shown) return;
    this.#shown = null;
    this.#said = null;
    render(nothing, this.element);
    shown.closed?.();
  }
}
