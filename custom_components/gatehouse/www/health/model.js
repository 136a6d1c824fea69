/** What is told of how all is, and what follows from it. Pure. */

/** What is known before anything was heard. */
export const SILENCE = { state: "waiting", problem: null, health: null };

/** Return what is known after an event of the subscription. */
export function heard(known, event) {
  if (event.kind === "failed") return { ...known, state: "failed", problem: event.message };
  return { state: "ready", problem: null, health: event };
}

/** How each status of a camera looks: a class of the style. */
export const STATUS_KINDS = { online: "good", starting: "ongoing", offline: "bad", private: "" };

/** How bad each problem is. */
export const SEVERITY_KINDS = { critical: "critical", error: "bad", warning: "warning" };

/** Return what a sentence of Home Assistant's repairs says, by its paragraphs, without its markup. */
export const paragraphsOf = (text) =>
  text.split(/\n{2,}/).map((each) => each.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll(/[*`]/g, "").trim()).filter(Boolean);

/** Return the marks of a machine that says that something hinders it. */
export const hindrancesOf = ({ under_voltage: low, throttled, clock_synchronised: isSet }) => [
  ...(low ? [["bad", "under_voltage"]] : []),
  ...(throttled ? [["warning", "throttled"]] : []),
  ...(isSet === false ? [["warning", "clock_unset"]] : []),
];

/** Return what is measured of a machine, in the order in which people ask: its name, unit and value. */
export function measuresOf({ stats, clock_ahead_s: ahead }) {
  const all = [
    ["cpu", "percent", stats.cpu_percent],
    ["memory", "percent", stats.memory_percent],
    ["disk", "percent", stats.disk_percent],
    ["disk_free", "bytes", stats.disk_free_bytes],
    ["temperature", "temperature", stats.temperature_c],
    ["load", "number", stats.load],
    ["cma_free", "bytes", stats.cma_free_bytes],
    ["received", "bytes_per_second", stats.received_bytes_s],
    ["sent", "bytes_per_second", stats.sent_bytes_s],
    ["clock", "seconds", ahead],
    ["booted", "moment", stats.booted],
  ];
  return [...all, ...stats.gpus.flatMap(gpuMeasures)].filter(([, , value]) => value !== null && value !== undefined);
}

/** Return the device of an agent, undefined if Home Assistant has none. */
export const deviceOf = (hass, agent) =>
  Object.values(hass.devices).find((device) =>
    device.identifiers.some(([domain, id]) => domain === "gatehouse" && id === agent.id),
  );

/** Return whether Home Assistant can do that for Gatehouse. */
export const canDo = (hass, action) => Boolean(hass.services.gatehouse?.[action]);

const gpuMeasures = (gpu) => [
  ["gpu", "percent", gpu.utilisation_percent],
  ["gpu_memory", "percent", gpu.memory_percent],
  ["gpu_temperature", "temperature", gpu.temperature_c],
];
