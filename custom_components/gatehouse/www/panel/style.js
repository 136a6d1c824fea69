/** How the panel looks, beside what all cards share. */
export const STYLE = `
:host { display: flex; flex-direction: column; height: 100vh; height: 100dvh; background: var(--primary-background-color); }
.bar {
  display: flex; align-items: center; flex: none; min-height: var(--header-height, 56px); padding-inline: 8px;
  color: var(--app-header-text-color, var(--primary-text-color));
  background: var(--app-header-background-color, var(--card-background-color));
  border-bottom: 1px solid var(--divider-color, #ddd);
}
.bar .tabs { flex: 1; min-width: 0; padding: 0; border: 0; align-self: stretch; }
.bar .tabs button { color: inherit; min-height: 48px; }
.bar .tabs [aria-selected="true"] { color: inherit; }
.screen { flex: 1; min-height: 0; padding: 8px; overflow-y: auto; }
.screen > * { max-width: 1200px; margin-inline: auto; }
@media (max-width: 600px) { .bar .tabs ha-icon { display: none; } }
`;
