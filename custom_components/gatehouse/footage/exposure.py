"""Evens out how bright and how coloured two cameras show the same, too slowly to flicker."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .geometry import Canvas, Sheet, lattice
from .opencv import opencv

type Array = NDArray[Any]
type Planes = Sequence[Array]

BLACK: Final = 16.0
GREY: Final = 128.0

# What is darker or brighter than this is noise, or clipped.
SURE: Final = (32, 225)
FEWEST: Final = 50
COLUMNS, ROWS = 192, 108

# So much of a new estimate goes into the old one: a second and a half, at 30 pictures a second.
PACE: Final = 1 / 45

MOST_GAIN: Final = 2.0
MOST_TINT: Final = 8.0

# Smaller changes nobody sees, but they would cost the encoder bits.
NOTICEABLE: Final = np.array([0.004, 0.25, 0.25])


class Exposure:
    """Follows two videos; each gives in by half, so that neither looks unlike itself."""

    def __init__(self, canvas: Canvas, gain: float) -> None:
        """Begin as if the left one were so many times brighter."""
        points = lattice(canvas.size, COLUMNS, ROWS)
        both = points[canvas.left.covers(points) & canvas.right.covers(points)]
        self._places = _pixels(canvas.left, both), _pixels(canvas.right, both)
        self._estimate = np.array([np.log(gain), 0.0, 0.0])
        self._is_first = True
        self._apply()

    def even(self, left: Planes, right: Planes) -> tuple[Planes, Planes]:
        """Return two pictures of the same moment as if one camera had taken both."""
        self._follow(self._difference(left, right))
        ours, theirs = self._tables
        return _looked_up(left, ours), _looked_up(right, theirs)

    def _follow(self, seen: Array | None) -> None:
        if seen is None:
            return
        pace = 1.0 if self._is_first else PACE
        self._is_first = False
        self._estimate = self._estimate + pace * (seen - self._estimate)
        if (np.abs(self._estimate - self._applied) > NOTICEABLE).any():
            self._apply()

    def _apply(self) -> None:
        self._applied = self._estimate
        self._tables = _tables(-self._applied / 2), _tables(self._applied / 2)

    def _difference(self, left: Planes, right: Planes) -> Array | None:
        """Return by what the left picture is brighter (a logarithm), bluer and redder, if sure."""
        here, there = (
            np.stack([light[y, x], *(colour[y // 2, x // 2] for colour in colours)])
            for (light, *colours), (x, y) in zip((left, right), self._places, strict=True)
        )
        sure = (np.minimum(here[0], there[0]) >= SURE[0]) & (
            np.maximum(here[0], there[0]) <= SURE[1]
        )
        if sure.sum() < FEWEST:
            return None
        ours, theirs = (each[:, sure].mean(axis=1) for each in (here, there))
        most = np.log(MOST_GAIN)
        gain = np.clip(np.log((ours[0] - BLACK) / (theirs[0] - BLACK)), -most, most)
        # Less light is less colour too; what is left then is another white.
        tints = (ours[1:] - GREY) * np.exp(-gain / 2) - (theirs[1:] - GREY) * np.exp(gain / 2)
        return np.array([gain, *np.clip(tints, -MOST_TINT, MOST_TINT)])


def _pixels(sheet: Sheet, points: Array) -> tuple[Array, Array]:
    columns, rows = sheet.pixels(points).astype(int).T
    return np.minimum(columns, sheet.size[0] - 1), np.minimum(rows, sheet.size[1] - 1)


def _looked_up(planes: Planes, tables: Planes) -> Planes:
    return [opencv().LUT(plane, table) for plane, table in zip(planes, tables, strict=True)]


def _tables(change: Array) -> Planes:
    """Return for each plane what becomes of its levels."""
    levels = np.arange(256, dtype=np.float64)
    gain = np.exp(change[0])
    tinted = (GREY + (levels - GREY) * gain + tint for tint in change[1:])
    changed = (BLACK + (levels - BLACK) * gain, *tinted)
    return [np.clip(np.rint(each), 0, 255).astype(np.uint8) for each in changed]
