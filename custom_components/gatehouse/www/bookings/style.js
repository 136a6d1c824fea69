/** How the bookings card looks, beside what all cards share. */
export const STYLE = `
.head { display: flex; align-items: center; gap: 4px; padding-inline-end: 16px; }
.head .title { flex: 1; min-width: 0; padding: 16px 0 12px 16px; }
.head .primary { flex: none; }

.body { padding-bottom: 8px; }
.body h3 { padding: 12px 16px 4px; font-size: 13px; color: var(--secondary-text-color); }
.turn { display: flex; justify-content: center; padding: 4px 16px; }
.turn .plain { border-color: transparent; font-size: 13px; }
.free { padding: 4px 16px 8px; font-size: 14px; color: var(--secondary-text-color); }
.hour {
  display: flex; gap: 16px; width: 100%; padding: 10px 16px; min-height: 64px; border: 0; background: none;
  text-align: start; color: var(--primary-text-color); border-inline-start: 4px solid var(--of, transparent);
}
.hour:hover { background: color-mix(in srgb, var(--primary-text-color) 5%, transparent); }
.recording { --of: var(--error-color, #db4437); }
.when { flex: none; display: flex; flex-direction: column; min-width: 66px; }
.when time:first-child { font-size: 15px; font-weight: 500; line-height: 1.4; color: inherit; }
.told { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: 4px; overflow-wrap: anywhere; }
.name { font-weight: 500; }
.about:empty { display: none; }
.marks ha-icon { --mdc-icon-size: 18px; color: var(--secondary-text-color); }
.coming { display: flex; flex-direction: column; gap: 4px; }
.told .problem, .facts .problem { display: inline-flex; gap: 6px; align-items: start; font-size: 13px; line-height: 1.4; }
.problem ha-icon { --mdc-icon-size: 16px; }

.stage { display: block; width: 100%; height: min(56dvh, 405px); object-fit: contain; background: #000; }
.facts { display: flex; flex-direction: column; gap: 12px; padding: 16px 24px 24px; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; }
.facts .about ha-icon { --mdc-icon-size: 16px; vertical-align: text-bottom; }
.link { display: flex; flex-direction: column; gap: 12px; }
a.plain { color: inherit; text-decoration: none; }
a.plain:hover { background: color-mix(in srgb, var(--primary-text-color) 6%, transparent); }

.form { display: flex; flex-direction: column; gap: 16px; padding: 8px 24px 24px; }
.form[inert] { opacity: 0.6; }
.times { display: grid; grid-template-columns: 2fr 1fr 1fr; gap: 12px; }
.times + small { margin-top: -8px; }
.form footer {
  position: sticky; bottom: 0; margin: 0 -24px -24px; padding: 12px 24px;
  background: var(--ha-dialog-surface-background, var(--card-background-color, #fff));
}
.refused { padding: 12px 16px; border: 1px solid currentColor; border-radius: 12px; }
.days { display: flex; flex-wrap: wrap; gap: 4px; }
.days .plain { flex: 1; min-width: 44px; padding: 0 4px; }
.choices { gap: 0; }
.more { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; align-items: start; padding-top: 8px; }
.more .choices { grid-column: 1 / -1; }
summary { min-height: 44px; line-height: 44px; font-weight: 500; }

@media (max-width: 600px) {
  .facts, .form { padding-inline: 16px; }
  .form footer { margin-inline: -16px; padding-inline: 16px; }
  .times { grid-template-columns: 1fr 1fr; }
  .times .field:first-child { grid-column: 1 / -1; }
  .more { grid-template-columns: 1fr; }
  .facts footer .plain, .facts footer .primary, .facts footer .danger { flex: 1 1 100%; }
}
`;
