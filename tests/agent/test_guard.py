"""Who tries one card after the other is not heard."""

import itertools

import pytest

from camera_agent.guard import Guard


def fail(guard: Guard, *moments: float) -> None:
    for now in moments:
        guard.failed("outside", now)


def ends(guard: Guard, now: float) -> float:
    """When the lock-out of now is over, to the second."""
    return next(at for at in itertools.count(now) if not guard.locked_out("outside", at)) - now


def test_who_never_failed_is_heard() -> None:
    assert not Guard().locked_out("outside", 0.0)


@pytest.mark.parametrize(
    ("moments", "locked"),
    [
        ([0, 10, 20, 30], False),
        ([0, 10, 20, 30, 40], True),
        ([0, 10, 20, 30, 59.9], True),
        ([0, 10, 20, 30, 60], False),
        ([0, 10, 20, 30, 60, 61], True),
        ([0, 0, 0, 0, 0], True),
    ],
)
def test_five_failures_within_a_minute_lock_a_reader_out(
    moments: list[float], locked: bool
) -> None:
    guard = Guard()
    fail(guard, *moments)
    assert guard.locked_out("outside", moments[-1]) is locked


def test_a_lock_out_ends_by_itself_and_only_then() -> None:
    guard = Guard()
    fail(guard, 0, 0, 0, 0, 0)
    heard = [not guard.locked_out("outside", now) for now in (0.0, 29.999, 30.0, 31.0)]
    assert heard == [False, False, True, True]


def test_it_is_that_reader_alone() -> None:
    guard = Guard()
    fail(guard, 0, 0, 0, 0, 0)
    assert not guard.locked_out("inside", 1.0)


def test_each_lock_out_is_twice_as_long_as_the_last_up_to_a_quarter_of_an_hour() -> None:
    guard, now, spans = Guard(), 1000.0, []
    for _ in range(8):
        fail(guard, now, now, now, now, now)
        spans.append(ends(guard, now))
        now += spans[-1]
    assert spans == [30, 60, 120, 240, 480, 900, 900, 900]


def test_four_more_failures_after_a_lock_out_are_not_enough() -> None:
    guard = Guard()
    fail(guard, 0, 0, 0, 0, 0, 30, 30, 30, 30)
    assert not guard.locked_out("outside", 30.0)


@pytest.mark.parametrize(("quiet", "span"), [(3599.0, 60), (3600.0, 30)])
def test_an_hour_of_quiet_forgives(quiet: float, span: float) -> None:
    guard = Guard()
    fail(guard, 0, 0, 0, 0, 0)
    fail(guard, *[quiet] * 5)
    assert ends(guard, quiet) == span


def test_who_goes_on_trying_while_locked_out_is_not_quiet() -> None:
    guard = Guard()
    fail(guard, 0, 0, 0, 0, 0)
    assert guard.locked_out("outside", 29.0)
    fail(guard, *[3605.0] * 5)
    assert ends(guard, 3605.0) == 60


def test_somebody_who_may_enter_ends_the_doubling() -> None:
    guard = Guard()
    fail(guard, 0, 0, 0, 0, 0)
    guard.granted("outside")
    fail(guard, 40, 40, 40, 40, 40)
    assert ends(guard, 40.0) == 30


def test_a_card_of_ones_own_between_the_guesses_does_not_help() -> None:
    guard = Guard()
    fail(guard, 0, 1, 2, 3)
    guard.granted("outside")
    fail(guard, 5)
    assert guard.locked_out("outside", 5.0)


def test_a_granted_passage_at_a_reader_that_never_failed_is_nothing() -> None:
    guard = Guard()
    guard.granted("outside")
    assert not guard.locked_out("outside", 0.0)
