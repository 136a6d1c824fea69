/** Templates (lit-html 3, see lit/LICENSE): what is put into one only ever becomes text or a property. */

export { html, nothing, render } from "./lit/lit-html.js";
export { live } from "./lit/directives/live.js";
export { repeat } from "./lit/directives/repeat.js";
