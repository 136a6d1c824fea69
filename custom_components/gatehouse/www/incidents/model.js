/** What the incidents card shows, out of what Gatehouse tells. Pure: no page, no clock, no connection. */

export const SILENCE = { state: "waiting", incidents: [], problem: null };

export const MOST = 50;

/** Return what is known after an event of the subscription. */
export function heard(feed, event, limit) {
  if (event.kind === "failed") return { ...feed, state: "failed", problem: event.message };
  if (event.kind === "page") return { state: "ready", incidents: event.incidents, problem: null };
  const others = feed.incidents.filter((incident) => incident.id !== event.incident.id);
  const incidents = [event.incident, ...others].sort(newestFirst).slice(0, limit);
  return { ...feed, incidents };
}

/** Return an incident as a row of the list. */
export function rowOf(incident) {
  return {
    id: incident.id,
    place: incident.place,
    started: new Date(incident.started),
    ongoing: incident.state === "open",
    falseAlarm: incident.false_alarm,
    level: incident.level,
    summary: incident.summary || incident.reasons.join(", ") || incident.labels.join(", "),
    picture: incident.picture_url,
  };
}

/** Return rows by days, each with what `dayOf` calls it. */
export function daysOf(rows, dayOf) {
  const days = new Map();
  for (const row of rows) {
    const day = dayOf(row.started);
    days.set(day, [...(days.get(day) ?? []), row]);
  }
  return [...days].map(([day, held]) => ({ day, rows: held }));
}

/** Return an incident as its dialog shows it; footage is missing until it was asked for. */
export function detailsOf(incident) {
  return {
    ...rowOf(incident),
    risk: incident.risk,
    reasons: incident.summary ? incident.reasons : [],
    clips: incident.footage ? clipsOf(incident) : null,
  };
}

/** Return what to say instead of a clip: the key of a word, null if a clip can be played. */
export function whyNoClip({ clips, ongoing }) {
  if (!clips || clips.some((clip) => clip.url)) return null;
  const stages = new Set(clips.map((clip) => clip.stage));
  if (ongoing || [...stages].some((stage) => !OVER.has(stage))) return "coming";
  if (stages.has("failed")) return "lost";
  return stages.has("expired") ? "expired" : "missing";
}

/** Return what Gatehouse is asked for, out of what was typed into the form. */
export function wishOf(footage, { amount, unit, uses, note }) {
  const wish = { footage_id: footage, lifetime: { [unit]: Number(amount) }, note: note.trim() };
  return uses ? { ...wish, uses: Number(uses) } : wish;
}

/** Return the living links: those to one clip, and those to others. */
export function linksOf(shares, footage, origin) {
  const links = shares.map((share) => linkOf(share, origin));
  return {
    own: links.filter((link) => link.footage === footage),
    others: links.filter((link) => link.footage !== footage),
  };
}

/** Return a link as it is shown; one that is only a path is taken from where this page is. */
export function linkOf(share, origin) {
  return {
    id: share.id,
    address: new URL(share.url, origin).href,
    hint: share.hint,
    footage: share.footage_id,
    camera: share.camera,
    filmed: share.since ? new Date(share.since) : null,
    until: new Date(share.expires),
    uses: share.uses,
    most: share.most_uses,
    note: share.note,
  };
}

const OVER = new Set(["failed", "expired"]);

const newestFirst = (one, other) => Date.parse(other.started) - Date.parse(one.started);

/** Return the clips, the longest that can be played first. */
function clipsOf(incident) {
  const entities = new Map(incident.sightings.map((seen) => [seen.camera, seen.entity_id]));
  const clips = incident.footage.map((clip) => ({
    id: clip.id,
    camera: entities.get(clip.camera) ?? null,
    seconds: Math.round(clip.duration ?? 0),
    stage: clip.stage,
    url: clip.url,
    poster: clip.poster_url,
  }));
  return clips.sort((one, other) => Boolean(other.url) - Boolean(one.url) || other.seconds - one.seconds);
}
