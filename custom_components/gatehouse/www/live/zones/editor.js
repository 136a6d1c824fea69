/** The zones of a camera: what is kept, and one that is being drawn. For administrators. */

import { sentenceOf, wordsOf } from "../../language.js";
import { html, live, nothing, repeat } from "../../lit.js";
import { button, choice, field, mark, status } from "../../parts.js";
import { deleteZone, listIgnored, listZones, removeIgnored, saveZone } from "../gatehouse.js";
import { Canvas } from "./canvas.js";
import { MOST, NEW, between, crossing, inserted, onward, redone, storyOf, undone, without } from "./shape.js";
import { STYLE } from "./style.js";
import { WORDS } from "./words.js";

const LONGEST_NAME = 40;

const KINDS = ["zone", "mask"];

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);

export class ZoneEditor {
  #card;
  #camera;
  #back;
  #zones = null;
  #ignored = [];
  #draft = null;
  #story = storyOf(NEW);
  #corner = -1;
  #refusal = null;
  #canvas;

  /** It shows the zones of a camera; `back` is called when somebody has seen enough. */
  constructor(card, camera, back) {
    this.#card = card;
    this.#camera = camera;
    this.#back = back;
    const act = { draw: this.#draw, drag: this.#drag, drop: this.#drop, choose: this.#choose, pick: this.#edit };
    this.#canvas = new Canvas(act, this.#word);
    const { adoptedStyleSheets } = card.shadowRoot;
    if (!adoptedStyleSheets.includes(SHEET)) adoptedStyleSheets.push(SHEET);
    card.attempt(() => this.#list());
  }

  /** Return what is shown of a camera's tile. */
  template({ picture, shape }) {
    const draft = this.#draft && { ...this.#draft, drawn: this.#story.now };
    const address = picture && this.#card.hass.hassUrl(picture);
    const shown = { address, shape, zones: this.#zones ?? [], ignored: this.#ignored, draft, refusal: this.#refusal };
    return html`<div class="zones" @keydown=${this.#strike}>
      ${this.#canvas.template(shown)}
      <div class="facts">${draft ? this.#form(draft) : this.#overview()}</div>
    </div>`;
  }

  #word = (key, values) => wordsOf(WORDS, this.#card.hass.language)(key, values);

  async #list() {
    const { hass } = this.#card;
    const { key } = this.#camera;
    [this.#zones, this.#ignored] = await Promise.all([listZones(hass, key), listIgnored(hass, key)]);
  }

  #overview() {
    if (!this.#zones) return status(this.#word("reading"));
    return html`
      <p class="about">${this.#word("about")}</p>
      ${this.#zones.length ? this.#kept() : nothing}
      ${this.#ignored.length ? this.#unseen() : nothing}
      <footer>
        ${this.#button("live", "mdi:video", this.#back)}
        ${this.#button("new", "mdi:vector-polygon", () => this.#edit(null), { kind: "primary" })}
      </footer>`;
  }

  #kept() {
    const row = (zone) => html`<li>
      <span class="what">${zone.name} ${mark(zone.kind, this.#word(zone.sensitive ? "sensitive_zone" : zone.kind))}</span>
      ${this.#iconButton("edit_which", "mdi:pencil", zone, () => this.#edit(zone))}
      ${this.#iconButton("remove_which", "mdi:delete-outline", zone, () => this.#remove(zone))}
    </li>`;
    return html`<ul class="rows">${repeat(this.#zones, (zone) => zone.id, row)}</ul>`;
  }

  #unseen() {
    const row = (box) => {
      const moment = this.#card.times.moment(new Date(box.created));
      const name = this.#word("ignored_since", { label: box.label, moment });
      return html`<li>
        <span class="what">${name}</span>
        ${this.#iconButton("heed_which", "mdi:delete-outline", { name }, () => this.#heed(box))}
      </li>`;
    };
    return html`<h3>${this.#word("ignored")}</h3><p class="about">${this.#word("ignored_about")}</p>
      <ul class="rows">${repeat(this.#ignored, (box) => box.id, row)}</ul>`;
  }

  #form({ name, kind, sensitive, drawn }) {
    const said = this.#refusal && !this.#refusal.at ? this.#refusal : null;
    const complaint = said ? html`<p class="problem" role="alert">${said.sentence}</p>` : nothing;
    const set = (change) => this.#set(change);
    const named = html`<input
      name="zone" required maxlength=${LONGEST_NAME} autocomplete="off" .value=${live(name)}
      @input=${(event) => set({ name: event.target.value })}
    />`;
    const kinds = choice(KINDS.map((each) => [each, this.#word(each)]), kind, (chosen) => set({ kind: chosen }));
    const weighty = html`<label class="check">
      <input type="checkbox" .checked=${live(sensitive)} @change=${(event) => set({ sensitive: event.target.checked })} />
      <span>${this.#word("sensitive")}</span>
    </label>`;
    return html`<form @submit=${this.#save}>
      <p class="about">${this.#word(drawn.closed ? "how_to_change" : "how_to_draw")}</p>
      <div class="actions">${this.#tools(drawn)}</div>
      ${field(this.#word("name"), named)}${said?.about === "name" ? complaint : nothing}
      ${field(this.#word("kind"), kinds)}${kind === "zone" ? weighty : nothing}
      ${said && said.about !== "name" ? complaint : nothing}
      <footer>
        ${this.#button("cancel", null, () => this.#leave())}
        <button type="submit" class="primary">${this.#word("save")}</button>
      </footer>
    </form>`;
  }

  #tools(drawn) {
    const { points, closed } = drawn;
    const at = Math.min(this.#corner, points.length - 1);
    const place = at < 0 || !closed ? points.length : at + 1;
    const add = () => this.#draw(inserted(drawn, place, between(drawn, place - 1)), place);
    const remove = () => this.#draw(without(drawn, at), Math.max(0, at - 1));
    const travel = (step) => () => this.#tell(step(this.#story));
    const { past, future } = this.#story;
    return [
      this.#button("undo", "mdi:undo", travel(undone), { disabled: !past.length }),
      this.#button("redo", "mdi:redo", travel(redone), { disabled: !future.length }),
      this.#button("add_corner", "mdi:plus", add, { disabled: points.length >= MOST }),
      this.#button("remove_corner", "mdi:minus", remove, { disabled: at < 0 }),
    ];
  }

  #button(name, icon, onclick, more = {}) {
    return button({ label: this.#word(name), icon, onclick, ...more });
  }

  #iconButton(name, icon, { name: which }, onclick) {
    return button({ label: this.#word(name, { which }), icon, onclick, iconOnly: true });
  }

  /* What somebody does. */

  #edit = (zone) => {
    const { id = null, name = "", kind = "zone", sensitive = false, points = [] } = zone ?? {};
    this.#draft = { id, name, kind, sensitive };
    this.#corner = -1;
    this.#tell(storyOf({ points, closed: points.length > 0 }));
  };

  #draw = (drawn, at) => {
    this.#corner = at;
    this.#tell(onward(this.#story, drawn));
    queueMicrotask(() => this.#card.sheet.element.querySelectorAll(".corner")[at]?.focus());
  };

  #drag = (drawn) => this.#tell({ ...this.#story, now: drawn });

  #drop = (from, drawn) => this.#tell(onward({ ...this.#story, now: from }, drawn));

  #choose = (at) => {
    this.#corner = at;
    this.#card.changed();
  };

  #strike = (event) => {
    const isTyping = event.target.localName === "input";
    const key = event.key.toLowerCase();
    if (!this.#draft || isTyping || !(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
    event.preventDefault();
    this.#tell(key === "y" || event.shiftKey ? redone(this.#story) : undone(this.#story));
  };

  #set(change) {
    this.#draft = { ...this.#draft, ...change };
    this.#tell(this.#story);
  }

  #tell(story) {
    this.#story = story;
    this.#refusal = null;
    this.#card.changed();
  }

  #leave() {
    this.#draft = null;
    this.#refusal = null;
    this.#card.changed();
  }

  #save = async (event) => {
    event.preventDefault();
    const { hass } = this.#card;
    const { id, name, kind, sensitive } = this.#draft;
    const { now } = this.#story;
    const wish = { camera: this.#camera.key, name, kind, points: now.points, sensitive: sensitive && kind === "zone" };
    try {
      await saveZone(hass, id ? { ...wish, zone_id: id } : wish);
    } catch (error) {
      this.#refusal = { ...spotOf(error, now), sentence: await sentenceOf(hass, error) };
      return this.#card.changed();
    }
    this.#leave();
    await this.#card.attempt(() => this.#list(), this.#word("saved", { name }));
  };

  async #remove({ id, name }) {
    const title = this.#word("remove_title", { name });
    const asked = { title, text: this.#word("remove_text"), confirm: this.#word("remove"), danger: true };
    if (!(await this.#card.sheet.ask(asked))) return;
    await this.#card.attempt(async () => {
      await deleteZone(this.#card.hass, id);
      await this.#list();
    }, this.#word("removed", { name }));
  }

  #heed({ id }) {
    return this.#card.attempt(async () => {
      await removeIgnored(this.#card.hass, id);
      await this.#list();
    }, this.#word("heeded"));
  }
}

/** Return where to say why a zone was refused: at the crossing, at the name, else below all. */
function spotOf({ code }, drawn) {
  if (code === "zone_crossing") return { at: crossing({ ...drawn, closed: true }) };
  return { about: code?.startsWith("zone_name") ? "name" : "all" };
}
