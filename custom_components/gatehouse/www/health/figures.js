/** Figures as whoever looks at Home Assistant writes them. */

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** Return how to write a value, by its unit. */
export function figuresOf(hass, times) {
  const written = (value, unit, digits = 0) =>
    new Intl.NumberFormat(hass.language, { style: "unit", unit, maximumFractionDigits: digits }).format(value);
  const sized = (bytes, suffix = "") => {
    const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), SIZES.length - 1);
    const value = bytes / 1000 ** power;
    return written(value, `${SIZES[power]}${suffix}`, value < 10 && power ? 1 : 0);
  };
  const isFahrenheit = hass.config.unit_system.temperature === "°F";
  return {
    percent: (value) => written(value, "percent"),
    bytes: (value) => sized(value),
    bytes_per_second: (value) => sized(value, "-per-second"),
    temperature: (value) =>
      isFahrenheit ? written(value * 1.8 + 32, "fahrenheit") : written(value, "celsius"),
    number: (value) => new Intl.NumberFormat(hass.language, { maximumFractionDigits: 2 }).format(value),
    // Less than nothing is nothing.
    seconds: (value) => written(Math.round(value * 10) / 10 + 0, "second", Math.abs(value) < 10 ? 1 : 0),
    milliseconds: (value) => written(value, "millisecond", value < 10 ? 1 : 0),
    moment: (value) => times.moment(new Date(value * 1000)),
  };
}
