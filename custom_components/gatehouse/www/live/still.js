/** `<gatehouse-still>`: the newest picture of a camera, as long as somebody can see it. */

const TAG = "gatehouse-still";

const STYLE = `
:host { display: block; position: relative; overflow: hidden; }
img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: var(--still-fit, cover); }
`;

class Still extends HTMLElement {
  #address = null;
  #fluent = null;
  #pace = 10_000;
  #asked = 0;
  #timer = null;
  #loading = false;
  #inSight = false;
  #frame = document.createElement("div");
  #film = null;
  #sight = new IntersectionObserver((entries) => {
    this.#inSight = entries.at(-1).isIntersecting;
    this.#turn();
  });
  #turned = () => this.#turn();

  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.attachShadow({ mode: "open" }).append(style, this.#frame);
  }

  /** Where the newest picture is: another address is a reason to look at once, null shows the last one still. */
  set address(address) {
    if (address !== this.#address) this.#asked = 0;
    this.#address = address;
    this.#turn();
  }

  /** How many milliseconds a picture is new enough; Infinity for a single one. */
  set pace(pace) {
    this.#pace = pace;
    this.#turn();
  }

  /** Where pictures come one after the other; null for single ones. */
  set fluent(address) {
    // The token in it changes now and then: what runs goes on.
    const same = Boolean(address) === Boolean(this.#fluent);
    this.#fluent = address;
    if (!same) this.#turn();
  }

  connectedCallback() {
    this.#sight.observe(this);
    document.addEventListener("visibilitychange", this.#turned);
  }

  disconnectedCallback() {
    this.#sight.disconnect();
    document.removeEventListener("visibilitychange", this.#turned);
    this.#inSight = false;
    this.#turn();
  }

  /** Do what is due: run the film, wait for the next picture, or nothing where nobody looks. */
  #turn() {
    clearTimeout(this.#timer);
    const seen = this.#inSight && !document.hidden && this.#address;
    this.#play(seen ? this.#fluent : null);
    if (!seen || this.#loading || this.#film) return;
    const due = this.#asked ? Math.max(0, this.#asked + this.#pace - Date.now()) : 0;
    if (due < Infinity) this.#timer = setTimeout(() => this.#load(), due);
  }

  async #load() {
    this.#loading = true;
    this.#asked = Date.now();
    const next = picture(`${this.#address}&at=${this.#asked}`);
    try {
      await next.decode();
      this.#frame.replaceChildren(next);
      this.removeAttribute("missing");
    } catch {
      this.toggleAttribute("missing", !this.#frame.childElementCount);
    } finally {
      this.#loading = false;
      this.#turn();
    }
  }

  #play(address) {
    if (Boolean(address) === Boolean(this.#film)) return;
    // A picture that is only forgotten goes on to load.
    this.#film?.removeAttribute("src");
    this.#film?.remove();
    this.#film = address && picture(address);
    if (this.#film) this.shadowRoot.append(this.#film);
  }
}

function picture(address) {
  const made = new Image();
  made.alt = "";
  made.src = address;
  return made;
}

// Dashboards of a browser that was open during an upgrade load a second version.
if (!customElements.get(TAG)) customElements.define(TAG, Still);
