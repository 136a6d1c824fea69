/** How the incidents card looks: Home Assistant's own colours, sizes for thumbs, no motion. */
export const STYLE = `
:host { display: block; height: 100%; }
[hidden] { display: none !important; }
* { box-sizing: border-box; }

ha-card { display: flex; flex-direction: column; height: 100%; overflow: hidden; }
h2, h3, p, ul { margin: 0; padding: 0; }
h2, h3 { font-weight: 500; }
p { line-height: 1.45; }
ul { list-style: none; }
button, input, select { font: inherit; color: inherit; }
button { cursor: pointer; }
ha-icon { --mdc-icon-size: 20px; flex: none; display: inline-flex; }
:focus-visible { outline: 2px solid var(--primary-color); outline-offset: -2px; }

.title { padding: 16px 16px 4px; font-size: var(--ha-font-size-l, 16px); line-height: 1.4; }
.list { flex: 1; min-height: 0; overflow-y: auto; padding-bottom: 8px; }
.status { padding: 16px; color: var(--secondary-text-color); }
.days h3 { padding: 12px 16px 4px; font-size: 13px; color: var(--secondary-text-color); }

.incident {
  display: flex; gap: 12px; width: 100%; padding: 8px 16px; min-height: 64px;
  border: 0; background: none; text-align: start; color: var(--primary-text-color);
}
.incident:hover { background: color-mix(in srgb, var(--primary-text-color) 5%, transparent); }
.thumbnail {
  flex: none; align-self: flex-start; width: 104px; aspect-ratio: 16 / 9; overflow: hidden; border-radius: 8px;
  background: color-mix(in srgb, var(--primary-text-color) 8%, transparent);
}
.thumbnail img { display: block; width: 100%; height: 100%; object-fit: cover; }
.told { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: 4px; }
.line { display: flex; gap: 8px; justify-content: space-between; align-items: baseline; }
.place { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
time, .when { font-size: 13px; color: var(--secondary-text-color); white-space: nowrap; }
.summary {
  font-size: 13px; line-height: 1.35; color: var(--secondary-text-color);
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
}

.marks { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; font-size: 13px; }
.marks:empty { display: none; }
.mark {
  --of: var(--disabled-text-color, #888);
  display: inline-flex; align-items: center; gap: 6px; padding: 1px 8px; border-radius: 10px;
  font-size: 12px; line-height: 18px; color: var(--primary-text-color);
  background: color-mix(in srgb, var(--of) 20%, transparent);
}
.mark::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--of); }
.low { --of: var(--success-color, #43a047); }
.medium { --of: var(--warning-color, #ffa600); }
.high { --of: var(--deep-orange-color, #ff6f22); }
.critical { --of: var(--error-color, #db4437); }
.ongoing { --of: var(--info-color, #039be5); }

dialog {
  width: min(720px, calc(100vw - 32px)); max-height: calc(100dvh - 48px); padding: 0; border: 0;
  color: var(--primary-text-color);
  background: var(--ha-dialog-surface-background, var(--card-background-color, #fff));
  border-radius: var(--ha-dialog-border-radius, 24px); overflow: auto; overscroll-behavior: contain;
}
dialog::backdrop { background: rgb(0 0 0 / 60%); }
.sheet { display: flex; flex-direction: column; }
header {
  position: sticky; top: 0; z-index: 1; display: flex; align-items: center; gap: 12px;
  justify-content: space-between; padding: 12px 12px 12px 24px; background: inherit;
}
.sheet > header { background: var(--ha-dialog-surface-background, var(--card-background-color, #fff)); }
header h2 { font-size: 20px; line-height: 1.3; overflow-wrap: anywhere; }
.stage { background: #000; }
.stage:empty { display: none; }
.stage img, .stage video { display: block; width: 100%; max-height: 56dvh; object-fit: contain; }
.choices { display: flex; flex-wrap: wrap; gap: 8px; padding: 12px 24px 0; }
.details { display: flex; flex-direction: column; gap: 8px; padding: 16px 24px; }
.details .status { padding: 0; }
.reasons, .about { font-size: 13px; color: var(--secondary-text-color); }
.problem { color: var(--error-color, #db4437); }
.sheet > .problem { padding: 12px 24px 0; }

dialog button {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 40px;
  padding: 0 16px; border: 1px solid var(--divider-color, #ddd); border-radius: 20px; background: none;
  font-weight: 500; white-space: nowrap;
}
dialog button:hover { background: color-mix(in srgb, var(--primary-text-color) 6%, transparent); }
dialog .round { width: 48px; min-height: 48px; padding: 0; border: 0; border-radius: 50%; flex: none; }
dialog .primary {
  border-color: transparent; color: var(--text-primary-color, #fff); background: var(--primary-color);
}
dialog .primary:hover { background: color-mix(in srgb, var(--primary-color) 88%, #000); }
.primary:focus-visible { outline-color: var(--primary-text-color); }
.choice[aria-pressed="true"] {
  border-color: var(--primary-color);
  background: color-mix(in srgb, var(--primary-color) 16%, transparent);
}

.share { padding: 0 24px 24px; }
.share > div { display: flex; flex-direction: column; gap: 16px; padding-top: 16px; }
form { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; align-items: end; }
form[inert] { opacity: 0.6; }
form .wide, form .primary { grid-column: 1 / -1; }
form .primary { justify-self: start; }
.pair { display: grid; grid-template-columns: 1fr auto; gap: 8px; align-items: end; }
label { display: flex; flex-direction: column; gap: 4px; min-width: 0; }
label span { font-size: 13px; color: var(--secondary-text-color); }
input, select {
  width: 100%; min-width: 0; height: 44px; padding: 0 12px; font-size: 16px;
  border: 1px solid var(--outline-color, var(--secondary-text-color)); border-radius: 8px;
  background: var(--card-background-color, #fff); color: var(--primary-text-color);
}
.said:empty, .made:empty { display: none; }
.made { display: flex; flex-direction: column; gap: 12px; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; }
.links { display: flex; flex-direction: column; gap: 8px; }
.links h3 { font-size: 14px; }
.links li {
  display: flex; align-items: center; gap: 8px; padding: 8px 0; font-size: 14px;
  border-top: 1px solid var(--divider-color, #ddd);
}
.note { font-size: 13px; color: var(--secondary-text-color); overflow-wrap: anywhere; }
summary { min-height: 40px; line-height: 40px; cursor: pointer; font-size: 14px; }

@media (max-width: 600px) {
  dialog {
    width: 100vw; max-width: 100vw; height: 100dvh; max-height: 100dvh; border-radius: 0; margin: 0;
  }
  header { padding-inline-start: 16px; }
  .choices, .details { padding-inline: 16px; }
  .share { padding-inline: 16px; }
  form { grid-template-columns: 1fr; }
  form .primary { justify-self: stretch; }
}
`;
