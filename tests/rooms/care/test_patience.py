"""Nobody is told of what passes by itself, and nothing that is told flickers."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.care import Patience, Problem, ProblemKind
from custom_components.gatehouse.care.rules import PACES, USUAL
from tests.rooms.care.reports import NOON

MINUTE = timedelta(minutes=1)


def problem(kind: ProblemKind, about: str = "porch", seconds: int = 0) -> Problem:
    return Problem(kind=kind, about=about, words={"seconds": seconds})


STUCK = problem(ProblemKind.CAMERA_OFFLINE)
LOW = problem(ProblemKind.UNDER_VOLTAGE)


def test_what_passes_by_itself_is_not_told() -> None:
    patience = Patience()

    assert patience.look([STUCK], NOON) == ()
    assert patience.look([STUCK], NOON + 4 * MINUTE) == ()
    assert patience.look([], NOON + 5 * MINUTE) == ()
    assert patience.look([STUCK], NOON + 6 * MINUTE) == ()
    assert patience.look([STUCK], NOON + 11 * MINUTE) == (STUCK,)


def test_what_does_not_wait_is_told_at_once() -> None:
    assert Patience().look([LOW], NOON) == (LOW,)


def test_what_was_told_stays_told_until_it_has_been_over_for_a_while() -> None:
    patience = Patience()
    patience.look([LOW], NOON)

    assert patience.look([], NOON + 59 * MINUTE) == (LOW,)
    assert patience.look([LOW], NOON + 59.5 * MINUTE) == (LOW,)
    assert patience.look([], NOON + 119 * MINUTE) == (LOW,)
    assert patience.told == {LOW.id}
    assert patience.look([], NOON + 120 * MINUTE) == ()
    assert patience.told == set()


def test_what_is_told_says_how_it_is_now() -> None:
    patience = Patience()
    early, late = (problem(ProblemKind.AGENT_CLOCK, seconds=seconds) for seconds in (6, 9))
    patience.look([early], NOON)

    assert patience.look([late], NOON + 5 * MINUTE) == (late,)


def test_somebody_who_has_done_something_about_it_is_told_again_only_if_it_lasts() -> None:
    patience = Patience()
    patience.look([STUCK], NOON)
    patience.look([STUCK], NOON + 5 * MINUTE)

    patience.forgive(STUCK.id)

    assert patience.look([STUCK], NOON + 6 * MINUTE) == ()
    assert patience.look([STUCK], NOON + 11 * MINUTE) == (STUCK,)


def test_two_agents_do_not_share_their_time() -> None:
    patience = Patience()
    other = problem(ProblemKind.CAMERA_OFFLINE, "garage")
    patience.look([STUCK], NOON)

    assert patience.look([STUCK, other], NOON + 5 * MINUTE) == (STUCK,)


@pytest.mark.parametrize("kind", ProblemKind)
@given(seen=st.lists(st.booleans(), max_size=200))
def test_no_problem_comes_or_goes_faster_than_it_has_to(
    kind: ProblemKind, seen: list[bool]
) -> None:
    patience, found, pace = Patience(), problem(kind), PACES.get(kind, USUAL)
    lasting, quiet = (span // (MINUTE / 2) for span in (pace.patience, pace.calm))

    told = [
        bool(patience.look([found] if is_there else [], NOON + number * MINUTE / 2))
        for number, is_there in enumerate(seen)
    ]

    turns = range(1, len(told))
    begun = [n for n in turns if told[n] > told[n - 1]]
    over = [n for n in turns if told[n] < told[n - 1]]
    assert all(n >= lasting and all(seen[n - lasting : n + 1]) for n in begun)
    assert all(n >= quiet and not any(seen[n - quiet + 1 : n + 1]) for n in over)
