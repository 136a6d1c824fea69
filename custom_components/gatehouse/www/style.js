/** How all cards look: Home Assistant's own colours, sizes for thumbs, no motion. */
export const SHARED = `
:host { display: block; height: 100%; }
[hidden] { display: none !important; }
* { box-sizing: border-box; }

ha-card { display: flex; flex-direction: column; height: 100%; overflow: hidden; }
h2, h3, p, ul { margin: 0; padding: 0; }
h2, h3 { font-weight: 500; }
p { line-height: 1.45; }
ul { list-style: none; }
button, input, select, textarea { font: inherit; color: inherit; }
button, summary { cursor: pointer; }
button:disabled { cursor: default; opacity: 0.5; }
ha-icon { --mdc-icon-size: 20px; flex: none; display: inline-flex; }
:focus-visible { outline: 2px solid var(--primary-color); outline-offset: -2px; }

.title { padding: 16px 16px 4px; font-size: var(--ha-font-size-l, 16px); line-height: 1.4; }
.body { flex: 1; min-height: 0; overflow-y: auto; }
.status { padding: 16px; color: var(--secondary-text-color); }
.problem, .danger { color: color-mix(in srgb, var(--error-color, #db4437) 80%, var(--primary-text-color)); }
.about, small, time { font-size: 13px; color: var(--secondary-text-color); }

.plain, .primary, .danger {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 40px;
  padding: 0 16px; border: 1px solid var(--divider-color, #ddd); border-radius: 20px; background: none;
  font-weight: 500; white-space: nowrap;
}
.plain:hover:enabled { background: color-mix(in srgb, var(--primary-text-color) 6%, transparent); }
.plain[aria-pressed="true"] {
  border-color: var(--primary-color);
  background: color-mix(in srgb, var(--primary-color) 16%, transparent);
}
.primary {
  border-color: transparent; color: var(--text-primary-color, #fff);
  background: color-mix(in srgb, var(--primary-color) 78%, #000);
}
.primary:hover:enabled { background: color-mix(in srgb, var(--primary-color) 68%, #000); }
.primary:focus-visible { outline-color: var(--primary-text-color); }
.danger { border-color: currentColor; }
.danger:hover:enabled { background: color-mix(in srgb, var(--error-color, #db4437) 10%, transparent); }
.round { width: 48px; min-height: 48px; padding: 0; border: 0; border-radius: 50%; flex: none; }

.mark {
  --of: var(--disabled-text-color, #888);
  display: inline-flex; align-items: center; gap: 6px; padding: 1px 8px; border-radius: 10px;
  font-size: 12px; line-height: 18px; color: var(--primary-text-color);
  background: color-mix(in srgb, var(--of) 20%, transparent);
}
.mark::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--of); }
.marks { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; font-size: 13px; }
.good, .low { --of: var(--success-color, #43a047); }
.warning, .medium { --of: var(--warning-color, #ffa600); }
.high { --of: var(--deep-orange-color, #ff6f22); }
.bad, .critical { --of: var(--error-color, #db4437); }
.ongoing { --of: var(--info-color, #039be5); }

.tabs { display: flex; gap: 4px; padding: 8px 8px 0; overflow-x: auto; border-bottom: 1px solid var(--divider-color, #ddd); }
.tabs button {
  display: inline-flex; align-items: center; gap: 8px; min-height: 44px; padding: 0 12px; border: 0;
  border-bottom: 2px solid transparent; background: none; color: var(--secondary-text-color); white-space: nowrap;
}
.tabs [aria-selected="true"] { color: var(--primary-text-color); border-bottom-color: var(--primary-color); }

.field, fieldset { display: flex; flex-direction: column; gap: 4px; min-width: 0; }
.field > span, legend { font-size: 13px; color: var(--secondary-text-color); padding: 0; }
fieldset { margin: 0; padding: 0; border: 0; }
input:not([type="checkbox"], [type="radio"], [type="range"], [type="color"]), select, textarea {
  width: 100%; min-width: 0; min-height: 44px; padding: 0 12px; font-size: 16px;
  border: 1px solid var(--outline-color, var(--secondary-text-color)); border-radius: 8px;
  background: var(--card-background-color, #fff); color: var(--primary-text-color);
}
textarea { padding: 10px 12px; resize: vertical; }
input[type="checkbox"], input[type="radio"] { width: 20px; height: 20px; accent-color: var(--primary-color); }
.check { display: flex; align-items: center; gap: 12px; min-height: 44px; }
.actions, footer { display: flex; flex-wrap: wrap; gap: 8px; }
footer { justify-content: flex-end; }
progress { width: 100%; height: 8px; accent-color: var(--primary-color); }

dialog {
  width: min(720px, calc(100vw - 32px)); max-height: calc(100dvh - 48px); padding: 0; border: 0;
  color: var(--primary-text-color);
  background: var(--ha-dialog-surface-background, var(--card-background-color, #fff));
  border-radius: var(--ha-dialog-border-radius, 24px); overflow: auto; overscroll-behavior: contain;
}
dialog::backdrop { background: rgb(0 0 0 / 60%); }
.sheet { display: flex; flex-direction: column; }
.sheet > header {
  position: sticky; top: 0; z-index: 1; display: flex; align-items: center; gap: 12px;
  justify-content: space-between; padding: 12px 12px 12px 24px;
  background: var(--ha-dialog-surface-background, var(--card-background-color, #fff));
}
.sheet h2 { font-size: 20px; line-height: 1.3; overflow-wrap: anywhere; }
.sheet > .problem, .sheet > .said { padding: 0 24px 12px; }
.question { width: min(420px, calc(100vw - 32px)); }
.question .sheet { gap: 16px; padding: 24px; }

@media (max-width: 600px) {
  dialog:not(.question) {
    width: 100vw; max-width: 100vw; height: 100dvh; max-height: 100dvh; border-radius: 0; margin: 0;
  }
  .sheet > header { padding-inline-start: 16px; }
}
`;
