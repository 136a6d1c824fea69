/** Links for outsiders to one clip: made, copied, listed, revoked. For administrators. */

import { button, element } from "../dom.js";
import { sentenceOf, timesOf, wordsOf } from "../language.js";
import { createShare, listShares, revokeShare } from "./gatehouse.js";
import { linkOf, linksOf, wishOf } from "./model.js";
import { WORDS } from "./words.js";

const LONGEST = { hours: 720, days: 30 };
const MOST_VIEWINGS = 1000;
const LONGEST_NOTE = 200;

export class SharePanel {
  #hass;
  #clip = null;
  #panel = null;
  #form;
  #made;
  #links;
  #said;
  element = element("section", { className: "share", hidden: true });

  /** Offer to share a clip to whoever may; null if there is none. */
  show(hass, clip) {
    this.#hass = hass;
    const same = clip && this.#clip?.id === clip.id;
    if (same) return;
    this.hide();
    this.#clip = clip;
    this.element.hidden = !(clip && hass.user?.is_admin);
    if (!this.element.hidden) this.element.replaceChildren(this.#opener());
  }

  /** Offer nothing. */
  hide() {
    this.#clip = this.#panel = null;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  get #words() {
    return wordsOf(WORDS, this.#hass.language);
  }

  #opener() {
    const onclick = () => {
      if (this.#panel) this.#fold();
      else this.#unfold();
      opener.ariaExpanded = String(this.#panel !== null);
    };
    const shown = { className: "primary", ariaExpanded: "false", onclick };
    const opener = button("mdi:share-variant", this.#words("share"), shown);
    return opener;
  }

  #fold() {
    this.#panel.remove();
    this.#panel = null;
  }

  #unfold() {
    this.#form = this.#newForm();
    this.#made = element("div", { className: "made" });
    this.#links = element("div", { className: "links" });
    this.#said = element("p", { className: "said", role: "status" });
    const about = element("p", { className: "about", textContent: this.#words("share_about") });
    this.#panel = element("div", {}, about, this.#form, this.#said, this.#made, this.#links);
    this.element.append(this.#panel);
    this.#form.elements.amount.focus();
    this.#panel.scrollIntoView({ block: "nearest" });
    return this.#try(() => this.#list());
  }

  #newForm() {
    const words = this.#words;
    const number = { type: "number", min: 1, step: 1, inputMode: "numeric" };
    const amount = element("input", { ...number, name: "amount", value: "24", required: true });
    const unit = element("select", { name: "unit", ariaLabel: words("valid_unit") });
    unit.append(...Object.keys(LONGEST).map((each) => new Option(words(each), each)));
    const limit = () => (amount.max = String(LONGEST[unit.value]));
    unit.addEventListener("change", limit);
    limit();
    const uses = { ...number, name: "uses", max: MOST_VIEWINGS, placeholder: words("unlimited") };
    const note = { name: "note", maxLength: LONGEST_NOTE, placeholder: words("note_about") };
    const fields = [
      element("div", { className: "pair" }, field(words("valid_for"), amount), unit),
      field(words("viewings"), element("input", uses)),
      field(words("note"), element("input", { type: "text", autocomplete: "off", ...note }), "wide"),
      button("mdi:link-variant-plus", words("create"), { type: "submit", className: "primary" }),
    ];
    const onsubmit = (event) => {
      event.preventDefault();
      return this.#try(() => this.#create());
    };
    return element("form", { onsubmit }, ...fields);
  }

  async #create() {
    const typed = Object.fromEntries(new FormData(this.#form));
    const share = await createShare(this.#hass, wishOf(this.#clip.id, typed));
    this.#made.replaceChildren(...this.#shown(linkOf(share, location.origin)));
    await this.#list();
    return this.#words("made");
  }

  async #list() {
    const { own, others } = linksOf(await listShares(this.#hass), this.#clip?.id, location.origin);
    const words = this.#words;
    const title = element("h3", { textContent: words(own.length ? "living" : "none_living") });
    const rest = element("summary", { textContent: words("living_elsewhere", { count: others.length }) });
    const open = this.#links.querySelector("details")?.open ?? false;
    const elsewhere = element("details", { open }, rest, this.#listOf(others));
    this.#links.replaceChildren(title, this.#listOf(own), ...(others.length ? [elsewhere] : []));
  }

  #listOf(links) {
    return element("ul", {}, ...links.map((link) => this.#item(link)));
  }

  #item(link) {
    const words = this.#words;
    const moment = timesOf(this.#hass).moment(link.until);
    const told = element("span", { className: "told" }, ...this.#about(link, moment));
    const revoke = button("mdi:link-off", words("revoke"), {
      ariaLabel: words("revoke_which", { moment }),
      onclick: () => this.#try(() => this.#revoke(link)),
    });
    const copy = button("mdi:content-copy", words("copy"), {
      onclick: () => this.#try(() => this.#copy(link)),
    }, { iconOnly: true });
    return element("li", {}, told, copy, revoke);
  }

  #about(link, moment) {
    const words = this.#words;
    const values = { uses: link.uses, most: link.most };
    const often = link.most ? "seen_of" : link.uses === 1 ? "seen_once" : "seen_often";
    const facts = [words("until", { moment }), words(often, values)];
    if (link.footage !== this.#clip?.id && link.filmed) facts.unshift(this.#whichClip(link));
    const line = element("span", { textContent: facts.join(" · ") });
    return [line, link.note ? element("span", { className: "note", textContent: link.note }) : null];
  }

  #whichClip(link) {
    const camera = this.#hass.states[link.camera]?.attributes.friendly_name;
    return [camera, timesOf(this.#hass).moment(link.filmed)].filter(Boolean).join(", ");
  }

  async #revoke(link) {
    await revokeShare(this.#hass, link.id);
    if (this.#made.dataset.link === link.id) this.#made.replaceChildren();
    await this.#list();
    return this.#words("revoked");
  }

  /** Return the new link with all that can be done with it. */
  #shown(link) {
    const words = this.#words;
    this.#made.dataset.link = link.id;
    const address = element("input", { type: "text", readOnly: true, value: link.address });
    address.addEventListener("focus", () => address.select());
    const copy = () => this.#try(() => this.#copy(link));
    const send = () => this.#try(() => this.#send(link.address));
    const actions = [button("mdi:content-copy", words("copy"), { onclick: copy })];
    if (navigator.share) actions.push(button("mdi:export-variant", words("send"), { onclick: send }));
    const hint = link.hint ? [element("p", { className: "about", textContent: link.hint })] : [];
    return [field(words("link"), address), element("div", { className: "actions" }, ...actions), ...hint];
  }

  /** Copy a link; where the browser does not let a page do that, by a field in which it is selected. */
  async #copy(link) {
    if (await written(link.address)) return this.#words("copied");
    this.#made.replaceChildren(...this.#shown(link));
    this.#made.querySelector("input").select();
    return this.#words(document.execCommand("copy") ? "copied" : "not_copied");
  }

  async #send(address) {
    try {
      await navigator.share({ url: address });
    } catch (error) {
      // Who changes his mind has made no mistake.
      if (error.name !== "AbortError") throw error;
    }
    return "";
  }

  /** Do something and say what came of it; meanwhile nothing else can be sent. */
  async #try(work) {
    const said = this.#said;
    this.#form.inert = true;
    try {
      const sentence = await work();
      said.className = "said";
      said.textContent = sentence ?? "";
    } catch (error) {
      said.className = "said problem";
      said.textContent = await sentenceOf(this.#hass, error);
    } finally {
      this.#form.inert = false;
    }
  }
}

function field(name, input, className = "") {
  return element("label", { className }, element("span", { textContent: name }), input);
}

/** Whether the clipboard has taken it: only a page by HTTPS has one, and only while it is in front. */
async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
