"""By how much a recorder's clock was set since something was asked of it."""

from datetime import UTC, datetime, timedelta

from custom_components.gatehouse.footage.dates import MOST, Dates
from custom_components.gatehouse.models import Footage, FootageStage

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def wish(name: str = "f", since: datetime = NOON) -> Footage:
    return Footage(
        id=name,
        camera="porch/front",
        incident=None,
        stage=FootageStage.REQUESTED,
        since=since,
        until=since + timedelta(seconds=20),
    )


class Timed:
    """Wishes, and a time that a test lets pass."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.dates = Dates(lambda: 500.0 + self.passed)

    def step(self, set_by: timedelta = timedelta(), name: str = "f") -> timedelta:
        return self.dates.step(name, NOON + timedelta(seconds=self.passed) + set_by)


def test_a_clock_that_is_not_set_has_made_no_step() -> None:
    timed = Timed()
    timed.dates.note(wish(), NOON)

    timed.passed = 86_400.0

    assert timed.step(timedelta(seconds=1)) == timedelta()


def test_a_step_is_told_until_the_wish_is_dated_anew() -> None:
    timed = Timed()
    timed.dates.note(wish(), NOON)
    timed.passed = 10.0

    assert [timed.step(-HOUR), timed.step(-HOUR)] == [-HOUR, -HOUR]
    timed.dates.keep("f", NOON + timedelta(seconds=10) - HOUR)

    assert timed.step(-HOUR) == timedelta()
    assert timed.step() == HOUR


def test_of_wishes_that_are_unknown_forgotten_or_of_another_time_nobody_knows_a_step() -> None:
    timed = Timed()
    timed.dates.note(wish("gone"), NOON)
    timed.dates.note(wish("ahead", since=NOON + HOUR), NOON)

    timed.dates.forget("gone")
    timed.dates.forget("gone")

    assert {timed.step(HOUR, name) for name in ("unknown", "gone", "ahead")} == {timedelta()}


def test_only_so_many_wishes_are_remembered() -> None:
    timed = Timed()
    for number in range(MOST + 1):
        timed.dates.note(wish(str(number)), NOON)

    assert timed.step(HOUR, "0") == timedelta()
    assert timed.step(HOUR, "1") == HOUR
