/** How zones look on a picture. */
export const STYLE = `
.canvas {
  position: relative; width: 100%; aspect-ratio: var(--shape); overflow: hidden; background: #202124;
  user-select: none; -webkit-user-select: none; touch-action: manipulation; cursor: pointer;
}
.canvas.drawing { cursor: crosshair; }
.canvas gatehouse-still, .outline, .outline svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.outline { --of: #4fc3f7; pointer-events: none; }
.outline.mask { --of: #ff8a80; }
.outline.crossing { --of: #ffd600; }
.outline.other { opacity: 0.75; }
.drawing .outline.other { opacity: 0.4; }
.outline polygon, .outline polyline {
  fill: none; stroke: rgb(0 0 0 / 60%); stroke-width: 5; stroke-linejoin: round; vector-effect: non-scaling-stroke;
}
.outline polygon + polygon { fill: color-mix(in srgb, var(--of) 22%, transparent); }
.outline polygon + polygon, .outline polyline + polyline { stroke: var(--of); stroke-width: 2.5; }
.outline.crossing polygon + polygon, .outline.crossing polyline + polyline { stroke-dasharray: 8 5; }
.ignored { position: absolute; border: 2px dashed #ffd180; outline: 1px solid rgb(0 0 0 / 50%); pointer-events: none; }
.canvas .name, .refusal {
  position: absolute; transform: translate(-50%, -50%); max-width: 60%; padding: 2px 8px; border-radius: 8px;
  font-size: 13px; line-height: 1.35; color: #fff; background: rgb(0 0 0 / 75%); pointer-events: none;
  overflow-wrap: anywhere;
}
.refusal { transform: translate(-50%, 12px); width: max-content; max-width: min(60%, 280px); background: #8c1d18; }

/* Fingers are larger than what they mean. */
.corner {
  position: absolute; width: 44px; height: 44px; margin: -22px 0 0 -22px; padding: 0; border: 0; border-radius: 50%;
  background: none; touch-action: none; cursor: grab;
}
.corner:active { cursor: grabbing; }
.corner::before {
  content: ""; position: absolute; inset: 14px; border: 2px solid #fff; border-radius: 50%;
  background: #0277bd; box-shadow: 0 0 0 2px rgb(0 0 0 / 50%);
}
.corner.closes::before { inset: 10px; background: #2e7d32; }
.corner:focus-visible { outline: 3px solid #fff; outline-offset: -10px; }

.zones form { display: flex; flex-direction: column; gap: 12px; }
.zones .rows li {
  display: flex; align-items: center; min-height: 48px; border-top: 1px solid var(--divider-color, #ddd);
}
.zones .what { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.mark.zone { --of: #4fc3f7; }
.mark.mask { --of: #ff8a80; }
.zones h3 { font-size: 16px; }
.zones .status { padding: 0; }
`;
