/** How looks what opens over the incidents card. */
export const STYLE = `
.filter, .facts, .remarks, .share { padding: 16px 24px 0; }
.filter { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; align-items: start; padding: 0 24px 24px; }
.filter .field:first-child, .filter footer { grid-column: 1 / -1; }

.detail { padding-bottom: 24px; touch-action: pan-y pinch-zoom; }
.stage { background: #000; }
.stage:empty { display: none; }
.stage img, .stage video { display: block; width: 100%; height: min(56dvh, 405px); object-fit: contain; }
.choices { display: flex; align-items: center; gap: 4px; padding: 8px 12px 0; }
.choices div { flex: 1; display: flex; gap: 8px; overflow-x: auto; scrollbar-width: none; padding: 2px; justify-content: safe center; }
.choices div .plain { flex: none; }
.facts, .remarks, .share { display: flex; flex-direction: column; gap: 8px; }
.facts .status { padding: 0; }
.told-by ha-icon { --mdc-icon-size: 16px; color: var(--secondary-text-color); vertical-align: text-bottom; }
.passages { display: flex; flex-direction: column; gap: 4px; font-size: 14px; }
.passages li { display: flex; flex-wrap: wrap; gap: 8px; align-items: baseline; }
.passages time { margin-inline-start: auto; }
a.plain { color: inherit; text-decoration: none; }
a.plain:hover { background: color-mix(in srgb, var(--primary-text-color) 6%, transparent); }
div.note { display: flex; align-items: center; gap: 8px; }
div.note p { flex: 1; white-space: pre-wrap; overflow-wrap: anywhere; }
form.note { display: flex; flex-direction: column; gap: 8px; }

.share > .plain, .share > .primary { align-self: flex-start; }
.share form { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; align-items: end; }
form[inert] { opacity: 0.6; }
.share form .field:nth-of-type(2), .share form .primary { grid-column: 1 / -1; }
.share form .primary { justify-self: start; }
.pair { display: grid; grid-template-columns: 1fr auto; gap: 8px; align-items: end; }
.made, .links { display: flex; flex-direction: column; gap: 12px; }
.links h3 { font-size: 14px; }
.links li {
  display: flex; align-items: center; gap: 8px; padding: 8px 0; font-size: 14px;
  border-top: 1px solid var(--divider-color, #ddd);
}
.links .about { overflow-wrap: anywhere; }
summary { min-height: 40px; line-height: 40px; font-size: 14px; }

@media (max-width: 600px) {
  .filter, .facts, .remarks, .share { padding-inline: 16px; }
  .filter, .share form { grid-template-columns: 1fr; }
  .share form .primary { justify-self: stretch; }
  .stage img, .stage video { height: auto; max-height: 45dvh; }
}
`;
