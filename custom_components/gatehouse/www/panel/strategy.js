/** The dashboard strategy `custom:gatehouse`: a whole dashboard that makes itself. */

import { wordsHere } from "../language.js";
import { screensOf } from "./screens.js";
import { WORDS } from "./words.js";

const TAG = "ll-strategy-dashboard-gatehouse";

class GatehouseStrategy extends HTMLElement {
  static getStubConfig() {
    return { type: "custom:gatehouse" };
  }

  /** Return a dashboard with a view for each screen. */
  static generate(_config, hass) {
    return Promise.resolve({ title: "Gatehouse", views: screensOf(hass).map(viewOf) });
  }
}

function viewOf({ kind, title, icon, tag }) {
  const card = { type: `custom:${tag}`, title: "", grid_options: { columns: "full", rows: 12 } };
  const section = { type: "grid", column_span: 3, cards: [card] };
  return { title, icon, path: kind, type: "sections", max_columns: 3, sections: [section] };
}

if (!customElements.get(TAG)) {
  const words = wordsHere(WORDS);
  customElements.define(TAG, GatehouseStrategy);
  (window.customStrategies ??= []).push({
    ...{ type: "gatehouse", strategyType: "dashboard" },
    ...{ name: words("name"), description: words("description") },
  });
}
