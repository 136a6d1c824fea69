/** Words and times as whoever looks at Home Assistant wants them. */

import { WORDS } from "./words.js";

const spoken = new WeakMap();

/** By what a user wants: they take long to make. */
const clocks = new WeakMap();
const NOWHERE = {};

/** Return a function from keys to words: of the language, else English; {name} is filled in. */
export function wordsOf(tables, language = "en") {
  if (!spoken.has(tables)) spoken.set(tables, new Map());
  const known = spoken.get(tables);
  if (!known.has(language)) known.set(language, speech(tables, language));
  return known.get(language);
}

/** Return tables as one: of each language, the words of all. */
export const joined = (first, second) =>
  Object.fromEntries(Object.keys(first).map((language) => [language, { ...first[language], ...second[language] }]));

/** Return the words of the language that this page is in, for what knows no Home Assistant. */
export const wordsHere = (tables) => wordsOf(tables, document.documentElement.lang || "en");

function speech(tables, language) {
  const all = ["en", language.split("-")[0], language].flatMap((each) => [WORDS[each], tables[each]]);
  const words = Object.assign({}, ...all);
  return (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Return why a request failed, as a sentence: Home Assistant's own in the language, if it has one. */
export async function sentenceOf(hass, error) {
  if (error.translation_domain && error.translation_key && hass.loadBackendTranslation) {
    const localize = await hass.loadBackendTranslation("exceptions", error.translation_domain);
    const key = `component.${error.translation_domain}.exceptions.${error.translation_key}.message`;
    const told = localize(key, error.translation_placeholders ?? {});
    if (told) return told;
  }
  return error.message || String(error.code ?? error);
}

/** Return how moments are written: `day` (today, yesterday, a date), `time`, and both: `moment`. */
export function timesOf(hass) {
  const of = hass.locale ?? NOWHERE;
  const known = clocks.get(of);
  if (known?.zone === hass.config?.time_zone) return known.times;
  const times = clockOf(hass);
  clocks.set(of, { zone: hass.config?.time_zone, times });
  return times;
}

function clockOf(hass) {
  const { language = "en", time_format: format, time_zone: zone } = hass.locale ?? {};
  const timeZone = zone === "server" ? hass.config.time_zone : undefined;
  const hour12 = { 12: true, 24: false }[format];
  const locale = format === "system" ? undefined : language;
  const date = new Intl.DateTimeFormat(language, { timeZone, dateStyle: "full" });
  const time = new Intl.DateTimeFormat(locale, { timeZone, hour12, hour: "numeric", minute: "2-digit" });
  const both = new Intl.DateTimeFormat(locale, {
    ...{ timeZone, hour12, day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  });
  const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const iso = new Intl.DateTimeFormat("sv-SE", { timeZone });
  const dayOf = (moment) => Date.parse(iso.format(moment)) / 86_400_000; // in UTC each day has 24 hours
  const sentence = (text) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
  return {
    day(moment, now = new Date()) {
      const ago = dayOf(now) - dayOf(moment);
      return 0 <= ago && ago < 2 ? sentence(near.format(-ago, "day")) : date.format(moment);
    },
    time: (moment) => time.format(moment),
    moment: (moment) => both.format(moment),
  };
}
