"""Two pictures on one plane: whether they can lie there, and how the common picture is cut."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration, Size
from .errors import NoOverlap

type Array = NDArray[Any]

# H.264 that phones and television sets play ends here.
WIDEST: Final = 3840
HIGHEST: Final = 2160

# Beyond these no two cameras are mounted beside each other.
MOST_LARGER: Final = 5.0
MOST_PERSPECTIVE: Final = 3.0
MOST_TURNED: Final = np.radians(40)

# The common picture must be so much larger than what one camera sees.
LEAST_GAIN: Final = 1.1
CELLS: Final = 480
TOUCH: Final = 1e-6  # pixels; what is computed to be on an edge is hardly ever there
ITERATIONS: Final = 30
UNIT: Final = 1e-3  # about one picture is what it reckons best with
LATTICE: Final = 48


def mapped(matrix: Array, points: Array) -> Array:
    """Return points (…, 2) where a homography puts them."""
    lifted = points @ matrix[:, :2].T + matrix[:, 2]
    flat: Array = lifted[..., :2] / lifted[..., 2:]
    return flat


def lattice(size: tuple[float, float], columns: int = LATTICE, rows: int = LATTICE) -> Array:
    """Return points (rows, columns, 2) all over a picture, its corners among them."""
    return np.stack(
        np.meshgrid(np.linspace(0, size[0], columns), np.linspace(0, size[1], rows)), axis=-1
    )


def corners(size: Size) -> Array:
    """Return the corners of a picture (4, 2), clockwise."""
    width, height = size
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def inside(points: Array, size: Size) -> Array:
    """Return which points are in a picture."""
    within: Array = np.all((points > -TOUCH) & (points < np.add(size, TOUCH)), axis=-1)
    return within


def overlap_of(homography: Array, left: Size, right: Size) -> float:
    """Return how much of one picture is also in the other, of the one that is covered more."""
    there = inside(mapped(homography, lattice(right)), left)
    back = inside(mapped(np.linalg.inv(homography), lattice(left)), right)
    return float(max(there.mean(), back.mean()))


def is_plausible(homography: Array, left: Size, right: Size) -> bool:
    """Return whether two cameras that hang beside each other could see this."""
    edges = np.column_stack([corners(right), np.ones(4)])
    depths = edges @ homography[2]
    if depths.min() <= 0 or depths.max() > MOST_PERSPECTIVE * depths.min():
        return False
    quad = mapped(homography, corners(right))
    larger = _area(quad) / (left[0] * left[1])
    across = quad[1] + quad[2] - quad[0] - quad[3]
    turned = abs(np.arctan2(across[1], across[0]))
    return bool(1 / MOST_LARGER < larger < MOST_LARGER and turned < MOST_TURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One camera's picture as it lies on the canvas."""

    size: Size
    matrix: Array
    """From its own pixels to those of the canvas."""

    @property
    def corners(self) -> Array:
        return mapped(self.matrix, corners(self.size))

    @property
    def middle(self) -> Array:
        return mapped(self.matrix, np.array(self.size) / 2)

    def pixels(self, points: Array) -> Array:
        """Return where points of the canvas are in the picture."""
        return mapped(np.linalg.inv(self.matrix), points)

    def covers(self, points: Array) -> Array:
        """Return which points of the canvas are in the picture."""
        return inside(self.pixels(points), self.size)

    def put(self, onto: Array) -> Self:
        """Return the same picture on another canvas."""
        return replace(self, matrix=onto @ self.matrix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The common picture, and where each camera's is on it."""

    size: Size
    left: Sheet
    right: Sheet

    @classmethod
    def of(cls, calibration: Calibration, left_size: Size, right_size: Size) -> Self:
        """Cut the largest picture without an empty corner; raises NoOverlap, PanoramaUnavailable.

        Both pictures are bent by half, so that neither is stretched much.
        """
        half = _half(np.array(calibration.between(left_size, right_size)).reshape(3, 3))
        sheets = (
            Sheet(size=left_size, matrix=np.linalg.inv(half)),
            Sheet(size=right_size, matrix=half),
        )
        smaller = np.prod([_spread(sheet) for sheet in sheets]) ** -0.25
        left, right = (sheet.put(np.diag([smaller, smaller, 1.0])) for sheet in sheets)
        low, high = _largest(left, right)
        wide, tall = high - low
        if wide * tall < LEAST_GAIN * np.sqrt(np.prod([*left_size, *right_size], dtype=float)):
            raise NoOverlap(
                "askew",
                "Hardly more than one picture is left when both are cut to one rectangle: turn the"
                " cameras to the same height and level, further apart to the sides, and calibrate"
                " again.",
            )
        shrink = min(1.0, WIDEST / wide, HIGHEST / tall)
        place = np.array([[shrink, 0, -shrink * low[0]], [0, shrink, -shrink * low[1]], [0, 0, 1]])
        size = int(wide * shrink) // 2 * 2, int(tall * shrink) // 2 * 2
        return cls(size=size, left=left.put(place), right=right.put(place))


def _half(homography: Array) -> Array:
    """Return the homography that, done twice, is this one.

    By Denman's and Beavers' iteration: a mere shift has too few eigenvectors for any other way.
    """
    unit = np.diag([UNIT, UNIT, 1.0])
    half = unit @ (homography / np.cbrt(np.linalg.det(homography))) @ np.linalg.inv(unit)
    inverse = np.eye(3)
    for _ in range(ITERATIONS):
        half, inverse = (
            (half + np.linalg.inv(inverse)) / 2,
            (inverse + np.linalg.inv(half)) / 2,
        )
    root: Array = np.linalg.inv(unit) @ half @ unit
    return root


def _spread(sheet: Sheet) -> float:
    """Return how many times larger the middle of a picture becomes."""
    x, y = sheet.size[0] / 2, sheet.size[1] / 2
    return float(np.linalg.det(sheet.matrix) / (sheet.matrix[2] @ (x, y, 1)) ** 3)


def _area(quad: Array) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _largest(left: Sheet, right: Sheet) -> tuple[Array, Array]:
    """Return two corners of the largest rectangle that the two pictures cover."""
    edges = np.concatenate([left.corners, right.corners])
    low, high = edges.min(axis=0), edges.max(axis=0)
    cells = np.ceil((high - low) / (high - low).max() * CELLS).astype(int)
    columns, rows = cells.tolist()
    points = low + lattice((high - low).tolist(), columns + 1, rows + 1)
    covered = np.zeros((rows, columns), bool)
    for sheet in (left, right):
        seen = sheet.covers(points)
        covered |= seen[:-1, :-1] & seen[1:, :-1] & seen[:-1, 1:] & seen[1:, 1:]
    x0, y0, x1, y1 = _largest_rectangle(covered)
    step = (high - low) / cells
    return low + step * (x0, y0), low + step * (x1, y1)


def _largest_rectangle(covered: Array) -> tuple[int, int, int, int]:
    best, found = 0, (0, 0, 0, 0)
    heights = np.zeros(covered.shape[1], int)
    for bottom, row in enumerate(covered, start=1):
        heights = (heights + 1) * row
        area, left, right, height = _largest_below(heights.tolist())
        if area > best:
            best, found = area, (left, bottom - height, right, bottom)
    return found


def _largest_below(heights: Sequence[int]) -> tuple[int, int, int, int]:
    """Return area, left, right and height of the largest rectangle below a skyline."""
    best = (0, 0, 0, 0)
    rising: list[tuple[int, int]] = []
    for right, height in enumerate([*heights, 0]):
        left = right
        while rising and rising[-1][1] >= height:
            left, top = rising.pop()
            best = max(best, (top * (right - left), left, right, top))
        rising.append((left, height))
    return best
