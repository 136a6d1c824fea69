/** What the sheet of one incident shows, out of what Gatehouse tells. Pure, as the model. */

import { rowOf } from "../model.js";

const OVER = new Set(["failed", "expired"]);

/** Why somebody was denied, as agents say it; other systems say it in words of their own. */
export const REASONS = new Set([
  ...["no_grants", "clock", "grants_expired", "locked_out", "unknown_card", "lockdown", "keep_locked", "disabled"],
  ...["not_yet_valid", "expired", "no_access", "outside_schedule", "uses_exhausted", "antipassback"],
  ...["pin_timeout", "wrong_pin"],
]);

/** Return an incident as its sheet shows it; clips are null until its footage was asked for. */
export function detailsOf(incident) {
  return {
    ...rowOf(incident),
    risk: incident.risk,
    labels: incident.labels,
    count: incident.count,
    seconds: Math.round((Date.parse(incident.last_seen) - Date.parse(incident.started)) / 1000),
    zones: incident.zones,
    reasons: incident.summary ? incident.reasons : [],
    author: incident.author,
    assessment: incident.assessment,
    passages: incident.passages.map(passageOf),
    frames: incident.frame_urls.map((url, number) => ({ url, found: incident.frame_detections[number] })),
    clips: incident.footage ? clipsOf(incident) : null,
  };
}

/** Return the details as they are now; a clip that may be playing stays at its address. */
export function renewed(details, before) {
  const there = new Map((before?.clips ?? []).filter((clip) => clip.url).map((clip) => [clip.id, clip]));
  const stays = ({ url, poster }) => ({ url, poster });
  const clips = details.clips ?? before?.clips ?? null;
  return { ...details, clips: clips?.map((clip) => ({ ...clip, ...(there.has(clip.id) && stays(there.get(clip.id))) })) ?? null };
}

/** Return what to say instead of a clip: the key of a word, null if a clip can be played. */
export function whyNoClip({ clips, ongoing }) {
  if (!clips || clips.some((clip) => clip.url)) return null;
  const stages = new Set(clips.map((clip) => clip.stage));
  if (ongoing || [...stages].some((stage) => !OVER.has(stage))) return "coming";
  if (stages.has("failed")) return "lost";
  return stages.has("expired") ? "expired" : "missing";
}

/** Return what can be looked at, the best first: clips, the best picture, and the others in the order of time. */
export function shownOf({ clips, picture, frames }) {
  const playable = (clips ?? []).filter((clip) => clip.url);
  // What is known of no frame is drawn into the picture: the incident goes on, or is an old one.
  const best = bestOf(frames) ?? (picture && { url: picture, found: [] });
  const others = frames.filter((frame) => frame !== best);
  return [
    ...playable.map((clip, place) => ({ ...clip, kind: "clip", ...(!place && best && { poster: picture ?? best.url, plain: best.url }) })),
    ...(best ? [{ id: "picture", kind: "picture", ...best }] : []),
    ...others.map((frame, place) => ({ id: `frame ${place}`, kind: "frame", number: place + 1, ...frame })),
  ];
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

/** Return what happened at a door: who, where, when, how it went, and why. */
function passageOf(passage) {
  return {
    id: passage.id,
    kind: passage.kind,
    door: passage.door_name,
    person: passage.person,
    reason: passage.reason,
    at: new Date(passage.at),
  };
}

/** Return the frame that Gatehouse made the picture of an incident from; undefined if there is none with boxes. */
function bestOf(frames) {
  const merit = ({ score, box }) => score * (box.right - box.left) * (box.bottom - box.top);
  const best = (frame) => Math.max(...frame.found.map(merit));
  return frames.filter((frame) => frame.found.length).toSorted((one, other) => best(other) - best(one))[0];
}

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
