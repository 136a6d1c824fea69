"""Which detections of a camera count, and what of people's wishes about that can be kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
import unicodedata

from ..models import Box, Detection, IgnoreBox, Tuning, Zone, ZoneKind
from .errors import (
    IgnoreBoxBad,
    TooManyIgnoreBoxes,
    TooManyZones,
    TuningBad,
    ZoneNameBad,
    ZoneNameTaken,
)
from .polygons import check_polygon, is_inside

# Every detection of every frame is held against all of them.
MOST_ZONES: Final = 32
MOST_IGNORED: Final = 64

LONGEST_NAME: Final = 40
NOT_TEXT: Final = frozenset({"Cc", "Cs"})  # control characters and halves of characters

# A detector's box around a thing that stands still wanders by up to a tenth of its sides, and the
# ignore box is one such box. Judged by its centre and its shape, one in a hundred of such boxes is
# not recognised; by an overlap of half it would be one in thirteen. Somebody of the thing's own
# size who walks past is lost within a third of its width either way: no longer by either measure.
SAME_SPOT: Final = 1 / 3
SAME_SHAPE: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraZones:
    """What people have said about one camera's picture."""

    zones: tuple[Zone, ...] = ()
    """Zones and masks, by name."""
    ignored: tuple[IgnoreBox, ...] = ()
    """The oldest first."""
    tuning: Tuning = field(default_factory=Tuning)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRules:
    """What a detection of one camera must be to count."""

    threshold: float
    certainty: float
    smallest: float
    largest: float
    zones: tuple[Zone, ...]
    masks: tuple[Zone, ...]
    ignored: tuple[IgnoreBox, ...]


def camera_rules(kept: CameraZones, threshold: float, certainty: float) -> CameraRules:
    """Return a camera's rules; what it leaves open is the site's threshold and certainty."""
    tuning = kept.tuning
    return CameraRules(
        threshold=threshold if tuning.threshold is None else tuning.threshold,
        certainty=certainty if tuning.certainty is None else tuning.certainty,
        smallest=tuning.smallest,
        largest=tuning.largest,
        zones=tuple(zone for zone in kept.zones if zone.kind is ZoneKind.ZONE),
        masks=tuple(zone for zone in kept.zones if zone.kind is ZoneKind.MASK),
        ignored=kept.ignored,
    )


def wanted(found: Iterable[Detection], rules: CameraRules) -> tuple[Detection, ...]:
    """Return the detections that count, in their order.

    Sure enough, of a size that is asked for, standing in a zone if there is one and in no mask,
    and not what is ignored. Somebody who walks past an ignored thing may be lost for the moment in
    which both look alike; whoever counts frames bears that.
    """
    return tuple(detection for detection in found if _counts(detection, rules))


def zones_of(box: Box, zones: Iterable[Zone]) -> tuple[Zone, ...]:
    """Return the zones that hold the bottom centre of a box: where somebody's feet are."""
    # A box that reaches out of the picture stands at its edge.
    foot = (_within((box.left + box.right) / 2), _within(box.bottom))
    return tuple(zone for zone in zones if is_inside(foot, zone.points))


def ignored_as(label: str, box: Box, ignored: Iterable[IgnoreBox]) -> IgnoreBox | None:
    """Return the ignored thing that a box of this label shows, if it shows one."""
    things = (each for each in ignored if each.label == label and _is_same(box, each.box))
    return next(things, None)


def with_zone(kept: CameraZones, zone: Zone) -> CameraZones:
    """Return what is kept with a zone or mask, instead of an older one of its id."""
    zones = [*(each for each in kept.zones if each.id != zone.id), zone]
    return replace(kept, zones=tuple(sorted(zones, key=lambda each: each.name.casefold())))


def with_ignored(kept: CameraZones, box: IgnoreBox) -> CameraZones:
    """Return what is kept with an ignore box, instead of an older one of its id."""
    boxes = [*(each for each in kept.ignored if each.id != box.id), box]
    return replace(kept, ignored=tuple(sorted(boxes, key=lambda each: (each.created, each.id))))


def without(kept: CameraZones, gone: Zone | IgnoreBox) -> CameraZones:
    """Return what is kept without a zone, mask or ignore box."""
    return replace(
        kept,
        zones=tuple(each for each in kept.zones if each.id != gone.id),
        ignored=tuple(each for each in kept.ignored if each.id != gone.id),
    )


def checked_zone(zone: Zone, kept: CameraZones) -> Zone:
    """Return a zone as it can be kept beside the camera's others; raises ZoneError if it cannot."""
    others = [each for each in kept.zones if each.id != zone.id]
    if len(others) >= MOST_ZONES:
        raise TooManyZones(
            f"A camera has at most {MOST_ZONES} zones and masks: remove one, or join some"
        )
    name = check_name(zone.name, (other.name for other in others))
    return replace(zone, name=name, points=check_polygon(zone.points))


def checked_ignore_box(box: IgnoreBox, kept: CameraZones) -> IgnoreBox:
    """Return an ignore box as it can be kept, inside the picture; raises ZoneError if it cannot."""
    within = Box(*map(_within, box.box))
    if not box.label.strip() or not (within.left < within.right and within.top < within.bottom):
        raise IgnoreBoxBad("An ignore box needs a label and a box that lies in the picture")
    if sum(each.id != box.id for each in kept.ignored) >= MOST_IGNORED:
        raise TooManyIgnoreBoxes(
            f"A camera has at most {MOST_IGNORED} ignore boxes: remove some, or draw a mask"
        )
    return replace(box, box=within)


def check_tuning(tuning: Tuning) -> None:
    """Raise TuningBad for a tuning with which nobody could ever be seen."""
    scores = (tuning.threshold, tuning.certainty)
    if not all(score is None or 0 <= score <= 1 for score in scores):
        raise TuningBad("Threshold and certainty are scores: choose each from 0 to 1")
    if not 0 <= tuning.smallest < tuning.largest <= 1:
        raise TuningBad(
            "The sizes are shares of the picture from 0 to 1: choose a smallest below the largest"
        )


def check_name(name: str, taken: Iterable[str]) -> str:
    """Return a name with plain spaces; raises ZoneError if it is none, or one that is taken."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    is_text = NOT_TEXT.isdisjoint(map(unicodedata.category, name))
    if not (is_text and 0 < len(name) <= LONGEST_NAME):
        raise ZoneNameBad(f"Choose a name of 1 to {LONGEST_NAME} letters, digits and signs")
    if name.casefold() in {other.casefold() for other in taken}:
        raise ZoneNameTaken(f"This camera already has a {name!r}: choose another name")
    return name


def _counts(detection: Detection, rules: CameraRules) -> bool:
    box = detection.box
    size = (box.right - box.left) * (box.bottom - box.top)
    return (
        detection.score >= rules.threshold
        and rules.smallest <= size <= rules.largest
        and not zones_of(box, rules.masks)
        and (not rules.zones or bool(zones_of(box, rules.zones)))
        and ignored_as(detection.label, box, rules.ignored) is None
    )


def _is_same(box: Box, thing: Box) -> bool:
    """Return whether a box is at the spot and of the shape of a thing, both ways."""
    return _is_same_span(box.left, box.right, thing.left, thing.right) and _is_same_span(
        box.top, box.bottom, thing.top, thing.bottom
    )


def _is_same_span(start: float, end: float, thing_start: float, thing_end: float) -> bool:
    length, thing = end - start, thing_end - thing_start
    return (
        abs((start + end) - (thing_start + thing_end)) / 2 <= thing * SAME_SPOT
        and length <= thing * SAME_SHAPE
        and thing <= length * SAME_SHAPE
    )


def _within(number: float) -> float:
    return min(max(number, 0.0), 1.0)
