/** How what administrators see on the access card looks. */
export const STYLE = `
.emergency {
  display: flex; flex-direction: column; gap: 8px; padding: 12px 16px 16px;
  border-top: 1px solid var(--divider-color, #ddd);
}
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 12px 16px 4px; }
.head h3 { flex: 1; font-size: 14px; }
.head input { flex: 1 1 200px; width: auto; }
.row {
  display: flex; gap: 16px; align-items: flex-start; width: 100%; min-height: 56px; padding: 10px 16px;
  border: 0; background: none; color: var(--primary-text-color); text-align: start;
}
.row:hover { background: color-mix(in srgb, var(--primary-text-color) 5%, transparent); }
.nouns + .nouns { border-top: 1px solid var(--divider-color, #ddd); }
.people li, .passage { content-visibility: auto; contain-intrinsic-size: auto 72px; }

/* What is said is seen wherever somebody has scrolled to. */
.sheet > .said, .sheet > .problem {
  order: 1; position: sticky; bottom: 0; z-index: 1; padding-block: 12px; border-top: 1px solid var(--divider-color, #ddd);
  background: var(--ha-dialog-surface-background, var(--card-background-color, #fff));
}
.form, .part, .lesson { display: flex; flex-direction: column; gap: 16px; padding: 8px 24px 24px; }
.form[inert] { opacity: 0.6; }
.part { padding-top: 16px; border-top: 1px solid var(--divider-color, #ddd); }
.part h3 { font-size: 16px; }
.part .form, .lesson { padding: 16px; border: 1px solid var(--divider-color, #ddd); border-radius: 12px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; }
.permission { padding: 12px 16px; border: 1px solid var(--divider-color, #ddd); border-radius: 12px; }
.permission legend { padding: 0 4px; }
.credential, .readers li { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; min-height: 56px; }
.readers li { min-height: 40px; }
.picture { display: block; width: 100%; max-height: 40dvh; object-fit: contain; background: #000; border-radius: 12px; }
.hold { font-size: 18px; font-weight: 500; }

.week { display: grid; grid-template-columns: 24px repeat(7, minmax(0, 1fr)); gap: 2px; user-select: none; touch-action: none; }
.clock, .day { position: relative; height: 384px; }
.clock { margin-top: 24px; font-size: 11px; color: var(--secondary-text-color); }
.clock span { position: absolute; transform: translateY(-50%); }
.column .weekday { display: block; height: 24px; font-size: 12px; text-align: center; overflow: hidden; }
.day {
  cursor: crosshair; overflow: hidden; border-radius: 4px;
  background: repeating-linear-gradient(
    color-mix(in srgb, var(--primary-text-color) 7%, transparent) 0 63px,
    color-mix(in srgb, var(--primary-text-color) 18%, transparent) 63px 64px);
}
.block, .drawn {
  position: absolute; inset-inline: 1px; overflow: hidden; border-radius: 4px; font-size: 11px; line-height: 1.3; padding: 2px;
  color: var(--primary-text-color); background: color-mix(in srgb, var(--primary-color) 30%, var(--card-background-color, #fff));
  border-inline-start: 3px solid var(--primary-color);
}
.drawn { opacity: 0.7; pointer-events: none; }
.block span { pointer-events: none; }
.edge { position: absolute; inset-inline: 0; height: 14px; cursor: ns-resize; }
.edge.start { top: 0; }
.edge.end { bottom: 0; }
.windows { display: flex; flex-direction: column; gap: 12px; }
.window, .special { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.special { padding: 8px 0; }
.days { display: flex; gap: 4px; }
.plain.weekday { min-width: 40px; padding: 0 4px; font-size: 13px; }
.hours { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.sheet .hours input { width: auto; }

.filters {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 8px 12px; align-items: end;
  padding: 12px 16px;
}
.passages h3 { padding: 12px 16px 4px; font-size: 13px; color: var(--secondary-text-color); }
.passage { display: flex; align-items: flex-start; gap: 12px; padding: 8px 16px; }
.passage .sign { width: 36px; height: 36px; --mdc-icon-size: 20px; }
.passage a { flex: none; display: grid; place-items: center; min-width: 44px; min-height: 44px; color: inherit; }
.passage a img { width: 80px; aspect-ratio: 16 / 9; object-fit: cover; border-radius: 8px; }

@media (max-width: 600px) {
  .form, .part, .lesson { padding-inline: 16px; }
}
`;
