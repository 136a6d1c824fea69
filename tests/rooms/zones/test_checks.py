"""What can be kept of names, tunings and ignore boxes, and how many of each."""

import math
from typing import Any

import pytest

from custom_components.gatehouse.models import Box, Tuning
from custom_components.gatehouse.zones import (
    CameraZones,
    IgnoreBoxBad,
    TooManyIgnoreBoxes,
    TooManyZones,
    TuningBad,
    ZoneNameBad,
    ZoneNameTaken,
)
from custom_components.gatehouse.zones.rules import (
    check_name,
    check_tuning,
    checked_ignore_box,
    checked_zone,
)
from tests.rooms.zones.drawn import BIN, ignored, mask, zone


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Drive", "Drive"),
        ("  Drive \t way\n", "Drive way"),
        ("Cafe\u0301", "Café"),
        ("玄関", "玄関"),
        ("👨‍👩‍👧 & dog", "👨‍👩‍👧 & dog"),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_name_is_kept_as_people_write_it(given: str, kept: str) -> None:
    assert check_name(given, []) == kept


@pytest.mark.parametrize("name", ["", " \n ", "x" * 41, "Drive\x00", "Drive\x1b[2J", "\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ZoneNameBad, match="1 to 40"):
        check_name(name, [])


@pytest.mark.parametrize("name", ["Straße", "STRASSE", " straße "])
def test_a_name_is_given_once_in_any_case(name: str) -> None:
    with pytest.raises(ZoneNameTaken, match="choose another name"):
        check_name(name, ["Drive", "Straße"])


def test_a_mask_cannot_have_the_name_of_a_zone() -> None:
    kept = CameraZones(zones=(zone("Drive", id="a"),))

    with pytest.raises(ZoneNameTaken):
        checked_zone(mask("drive", id="b"), kept)


def test_a_zone_may_keep_its_own_name() -> None:
    drive = zone("Drive", id="a")

    assert checked_zone(drive, CameraZones(zones=(drive,))) == drive


def test_a_camera_has_a_bound_number_of_zones_and_masks() -> None:
    half = [zone(f"Zone {number}", id=f"z{number}") for number in range(16)]
    rest = [mask(f"Mask {number}", id=f"m{number}") for number in range(16)]
    full = CameraZones(zones=(*half, *rest))

    assert checked_zone(half[0], full) == half[0]
    with pytest.raises(TooManyZones, match="at most 32"):
        checked_zone(zone("One more", id="more"), full)


def test_a_camera_has_a_bound_number_of_ignore_boxes() -> None:
    boxes = tuple(ignored(id=str(number)) for number in range(64))
    full = CameraZones(ignored=boxes)

    assert checked_ignore_box(boxes[0], full) == boxes[0]
    with pytest.raises(TooManyIgnoreBoxes, match="at most 64"):
        checked_ignore_box(ignored(id="more"), full)


def test_an_ignore_box_ends_at_the_edge_of_the_picture() -> None:
    kept = checked_ignore_box(ignored(Box(-0.1, 0.5, 0.2, 1.3)), CameraZones())

    assert kept.box == Box(0.0, 0.5, 0.2, 1.0)


@pytest.mark.parametrize(
    "given",
    [
        {"label": " "},
        {"box": Box(0.5, 0.3, 0.4, 0.6)},
        {"box": Box(0.4, 0.6, 0.5, 0.6)},
        {"box": Box(1.1, 0.3, 1.2, 0.6)},
        {"box": BIN._replace(left=math.nan)},
    ],
    ids=repr,
)
def test_an_ignore_box_is_a_labelled_box_in_the_picture(given: dict[str, Any]) -> None:
    with pytest.raises(IgnoreBoxBad, match="needs a label"):
        checked_ignore_box(ignored(**given), CameraZones())


@pytest.mark.parametrize(
    "tuning",
    [
        Tuning(),
        Tuning(threshold=0.0, certainty=1.0),
        Tuning(smallest=0.2, largest=0.3),
    ],
    ids=repr,
)
def test_a_tuning_that_lets_somebody_be_seen_is_kept(tuning: Tuning) -> None:
    check_tuning(tuning)


@pytest.mark.parametrize(
    ("tuning", "words"),
    [
        (Tuning(threshold=-0.1), "are scores"),
        (Tuning(threshold=math.nan), "are scores"),
        (Tuning(certainty=1.1), "are scores"),
        (Tuning(smallest=0.3, largest=0.3), "smallest below the largest"),
        (Tuning(smallest=-0.1), "smallest below the largest"),
        (Tuning(largest=50.0), "smallest below the largest"),
        (Tuning(largest=math.nan), "smallest below the largest"),
    ],
    ids=repr,
)
def test_a_tuning_with_which_nobody_is_seen_is_refused(tuning: Tuning, words: str) -> None:
    with pytest.raises(TuningBad, match=words):
        check_tuning(tuning)
