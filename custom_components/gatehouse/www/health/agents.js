/** The machines: agents with their figures, cameras, and what waits there; and that of Home Assistant. */

import { html, nothing, repeat } from "../lit.js";
import { button, icon, mark, status } from "../parts.js";
import { figuresOf } from "./figures.js";
import { STATUS_KINDS, canDo, deviceOf, hindrancesOf, measuresOf } from "./model.js";

/** Return the template of all agents; `deeds` has restart(camera) and begin(action, agent, device). */
export function agents(card, all, deeds) {
  if (!all.length) return status(card.word("no_agents"));
  return repeat(all, ({ id }) => id, (agent) => block(card, agent, deeds));
}

/** Return the template of Home Assistant's own machine. */
export const machine = (card, stats) => html`<section aria-label="Home Assistant">
  <h3>Home Assistant</h3>
  ${measures(card, { stats, probes: [] }, figuresOf(card.hass, card.times))}
</section>`;

function block(card, agent, deeds) {
  const figures = figuresOf(card.hass, card.times);
  const since = agent.since ? card.word("since", { moment: card.times.moment(new Date(agent.since)) }) : null;
  return html`<section class="agent" aria-label=${agent.name}>
    <header>
      <h3>${agent.name}</h3>
      ${agent.online ? mark("good", card.word("online")) : mark("bad", card.word("offline"))}
      ${versionTold(card, agent)}
      ${agent.online ? hindrancesOf(agent.stats).map(([kind, word]) => mark(kind, card.word(word))) : nothing}
    </header>
    <p class="about">${[agent.model, since].filter(Boolean).join(" · ")}</p>
    ${agent.error ? html`<p class="problem">${agent.error}</p>` : nothing}
    ${agent.online ? measures(card, agent, figures) : nothing}
    <ul class="cameras">${repeat(agent.cameras, ({ key }) => key, (camera) => cameraRow(card, camera, figures, deeds))}</ul>
    ${queues(card, agent, figures)}
    ${deedsOf(card, agent, deeds)}
  </section>`;
}

function versionTold(card, { version, newest_version: newest, outdated }) {
  if (!version) return nothing;
  return outdated
    ? mark("warning", card.word("outdated", { version, newest }))
    : html`<span class="about">${card.word("version", { version })}</span>`;
}

function measures(card, machine, figures) {
  const probes = machine.probes.filter(({ value }) => value !== null);
  return html`<dl class="measures">
    ${measuresOf(machine).map(([name, unit, value]) => measure(card.word(name), figures[unit](value), unit === "percent" ? value : null))}
    ${probes.map(({ sensor, quantity, value }) => measure(`${sensor}, ${card.word(`quantity_${quantity}`)}`, probeTold(figures, quantity, value)))}
  </dl>`;
}

const measure = (name, told, percent = null) =>
  html`<div><dt>${name}</dt><dd>${told}${percent === null ? nothing : meter(name, percent)}</dd></div>`;

const meter = (name, percent) => html`<meter aria-label=${name} min="0" max="100" high="90" optimum="0" value=${percent}></meter>`;

function probeTold(figures, quantity, value) {
  if (quantity === "temperature") return figures.temperature(value);
  return quantity === "humidity" ? figures.percent(value) : `${figures.number(value)} hPa`;
}

function cameraRow(card, camera, figures, { restart }) {
  const { fps, frame_age_s: age, encoder_percent: encoder, restarts } = camera;
  const told = [
    fps !== null && card.word("fps", { fps: figures.number(Math.round(fps * 10) / 10) }),
    age !== null && card.word("frame_age", { age: figures.seconds(age) }),
    encoder !== null && card.word("encoder", { percent: figures.percent(encoder) }),
    restarts > 0 && card.word("restarts", { count: restarts }),
  ];
  const anew = { icon: "mdi:restart", iconOnly: true, label: card.word("restart_which", { name: camera.name }) };
  return html`<li>
    ${icon(camera.private ? "mdi:eye-off-outline" : "mdi:cctv")}
    <span class="told">
      <span class="line">${camera.name} ${mark(STATUS_KINDS[camera.status] ?? "", card.word(`status_${camera.status}`))}</span>
      ${told.some(Boolean) ? html`<span class="about">${told.filter(Boolean).join(" · ")}</span>` : nothing}
      ${camera.error ? html`<span class="problem">${camera.error}</span>` : nothing}
    </span>
    ${camera.entity_id && canDo(card.hass, "restart_camera") ? button({ ...anew, onclick: () => restart(camera) }) : nothing}
  </li>`;
}

/** Return what waits on an agent until it is fetched, and what its doors decided. */
function queues(card, { spool, bookings, access, doors }, figures) {
  const lines = [
    spool && card.word("spool", { count: spool.clips, size: figures.bytes(spool.bytes) }),
    spool?.lost > 0 && card.word("spool_lost", { count: spool.lost }),
    bookings && card.word("booked", { planned: bookings.planned, running: bookings.running, waiting: bookings.waiting, size: figures.bytes(bookings.bytes) }),
    access && doors > 0 && card.word("access", { doors, cards: access.cards, waiting: access.waiting }),
    access?.lost > 0 && card.word("passages_lost", { count: access.lost }),
    access?.latency_p99_ms > 0 && card.word("decided_within", { time: figures.milliseconds(access.latency_p99_ms) }),
  ].filter(Boolean);
  return html`${lines.length ? html`<ul class="queues">${lines.map((line) => html`<li>${line}</li>`)}</ul>` : nothing}
    ${bookings?.error ? html`<p class="problem">${card.word("bookings_error", { error: bookings.error.replaceAll("_", " ") })}</p>` : nothing}`;
}

function deedsOf(card, agent, { begin }) {
  const device = deviceOf(card.hass, agent);
  const shapes = { restart_agent: ["plain", "mdi:restart"], reboot_agent: ["danger", "mdi:power-cycle"] };
  const all = Object.entries(shapes).filter(([action]) => device && agent.online && canDo(card.hass, action));
  if (!all.length) return nothing;
  return html`<p class="actions">
    ${all.map(([action, [kind, shape]]) =>
      button({ label: card.word(action), icon: shape, kind, onclick: () => begin(action, agent, device.id) }))}
  </p>`;
}
