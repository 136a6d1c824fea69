/** What opens over the page: a dialog with a title, one thing at a time, and questions on top of it. */

import { html, nothing, render } from "./lit.js";
import { button } from "./parts.js";

export class Sheet {
  #card;
  #shown = null;
  #said = null;

  /** It belongs to a card, whose words `close` and `cancel` it says. */
  constructor(card) {
    this.#card = card;
    this.element = document.createElement("dialog");
    this.element.setAttribute("aria-labelledby", "sheet-title");
    this.element.addEventListener("close", () => this.#end());
    // What is beside the sheet is the dialog itself.
    this.element.addEventListener("click", (event) => event.target === this.element && this.close());
  }

  get isOpen() {
    return this.element.open;
  }

  /** What is shown, null if nothing is: what `open` was given. */
  get shown() {
    return this.isOpen ? this.#shown : null;
  }

  /** Show something: title() and template() are asked at each drawing, closed() is called at its end. */
  open(shown) {
    if (this.isOpen) this.close();
    this.#shown = shown;
    this.#said = null;
    this.draw();
    this.element.showModal();
  }

  close() {
    if (this.isOpen) this.element.close();
  }

  /** Say a sentence at the top; the next takes its place. */
  say(message, failed = false) {
    this.#said = { message, failed };
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

  #template({ title, about, template }) {
    const close = button({
      ...{ icon: "mdi:close", label: this.#card.word("close"), iconOnly: true },
      onclick: () => this.close(),
    });
    const said = this.#said
      ? html`<p class=${this.#said.failed ? "problem" : "said"} role="alert">${this.#said.message}</p>`
      : nothing;
    return html`<div class="sheet">
      <header>
        <div><h2 id="sheet-title">${title()}</h2>${about ? html`<p class="about">${about()}</p>` : nothing}</div>
        ${close}
      </header>
      ${said}${template()}
    </div>`;
  }

  #end() {
    const { closed } = this.#shown ?? {};
    this.#shown = null;
    this.#said = null;
    render(nothing, this.element);
    closed?.();
  }
}
