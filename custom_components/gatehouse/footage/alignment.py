"""Finds out how two cameras' pictures lie beside each other, and whether they still do."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration, Homography, Point, Size
from .errors import NoOverlap
from .features import LEAST_FEATURES, WIDTH, Pairs, View, agreed, fitted, pairs_of
from .geometry import Canvas, inside, is_plausible, lattice, mapped, overlap_of
from .opencv import opencv

type Array = NDArray[Any]

# Pictures of different places agree in five points, or in six.
LEAST_INLIERS: Final = 25
LEAST_SHARE: Final = 0.3
MOST_ERROR: Final = 2.0
OVERLAP: Final = (0.1, 0.9)
FEWEST_POINTS: Final = 4

# A hand with a mouse is no better than this.
MOST_CLICKED_ERROR: Final = 12.0

# From here on a seam is seen, were the picture 1280 wide.
MOVED: Final = 6.0
# So many points are not noise.
PLENTY: Final = 400

# What is darker or brighter is noise, or clipped.
DARK, BRIGHT = 16, 240
FEWEST_PIXELS: Final = 100
MOST_GAIN: Final = 2.0


def calibrate(left: bytes, right: bytes) -> Calibration:
    """Compare two JPEGs that were taken at the same time; blocks for about two seconds.

    Raises NoOverlap when they do not fit together well, PanoramaUnavailable without OpenCV.
    """
    seen, beside = View.of(left, "left"), View.of(right, "right")
    _see_texture(seen, "left")
    _see_texture(beside, "right")
    pairs = pairs_of(seen, beside)
    inliers = agreed(pairs)
    _see_likeness(len(inliers), len(pairs))
    homography, overlap = _beside(inliers, seen.size, beside.size)
    return _cut(
        Calibration(
            homography=_row_by_row(homography),
            left_size=seen.size,
            right_size=beside.size,
            inliers=len(inliers),
            share=len(inliers) / len(pairs),
            error=_exact(_error(inliers, homography, seen.size, beside.size), MOST_ERROR),
            overlap=overlap,
            gain=_gain(seen, beside, homography),
        )
    )


def calibrate_by_points(
    points: Sequence[tuple[Point, Point]], left_size: Size, right_size: Size
) -> Calibration:
    """Take somebody's word for four or more points: each in the left picture, then in the right.

    Raises NoOverlap when no two cameras could see them so, PanoramaUnavailable without OpenCV.
    """
    if len(points) < FEWEST_POINTS:
        raise NoOverlap(
            "few_points",
            f"{len(points)} points are too few: show four or more that both pictures have, far"
            " apart from each other.",
        )
    both = np.array(points, np.float64)
    pairs = Pairs(right=both[:, 1], left=both[:, 0], pixel=left_size[0] / WIDTH)
    homography, overlap = _beside(pairs, left_size, right_size)
    error = float(np.median(pairs.misses(homography)))
    return _cut(
        Calibration(
            homography=_row_by_row(homography),
            left_size=left_size,
            right_size=right_size,
            inliers=len(points),
            share=1.0,
            error=_exact(error, MOST_CLICKED_ERROR),
            overlap=overlap,
        )
    )


def has_moved(calibration: Calibration, left: bytes, right: bytes) -> bool:
    """Return whether two new JPEGs no longer fit together as calibrated.

    Pictures that are too dark or too bare to tell have not moved. Raises what `calibrate` raises
    for pictures that cannot be read.
    """
    seen, beside = View.of(left, "left"), View.of(right, "right")
    homography = np.array(calibration.between(seen.size, beside.size)).reshape(3, 3)
    pairs = agreed(pairs_of(seen, beside))
    if len(pairs) >= LEAST_INLIERS:
        return bool(np.median(pairs.misses(homography)) > MOVED)
    # Where both see plenty and nothing in common, one of them looks elsewhere.
    common = (
        inside(mapped(homography, beside.points), seen.size),
        inside(mapped(np.linalg.inv(homography), seen.points), beside.size),
    )
    return min(int(each.sum()) for each in common) >= PLENTY


def _see_texture(view: View, side: str) -> None:
    if len(view.points) < LEAST_FEATURES:
        raise NoOverlap(
            "textureless",
            f"The {side} picture shows too little to go by (a bare wall, fog, darkness?): take"
            " both pictures by day, or set four points by hand.",
        )


def _see_likeness(inliers: int, pairs: int) -> None:
    if inliers < LEAST_INLIERS:
        raise NoOverlap(
            "apart",
            f"The pictures have too little in common ({inliers} points, {LEAST_INLIERS} are"
            " needed): turn the cameras so that each sees a quarter to a half of what the other"
            " sees, take both pictures at once, or set four points by hand.",
        )
    if inliers < LEAST_SHARE * pairs:
        raise NoOverlap(
            "contradictory",
            f"Only {inliers} of {pairs} points fit together: what is near looks different from two"
            " places. Hang the cameras closer to each other, or set points by hand on what is far.",
        )


def _beside(pairs: Pairs, left: Size, right: Size) -> tuple[Array, float]:
    """Return the homography that fits, and how much two cameras that see so have in common."""
    homography = fitted(pairs)
    if not is_plausible(homography, left, right):
        raise NoOverlap(
            "twisted",
            "No two cameras beside each other see this: one picture would have to be mirrored,"
            " turned over or folded. Turn both cameras the same way up; if points were set by hand,"
            " see that each pair shows the same thing.",
        )
    overlap = overlap_of(homography, left, right)
    least, most = OVERLAP
    if overlap < least:
        raise NoOverlap(
            "narrow",
            f"The pictures share {overlap:.0%} of the view, {least:.0%} are needed: turn the"
            " cameras towards each other.",
        )
    if overlap > most:
        raise NoOverlap(
            "same",
            f"Both cameras see the same ({overlap:.0%}): turn them away from each other, or record"
            " one of them alone.",
        )
    return homography, overlap


def _error(pairs: Pairs, homography: Array, left: Size, right: Size) -> float:
    """Return how exact it is: by the pairs, and by how far two halves of them contradict."""
    common = lattice(right)
    common = common[inside(mapped(homography, common), left)]
    one, other = (mapped(fitted(pairs.only(slice(start, None, 2))), common) for start in (0, 1))
    apart = np.hypot(*(one - other).T) / pairs.pixel
    return float(max(np.median(pairs.misses(homography)), np.median(apart)))


def _exact(error: float, most: float) -> float:
    if not error <= most:
        raise NoOverlap(
            "vague",
            f"The points fit to {error:.1f} pixels only ({most:g} are allowed): take both pictures"
            " at once while nothing moves, let the cameras share more of the view, or set points by"
            " hand more exactly.",
        )
    return error


def _cut(calibration: Calibration) -> Calibration:
    """Let it pass if there is a wide picture to cut; raises NoOverlap."""
    Canvas.of(calibration, calibration.left_size, calibration.right_size)
    return calibration


def _row_by_row(homography: Array) -> Homography:
    a, b, c, d, e, f, g, h, i = map(float, homography.ravel())
    return a, b, c, d, e, f, g, h, i


def _gain(left: View, right: View, homography: Array) -> float:
    """Return how many times brighter the left picture is, where both show the same."""
    cv2 = opencv()
    high, wide = left.grey.shape
    shrink = np.diag([wide / left.size[0], high / left.size[1], 1.0])
    grow = np.diag([right.size[0] / right.grey.shape[1], right.size[1] / right.grey.shape[0], 1.0])
    there = cv2.warpPerspective(right.grey, shrink @ homography @ grow, (wide, high))
    good = (np.minimum(left.grey, there) > DARK) & (np.maximum(left.grey, there) < BRIGHT)
    if good.sum() < FEWEST_PIXELS:
        return 1.0
    ratio = left.grey[good].mean() / there[good].mean()
    return float(np.clip(ratio, 1 / MOST_GAIN, MOST_GAIN))
