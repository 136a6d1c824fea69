"""More persons come in than were let in: what one opening of a door tells."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.gatehouse.access.openings import GRACE, Followed, Openings
from custom_components.gatehouse.models import Group, Passage, PassageKind
from tests.rooms.access.policies import FRONT, GARAGE
from tests.rooms.access.site import CAMERA, NOON

OTHER = "9f2c41d07ab3/hall"
SECOND = timedelta(seconds=1)
GROUPS = (
    Group(id="porch", name="Porch", cameras=(CAMERA, OTHER), doors=(FRONT, GARAGE)),
    Group(id="blind", name="Cellar", doors=("a/door/cellar",)),
)


def passage(number: int = 1, **other: Any) -> Passage:
    return Passage(
        **{
            "id": str(number),
            "door": FRONT,
            "kind": PassageKind.GRANTED,
            "at": NOON,
            "holder": f"person {number}",
            **other,
        }
    )


@pytest.fixture
def openings() -> Openings:
    """Return a front door with a contact, and a garage door without one."""
    openings = Openings(GROUPS)
    openings.meet(FRONT, contact=True)
    openings.meet(GARAGE, contact=False)
    return openings


@pytest.mark.parametrize(
    ("let_in", "persons", "followed"),
    [(1, 0, False), (1, 1, False), (1, 2, True), (2, 2, False), (2, 3, True), (0, 3, False)],
)
def test_who_comes_in_without_having_been_let_in_follows_somebody(
    openings: Openings, let_in: int, persons: int, followed: bool
) -> None:
    for number in range(let_in):
        openings.passage(passage(number), NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, persons)
    openings.seen(CAMERA, 0)

    told = openings.contact(FRONT, is_open=False)

    expected = Followed(door=FRONT, let_in=let_in, persons=persons)
    assert told == (expected if followed else None)


def test_the_camera_that_sees_most_is_right_and_nobody_is_counted_twice(
    openings: Openings,
) -> None:
    openings.passage(passage(), NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 2)
    openings.seen(OTHER, 3)
    openings.seen("somewhere/else", 9)

    assert openings.contact(FRONT, is_open=False) == Followed(door=FRONT, let_in=1, persons=3)


def test_who_stands_there_already_counts(openings: Openings) -> None:
    openings.seen(CAMERA, 2)
    openings.passage(passage(), NOON)
    openings.contact(FRONT, is_open=True)

    assert openings.contact(FRONT, is_open=False) == Followed(door=FRONT, let_in=1, persons=2)


def test_who_went_away_before_the_door_opened_does_not_count(openings: Openings) -> None:
    openings.seen(CAMERA, 3)
    openings.passage(passage(), NOON)
    openings.seen(CAMERA, 1)
    openings.contact(FRONT, is_open=True)

    assert openings.contact(FRONT, is_open=False) is None


def test_who_is_let_in_while_it_is_open_counts_and_only_once(openings: Openings) -> None:
    openings.passage(passage(1), NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 3)
    openings.passage(passage(2), NOON + 9 * GRACE)
    openings.passage(passage(3, holder="person 2"), NOON + 9 * GRACE)

    assert list(openings.due(NOON + 99 * GRACE)) == []
    assert openings.contact(FRONT, is_open=False) == Followed(door=FRONT, let_in=2, persons=3)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": PassageKind.DENIED},
        {"kind": PassageKind.FORCED},
        {"kind": PassageKind.EXIT},
        {"direction": "out"},
    ],
    ids=str,
)
def test_a_door_through_which_nobody_was_let_in_tells_nothing(
    openings: Openings, other: dict[str, Any]
) -> None:
    openings.passage(passage(**other), NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 4)

    assert openings.contact(FRONT, is_open=False) is None


@pytest.mark.parametrize("first", [True, False])
def test_where_somebody_leaves_nobody_is_counted(openings: Openings, first: bool) -> None:
    comes, leaves = passage(), passage(2, kind=PassageKind.EXIT)
    for each in (comes, leaves) if first else (leaves, comes):
        openings.passage(each, NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 4)

    assert openings.contact(FRONT, is_open=False) is None


def test_who_was_let_in_and_never_came_counts_no_more(openings: Openings) -> None:
    openings.passage(passage(1), NOON)
    assert openings.next_due() == NOON + GRACE
    assert list(openings.due(NOON + GRACE)) == []

    openings.passage(passage(2), NOON + 2 * GRACE)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 2)

    assert openings.next_due() is None
    assert openings.contact(FRONT, is_open=False) == Followed(door=FRONT, let_in=1, persons=2)


def test_a_door_that_is_told_to_be_open_twice_was_opened_once(openings: Openings) -> None:
    openings.passage(passage(), NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 2)
    openings.seen(CAMERA, 0)
    openings.contact(FRONT, is_open=True)

    assert openings.contact(FRONT, is_open=False) == Followed(door=FRONT, let_in=1, persons=2)
    assert openings.contact(FRONT, is_open=False) is None


def test_a_door_without_a_contact_is_open_for_a_while(openings: Openings) -> None:
    openings.passage(passage(door=GARAGE), NOON)
    openings.seen(CAMERA, 3)

    assert list(openings.due(NOON + GRACE - SECOND)) == []
    assert list(openings.due(NOON + GRACE)) == [Followed(door=GARAGE, let_in=1, persons=3)]
    assert list(openings.due(NOON + GRACE)) == []


def test_who_is_let_in_next_keeps_it_open(openings: Openings) -> None:
    openings.passage(passage(1, door=GARAGE), NOON)
    openings.passage(passage(2, door=GARAGE), NOON + 6 * SECOND)
    openings.seen(CAMERA, 2)

    assert list(openings.due(NOON + GRACE)) == []
    assert openings.next_due() == NOON + 6 * SECOND + GRACE
    assert list(openings.due(NOON + 6 * SECOND + GRACE)) == []


def test_a_door_that_no_camera_sees_is_not_followed(openings: Openings) -> None:
    cellar = "a/door/cellar"
    openings.passage(passage(door=cellar), NOON)
    openings.contact(cellar, is_open=True)

    assert openings.next_due() is None
    assert openings.contact(cellar, is_open=False) is None


def test_what_an_agent_missed_is_not_guessed(openings: Openings) -> None:
    openings.passage(passage(), NOON)
    openings.contact(FRONT, is_open=True)
    openings.seen(CAMERA, 5)
    openings.meet(FRONT, contact=True)

    assert openings.contact(FRONT, is_open=False) is None
