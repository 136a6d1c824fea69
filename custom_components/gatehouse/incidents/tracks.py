"""Who is who from one frame to the next, and who of them is there for sure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import dist
from statistics import median
from typing import Final

from ..models import Box, Detection
from .matching import Known, area, fresh, overlap, paired

# What has never moved is more likely a statue or a coat on its hook: it must be so much surer.
# Two frames in a row that share less with the first than this are a move, and not a shaking box.
STILL: Final = 0.2
MOVED: Final = 0.5
STEPS: Final = 2
# Few detectors are ever surer than this.
MOST_CERTAIN: Final = 0.8

# What settled stays settled while its box shakes; two frames elsewhere are no shaking.
STAYED: Final = 0.4
STRAYED: Final = 2
# Who sits there is lost for minutes when the light changes or somebody stands in front of him; what
# is parked, from dusk till dawn.
RESTING: Final = timedelta(minutes=10)
PARKED: Final = timedelta(hours=14)
VEHICLES: Final = frozenset({"bicycle", "boat", "bus", "car", "motorcycle", "truck"})
AT_REST: Final = 0.5
# Without any frame for so long everybody may have been exchanged; who stands still is looked at
# each two minutes at least.
FORGOTTEN: Final = timedelta(minutes=3)

# More than anybody's yard holds; a detector gone mad must not cost more and more.
MOST_TRACKS: Final = 64
MOST_POINTS: Final = 64
STEP: Final = 0.01  # of the picture: who stands still makes no path


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRules:
    """How many frames confirm an object, how sure they must be, and when it has left."""

    needed: int = 3
    of: int = 5
    """So many of its last so many frames must show an object before anybody is told."""
    certainty: float = 0.45
    """What the median of its last scores must reach, once it has moved."""
    gone_after: timedelta = timedelta(seconds=5)
    """People turn, bend down and pass behind things; unseen for so long they have left."""

    def __post_init__(self) -> None:
        """Refuse numbers with which nobody would ever be confirmed."""
        if not 1 <= self.needed <= self.of:
            raise ValueError(f"{self.needed} of {self.of} frames can never confirm anybody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One object in one camera's view, from its first frame to its last."""

    id: int
    label: str
    box: Box
    """Where it was seen last."""
    first: datetime
    last: datetime
    """When the frames that showed it first and last were captured."""
    heard: float
    """Our steady clock, in seconds, at the last of them."""
    hits: tuple[bool, ...]
    """Whether each of the last frames showed it, oldest first."""
    scores: tuple[float, ...]
    """Of the last frames that showed it."""
    best: Detection
    path: tuple[tuple[float, float], ...]
    """Where its feet were, thinned out, from the first point to the last."""
    origin: Box
    """Where it was seen first."""
    steps: int = 0
    """How many frames in a row showed it elsewhere than there; it has moved once they suffice."""
    confirmed: bool = False
    settled: Box | None = None
    """Where it stood when its incident ended; None while it is news."""
    strayed: int = 0
    """How many frames in a row showed it elsewhere than where it settled."""

    @property
    def is_news(self) -> bool:
        """Whether it is there for sure, and belongs to no incident that has ended."""
        return self.confirmed and self.settled is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A place where something settled was lost: what appears right there again is no news."""

    label: str
    box: Box
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """All objects of one camera, in the order of their coming."""

    live: tuple[Track, ...] = ()
    resting: tuple[Resting, ...] = ()
    next_id: int = 1


def followed(
    tracks: Tracks,
    found: tuple[Detection, ...],
    captured: datetime,
    *,
    now: float,
    rules: TrackRules,
) -> Tracks:
    """Return the tracks after one more frame; the order of what was found makes no difference."""
    tracks = _without(tracks, lambda track: _is_forgotten(track, now), now=now)
    found = tuple(sorted(found, key=lambda each: (-each.score, each.label, each.box)))
    pairs = paired([Known(each.label, each.box, now - each.heard) for each in tracks.live], found)
    seen = tuple(
        _hit(track, found[pairs[index]], captured, now, rules)
        if index in pairs
        else _missed(track, rules)
        for index, track in enumerate(tracks.live)
    )
    begun = tuple(
        _begun(detection, identity, captured, now, rules, settled=_rest(tracks, detection, now))
        for identity, detection in enumerate(fresh(found, set(pairs.values())), tracks.next_id)
    )
    return faded(
        replace(
            tracks,
            live=_most_telling(seen + begun),
            resting=tuple(place for place in tracks.resting if not _is_taken(place, begun)),
            next_id=tracks.next_id + len(begun),
        ),
        now=now,
        rules=rules,
    )


def present(tracks: Tracks) -> tuple[Track, ...]:
    """Return the objects that are there for sure, seen just now or hidden for a moment."""
    return tuple(track for track in tracks.live if track.confirmed)


def seen_now(tracks: Tracks, captured: datetime) -> tuple[Track, ...]:
    """Return the objects that are there for sure and that the frame captured then showed."""
    return tuple(track for track in present(tracks) if track.last == captured)


def settled(tracks: Tracks) -> Tracks:
    """Return the tracks when their incident has ended: who stays where it is, is no news."""
    return replace(
        tracks,
        live=tuple(
            replace(track, settled=track.box, strayed=0) if track.is_news else track
            for track in tracks.live
        ),
    )


def unwatched(tracks: Tracks, *, now: float) -> Tracks:
    """Return the tracks when nobody looks any more: what had settled may still be in its place."""
    return _without(tracks, lambda _: True, now=now)


def faded(tracks: Tracks, *, now: float, rules: TrackRules) -> Tracks:
    """Return the tracks at a later moment: without whoever has left meanwhile."""
    tracks = _without(tracks, lambda track: _is_lost(track, now, rules), now=now)
    return replace(tracks, resting=tuple(place for place in tracks.resting if now < place.until))


def _hit(
    track: Track, detection: Detection, captured: datetime, now: float, rules: TrackRules
) -> Track:
    """Return the track after a frame that showed it."""
    hits = (*track.hits, True)[-rules.of :]
    scores = (*track.scores, detection.score)[-rules.of :]
    away = track.settled is not None and overlap(track.settled, detection.box) < STAYED
    strayed = track.strayed + 1 if away else 0
    steps = _steps(track, detection.box)
    return replace(
        track,
        box=detection.box,
        last=captured,
        heard=now,
        hits=hits,
        scores=scores,
        best=max(track.best, detection, key=_showing),
        path=_walked(track.path, _feet(detection.box)),
        steps=steps,
        confirmed=track.confirmed or _is_certain(hits, scores, steps, rules),
        settled=None if strayed >= STRAYED else track.settled,
        strayed=strayed,
    )


def _missed(track: Track, rules: TrackRules) -> Track:
    return replace(track, hits=(*track.hits, False)[-rules.of :])


def _begun(
    detection: Detection,
    identity: int,
    captured: datetime,
    now: float,
    rules: TrackRules,
    *,
    settled: Box | None,
) -> Track:
    """Return a new track, which has settled already where it appears in a place of rest."""
    return Track(
        id=identity,
        label=detection.label,
        box=detection.box,
        first=captured,
        last=captured,
        heard=now,
        hits=(True,),
        scores=(detection.score,),
        best=detection,
        path=(_feet(detection.box),),
        origin=detection.box,
        confirmed=_is_certain((True,), (detection.score,), 0, rules),
        settled=settled,
    )


def _steps(track: Track, box: Box) -> int:
    if track.steps >= STEPS:
        return track.steps
    return track.steps + 1 if overlap(track.origin, box) < MOVED else 0


def _is_certain(
    hits: tuple[bool, ...], scores: tuple[float, ...], steps: int, rules: TrackRules
) -> bool:
    """Return whether enough frames show it and are sure; a lone picture cannot show a move."""
    least = rules.certainty
    if steps < STEPS and rules.needed > 1:
        least = max(least, min(least + STILL, MOST_CERTAIN))
    return sum(hits) >= rules.needed and median(scores) >= least


def _rest(tracks: Tracks, detection: Detection, now: float) -> Box | None:
    """Return the place of rest at which something was found, if it is one."""
    places = [
        (overlap(place.box, detection.box), place.box)
        for place in tracks.resting
        if place.label == detection.label and now < place.until
    ]
    shared, box = max(places, default=(0.0, None))
    return box if shared >= AT_REST else None


def _is_taken(place: Resting, begun: tuple[Track, ...]) -> bool:
    return any(track.label == place.label and track.settled == place.box for track in begun)


def _without(tracks: Tracks, is_lost: Callable[[Track], bool], *, now: float) -> Tracks:
    """Return the tracks without the lost ones; the settled of them leave a place of rest."""
    live = tuple(track for track in tracks.live if not is_lost(track))
    left = tuple(
        Resting(label=track.label, box=track.settled, until=now + _rest_of(track.label))
        for track in tracks.live
        if track.settled is not None and is_lost(track)
    )
    return replace(tracks, live=live, resting=(*tracks.resting, *left)[-MOST_TRACKS:])


def _rest_of(label: str) -> float:
    return (PARKED if label in VEHICLES else RESTING).total_seconds()


def _is_forgotten(track: Track, now: float) -> bool:
    return now - track.heard >= FORGOTTEN.total_seconds()


def _is_lost(track: Track, now: float, rules: TrackRules) -> bool:
    """Return whether enough frames have not shown it, and for long enough once it was certain."""
    if _is_forgotten(track, now):
        return True
    if not track.confirmed:
        return not any(track.hits)
    silent = now - track.heard >= rules.gone_after.total_seconds()
    return silent and not any(track.hits[-rules.needed :])


def _most_telling(live: tuple[Track, ...]) -> tuple[Track, ...]:
    """Return as many tracks as are kept, the certain and the newest first, in their order."""
    ranked = sorted(
        live, key=lambda each: (-each.confirmed, -each.heard, -each.best.score, each.id)
    )
    return tuple(sorted(ranked[:MOST_TRACKS], key=lambda each: each.id))


def _walked(
    path: tuple[tuple[float, float], ...], point: tuple[float, float]
) -> tuple[tuple[float, float], ...]:
    """Return the path up to the point; a step too small to tell replaces the one before."""
    if len(path) > 1 and dist(path[-2], path[-1]) < STEP:
        path = path[:-1]
    path = (*path, point)
    return path if len(path) <= MOST_POINTS else (*path[:-1:2], point)


def _showing(detection: Detection) -> float:
    """Return how well a detection shows somebody: large and sure."""
    return detection.score * area(detection.box)


def _feet(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, box.bottom
