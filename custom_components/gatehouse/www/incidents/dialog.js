/** One incident, opened: its picture, its clips and what is known of it. */

import { arrange, button, element } from "../dom.js";
import { sentenceOf, timesOf, wordsOf } from "../language.js";
import { getIncident } from "./gatehouse.js";
import { detailsOf, whyNoClip } from "./model.js";
import { SharePanel } from "./share.js";
import { levelMark } from "./view.js";
import { WORDS } from "./words.js";

const PICTURE = "picture";

export class IncidentDialog {
  #hass;
  #id = null;
  #details;
  #chosen = null;
  #title = element("h2", { id: "incident-title" });
  #time = element("p", { className: "when" });
  #problem = element("p", { className: "problem", role: "alert", hidden: true });
  #stage = element("div", { className: "stage" });
  #choices = element("div", { className: "choices", role: "group" });
  #told = element("div", { className: "details" });
  #share = new SharePanel();
  #close = element("div");
  #player = null;

  constructor() {
    const head = element("header", {}, element("div", {}, this.#title, this.#time), this.#close);
    const parts = [head, this.#stage, this.#problem, this.#choices, this.#told, this.#share.element];
    const sheet = element("div", { className: "sheet" }, ...parts);
    this.element = element("dialog", { "aria-labelledby": "incident-title" }, sheet);
    this.element.addEventListener("close", () => this.#end());
    // What is beside the sheet is the dialog itself.
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  /** Show an incident as the list knows it, and the rest as soon as it is there. */
  open(hass, incident) {
    this.#hass = hass;
    this.#id = incident.id;
    this.#chosen = null;
    this.#name();
    this.#show(incident);
    this.element.showModal();
    return this.#ask();
  }

  /** Whether this incident is being shown. */
  shows(id) {
    return this.element.open && this.#id === id;
  }

  /** Ask again: there is news of it. */
  refresh(hass) {
    this.#hass = hass;
    return this.#ask();
  }

  get #words() {
    return wordsOf(WORDS, this.#hass.language);
  }

  #name() {
    const close = () => this.element.close();
    const shut = button("mdi:close", this.#words("close"), { onclick: close }, { iconOnly: true });
    this.#close.replaceChildren(shut);
    this.#problem.hidden = true;
  }

  async #ask() {
    const asked = this.#id;
    try {
      const incident = await getIncident(this.#hass, asked);
      if (this.shows(asked)) this.#show(incident);
    } catch (error) {
      const sentence = await sentenceOf(this.#hass, error);
      if (this.shows(asked)) this.#complain(sentence);
    }
  }

  #complain(sentence) {
    this.#problem.textContent = sentence;
    this.#problem.hidden = false;
  }

  #show(incident) {
    this.#details = detailsOf(incident);
    const { place, started } = this.#details;
    const times = timesOf(this.#hass);
    this.#title.textContent = place;
    this.#time.textContent = `${times.day(started)}, ${times.time(started)}`;
    arrange(this.#told, this.#facts());
    this.#choose();
  }

  #facts() {
    const { summary, risk, reasons } = this.#details;
    const measured = risk === null ? null : element("span", { textContent: this.#words("risk", { risk }) });
    const marks = [levelMark(this.#details, this.#words), measured].filter(Boolean);
    const why = whyNoClip(this.#details);
    return [
      element("p", { className: "marks" }, ...marks),
      element("p", { textContent: summary }),
      reasons.length ? element("p", { className: "reasons", textContent: reasons.join(" · ") }) : null,
      why ? element("p", { className: "status", role: "status", textContent: this.#words(why) }) : null,
    ].filter(Boolean);
  }

  /** Show the clip that is chosen, else the best one, else the picture. */
  #choose(chosen = this.#chosen) {
    const { clips, picture } = this.#details;
    const playable = (clips ?? []).filter((clip) => clip.url);
    const wanted = playable.find((clip) => clip.id === chosen);
    const clip = chosen === PICTURE && picture ? null : (wanted ?? playable[0] ?? null);
    this.#chosen = clip?.id ?? (chosen === PICTURE ? PICTURE : null);
    arrange(this.#stage, [clip ? this.#play(clip, playable) : this.#still()].filter(Boolean));
    this.#offer(playable, clip);
    this.#share.show(this.#hass, clip);
  }

  /** Return the player of a clip: the same as long as it is the same clip. */
  #play(clip, playable) {
    if (this.#player?.clip === clip.id) return this.#player.video;
    this.#stop();
    const poster = (clip === playable[0] && this.#details.picture) || clip.poster;
    const video = element("video", {
      ...{ controls: true, playsInline: true, preload: "metadata", poster, src: clip.url },
      ariaLabel: this.#nameOf(clip),
      onerror: () => this.#complain(this.#words("unplayable")),
    });
    this.#player = { clip: clip.id, video };
    return video;
  }

  #still() {
    this.#stop();
    const { picture, place } = this.#details;
    if (!picture) return null;
    return element("img", { src: picture, alt: this.#words("picture_of", { place }) });
  }

  #offer(playable, shown) {
    const { picture } = this.#details;
    const choices = playable.map((clip) => [clip.id, this.#nameOf(clip), "mdi:play-circle-outline"]);
    if (picture) choices.push([PICTURE, this.#words("picture"), "mdi:image-outline"]);
    const buttons = choices.map(([id, name, icon]) => this.#choice(id, name, icon, shown));
    this.#choices.hidden = !playable.length || buttons.length < 2;
    this.#choices.replaceChildren(...buttons);
  }

  #choice(id, name, icon, shown) {
    const pressed = String(id === (shown?.id ?? PICTURE));
    const onclick = () => {
      this.#choose(id);
      [...this.#choices.children].find((each) => each.ariaPressed === "true")?.focus();
    };
    return button(icon, name, { className: "choice", ariaPressed: pressed, onclick });
  }

  #nameOf(clip) {
    const camera = this.#hass.states[clip.camera]?.attributes.friendly_name;
    const named = { camera, seconds: clip.seconds };
    return this.#words(camera ? "clip_of" : "clip", named);
  }

  /** Let go of the player: a video that is only forgotten goes on to load. */
  #stop() {
    this.#player?.video.removeAttribute("src");
    this.#player?.video.load();
    this.#player = null;
  }

  #end() {
    this.#stop();
    this.#stage.replaceChildren();
    this.#share.hide();
    this.#id = null;
  }
}
