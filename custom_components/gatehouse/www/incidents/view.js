/** The list of incidents: one button per incident, by days. */

import { arrange, element } from "../dom.js";
import { timesOf, wordsOf } from "../language.js";
import { daysOf, rowOf } from "./model.js";
import { WORDS } from "./words.js";

/** Return how bad something is, as a mark that is read and not only seen. */
export function levelMark(row, words) {
  if (row.falseAlarm) return mark("none", words("false_alarm"));
  return row.level ? mark(row.level, words(row.level)) : null;
}

const mark = (kind, text) => element("span", { className: `mark ${kind}`, textContent: text });

export class IncidentList {
  #rows = new Map();
  #days = new Map();
  #open;
  #pictureFailed;
  #status = element("p", { className: "status", role: "status" });
  #list = element("div", { className: "days" });

  /** `open` is called with the id of an incident, `pictureFailed` when an address has run out. */
  constructor({ open, pictureFailed }) {
    this.#open = open;
    this.#pictureFailed = pictureFailed;
    this.element = element("div", { className: "list" }, this.#status, this.#list);
  }

  /** Show what is known. */
  show(feed, hass) {
    const words = wordsOf(WORDS, hass.language);
    const times = timesOf(hass);
    this.#say(feed, words);
    const days = daysOf(feed.incidents.map(rowOf), times.day);
    const kept = new Set(feed.incidents.map((incident) => incident.id));
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    arrange(this.#list, days.map((day) => this.#day(day, words, times)));
  }

  #say(feed, words) {
    const quiet = feed.state === "ready" && !feed.incidents.length;
    const key = feed.state === "ready" ? (quiet ? "quiet" : null) : feed.state;
    const text = key ? words(key, { error: feed.problem }) : "";
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#status.hidden = !text;
  }

  #day({ day, rows }, words, times) {
    if (!this.#days.has(day)) {
      const list = element("ul");
      const title = element("h3", { textContent: day });
      this.#days.set(day, { list, section: element("section", { ariaLabel: day }, title, list) });
    }
    const { list, section } = this.#days.get(day);
    arrange(list, rows.map((row) => this.#row(row, words, times)));
    return section;
  }

  #row(row, words, times) {
    if (!this.#rows.has(row.id)) this.#rows.set(row.id, this.#newRow(row.id));
    const { item, picture, place, time, marks, summary } = this.#rows.get(row.id);
    if (row.picture && picture.getAttribute("src") !== row.picture) picture.src = row.picture;
    picture.hidden = !row.picture;
    place.textContent = row.place;
    time.textContent = times.time(row.started);
    time.dateTime = row.started.toISOString();
    summary.textContent = row.summary;
    const ongoing = row.ongoing ? mark("ongoing", words("ongoing")) : null;
    marks.replaceChildren(...[ongoing, levelMark(row, words)].filter(Boolean));
    return item;
  }

  #newRow(id) {
    const parts = {
      picture: element("img", { alt: "", loading: "lazy", decoding: "async", hidden: true }),
      place: element("span", { className: "place" }),
      time: element("time"),
      marks: element("span", { className: "marks" }),
      summary: element("span", { className: "summary" }),
    };
    parts.picture.addEventListener("error", () => {
      parts.picture.hidden = true;
      this.#pictureFailed();
    });
    const frame = element("span", { className: "thumbnail" }, parts.picture);
    const line = element("span", { className: "line" }, parts.place, parts.time);
    const told = element("span", { className: "told" }, line, parts.summary, parts.marks);
    const opener = element("button", { type: "button", className: "incident" }, frame, told);
    opener.addEventListener("click", () => this.#open(id));
    return { ...parts, item: element("li", {}, opener) };
  }
}
