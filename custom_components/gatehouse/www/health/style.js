/** How the health card looks, beside what all cards share. */
export const STYLE = `
.body { padding-bottom: 16px; }
section { display: flex; flex-direction: column; gap: 8px; padding: 16px 16px 0; }
section + section { margin-top: 16px; border-top: 1px solid var(--divider-color, #ddd); }
section > header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; }
h3 { font-size: 16px; line-height: 1.4; overflow-wrap: anywhere; }
.about:empty { display: none; }
.problem { font-size: 14px; overflow-wrap: anywhere; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; overflow-wrap: anywhere; }
.told { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: 2px; overflow-wrap: anywhere; }

.fine { display: flex; align-items: center; gap: 8px; padding: 16px 16px 0; }
.fine ha-icon { color: var(--success-color, #43a047); }
.problems ul { display: flex; flex-direction: column; gap: 8px; }
.problems li {
  display: flex; flex-direction: column; gap: 4px; padding: 12px; font-size: 14px; overflow-wrap: anywhere;
  border-radius: 12px; border-inline-start: 4px solid var(--of, var(--divider-color));
  background: color-mix(in srgb, var(--of, transparent) 8%, transparent);
}
.problems .plain { align-self: flex-start; }
a.plain { color: inherit; text-decoration: none; }
a.plain:hover { background: color-mix(in srgb, var(--primary-text-color) 6%, transparent); }

.measures { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 8px; margin: 0; }
.measures > div { padding: 8px 12px; border-radius: 8px; background: color-mix(in srgb, var(--primary-text-color) 5%, transparent); }
dt { font-size: 12px; color: var(--secondary-text-color); overflow-wrap: anywhere; }
dd { margin: 0; font-size: 15px; line-height: 1.5; }
meter { display: block; width: 100%; height: 8px; }
.cameras li { display: flex; align-items: center; gap: 12px; min-height: 48px; }
.cameras .problem { font-size: 13px; }
.queues, .rows { display: flex; flex-direction: column; gap: 4px; }
.queues { font-size: 13px; color: var(--secondary-text-color); }
.rows:empty { display: none; }

.filters { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; padding: 16px; }
.records { list-style: none; margin: 0; padding: 0; }
.records li { padding: 8px 16px; content-visibility: auto; contain-intrinsic-size: auto 60px; }
.records li + li { border-top: 1px solid var(--divider-color, #ddd); }
.text { font-size: 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
.more { display: flex; justify-content: center; padding: 16px; }
`;
