"""Which detections count."""

from random import Random
from typing import Any

import pytest

from custom_components.gatehouse.models import Box, Detection, Tuning
from custom_components.gatehouse.zones import CameraRules, CameraZones, wanted, zones_of
from custom_components.gatehouse.zones.rules import camera_rules
from tests.rooms.zones.drawn import BIN, LEFT_HALF, TOP_HALF, WHOLE, ignored, mask, person, zone

SITE = {"threshold": 0.5, "certainty": 0.6}


def rules(**kept: Any) -> CameraRules:
    """Return the rules of a camera of which this is kept."""
    return camera_rules(CameraZones(**kept), **SITE)


def test_a_camera_of_which_nothing_is_kept_takes_the_sites_numbers() -> None:
    assert rules() == CameraRules(
        threshold=0.5,
        certainty=0.6,
        smallest=0.0,
        largest=1.0,
        zones=(),
        masks=(),
        ignored=(),
    )


def test_a_cameras_own_numbers_come_first_and_zero_is_one_of_them() -> None:
    tuning = Tuning(threshold=0.0, certainty=0.9, smallest=0.1, largest=0.2)

    own = rules(tuning=tuning)

    assert (own.threshold, own.certainty, own.smallest, own.largest) == (0.0, 0.9, 0.1, 0.2)


def test_zones_and_masks_are_told_apart() -> None:
    drive, street, bins = zone("Drive"), mask("Street"), ignored()

    own = rules(zones=(drive, street), ignored=(bins,))

    assert (own.zones, own.masks, own.ignored) == ((drive,), (street,), (bins,))


@pytest.mark.parametrize(("score", "counts"), [(0.49, False), (0.5, True), (1.0, True)])
def test_a_detection_must_be_sure_enough(score: float, counts: bool) -> None:
    assert bool(wanted([person(score=score)], rules())) is counts


@pytest.mark.parametrize(
    ("box", "counts"),
    [
        pytest.param(Box(0.25, 0.25, 0.5, 0.375), False, id="too small"),
        pytest.param(Box(0.25, 0.25, 0.5, 0.5), True, id="just large enough"),
        pytest.param(Box(0.25, 0.25, 0.75, 0.75), True, id="just small enough"),
        pytest.param(Box(0.0, 0.25, 0.75, 0.75), False, id="too large"),
    ],
)
def test_a_detection_must_be_of_the_size_that_is_asked_for(box: Box, counts: bool) -> None:
    sized = rules(tuning=Tuning(smallest=1 / 16, largest=1 / 4))

    assert bool(wanted([person(box)], sized)) is counts


AT_LEFT = person(Box(0.1, 0.2, 0.3, 0.4))
AT_LEFT_BELOW = person(Box(0.1, 0.2, 0.3, 0.9))
AT_RIGHT = person(Box(0.7, 0.2, 0.9, 0.4))


@pytest.mark.parametrize(
    ("drawn", "counting"),
    [
        pytest.param([], [AT_LEFT, AT_LEFT_BELOW, AT_RIGHT], id="nothing drawn"),
        pytest.param([zone(points=LEFT_HALF)], [AT_LEFT, AT_LEFT_BELOW], id="one zone"),
        pytest.param(
            [zone(points=LEFT_HALF), zone(points=TOP_HALF)],
            [AT_LEFT, AT_LEFT_BELOW, AT_RIGHT],
            id="any of two zones",
        ),
        pytest.param([mask(points=TOP_HALF)], [AT_LEFT_BELOW], id="feet below a mask"),
        pytest.param(
            [zone(points=LEFT_HALF), mask(points=TOP_HALF)], [AT_LEFT_BELOW], id="a mask in a zone"
        ),
        pytest.param([zone(points=WHOLE), mask(points=WHOLE)], [], id="all masked"),
    ],
)
def test_zones_include_and_masks_exclude(drawn: list[Any], counting: list[Detection]) -> None:
    found = [AT_LEFT, AT_LEFT_BELOW, AT_RIGHT]

    assert list(wanted(found, rules(zones=tuple(drawn)))) == counting


def test_somebody_is_in_each_zone_that_holds_his_feet() -> None:
    left, top = zone("Left", points=LEFT_HALF), zone("Top", points=TOP_HALF)

    assert zones_of(AT_LEFT.box, (left, top)) == (left, top)
    assert zones_of(AT_LEFT_BELOW.box, (top, left)) == (left,)
    assert zones_of(AT_RIGHT.box, (left,)) == ()


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(Box(0.1, 0.5, 0.3, 1.0), id="cut off by the lower edge"),
        pytest.param(Box(0.1, 0.5, 0.3, 1.1), id="reaching out below"),
        pytest.param(Box(-0.4, 0.5, 0.1, 0.9), id="reaching out at the left"),
        pytest.param(Box(0.4, 0.5, 0.6, 0.9), id="with the feet on the zone's edge"),
    ],
)
def test_who_reaches_out_of_the_picture_stands_at_its_edge(box: Box) -> None:
    left = zone(points=LEFT_HALF)

    assert zones_of(box, (left,)) == (left,)


def test_what_is_ignored_is_ignored_for_its_own_label_only() -> None:
    found = (person(), person(label="dog"))

    assert wanted(found, rules(ignored=(ignored(),))) == (found[1],)


def wandered(box: Box, chance: Random, jitter: float) -> Box:
    """Return the box as a detector draws it another time."""
    wide, high = box.right - box.left, box.bottom - box.top
    sides = zip(box, (wide, high, wide, high), strict=True)
    return Box(*(at + chance.gauss(0, jitter) * length for at, length in sides))


def passing(walker: Box, chance: Random, *, step: float) -> list[Box]:
    """Return somebody walking through the picture from left to right, a box for each frame."""
    begin = chance.uniform(-1.0, -0.9)
    walk = [begin + step * number for number in range(round(2 / step))]
    path = [walker._replace(left=walker.left + x, right=walker.right + x) for x in walk]
    return [wandered(box, chance, 0.05) for box in path]


@pytest.mark.parametrize(
    ("jitter", "recognised"),
    [
        pytest.param(0.03, 1.0, id="by day"),
        pytest.param(0.05, 1.0, id="by night"),
        pytest.param(0.08, 0.999, id="in rain"),
        pytest.param(0.10, 0.985, id="a few pixels large"),
    ],
)
def test_a_thing_that_stands_still_is_recognised_though_its_box_wanders(
    jitter: float, recognised: float
) -> None:
    chance = Random(jitter)
    pairs = [(wandered(BIN, chance, jitter), wandered(BIN, chance, jitter)) for _ in range(5000)]

    ignoring = [not wanted([person(now)], rules(ignored=(ignored(then),))) for then, now in pairs]

    assert sum(ignoring) >= recognised * len(pairs)


@pytest.mark.parametrize(
    "walker",
    [
        pytest.param(BIN, id="of the very size of the thing"),
        pytest.param(Box(0.4, 0.12, 0.5, 0.6), id="taller"),
        pytest.param(Box(0.41, 0.35, 0.49, 0.65), id="in front of it"),
    ],
)
def test_somebody_who_walks_past_an_ignored_thing_is_lost_for_a_moment_only(walker: Box) -> None:
    chance = Random(walker.top)
    bins = rules(ignored=(ignored(),))
    # A person is half a metre wide and walks 1.25 m/s: at 5 frames a second half a width a frame.
    walks = [passing(walker, chance, step=0.05) for _ in range(500)]

    lost = [sum(not wanted([person(box)], bins) for box in walk) for walk in walks]

    assert max(lost) <= 3
    assert sum(lost) / len(lost) < 2


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(Box(0.44, 0.3, 0.54, 0.6), id="beside it"),
        pytest.param(Box(0.4, 0.42, 0.5, 0.72), id="before it"),
        pytest.param(Box(0.3, 0.05, 0.6, 0.7), id="much larger, and hiding it"),
        pytest.param(Box(0.43, 0.4, 0.47, 0.5), id="much smaller, far behind it"),
        pytest.param(Box(0.34, 0.43, 0.56, 0.47), id="lying on it"),
    ],
)
def test_somebody_at_an_ignored_thing_who_does_not_look_like_it_counts(box: Box) -> None:
    assert wanted([person(box)], rules(ignored=(ignored(),)))
