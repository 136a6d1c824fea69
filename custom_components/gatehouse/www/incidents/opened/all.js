/** What opens over the incidents card. */

export { IncidentDetail } from "./dialog.js";
export { FilterSheet } from "./filter.js";
export { STYLE } from "./style.js";
export { WORDS } from "./words.js";
