/** Live video of one camera: by Home Assistant's own player, else as pictures one after the other. */

import { streamTypes } from "./home.js";
import { hasStream, streamOf } from "../model.js";

const THEIRS = "ha-camera-stream";

/** Milliseconds: how long their player may take to be there, and to show something. */
const LOADING = 5_000;
const STARTING = 15_000;

/** Milliseconds between two attempts: doubled up to the longest. */
const SOONEST = 2_000;
const LATEST = 30_000;

export class Player {
  #home;
  #camera;
  #changed;
  #turn = 0;
  #timer = null;
  #pause = SOONEST;
  #wanted = null;
  #simple = false;
  #turned = () => this.#look();

  /** `home` returns Home Assistant as it is; `changed` is called when how it plays has changed. */
  constructor(home, camera, changed) {
    this.#home = home;
    this.#camera = camera;
    this.#changed = changed;
    this.element = document.createElement("div");
    this.element.className = "player";
    /** How it plays: `web_rtc`, `hls` or `mjpeg`; null while nothing is to be seen. */
    this.way = null;
    document.addEventListener("visibilitychange", this.#turned);
    // Pictures that break off say nothing: a connection that is back is a reason to begin anew.
    home().connection.addEventListener("ready", this.#turned);
  }

  /** Play as it is wanted: `video`, plain `pictures`, or null for nothing. */
  want(wanted) {
    if (this.#wanted !== wanted) {
      this.#wanted = wanted;
      this.#simple = wanted === "pictures";
      this.#pause = SOONEST;
      this.#look();
    }
    const theirs = this.element.querySelector(THEIRS);
    if (theirs) theirs.stateObj = this.#state;
  }

  close() {
    document.removeEventListener("visibilitychange", this.#turned);
    this.#home().connection.removeEventListener("ready", this.#turned);
    this.#stop();
  }

  /** The element that plays, once there is one: it can be seen in a picture of its own. */
  get video() {
    return videoIn(this.element);
  }

  get #state() {
    return this.#home().states[this.#camera];
  }

  /** Play where somebody looks: here, or at the picture in the picture. */
  #look() {
    if (document.hidden && document.pictureInPictureElement) return;
    this.#stop();
    if (this.#wanted && !document.hidden) this.#start(this.#turn);
  }

  async #start(turn) {
    const types = this.#simple ? [] : await this.#types();
    const theirs = types.length ? await theirPlayer(this.#home(), this.#camera, this.element) : null;
    if (turn !== this.#turn) return;
    this.#timer = setTimeout(() => this.#fail(), STARTING);
    if (theirs) this.#stream(theirs);
    else this.#follow();
  }

  async #types() {
    if (!hasStream(this.#state)) return [];
    try {
      return await streamTypes(this.#home(), this.#camera);
    } catch {
      return []; // pictures will do, and say what is wrong if they do not
    }
  }

  #stream(theirs) {
    Object.assign(theirs, { hass: this.#home(), stateObj: this.#state, muted: true, controls: true });
    // It begins with one way, and changes to a better one as soon as that plays.
    for (const news of ["load", "streams"]) theirs.addEventListener(news, () => this.#watch(theirs));
    this.element.replaceChildren(theirs);
  }

  async #watch(theirs) {
    await theirs.updateComplete;
    if (this.element.contains(theirs)) this.#show(wayOf(theirs));
  }

  #follow() {
    const pictures = new Image();
    pictures.alt = "";
    pictures.addEventListener("load", () => this.#show("mjpeg"));
    pictures.addEventListener("error", () => this.element.contains(pictures) && this.#fail());
    pictures.src = this.#home().hassUrl(streamOf(this.#state.attributes.entity_picture));
    this.element.replaceChildren(pictures);
  }

  /** What does not play gives way to plain pictures, and those are tried again and again. */
  #fail() {
    this.#stop();
    const pause = this.#simple ? this.#pause : 0;
    if (this.#simple) this.#pause = Math.min(this.#pause * 2, LATEST);
    this.#simple = true;
    this.#timer = setTimeout(() => this.#look(), pause);
  }

  #stop() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    // A picture that is only forgotten goes on to load.
    this.element.querySelector("img")?.removeAttribute("src");
    this.element.replaceChildren();
    this.#show(null);
  }

  #show(way) {
    if (way) {
      clearTimeout(this.#timer);
      this.#pause = SOONEST;
    }
    if (this.way === way) return;
    this.way = way;
    this.#changed();
  }
}

/** Return Home Assistant's player, null if it cannot be had: dashboards load it with the first card of a camera. */
async function theirPlayer(hass, camera, near) {
  if (!customElements.get(THEIRS)) {
    if (!window.loadCardHelpers) await loadDashboards(hass, near);
    const cards = await window.loadCardHelpers?.();
    cards?.createCardElement({ type: "picture-entity", entity: camera });
    const late = new Promise((resolve) => setTimeout(resolve, LOADING));
    await Promise.race([customElements.whenDefined(THEIRS), late]);
  }
  return customElements.get(THEIRS) ? document.createElement(THEIRS) : null;
}

/** Have Home Assistant load what makes dashboards: whoever came straight to another panel has nothing of it. */
async function loadDashboards(hass, near) {
  const above = (node) => node.assignedSlot ?? node.parentNode ?? node.host;
  let router = near;
  while (router && !router.routerOptions) router = above(router);
  const panel = Object.values(hass.panels).find(({ component_name: kind }) => kind === "lovelace");
  await router?.routerOptions.routes[panel?.url_path]?.load?.();
}

/** Return how their player plays, by what it shows. */
function wayOf({ shadowRoot }) {
  const shows = (name) => shadowRoot?.querySelector(`${name}:not(.hidden)`);
  if (shows("ha-web-rtc-player")) return "web_rtc";
  return shows("ha-hls-player") ? "hls" : "mjpeg";
}

/** Return the video in an element, however deep. */
function videoIn(root) {
  const here = root.querySelector("video");
  if (here) return here;
  const roots = [...root.querySelectorAll("*")].map((each) => each.shadowRoot).filter(Boolean);
  return roots.map(videoIn).find(Boolean) ?? null;
}
