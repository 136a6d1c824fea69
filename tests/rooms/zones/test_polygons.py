"""What is inside a polygon, and what is a polygon."""

from itertools import pairwise
import math

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.gatehouse.zones import (
    ZoneCrossing,
    ZoneOutside,
    ZoneTooFewPoints,
    ZoneTooManyPoints,
    ZoneTooSmall,
)
from custom_components.gatehouse.zones.polygons import Point, Polygon, check_polygon, is_inside
from tests.rooms.zones.drawn import TRIANGLE, WHOLE

# An L, a U and a star: what lies in a bay is outside.
L_SHAPE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.6), (0.9, 0.6), (0.9, 0.9), (0.1, 0.9))
U_SHAPE = (
    (0.1, 0.1), (0.3, 0.1), (0.3, 0.7), (0.7, 0.7), (0.7, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9),
)  # fmt: skip
STAR = tuple(
    (0.5 + radius * math.sin(turn * math.pi / 5), 0.5 - radius * math.cos(turn * math.pi / 5))
    for turn, radius in enumerate([0.45, 0.15] * 5)
)
SHAPES = {"triangle": TRIANGLE, "whole": WHOLE, "L": L_SHAPE, "U": U_SHAPE, "star": STAR}

# A mesh, so that a point is on an edge or clearly beside it, whatever the rounding.
numbers = st.integers(0, 1000).map(lambda number: number / 1000)
points = st.tuples(numbers, numbers)
shapes = st.sampled_from(sorted(SHAPES)).map(SHAPES.__getitem__)
any_polygons = st.lists(points, min_size=3, max_size=12).map(tuple)


@st.composite
def convex_polygons(draw: st.DrawFn) -> Polygon:
    """Return a polygon with its corners on a circle."""
    turns = draw(st.lists(st.integers(0, 359), min_size=3, max_size=20, unique=True))
    angles = [math.radians(turn) for turn in sorted(turns)]
    return tuple((0.5 + 0.4 * math.cos(a), 0.5 + 0.4 * math.sin(a)) for a in angles)


@pytest.mark.parametrize(
    ("shape", "point", "inside"),
    [
        ("triangle", (0.5, 0.3), True),
        ("triangle", (0.2, 0.7), False),
        ("triangle", (0.5, 0.8), True),
        ("triangle", (0.3, 0.1), True),
        ("whole", (0.0, 0.0), True),
        ("whole", (1.0, 0.37), True),
        ("whole", (0.5, 1.0), True),
        ("L", (0.2, 0.5), True),
        ("L", (0.7, 0.3), False),
        ("L", (0.4, 0.35), True),
        ("L", (0.41, 0.35), False),
        ("L", (0.95, 0.9), False),
        ("U", (0.5, 0.4), False),
        ("U", (0.2, 0.4), True),
        ("U", (0.8, 0.7), True),
        ("U", (0.5, 0.7), True),
        ("U", (0.5, 0.1), False),
        ("star", (0.5, 0.5), True),
        ("star", (0.5, 0.1), True),
        ("star", (0.3, 0.15), False),
    ],
)
def test_bays_are_outside_and_edges_are_inside(shape: str, point: Point, inside: bool) -> None:
    assert is_inside(point, SHAPES[shape]) is inside


@given(any_polygons, points, st.floats(-1, 1), st.floats(-1, 1))
def test_a_polygon_that_is_moved_holds_what_moves_with_it(
    polygon: Polygon, point: Point, right: float, down: float
) -> None:
    moved = tuple((x + right, y + down) for x, y in polygon)

    assert is_inside((point[0] + right, point[1] + down), moved) is is_inside(point, polygon)


@given(any_polygons, points, st.integers(0, 11))
def test_neither_the_direction_nor_the_first_corner_matters(
    polygon: Polygon, point: Point, first: int
) -> None:
    inside = is_inside(point, polygon)

    assert is_inside(point, polygon[::-1]) is inside
    assert is_inside(point, (*polygon[first:], *polygon[:first])) is inside


@given(any_polygons, st.floats(0, 2 * math.pi))
def test_what_is_far_away_is_outside(polygon: Polygon, direction: float) -> None:
    point = (0.5 + 2 * math.cos(direction), 0.5 + 2 * math.sin(direction))

    assert not is_inside(point, polygon)


@given(convex_polygons(), st.data())
def test_every_mean_of_corners_is_inside_a_convex_polygon(
    polygon: Polygon, data: st.DataObject
) -> None:
    size = len(polygon)
    weights = data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    total = sum(weights)
    assume(total > 0.01)
    x = sum(weight * corner[0] for weight, corner in zip(weights, polygon, strict=True)) / total
    y = sum(weight * corner[1] for weight, corner in zip(weights, polygon, strict=True)) / total

    assert is_inside((x, y), polygon)


@given(shapes, st.integers(0, 9), st.floats(0, 1))
def test_every_point_of_an_edge_is_inside(polygon: Polygon, number: int, part: float) -> None:
    edges = list(pairwise((*polygon, polygon[0])))
    (left, top), (right, bottom) = edges[number % len(edges)]

    assert is_inside((left + part * (right - left), top + part * (bottom - top)), polygon)


@given(shapes)
def test_a_polygon_is_kept_as_it_was_drawn(polygon: Polygon) -> None:
    assert check_polygon(polygon) == polygon


def test_a_corner_that_was_clicked_twice_is_one_corner() -> None:
    first, second, third = TRIANGLE

    assert check_polygon([first, first, second, third, third, first]) == TRIANGLE


def test_whole_numbers_are_numbers() -> None:
    assert check_polygon([(0, 0), (1, 0), (1, 1), (0, 1)]) == WHOLE


@pytest.mark.parametrize(
    "drawn",
    [[], [(0.5, 0.5)], [(0.1, 0.1), (0.9, 0.9)], [(0.1, 0.1), (0.9, 0.9), (0.1, 0.1), (0.9, 0.9)]],
)
def test_a_polygon_has_three_corners(drawn: list[Point]) -> None:
    with pytest.raises(ZoneTooFewPoints, match="at least 3 corners"):
        check_polygon(drawn)


def circle(corners: int) -> list[Point]:
    angles = [2 * math.pi * number / corners for number in range(corners)]
    return [(0.5 + 0.4 * math.cos(a), 0.5 + 0.4 * math.sin(a)) for a in angles]


def test_a_polygon_has_a_bound_number_of_corners() -> None:
    assert len(check_polygon(circle(64))) == 64
    with pytest.raises(ZoneTooManyPoints, match="at most 64"):
        check_polygon(circle(65))


@pytest.mark.parametrize("number", [-0.01, 1.01, math.inf, -math.inf, math.nan, 1e300], ids=repr)
@pytest.mark.parametrize("axis", [0, 1])
def test_every_corner_is_in_the_picture(number: float, axis: int) -> None:
    corner = [0.5, 0.5]
    corner[axis] = number

    with pytest.raises(ZoneOutside, match="into the picture"):
        check_polygon([(0.1, 0.1), (0.9, 0.1), (corner[0], corner[1])])


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param([(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)], id="a bow tie"),
        pytest.param(
            [(0.1, 0.1), (0.5, 0.5), (0.9, 0.1), (0.9, 0.9), (0.5, 0.5), (0.1, 0.9)],
            id="two parts that meet in a corner",
        ),
        pytest.param(
            [(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 0.5), (0.0, 1.0)],
            id="a corner on an edge",
        ),
        pytest.param([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.9, 0.5), (0.1, 0.5)], id="a fold"),
        pytest.param([(0.1, 0.1), (0.5, 0.1), (0.9, 0.1), (0.5, 0.1), (0.5, 0.9)], id="a thorn"),
        pytest.param([*STAR[::4], *STAR[2::4]], id="a star in one line"),
    ],
)
def test_an_outline_does_not_meet_itself(drawn: list[Point]) -> None:
    with pytest.raises(ZoneCrossing, match="crosses or touches itself"):
        check_polygon(drawn)


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param([(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)], id="a line"),
        pytest.param([(0.1, 0.1), (0.12, 0.1), (0.12, 0.12), (0.1, 0.12)], id="a dot"),
        pytest.param([(0.0, 0.5), (1.0, 0.5), (0.5, 0.5005)], id="a splinter"),
    ],
)
def test_a_polygon_has_room_for_feet(drawn: list[Point]) -> None:
    with pytest.raises(ZoneTooSmall, match="further apart"):
        check_polygon(drawn)


@given(convex_polygons())
def test_what_is_convex_and_not_tiny_can_be_kept(polygon: Polygon) -> None:
    doubled = sum(
        a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True)
    )
    assume(doubled > 0.0011)

    assert check_polygon(polygon) == polygon
