"""Two cameras' pictures become one wide picture in which nobody finds the seam."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
import subprocess
import sys
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
import pytest

from custom_components.gatehouse.footage import nice
from custom_components.gatehouse.footage.calibration import Calibration, Size
from custom_components.gatehouse.footage.errors import NoOverlap, PanoramaUnavailable
from custom_components.gatehouse.footage.geometry import Canvas
from custom_components.gatehouse.footage.panorama import Stitcher, calibrate, calibrate_by_points
from tests.rooms.footage.views import (
    Seen,
    between,
    frame,
    likeness,
    look,
    luma,
    moved,
    original,
    pair,
)

type Array = NDArray[Any]

SIDE_BY_SIDE = ((0.0, 0.0), (640.0, 0.0), (640.0, 360.0), (0.0, 360.0))


def known(left: Seen, right: Seen) -> Calibration:
    """Return how they really lie."""
    a, b, c, d, e, f, g, h, i = (between(left, right) / between(left, right)[2, 2]).ravel().tolist()
    return Calibration(
        homography=(a, b, c, d, e, f, g, h, i),
        left_size=left.size,
        right_size=right.size,
        inliers=100,
        share=1.0,
        error=0.0,
        overlap=0.4,
    )


def shifted(x: float, y: float = 0.0) -> Calibration:
    """Return two cameras that look the same way, so far from each other."""
    points = [((at[0] + x, at[1] + y), at) for at in SIDE_BY_SIDE]
    return calibrate_by_points(points, (640, 360), (640, 360))


def grey(level: int, size: Size = (640, 360), pixels: str = "yuv420p") -> av.VideoFrame:
    """Return a picture of one grey; the level is that of a video, 16 to 235."""
    full = round((level - 16) * 255 / 219)
    return frame(np.full((*size[::-1], 3), full, np.uint8), pixels)


def near_the_seam(like: Array) -> Array:
    """Return the likeness where both cameras' pictures are mixed: in the middle."""
    middle, half = like.shape[1] // 2, round(0.08 * like.shape[1])
    return like[:, middle - half : middle + half]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"noise": 3, "light": 1.4},
        {"noise": 3, "light": 0.7},
        {"noise": 3, "light": 1.4, "size": (1280, 720)},
    ],
    ids=str,
)
def test_nobody_finds_the_seam(how: dict[str, Any]) -> None:
    left, right = pair(**how)
    calibration = calibrate(left.jpeg, right.jpeg)
    stitcher = Stitcher(calibration, left.size, right.size)

    whole = stitcher.compose(left.frame(), right.frame())

    canvas = Canvas.of(calibration, left.size, right.size)
    truth = original(left.matrix @ np.linalg.inv(canvas.left.matrix), stitcher.size)
    like = likeness(luma(whole), truth)
    assert near_the_seam(like).mean() > 0.95
    assert like.mean() > 0.95
    assert (whole.width, whole.height, whole.format.name) == (*stitcher.size, "yuv420p")
    assert stitcher.size[0] > 1.5 * left.size[0]


def test_a_wrong_calibration_would_be_seen() -> None:
    left, right = pair()
    calibration = known(left, right)
    numbers = list(calibration.homography)
    numbers[2] += 8
    wrong = replace(calibration, homography=tuple(numbers))  # type: ignore[arg-type]
    stitcher = Stitcher(wrong, left.size, right.size)

    whole = stitcher.compose(left.frame(), right.frame())

    canvas = Canvas.of(wrong, left.size, right.size)
    truth = original(left.matrix @ np.linalg.inv(canvas.left.matrix), stitcher.size)
    assert likeness(luma(whole), truth).mean() < 0.8


def test_it_does_not_matter_which_camera_is_called_the_left_one() -> None:
    left, right = pair()
    one = Stitcher(known(left, right), left.size, right.size)
    other = Stitcher(known(right, left), right.size, left.size)

    like = likeness(
        luma(one.compose(left.frame(), right.frame())),
        luma(other.compose(right.frame(), left.frame())),
    )

    assert one.size == other.size
    assert like.mean() > 0.99


def test_cameras_may_hang_above_each_other() -> None:
    upper, lower = look(0, -8), look(1, 8)
    calibration = known(upper, lower)
    stitcher = Stitcher(calibration, upper.size, lower.size)

    whole = stitcher.compose(upper.frame(), lower.frame())

    canvas = Canvas.of(calibration, upper.size, lower.size)
    truth = original(upper.matrix @ np.linalg.inv(canvas.left.matrix), stitcher.size)
    assert stitcher.size[1] > 1.25 * upper.size[1]
    assert likeness(luma(whole), truth).mean() > 0.98


@pytest.mark.parametrize(
    "turned",
    [
        partial(look, 15),
        partial(look, 15, 3, 4),
        partial(look, 18, -2, -5),
        partial(look, 12, zoom=1.4),
        partial(look, 14, size=(1920, 1080)),
    ],
    ids=["level", "crooked", "the other way", "nearer", "with more pixels"],
)
def test_no_corner_is_empty(turned: Callable[[], Seen]) -> None:
    left, right = look(-15), turned()
    stitcher = Stitcher(known(left, right), left.size, right.size)

    whole = luma(stitcher.compose(grey(150), grey(150, right.size)))

    assert whole.min() == whole.max() >= 149
    assert [side % 2 for side in stitcher.size] == [0, 0]


def test_a_picture_is_never_larger_than_what_everybody_plays() -> None:
    stitcher = Stitcher(shifted(400), (3840, 2160), (3840, 2160))

    assert stitcher.size[0] == 3840
    assert stitcher.size[1] == pytest.approx(3840 * 360 / 1040, abs=8)


def test_neither_picture_is_stretched_more_than_the_other() -> None:
    canvas = Canvas.of(known(look(-15), look(15)), (640, 360), (640, 360))

    edges = [
        np.hypot(*np.diff(moved(sheet.matrix, [(x, 0), (x, 360)]), axis=0)[0])
        for sheet, x in ((canvas.left, 0), (canvas.right, 640))
    ]

    assert edges[0] == pytest.approx(edges[1], rel=1e-6)
    assert edges[0] < 1.4 * 360


def test_pictures_that_make_no_wide_one_are_refused() -> None:
    with pytest.raises(NoOverlap, match="turn the cameras to the same height"):
        Canvas.of(
            replace(shifted(400), homography=(1, 0, 380, 0, 1, 220, 0, 0, 1)),
            (640, 360),
            (640, 360),
        )


def test_pictures_of_another_shape_are_refused() -> None:
    with pytest.raises(PanoramaUnavailable, match="calibrate again"):
        Stitcher(shifted(400), (640, 360), (640, 480))


def test_a_brighter_camera_is_not_seen_to_be_one() -> None:
    stitcher = Stitcher(shifted(400), (640, 360), (640, 360))

    whole = luma(stitcher.compose(grey(140), grey(90))).astype(int)

    assert np.ptp(whole) <= 1
    assert 95 < whole.mean() < 125


def test_another_white_is_not_seen_either() -> None:
    stitcher = Stitcher(shifted(400), (640, 360), (640, 360))
    bluish, reddish = (
        np.full((360, 640, 3), each, np.uint8) for each in ((128, 120, 118), (118, 120, 128))
    )

    whole = stitcher.compose(frame(bluish), frame(reddish)).to_ndarray(format="bgr24").astype(int)

    assert np.abs(whole[:, 100] - whole[:, -100]).max() <= 3


def test_light_that_flickers_in_one_camera_does_not_make_the_other_flicker() -> None:
    stitcher = Stitcher(shifted(400), (640, 360), (640, 360))
    levels = [120 + 6 * (-1) ** number for number in range(60)]

    other = [
        float(luma(stitcher.compose(grey(level), grey(120)))[:, -100:].mean()) for level in levels
    ]

    assert max(abs(now - before) for before, now in pairwise(other[1:])) <= 1
    assert np.ptp(other) <= 4


def test_a_change_of_light_is_followed_within_seconds() -> None:
    size = (320, 180)
    stitcher = Stitcher(shifted(400), size, size)
    for level in [120] + 200 * [90]:
        whole = luma(stitcher.compose(grey(level, size), grey(120, size))).astype(int)

    assert np.ptp(whole) <= 1


def test_a_camera_that_shows_nothing_does_not_change_the_light_of_the_other() -> None:
    stitcher = Stitcher(shifted(400), (640, 360), (640, 360))
    before = luma(stitcher.compose(grey(130), grey(100)))[:, :300].copy()

    during = [luma(stitcher.compose(grey(130), grey(16)))[:, :300] for _ in range(20)]

    assert all((each == before).all() for each in during)


def test_what_the_calibration_knew_of_the_light_holds_until_there_is_more_to_see() -> None:
    stitcher = Stitcher(replace(shifted(400), gain=1.44), (640, 360), (640, 360))

    whole = luma(stitcher.compose(grey(234), grey(234)))

    assert whole[:, 10].mean() < 210
    assert whole[:, -10].mean() > 250


@pytest.mark.parametrize(
    ("pixels", "size"), [("yuvj420p", (640, 360)), ("nv12", (640, 360)), ("yuv420p", (320, 180))]
)
def test_any_picture_of_a_camera_will_do(pixels: str, size: Size) -> None:
    stitcher = Stitcher(shifted(400), (640, 360), (640, 360))

    whole = luma(stitcher.compose(grey(120, size, pixels), grey(120)))

    assert np.ptp(whole.astype(int)) <= 2


def test_a_long_movie_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    program = tmp_path / "many.py"
    program.write_text(MANY.format(room=str(Path(nice.__file__).parent)))

    run = subprocess.run([sys.executable, program], capture_output=True, check=True, text=True)

    early, late = map(int, run.stdout.split())
    assert late < 300
    assert late - early < 10


MANY = """
import importlib, pathlib, sys, types
for name, folder in {{"gatehouse": "", "gatehouse.footage": "{room}"}}.items():
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [folder]
panorama = importlib.import_module("gatehouse.footage.panorama")
size = (1920, 1080)
points = [((x + 1200, y), (x, y)) for x, y in ((0, 0), (1920, 0), (1920, 1080), (0, 1080))]
stitcher = panorama.Stitcher(panorama.calibrate_by_points(points, size, size), size, size)
frames = [panorama.av.VideoFrame(*size, "yuv420p") for _ in range(2)]
for number in range(45):
    stitcher.compose(*frames)
    if number in (15, 44):
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()
        print(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")))
"""
