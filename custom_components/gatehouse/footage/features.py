"""What two still pictures have in common: points that look alike, and how they fit together."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .calibration import Size
from .errors import NoOverlap
from .opencv import opencv

type Array = NDArray[Any]

# Pictures are compared at this width, and errors are told as if all had it.
WIDTH: Final = 1280
MOST_FEATURES: Final = 4000
LEAST_FEATURES: Final = 60
# Of full contrast: a sensor's noise by night stays below it, a wall by day does not.
CONTRAST: Final = 0.03

# A point's best match must be so much nearer than its second best.
DISTINCT: Final = 0.75
# Points that are spread less than this, as a part of their length, are on a line.
LEAST_WIDE: Final = 0.02
INLIER_PIXELS: Final = 3.0
ROUNDS: Final = 10_000
CONFIDENCE: Final = 0.9999


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A picture in shades of grey, and its points that can be told from others."""

    size: Size
    grey: Array
    points: Array
    """(n, 2), in pixels of the whole picture."""
    looks: Array
    """(n, 128), alike where what they show is alike."""

    @classmethod
    def of(cls, jpeg: bytes, side: str) -> Self:
        """Look at a picture; raises NoOverlap."""
        cv2 = opencv()
        whole = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
        if whole is None:
            raise NoOverlap("unreadable", f"The {side} picture cannot be read: take both again.")
        shrink = min(1.0, WIDTH / whole.shape[1])
        grey = cv2.resize(whole, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        sift = cv2.SIFT_create(MOST_FEATURES, contrastThreshold=CONTRAST)
        found, looks = sift.detectAndCompute(grey, None)
        # OpenCV counts from the first pixel's middle, we from its corner.
        points = (np.array([each.pt for each in found]).reshape(-1, 2) + 0.5) / shrink
        size = whole.shape[1], whole.shape[0]
        return cls(size=size, grey=grey, points=points, looks=looks if found else points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Points of the right picture and, row by row, the same points of the left one."""

    right: Array
    left: Array
    pixel: float
    """How many pixels of the left picture are one, were it 1280 wide."""

    def __len__(self) -> int:
        return len(self.right)

    def only(self, which: Any) -> Self:
        """Return some of them."""
        return type(self)(right=self.right[which], left=self.left[which], pixel=self.pixel)

    def misses(self, homography: Array) -> Array:
        """Return by how many pixels each pair misses, were the left picture 1280 wide."""
        lifted = self.right @ homography[:, :2].T + homography[:, 2]
        off = lifted[:, :2] / lifted[:, 2:] - self.left
        misses: Array = np.hypot(off[:, 0], off[:, 1]) / self.pixel
        return misses


def pairs_of(left: View, right: View) -> Pairs:
    """Return the points that are each other's best match, and by far."""
    there, back = _matches(right.looks, left.looks), _matches(left.looks, right.looks)
    mutual = [(one, other) for one, other in there.items() if back.get(other) == one]
    ours, theirs = np.array(mutual, int).reshape(-1, 2).T
    pixel = left.size[0] / WIDTH
    return Pairs(right=right.points[ours], left=left.points[theirs], pixel=pixel)


def agreed(pairs: Pairs) -> Pairs:
    """Return the most pairs that one homography explains."""
    cv2 = opencv()
    if len(pairs) < 4:
        return pairs.only([])
    _, mask = cv2.findHomography(
        pairs.right,
        pairs.left,
        cv2.USAC_MAGSAC,
        INLIER_PIXELS * pairs.pixel,
        maxIters=ROUNDS,
        confidence=CONFIDENCE,
    )
    return pairs.only(mask.ravel() > 0 if mask is not None else [])


def fitted(pairs: Pairs) -> Array:
    """Return the homography from right to left that misses all pairs the least.

    Raises NoOverlap if the points of one picture are on one line.
    """
    homography = None
    if _is_wide(pairs.right) and _is_wide(pairs.left):
        homography, _ = opencv().findHomography(pairs.right, pairs.left, 0)
    if homography is None:
        raise NoOverlap(
            "in_line",
            "The points that fit together are all on one line or in one place, and nothing tells"
            " how the rest fits: let the cameras share more of the view, or set four points by"
            " hand that are far apart.",
        )
    return np.asarray(homography)


def _is_wide(points: Array) -> bool:
    long, wide = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(wide > LEAST_WIDE * long)


def _matches(looks: Array, others: Array) -> dict[int, int]:
    cv2 = opencv()
    if not len(looks) or not len(others):
        return {}
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(looks, others, k=2)
    return {
        best.queryIdx: best.trainIdx
        for best, *second in found
        if second and best.distance < DISTINCT * second[0].distance
    }
