"""Polygons in a picture: what they hold, and whether somebody has drawn one."""

from collections.abc import Iterable, Iterator
from itertools import combinations
import math
from typing import Final

from .errors import ZoneCrossing, ZoneOutside, ZoneTooFewPoints, ZoneTooManyPoints, ZoneTooSmall

type Point = tuple[float, float]
type Polygon = tuple[Point, ...]
type Line = tuple[Point, Point]

# Every detection of every frame is held against all of them.
MOST_POINTS: Final = 64
FEWEST_POINTS: Final = 3

# A spot of 2 % of the width and the height is a slip of the finger.
SMALLEST_AREA: Final = 0.0005

# Rounding moves a point off the edge that it was computed to be on.
ON_EDGE: Final = 1e-9


def is_inside(point: Point, polygon: Polygon) -> bool:
    """Return whether a polygon, concave or not, holds a point; its edges belong to it."""
    x, y = point
    inside = False
    for start, end in _edges(polygon):
        if _is_on(point, start, end):
            return True
        if (start[1] > y) != (end[1] > y):
            inside ^= x < start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
    return inside


def check_polygon(points: Iterable[Point]) -> Polygon:
    """Return the corners without those drawn twice in a row; raises ZoneError for no polygon."""
    corners = tuple((float(x), float(y)) for x, y in points)
    corners = tuple(start for start, end in _edges(corners) if start != end)
    if len(set(corners)) < FEWEST_POINTS:
        raise ZoneTooFewPoints(f"Set at least {FEWEST_POINTS} corners in different places")
    if len(corners) > MOST_POINTS:
        raise ZoneTooManyPoints(f"Draw it with at most {MOST_POINTS} corners")
    if not all(0 <= number <= 1 for corner in corners for number in corner):
        raise ZoneOutside("Move every corner into the picture: both its numbers are from 0 to 1")
    if _crosses_itself(corners):
        raise ZoneCrossing(
            "The outline crosses or touches itself: move or remove a corner, or draw two zones"
        )
    if _area(corners) < SMALLEST_AREA:
        raise ZoneTooSmall("Nobody could stand in it: move the corners further apart")
    return corners


def _edges(polygon: Polygon) -> Iterator[Line]:
    return zip(polygon, (*polygon[1:], *polygon[:1]), strict=True)


def _is_on(point: Point, start: Point, end: Point) -> bool:
    aside = abs(_turn(start, end, point)) > ON_EDGE * math.dist(start, end)
    return not aside and _overlap((point, point), (start, end))


def _overlap(one: Line, other: Line) -> bool:
    """Return whether the upright rectangles around two lines meet."""
    return all(
        max(one[0][axis], one[1][axis]) >= min(other[0][axis], other[1][axis]) - ON_EDGE
        and max(other[0][axis], other[1][axis]) >= min(one[0][axis], one[1][axis]) - ON_EDGE
        for axis in (0, 1)
    )


def _turn(start: Point, end: Point, point: Point) -> float:
    """Return on which side of a line a point is: above 0 for one, below 0 for the other."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _crosses_itself(polygon: Polygon) -> bool:
    """Return whether two edges meet that are not neighbours; one that folds back meets the next."""
    edges = list(enumerate(_edges(polygon)))
    return any(
        _meet(one, other)
        for (first, one), (second, other) in combinations(edges, 2)
        if second - first not in {1, len(edges) - 1}
    )


def _meet(one: Line, other: Line) -> bool:
    return (
        _overlap(one, other)
        and _turn(*one, other[0]) * _turn(*one, other[1]) <= 0
        and _turn(*other, one[0]) * _turn(*other, one[1]) <= 0
    )


def _area(polygon: Polygon) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in _edges(polygon))) / 2
