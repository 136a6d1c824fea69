/** How looks what opens over the incidents card. */
export const STYLE = `
.filter, .facts, .remarks, .share { padding: 16px 24px 0; }
.filter { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; align-items: start; padding: 0 24px 24px; }
.filter .field:first-child, .filter footer { grid-column: 1 / -1; }

.detail { padding-bottom: 24px; touch-action: pan-y pinch-zoom; }
.stage {
  --most: min(56dvh, 405px);
  position: relative; display: grid; align-items: center; min-height: var(--most); background: #000;
}
.stage:empty { display: none; }
.stage img, .stage video { display: block; width: 100%; height: 100%; object-fit: contain; }
.stage video { height: var(--most); }
.still { position: relative; width: min(100%, var(--most) * var(--shape, 1.78)); aspect-ratio: var(--shape, 1.78); margin: auto; }
.boxes { position: absolute; inset: 0; overflow: hidden; pointer-events: none; visibility: hidden; }
.seen .boxes { visibility: visible; }
.boxes li {
  --of: var(--info-color, #039be5);
  position: absolute; container-type: inline-size; border: 2px solid var(--of); border-radius: 2px;
  outline: 1px solid rgb(0 0 0 / 60%); box-shadow: inset 0 0 0 1px rgb(0 0 0 / 60%);
}
.boxes .person { --of: var(--warning-color, #ffa600); }
.boxes span {
  position: absolute; bottom: 100%; left: -3px; padding: 0 6px; border-left: 4px solid var(--of);
  font-size: 12px; line-height: 18px; white-space: nowrap; color: #fff; background: rgb(0 0 0 / 75%);
}
.boxes .inside span { top: 0; bottom: auto; }
.boxes .far span { right: -3px; left: auto; }
.boxes b { font-weight: inherit; }
/* Side by side there is no room for words: of people the colour says that they are some. */
@container (max-width: 64px) { .boxes li:not(:only-child) > span { padding: 0 2px; } .boxes li:not(:only-child) b { font-size: 0; } }
@container (max-width: 22px) { .boxes li:not(:only-child) > span { opacity: 0; } }
.stage .round { position: absolute; right: 8px; bottom: 8px; color: #fff; }
.stage .round, .stage .round:hover:enabled { background: var(--under, rgb(0 0 0 / 60%)); }
.stage [aria-pressed="true"] { --under: color-mix(in srgb, var(--primary-color) 60%, #000); }
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
  .stage { --most: 45dvh; min-height: 0; }
  .stage video { height: auto; max-height: var(--most); }
}
`;
