"""Which box in one frame goes on with which box of the frames before, and which is a second one."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from math import hypot, inf
from typing import Final, NamedTuple

from ..models import Box, Detection

# Boxes of one object in two frames share at least so much when it hardly moves.
SAME_PLACE: Final = 0.3
# Who does move is found within a box width at once, and within so many more for each second: people
# are half a metre wide and walk 1.4 m in a second. Beyond five it may as well be somebody else.
NEAR: Final = 1.0
PACE: Final = 2.5
FAR: Final = 5.0
# Between two frames somebody may stoop, or come out from behind a wall, but hardly grows more.
GROWTH: Final = 4.0
# A detector that doubts its first box gives a second one: nearly the same, or a part of it.
DOUBLE: Final = 0.6
PART: Final = 0.8


class Known(NamedTuple):
    """What was seen before: where last, and how many seconds ago."""

    label: str
    box: Box
    silence: float


def paired(known: Sequence[Known], found: Sequence[Detection]) -> dict[int, int]:
    """Return which of the found goes on with which of the known, by index; the best pairs first."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, before, after in sorted(_candidates(known, found)):
        if before not in pairs and after not in taken:
            pairs[before] = after
            taken.add(after)
    return pairs


def fresh(found: Sequence[Detection], taken: Collection[int]) -> list[Detection]:
    """Return, in their order, those that nothing known goes on with and that double no other."""
    seen = [found[index] for index in taken]
    new: list[Detection] = []
    for index, detection in enumerate(found):
        if index not in taken and not any(
            _is_double(detection, other) for other in chain(seen, new)
        ):
            new.append(detection)
    return new


def overlap(one: Box, other: Box) -> float:
    """Return the share of two boxes' area that both have."""
    shared = _shared(one, other)
    return shared / whole if (whole := area(one) + area(other) - shared) else 0.0


def area(box: Box) -> float:
    """Return the share of the picture that a box covers."""
    return (box.right - box.left) * (box.bottom - box.top)


def _is_double(detection: Detection, other: Detection) -> bool:
    """Return whether two detections of one frame are two boxes of one object."""
    if detection.label != other.label:
        return False
    smaller = min(area(detection.box), area(other.box))
    part = _shared(detection.box, other.box) > PART * smaller
    return part or overlap(detection.box, other.box) > DOUBLE


def _candidates(
    known: Sequence[Known], found: Sequence[Detection]
) -> Iterator[tuple[float, int, int]]:
    """Tell how unlikely each pair is that is possible at all."""
    for before, (label, box, silence) in enumerate(known):
        reach = min(NEAR + PACE * silence, FAR)
        for after, detection in enumerate(found):
            distance = _distance(box, detection.box, reach) if detection.label == label else inf
            if distance < inf:
                # Who is hidden waits for those who are in view, and takes what they leave.
                yield distance + silence, before, after


def _distance(one: Box, other: Box, reach: float) -> float:
    """Return how unlike two places are: below 1 if they overlap, infinite if out of reach."""
    shared = overlap(one, other)
    if shared >= SAME_PLACE:
        return 1 - shared
    small, large = sorted((area(one), area(other)))
    if large > GROWTH * small:
        return inf
    apart = _apart(one, other)
    return 1 + apart if apart <= reach else inf


def _apart(one: Box, other: Box) -> float:
    """Return how far two centres lie from each other, in widths and heights of their boxes."""
    width = one.right - one.left + other.right - other.left
    height = one.bottom - one.top + other.bottom - other.top
    if not width or not height:
        return inf
    across = one.left + one.right - other.left - other.right
    down = one.top + one.bottom - other.top - other.bottom
    return hypot(across / width, down / height)


def _shared(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(width, 0.0) * max(height, 0.0)
