"""Who is who from one frame to the next, and who of them is there for sure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..models import Box, Detection
from .matching import Known, fresh, overlap, paired
from .track import Track, TrackRules, hit, missed, new_track

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
        hit(track, found[pairs[index]], captured, now, rules)
        if index in pairs
        else missed(track, rules)
        for index, track in enumerate(tracks.live)
    )
    begun = tuple(
        new_track(detection, identity, captured, now, rules, settled=_rest(tracks, detection, now))
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
