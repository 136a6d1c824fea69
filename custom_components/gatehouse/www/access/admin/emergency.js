/** What stops everybody, or lets everybody out: at all doors at once. */

import { html, nothing } from "../../lit.js";
import { button } from "../../parts.js";
import { setSite } from "./gatehouse.js";

const ABOUT = {
  lockdown: { icon: "mdi:lock-alert", title: "lockdown_begin", text: "lockdown_about" },
  evacuation: { icon: "mdi:exit-run", title: "evacuation_begin", text: "evacuation_about" },
  normal: { icon: "mdi:restore", title: "end_ask", text: "end_about" },
};

/** The buttons of a site that goes by a mode, and which agents do not know of it yet. */
export function emergency(card) {
  const { site, unconfirmed, state } = card.feed;
  if (state !== "ready") return nothing;
  const choices = site === "normal" ? ["lockdown", "evacuation"] : ["normal"];
  const waiting = unconfirmed.length
    ? html`<p class="problem" role="status">${card.word("not_confirmed", { agents: unconfirmed.join(", ") })}</p>`
    : nothing;
  return html`<section class="emergency" aria-label=${card.word("emergency")}>
    ${waiting}
    <div class="actions">
      ${choices.map((mode) =>
        button({
          ...{ label: card.word(mode === "normal" ? "end" : mode), icon: ABOUT[mode].icon },
          ...{ kind: mode === "normal" ? "primary" : "danger", onclick: () => choose(card, mode) },
        }),
      )}
    </div>
  </section>`;
}

async function choose(card, mode) {
  const { title, text } = ABOUT[mode];
  const confirm = card.word(mode === "normal" ? "end" : mode);
  const sure = await card.sheet.ask({ title: card.word(title), text: card.word(text), confirm, danger: mode !== "normal" });
  if (sure) await card.attempt(() => setSite(card.hass, mode));
}
