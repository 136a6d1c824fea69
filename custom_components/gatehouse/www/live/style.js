/** How the live card looks, beside what all cards share. */
export const STYLE = `
.cameras {
  display: grid; gap: 8px; padding: 12px 16px 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr));
}
/* As many columns as are wished for, where there is room for them. */
.cameras.fixed {
  grid-template-columns: repeat(auto-fill, minmax(max(140px, (100% - 8px * (var(--columns) - 1)) / var(--columns) - 1px), 1fr));
}
.title[hidden] + .cameras { padding-top: 16px; }
.camera {
  display: block; position: relative; width: 100%; aspect-ratio: 16 / 9; padding: 0; border: 0; overflow: hidden;
  border-radius: var(--ha-card-border-radius, 12px); text-align: start; color: #fff; background: #202124;
}
.camera gatehouse-still, .stage gatehouse-still { position: absolute; inset: 0; }
.camera.away gatehouse-still { opacity: 0.35; }
.camera:focus-visible { outline: 3px solid var(--primary-color); outline-offset: 2px; }
.camera > .signs { position: absolute; inset: 8px 8px auto; display: flex; flex-wrap: wrap; gap: 4px; }
.camera > .told {
  position: absolute; inset: auto 0 0; display: flex; flex-direction: column; gap: 2px; padding: 6px 12px;
  background: rgb(0 0 0 / 68%);
}
.camera .name { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.why { display: inline-flex; align-items: center; gap: 6px; font-size: 13px; line-height: 1.35; }

.sign {
  --of: #9aa0a6;
  display: inline-flex; align-items: center; gap: 4px; padding: 2px 8px 2px 6px; border-radius: 12px;
  font-size: 12px; line-height: 18px; color: #fff; background: rgb(0 0 0 / 72%);
}
.sign ha-icon { --mdc-icon-size: 16px; color: var(--of); }
.sign.ongoing { --of: #4fc3f7; }
.sign.warning { --of: #ffb74d; }
.sign.bad { --of: #ff8a80; }

.stage {
  position: relative; width: 100%; aspect-ratio: var(--shape); max-height: 60dvh; overflow: hidden;
  color: #fff; background: #000; --still-fit: contain; --video-max-height: 60dvh;
}
.stage > .why { position: absolute; inset: 0; justify-content: center; background: rgb(0 0 0 / 68%); }
.player { position: absolute; inset: 0; }
.player > * { display: block; width: 100%; height: 100%; object-fit: contain; }
.facts { display: flex; flex-direction: column; gap: 16px; padding: 16px 24px 24px; }
.kept { display: flex; gap: 16px; align-items: center; margin: 0; }
.kept img { display: block; width: 160px; border-radius: 8px; }
.kept figcaption { min-width: 0; font-size: 13px; overflow-wrap: anywhere; color: var(--secondary-text-color); }

@media (max-width: 600px) {
  .facts { padding-inline: 16px; }
  .facts .actions { display: grid; grid-template-columns: 1fr 1fr; }
  .facts .actions button { padding: 0 8px; white-space: normal; border-radius: 20px; min-height: 48px; line-height: 1.2; }
  .kept { align-items: start; flex-direction: column; }
}
`;
