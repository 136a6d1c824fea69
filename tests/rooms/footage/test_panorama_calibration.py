"""Two stills tell how two cameras' pictures lie beside each other, or why they do not."""

from dataclasses import replace
import json
import sys
from typing import Any

import cv2
import numpy as np
import pytest

from custom_components.gatehouse.footage import opencv
from custom_components.gatehouse.footage.calibration import Calibration
from custom_components.gatehouse.footage.errors import FootageError, NoOverlap, PanoramaUnavailable
from custom_components.gatehouse.footage.panorama import (
    calibrate,
    calibrate_by_points,
    has_moved,
    why_no_panorama,
)
from tests.rooms.footage.views import SIZE, Seen, between, grid, jpeg, look, moved, pair, place

KNOWN = Calibration(
    homography=(1.0, 0.0, 400.0, 0.0, 1.0, 10.0, 0.0, 0.0, 1.0),
    left_size=(640, 360),
    right_size=(640, 360),
    inliers=200,
    share=0.9,
    error=0.4,
    overlap=0.375,
)
CORNERS = [(20.0, 30.0), (230.0, 20.0), (240.0, 330.0), (30.0, 340.0)]
"""Of what the right picture shares with the left one."""


def off_by(calibration: Calibration, left: Seen, right: Seen) -> float:
    """Return how far from the truth the middle one of the shared points is put, in pixels."""
    points = grid(right.size)
    truth = moved(between(left, right), points)
    shared = ((truth >= 0) & (truth <= left.size)).all(axis=1)
    off = moved(calibration.homography, points[shared]) - truth[shared]
    return float(np.median(np.hypot(off[:, 0], off[:, 1])))


def reason_for(left: bytes, right: bytes) -> NoOverlap:
    """Return why two pictures are refused."""
    with pytest.raises(NoOverlap) as refused:
        calibrate(left, right)
    return refused.value


def clicked(left: Seen, right: Seen, points: Any = CORNERS) -> list[Any]:
    """Return what somebody shows who shows it exactly."""
    there = moved(between(left, right), np.array(points))
    return list(zip(map(tuple, there.tolist()), points, strict=True))


def flat(grey: int = 128) -> bytes:
    """Return a picture of a bare wall, by a sensor that is not quite quiet."""
    wall = np.random.default_rng(1).normal(grey, 3, (*SIZE[::-1], 3))
    return jpeg(wall.astype(np.uint8))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"noise": 4, "light": 1.5},
        {"noise": 4, "light": 0.6, "apart": 38},
        {"noise": 4, "apart": 16},
        {"noise": 3, "size": (1920, 1080), "light": 1.3},
    ],
    ids=str,
)
def test_points_are_put_less_than_two_pixels_from_where_they_are(how: dict[str, Any]) -> None:
    left, right = pair(**how)

    calibration = calibrate(left.jpeg, right.jpeg)

    assert off_by(calibration, left, right) < 0.5 * left.size[0] / 640
    assert calibration.error < 1.0
    assert calibration.inliers >= 25
    assert calibration.share > 0.9
    assert calibration.gain == pytest.approx(how.get("light", 1.0), rel=0.1)
    assert (calibration.left_size, calibration.right_size) == (left.size, right.size)


def test_cameras_need_not_be_alike() -> None:
    left, right = look(-14, size=(960, 540)), look(12, 1, 3, zoom=1.3)

    calibration = calibrate(left.jpeg, right.jpeg)

    assert off_by(calibration, left, right) < 1


def test_the_overlap_is_told() -> None:
    overlaps = [calibrate(*(each.jpeg for each in pair(apart))).overlap for apart in (38, 30, 16)]

    assert overlaps == sorted(overlaps)
    assert overlaps == pytest.approx([0.3, 0.43, 0.69], abs=0.05)


def test_cameras_that_were_taken_for_each_other_fit_too_and_it_is_told() -> None:
    left, right = pair()

    assert calibrate(right.jpeg, left.jpeg).is_swapped
    assert not calibrate(left.jpeg, right.jpeg).is_swapped


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 1), (2, 5)])
def test_pictures_of_different_places_are_refused(seeds: tuple[int, int]) -> None:
    left, right = (look(0, seed=seed).jpeg for seed in seeds)

    refused = reason_for(left, right)

    assert refused.reason == "apart"
    assert "turn the cameras" in str(refused)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_bare_wall_is_refused_by_its_own_sentence(side: str) -> None:
    pictures = {"left": look(-15).jpeg, "right": look(15).jpeg} | {side: flat()}

    refused = reason_for(pictures["left"], pictures["right"])

    assert refused.reason == "textureless"
    assert f"The {side} picture shows too little" in str(refused)


@pytest.mark.parametrize("broken", [b"", b"no picture", jpeg(np.zeros((9, 9, 3)))[:40]])
def test_what_is_no_picture_is_refused(broken: bytes) -> None:
    assert reason_for(look(-15).jpeg, broken).reason == "unreadable"


def test_a_camera_that_hangs_upside_down_is_refused() -> None:
    left, right = pair()

    assert reason_for(left.jpeg, jpeg(right.picture[::-1, ::-1])).reason == "twisted"


def test_two_cameras_that_see_the_same_are_refused() -> None:
    assert reason_for(look(0).jpeg, look(0.5).jpeg).reason == "same"


def test_what_is_near_and_seen_from_two_places_is_refused() -> None:
    left, right = look(0, size=(960, 540)), look(12, size=(960, 540))
    strips = np.array_split(right.picture, 9)
    apart = [np.roll(strip, 37 * (-1) ** n * n, axis=1) for n, strip in enumerate(strips)]

    refused = reason_for(left.jpeg, jpeg(np.concatenate(apart)))

    assert refused.reason == "contradictory"


def test_what_is_seen_in_a_narrow_strip_only_does_not_tell_how_the_rest_fits() -> None:
    left, right = pair(apart=24, noise=6, size=(1280, 720))
    strip = np.zeros((720, 1280, 1), np.float32)
    strip[300:340] = 1
    back = np.linalg.inv(between(left, right))
    there = cv2.warpPerspective(strip, back, right.size)[..., None]
    seen, beside = (
        jpeg(128 + (each.picture - 128.0) * (where > 0))
        for each, where in ((left, strip), (right, there))
    )

    assert reason_for(seen, beside).reason == "vague"


def test_four_points_are_enough() -> None:
    left, right = pair()

    calibration = calibrate_by_points(clicked(left, right), left.size, right.size)

    assert off_by(calibration, left, right) < 0.01
    assert (calibration.inliers, calibration.share) == (4, 1.0)


def test_more_points_even_out_an_unsteady_hand() -> None:
    left, right = pair()
    random = np.random.default_rng(1)
    points = clicked(left, right, (grid((230, 330), 4) + 15).tolist())
    shaky = [((x + random.normal(0, 2), y + random.normal(0, 2)), at) for (x, y), at in points]

    calibration = calibrate_by_points(shaky, left.size, right.size)

    assert off_by(calibration, left, right) < 1.5
    assert 0 < calibration.error < 10


@pytest.mark.parametrize(
    ("right", "reason"),
    [
        (CORNERS[:3], "few_points"),
        ([(20, 30), (120, 30), (220, 30), (240, 30)], "in_line"),
        ([(20, 30)] * 4, "in_line"),
        ([(20, 30), (120, 30), (220, 30), (30, 340)], "twisted"),
        ([(230, 30), (20, 20), (30, 330), (240, 340)], "twisted"),
        ([(20, 30), (240, 330), (230, 20), (30, 340)], "twisted"),
        ([*CORNERS, (235, 90), (150, 225)], "vague"),
    ],
)
def test_points_that_no_two_cameras_see_are_refused(right: list[Any], reason: str) -> None:
    left = [(420, 40), (630, 30), (640, 340), (430, 350), (600, 60), (520, 200)]

    with pytest.raises(NoOverlap) as refused:
        calibrate_by_points(list(zip(left[: len(right)], right, strict=True)), SIZE, SIZE)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("shift", "reason"), [((600, 0), "narrow"), ((20, 5), "same"), ((380, 220), "askew")]
)
def test_points_are_refused_where_no_wide_picture_comes_of_them(
    shift: tuple[float, float], reason: str
) -> None:
    points = [((x + shift[0], y + shift[1]), (x, y)) for x, y in CORNERS]

    with pytest.raises(NoOverlap) as refused:
        calibrate_by_points(points, SIZE, SIZE)

    assert refused.value.reason == reason


@pytest.fixture(scope="module")
def kept() -> Calibration:
    left, right = pair()
    return calibrate(left.jpeg, right.jpeg)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (look(-15), look(15, 1.5, 2)),
        (look(-15, light=0.45, noise=5), look(15, 1.5, 2, light=0.3, noise=5)),
        (look(-15, light=1.2, noise=6), look(15, 1.5, 2, light=0.6, noise=6)),
        (look(-15.1, noise=3), look(15.1, 1.4, 2, noise=3)),
        (look(-15, size=(1280, 720)), look(15, 1.5, 2)),
        (look(-15, light=0.01), look(15, 1.5, 2, light=0.01)),
    ],
    ids=["as it was", "dusk", "another light", "wind", "a larger still", "night"],
)
def test_cameras_that_still_hang_as_they_did_have_not_moved(
    kept: Calibration, left: Seen, right: Seen
) -> None:
    assert not has_moved(kept, left.jpeg, right.jpeg)


@pytest.mark.parametrize("blind", [flat(), flat(16), jpeg(np.full((360, 640, 3), 128.0))])
def test_a_camera_that_sees_nothing_is_not_said_to_have_moved(
    kept: Calibration, blind: bytes
) -> None:
    assert not has_moved(kept, look(-15).jpeg, blind)
    assert not has_moved(kept, blind, blind)


def test_cameras_that_were_turned_together_have_not_moved(kept: Calibration) -> None:
    # The right one was crooked by that much against the left one, and is so still.
    left = look(-15)
    turned = look(-11)
    right = look(15, 1.5, 2)
    along = turned.matrix @ np.linalg.inv(left.matrix) @ right.matrix
    picture = cv2.warpPerspective(
        place(), along, SIZE, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )

    assert not has_moved(kept, turned.jpeg, jpeg(np.clip(picture, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize(
    "right",
    [look(17, 1.5, 2), look(15, 3.0, 2, light=0.5, noise=4), look(15, 1.5, -1), look(15, seed=7)],
    ids=["to the side", "down, at dusk", "over", "elsewhere"],
)
def test_a_camera_that_somebody_touched_has_moved(kept: Calibration, right: Seen) -> None:
    assert has_moved(kept, look(-15).jpeg, right.jpeg)


def test_what_is_kept_is_what_was_found(kept: Calibration) -> None:
    assert Calibration.from_json(json.loads(json.dumps(kept.as_json()))) == kept


@pytest.mark.parametrize(
    "broken",
    [
        {"homography": [1, 2, 3]},
        {"homography": None},
        {"homography": [float("nan")] * 9},
        {"left_size": [0, 360]},
        {"inliers": "many"},
    ],
)
def test_what_is_no_calibration_is_not_read(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="calibrate again"):
        Calibration.from_json(KNOWN.as_json() | broken)


def test_a_calibration_holds_for_larger_and_smaller_pictures_of_the_same_cameras() -> None:
    larger = KNOWN.between((1280, 720), (320, 180))

    assert moved(larger, np.array([(50.0, 90.0)]))[0] == pytest.approx((1000, 380))
    assert KNOWN.between(KNOWN.left_size, KNOWN.right_size) == KNOWN.homography


def test_a_calibration_does_not_hold_for_pictures_of_another_shape() -> None:
    with pytest.raises(PanoramaUnavailable, match=r"640×480 now and were 640×360.*calibrate again"):
        KNOWN.between((640, 360), (640, 480))


def test_without_opencv_it_is_said_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    opencv.opencv.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)

    with pytest.raises(FootageError, match="choose side by side") as missing:
        calibrate(b"", b"")

    assert missing.value.code == "panorama_unavailable"
    assert why_no_panorama() == str(missing.value)
    monkeypatch.undo()
    assert why_no_panorama() is None


def test_a_calibration_tells_who_is_left_of_whom() -> None:
    swapped = replace(KNOWN, homography=(1.0, 0.0, -400.0, 0.0, 1.0, 10.0, 0.0, 0.0, 1.0))

    assert swapped.is_swapped
    assert not KNOWN.is_swapped
