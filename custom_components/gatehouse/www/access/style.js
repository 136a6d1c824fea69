/** How the doors of the access card look, beside what all cards share. */
export const STYLE = `
ha-card { container-type: inline-size; }
.tabs { scrollbar-width: none; }
.alarm { margin: 8px 16px; padding: 12px 16px; border-radius: 12px; font-weight: 500;
  border: 2px solid var(--error-color, #db4437);
  background: color-mix(in srgb, var(--error-color, #db4437) 14%, transparent); }
.door { display: flex; align-items: center; gap: 8px; padding: 4px 16px 4px 0; }
.door + .door { border-top: 1px solid var(--divider-color, #ddd); }
.about-door {
  flex: 1; min-width: 0; display: flex; align-items: flex-start; gap: 12px; padding: 12px 8px 12px 16px;
  border: 0; background: none; color: var(--primary-text-color); text-align: start;
}
.about-door:hover { background: color-mix(in srgb, var(--primary-text-color) 5%, transparent); }
.about-door img { width: 104px; aspect-ratio: 16 / 9; object-fit: cover; border-radius: 8px; flex: none; }
.sign {
  --mdc-icon-size: 24px; flex: none; display: grid; place-items: center; width: 44px; height: 44px; border-radius: 50%;
  background: color-mix(in srgb, var(--of, var(--disabled-text-color, #888)) 20%, transparent);
}
.told { flex: 1; min-width: 0; display: flex; flex-direction: column; align-items: flex-start; gap: 4px; overflow-wrap: anywhere; }
.name { font-weight: 500; }
.how { font-size: 14px; }
.door.bad .how { font-weight: 500; }
.told .problem { font-size: 13px; }
.last { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; font-size: 13px; color: var(--secondary-text-color); }
.unlock {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; flex: none;
  min-width: 132px; min-height: 56px; border-radius: 28px;
}
@container (max-width: 560px) {
  .about-door img { display: none; }
}
@container (max-width: 440px) {
  .tabs button { padding: 0 8px; }
  .tabs ha-icon { display: none; }
  .door { flex-direction: column; align-items: stretch; padding: 0 16px 16px; }
  .about-door { padding: 12px 0; }
}
`;
