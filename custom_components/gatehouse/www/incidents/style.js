/** How the incidents card looks, beside what all cards share. */
export const STYLE = `
.head { display: flex; align-items: center; padding-inline-end: 4px; }
.head .title { flex: 1; min-width: 0; padding: 12px 16px 8px; }
.chips { display: flex; flex-wrap: wrap; gap: 8px; padding: 0 16px 8px; }
.chip {
  display: inline-flex; align-items: center; gap: 6px; min-height: 36px; padding: 0 8px 0 14px; border: 0;
  border-radius: 18px; font-size: 13px; background: color-mix(in srgb, var(--primary-color) 16%, transparent);
}
.chip ha-icon { --mdc-icon-size: 16px; }
.chip span { overflow-wrap: anywhere; text-align: start; }

.body { padding-bottom: 8px; }
.body h3 { padding: 12px 16px 4px; font-size: 13px; color: var(--secondary-text-color); }
.body li { content-visibility: auto; contain-intrinsic-size: auto 76px; }
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
.lost { visibility: hidden; }
.told { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: 4px; }
.line { display: flex; gap: 8px; justify-content: space-between; align-items: baseline; }
.place { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.line time { white-space: nowrap; }
.summary {
  font-size: 13px; line-height: 1.35; color: var(--secondary-text-color);
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
}
.incident .marks ha-icon { --mdc-icon-size: 16px; color: var(--secondary-text-color); }
.unseen { --of: var(--primary-color); }
.more { display: flex; justify-content: center; padding: 16px; }

.gallery ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(220px, 45%), 1fr)); gap: 8px; padding: 0 16px; }
.gallery li { contain-intrinsic-size: auto 220px; }
.gallery .incident { flex-direction: column; gap: 8px; height: 100%; padding: 8px; border-radius: 12px; }
.gallery .thumbnail { width: 100%; }
.gallery .told { width: 100%; }
`;
