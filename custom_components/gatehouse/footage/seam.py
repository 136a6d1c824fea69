"""Where one picture goes over into the other."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .geometry import Canvas, Sheet, lattice

type Array = NDArray[Any]
type Box = tuple[int, int, int, int]
"""Left, top, right and bottom; even, so that planes of half the size have one too."""

# Wide enough for what the exposure could not even out, narrow enough that nobody passes it twice.
FEATHER: Final = 0.04
# Of what both pictures show, so much at most is mixed.
MOST_MIXED: Final = 0.5
# A picture's own edge is not seen, where it has one.
EDGE_PIXELS: Final = 8.0
BEYOND_PIXELS: Final = 2.0  # the whole picture is cut to less than this
STEP: Final = 8
FAINT: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """A soft line across the middle of what both pictures show."""

    canvas: Canvas
    axis: int
    """Whether the pictures lie beside (0) or above each other (1)."""
    middle: float
    width: float
    way: int
    """1 if the left picture comes first along the axis, else -1."""

    @classmethod
    def of(cls, canvas: Canvas) -> Self:
        """Put the seam where both pictures are."""
        way = canvas.right.middle - canvas.left.middle
        axis = int(np.argmax(np.abs(way)))
        points = lattice(canvas.size, canvas.size[0] // STEP, canvas.size[1] // STEP)
        both = points[canvas.left.covers(points) & canvas.right.covers(points)]
        first, middle, last = np.percentile(both[:, axis], (5, 50, 95))
        return cls(
            canvas=canvas,
            axis=axis,
            middle=float(middle),
            width=float(min(FEATHER * max(canvas.size), MOST_MIXED * (last - first))),
            way=1 if way[axis] > 0 else -1,
        )

    def boxes(self) -> tuple[Box, Box]:
        """Return which part of the canvas the left picture has a share in, and the right one."""
        columns, rows = (
            np.minimum(np.arange(0, side + STEP, STEP), side) for side in self.canvas.size
        )
        share = self.share(columns, rows)
        return self._around(share > 0), self._around(share < 1)

    def share(self, columns: Array, rows: Array) -> Array:
        """Return how much of the left picture there is at these places (rows, columns)."""
        points = np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.float64)
        along = self.way * (self.middle - points[..., self.axis]) / self.width
        wished = np.clip(0.5 + along, FAINT / 10, 1 - FAINT / 10)
        left = wished * _presence(self.canvas.left, points)
        right = (1 - wished) * _presence(self.canvas.right, points)
        share = left / np.maximum(left + right, np.finfo(float).tiny)
        clear: Array = np.clip((share - FAINT) / (1 - 2 * FAINT), 0, 1)
        return clear

    def _around(self, where: Array) -> Box:
        rows, columns = (np.flatnonzero(where.any(axis=axis)).tolist() for axis in (1, 0))
        wide, high = self.canvas.size
        return (
            max(0, (columns[0] - 1) * STEP),
            max(0, (rows[0] - 1) * STEP),
            min(wide, (columns[-1] + 1) * STEP),
            min(high, (rows[-1] + 1) * STEP),
        )


def _presence(sheet: Sheet, points: Array) -> Array:
    """Return 1 where a picture is, less near its edge, and hardly anything beyond it."""
    quad = sheet.corners
    nearest = np.full(points.shape[:-1], np.inf)
    for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        x, y = (end - start) / np.hypot(*(end - start))
        nearest = np.minimum(
            nearest, (points[..., 1] - start[1]) * x - (points[..., 0] - start[0]) * y
        )
    return np.clip((nearest + BEYOND_PIXELS) / EDGE_PIXELS, np.finfo(float).eps, 1)
