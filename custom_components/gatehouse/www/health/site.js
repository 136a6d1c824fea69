/** What is not on an agent: problems, detectors, summaries, and where recordings are kept. */

import { html, nothing, repeat } from "../lit.js";
import { icon, mark, progress } from "../parts.js";
import { figuresOf } from "./figures.js";
import { SEVERITY_KINDS, paragraphsOf } from "./model.js";

/** Return what is wrong, the worst first, or that nothing is. */
export function problems(card, all) {
  if (!all.length) return html`<p class="fine">${icon("mdi:check-circle-outline")}${card.word("all_fine")}</p>`;
  return html`<section class="problems" aria-label=${card.word("problems")}>
    <ul>${repeat(all, ({ id }) => id, (each) => html`<li class=${SEVERITY_KINDS[each.severity] ?? ""}>
      <p class="line">${mark(SEVERITY_KINDS[each.severity] ?? "", card.word(`severity_${each.severity}`))}<strong>${each.title}</strong></p>
      ${paragraphsOf(each.text).map((text) => html`<p>${text}</p>`)}
    </li>`)}</ul>
    <a class="plain" href="/config/repairs">${icon("mdi:wrench")}<span>${card.word("repairs")}</span></a>
  </section>`;
}

/** Return the programs that look at pictures, and those that tell what was there. */
export function detection(card, { detectors, summaries }) {
  const figures = figuresOf(card.hass, card.times);
  return html`<section aria-label=${card.word("detection")}>
    <h3>${card.word("detection")}</h3>
    <ul class="rows">
      ${detectors.map((each) => html`<li>
        <p class="line">${each.name} ${each.healthy ? mark("good", card.word("works")) : mark("bad", card.word("fails"))}</p>
        <p class="about">${detectorTold(card, each, figures)}</p>
        ${each.error ? html`<p class="problem">${each.error}</p>` : nothing}
      </li>`)}
      ${detectors.length ? nothing : html`<li class="about">${card.word("no_detectors")}</li>`}
      ${summaries ? html`<li class="about">${card.word("summaries", { queued: summaries.queued, spent: summaries.spent_today })}</li>` : nothing}
    </ul>
  </section>`;
}

/** Return how much is kept here and off-site, and what is being uploaded. */
export function storage(card, told) {
  const figures = figuresOf(card.hass, card.times);
  const { here, off_site: away, free_bytes: free, backlog, uploading, error } = told;
  return html`<section aria-label=${card.word("storage")}>
    <h3>${card.word("storage")}</h3>
    <dl class="measures">
      ${kept(card.word("here"), card.word("files", { count: here.files, size: figures.bytes(here.bytes) }))}
      ${free === null ? nothing : kept(card.word("free"), figures.bytes(free))}
      ${away.files ? kept(card.word("off_site"), card.word("files", { count: away.files, size: figures.bytes(away.bytes) })) : nothing}
      ${backlog.depth ? kept(card.word("backlog"), backlogTold(card, backlog, figures)) : nothing}
    </dl>
    ${error ? html`<p class="problem">${errorTold(card, error)}</p>` : nothing}
    <ul class="rows">${repeat(uploading, ({ footage }) => footage, (each) => upload(card, each))}</ul>
  </section>`;
}

const kept = (name, told) => html`<div><dt>${name}</dt><dd>${told}</dd></div>`;

function detectorTold(card, { latency_ms: latency, queue }, figures) {
  const fast = latency === null ? "" : card.word("takes", { time: figures.milliseconds(latency) });
  return [fast, card.word("queued", { count: queue })].filter(Boolean).join(" · ");
}

function backlogTold(card, { depth, bytes, oldest }, figures) {
  const since = oldest ? `, ${card.word("since", { moment: card.times.moment(new Date(oldest)) })}` : "";
  return `${card.word("files", { count: depth, size: figures.bytes(bytes) })}${since}`;
}

const errorTold = (card, { code, message, since }) =>
  [message ?? code, since && card.word("since", { moment: card.times.moment(new Date(since)) })].filter(Boolean).join(" · ");

function upload(card, { camera, percent }) {
  const name = card.hass.states[camera]?.attributes.friendly_name ?? camera;
  const told = card.word("uploading", { name, percent });
  return html`<li class="about">${told}${progress(percent, told)}</li>`;
}
