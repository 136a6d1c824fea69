"""One object from frame to frame: where it was, whether it is there for sure, and has moved."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import dist
from statistics import median
from typing import Final

from ..models import Box, Detection
from .matching import area, overlap

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

# A path is thinned out beyond so many points; who stands still makes none.
MOST_POINTS: Final = 64
STEP: Final = 0.01  # of the picture


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


def hit(
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


def missed(track: Track, rules: TrackRules) -> Track:
    """Return the track after a frame that did not show it."""
    return replace(track, hits=(*track.hits, False)[-rules.of :])


def new_track(
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
