"""What becomes of a series when somebody edits it, or deletes something of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.gatehouse.bookings import (
    Booking,
    BookingBegun,
    BookingNotFound,
    BookingOver,
    CamerasBad,
    Series,
    TimesBad,
    WordsBad,
)
from custom_components.gatehouse.bookings.edits import created, deleted, edited
from custom_components.gatehouse.bookings.expansion import expand
from tests.rooms.bookings.booked import BERLIN, HOUR, LEFT, NOW, berlin, booking, series, shown

WEEKS = berlin(1, 0), berlin(31, 0, month=12)
MINUTE = timedelta(minutes=1)


def hours(*them: Series) -> dict[str, list[str]]:
    """Return what hours there are from November to December, by the uid of their series."""
    return {each.uid: shown(expand(each, *WEEKS)) for each in them}


def wanted(start: datetime | None = None, length: timedelta = HOUR, **more: object) -> Booking:
    return booking(start, length, uid="s", **more)


def names(it: Series) -> set[str]:
    return {hour.id for hour in expand(it, *WEEKS)}


FOUR = series(berlin(17, 17), "FREQ=WEEKLY;COUNT=4")
TUESDAYS = ["11-17 17:00-18:00", "11-24 17:00-18:00", "12-01 17:00-18:00", "12-08 17:00-18:00"]
DAILY = series(berlin(16, 12), "FREQ=DAILY;COUNT=5")


def test_the_series_of_these_tests_are_what_they_seem() -> None:
    assert hours(FOUR) == {"s": TUESDAYS}


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (booking(summary=" "), WordsBad),
        (booking(summary="x" * 201), WordsBad),
        (booking(description="x" * 5001), WordsBad),
        (booking(cameras=()), CamerasBad),
        (booking(cameras=(LEFT, LEFT)), CamerasBad),
        (booking(cameras=("a", "b", "c")), CamerasBad),
        (booking(length=timedelta(0)), TimesBad),
        (booking(length=25 * HOUR), TimesBad),
        (booking(start=datetime(2026, 11, 18, 17)), TimesBad),  # noqa: DTZ001
        (booking(rrule="FREQ=DAILY", length=25 * HOUR), TimesBad),
        (booking(berlin(18, 10)), BookingOver),
    ],
)
def test_what_cannot_be_booked_says_what_to_change(draft: Booking, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^[A-Z].{20}"):
        created(draft, "s", NOW)


def test_a_new_booking_says_since_when_it_holds() -> None:
    kept = created(booking(summary=" Tennis "), "new", NOW)

    assert kept == Series(booking=booking(uid="new", changed=NOW))


def test_a_time_in_no_zone_by_name_is_one_in_utc() -> None:
    start = datetime(2026, 11, 18, 16, tzinfo=UTC)

    kept = created(booking(start, end=berlin(18, 18)), "new", NOW).booking

    assert (kept.zone.key, kept.end.isoformat()) == ("UTC", "2026-11-18T17:00:00+00:00")


def test_one_hour_of_a_series_is_moved_by_itself() -> None:
    this = wanted(berlin(25, 9), rrule="FREQ=WEEKLY;BYDAY=TU")

    (it,) = edited(FOUR, this, NOW, "new", recurrence="20261124T170000")

    assert hours(it) == {"s": [TUESDAYS[0], "11-25 09:00-10:00", *TUESDAYS[2:]]}
    assert names(it) == names(FOUR)
    (again,) = edited(it, wanted(berlin(26, 9)), NOW, "new", recurrence="20261124T170000")
    assert hours(again) == {"s": [TUESDAYS[0], "11-26 09:00-10:00", *TUESDAYS[2:]]}


def test_one_hour_of_a_series_is_deleted_by_itself() -> None:
    (moved,) = edited(FOUR, wanted(berlin(25, 9)), NOW, "new", recurrence="20261124T170000")

    (it,) = deleted(moved, "20261124T170000")

    assert hours(it) == {"s": [TUESDAYS[0], *TUESDAYS[2:]]}
    assert it.overrides == ()


@pytest.mark.parametrize("recurrence", ["20261125T170000", "20261124T160000", "tomorrow"])
def test_an_hour_that_a_series_does_not_have_is_not_found(recurrence: str) -> None:
    with pytest.raises(BookingNotFound):
        deleted(FOUR, recurrence)
    with pytest.raises(BookingNotFound):
        edited(FOUR, wanted(), NOW, "new", recurrence=recurrence)


def test_an_hour_is_not_found_once_it_is_deleted() -> None:
    (it,) = deleted(FOUR, "20261124T170000")

    with pytest.raises(BookingNotFound):
        deleted(it, "20261124T170000", following=True)


def test_an_hour_and_the_following_are_deleted() -> None:
    (moved,) = edited(FOUR, wanted(berlin(10, 9, month=12)), NOW, "n", recurrence="20261208T170000")
    (fewer,) = deleted(moved, "20261201T170000")

    assert hours(*deleted(FOUR, "20261201T170000", following=True)) == {"s": TUESDAYS[:2]}
    assert hours(*deleted(fewer, "20261124T170000", following=True)) == {"s": TUESDAYS[:1]}
    assert deleted(FOUR, "20261117T170000", following=True) == ()
    assert deleted(FOUR) == ()


def test_an_hour_and_the_following_become_another_series() -> None:
    this = wanted(berlin(1, 18, month=12), rrule="FREQ=WEEKLY;COUNT=4")

    them = edited(FOUR, this, NOW, "new", recurrence="20261201T170000", following=True)

    assert hours(*them) == {
        "s": TUESDAYS[:2],
        "new": ["12-01 18:00-19:00", "12-08 18:00-19:00"],
    }


def test_what_was_said_of_single_hours_goes_with_the_hours_that_keep_their_times() -> None:
    (moved,) = edited(FOUR, wanted(berlin(9, 9, month=12)), NOW, "n", recurrence="20261208T170000")
    (it,) = deleted(moved, "20261201T170000")
    this = wanted(berlin(24, 17), rrule="FREQ=WEEKLY;COUNT=4", summary="Finals")

    them = edited(it, this, NOW, "new", recurrence="20261124T170000", following=True)

    assert hours(*them) == {"s": TUESDAYS[:1], "new": [TUESDAYS[1], "12-09 09:00-10:00"]}
    assert [each.booking.summary for each in them] == ["Tennis", "Finals"]


def test_deleted_hours_stay_deleted_when_a_series_is_moved() -> None:
    (moved,) = edited(FOUR, wanted(berlin(9, 9, month=12)), NOW, "n", recurrence="20261208T170000")
    (it,) = deleted(moved, "20261201T170000")
    this = wanted(berlin(18, 18), rrule="FREQ=WEEKLY;COUNT=4")

    assert hours(*edited(it, this, NOW, "new")) == {
        "s": ["11-18 18:00-19:00", "11-25 18:00-19:00", "12-09 18:00-19:00"]
    }
    this = wanted(berlin(25, 18), rrule="FREQ=WEEKLY")
    them = edited(it, this, NOW, "new", recurrence="20261124T170000", following=True)
    assert hours(them[1])["new"][:2] == ["11-25 18:00-19:00", "12-09 18:00-19:00"]


def test_the_first_hour_and_the_following_are_the_whole_series() -> None:
    this = wanted(berlin(17, 18), rrule="FREQ=WEEKLY;COUNT=4")

    (it,) = edited(FOUR, this, NOW, "new", recurrence="20261117T170000", following=True)

    assert (it.uid, len(hours(it)["s"])) == ("s", 4)


def test_words_of_a_series_change_and_its_hours_stay() -> None:
    (moved,) = edited(FOUR, wanted(berlin(25, 9)), NOW, "n", recurrence="20261124T170000")
    (it,) = deleted(moved, "20261208T170000")

    (again,) = edited(it, replace(FOUR.booking, summary="Finals"), NOW, "new")

    assert hours(again) == hours(it)
    assert again.booking.summary == "Finals"


def test_a_series_becomes_a_single_hour_and_the_other_way_round() -> None:
    single = wanted(berlin(20, 9))

    (it,) = edited(FOUR, single, NOW, "new")
    (back,) = edited(it, FOUR.booking, NOW, "new")
    rest = edited(FOUR, single, NOW, "new", recurrence="20261124T170000", following=True)

    assert names(it) == {"s"}
    assert hours(back) == hours(FOUR)
    assert hours(*rest) == {"s": TUESDAYS[:1], "new": ["11-20 09:00-10:00"]}
    with pytest.raises(BookingOver):
        edited(FOUR, wanted(berlin(17, 9)), NOW, "new")


RUNNING = NOW + 30 * MINUTE
TODAY = "20261118T120000"


def running_single() -> Series:
    return Series(booking=wanted(berlin(18, 12)))


def test_the_end_of_what_is_running_can_be_moved_but_not_its_start() -> None:
    single = running_single()

    (later,) = edited(single, wanted(berlin(18, 11), 4 * HOUR), RUNNING, "new")
    (sooner,) = edited(single, wanted(berlin(18, 12), HOUR / 4), RUNNING, "new")
    (one,) = edited(DAILY, wanted(berlin(18, 10), 4 * HOUR), RUNNING, "new", recurrence=TODAY)

    assert hours(later) == {"s": ["11-18 12:00-15:00"]}
    assert hours(sooner) == {"s": ["11-18 12:00-12:30"]}
    assert hours(one)["s"][2] == "11-18 12:00-14:00"


def test_what_is_running_cannot_begin_later() -> None:
    with pytest.raises(BookingBegun):
        edited(running_single(), wanted(berlin(18, 14)), RUNNING, "new")
    with pytest.raises(BookingBegun):
        edited(DAILY, wanted(berlin(18, 14)), RUNNING, "new", recurrence=TODAY)


def test_what_is_over_cannot_be_edited() -> None:
    over = NOW + 2 * HOUR

    with pytest.raises(BookingOver):
        edited(running_single(), wanted(berlin(20, 12)), over, "new")
    with pytest.raises(BookingOver):
        edited(DAILY, wanted(berlin(20, 12)), over, "new", recurrence=TODAY)


def test_an_hour_that_is_running_keeps_its_name_and_start_when_its_series_is_moved() -> None:
    this = wanted(berlin(16, 12, 15), rrule="FREQ=DAILY;COUNT=5")

    (it,) = edited(DAILY, this, RUNNING, "new")

    assert f"s@{TODAY}" in names(it)
    assert hours(it)["s"][2:] == ["11-18 12:00-13:15", "11-19 12:15-13:15", "11-20 12:15-13:15"]


def test_an_hour_that_is_running_goes_on_when_its_series_leaves_it_alone() -> None:
    away = wanted(berlin(16, 20), rrule="FREQ=DAILY;COUNT=5")
    longer = wanted(berlin(16, 12), 2 * HOUR, rrule="FREQ=DAILY;COUNT=5")
    shorter = wanted(berlin(16, 12), HOUR / 4, rrule="FREQ=DAILY;COUNT=5")

    moved = hours(*edited(DAILY, away, RUNNING, "new"))["s"]

    assert moved[2:4] == ["11-18 12:00-13:00", "11-18 20:00-21:00"]
    assert hours(*edited(DAILY, longer, RUNNING, "new"))["s"][2] == "11-18 12:00-14:00"
    assert hours(*edited(DAILY, shorter, RUNNING, "new"))["s"][2] == "11-18 12:00-12:30"


@pytest.mark.parametrize("recurrence", [TODAY, "20261117T120000"])
def test_an_hour_that_is_running_stays_with_the_series_that_it_began_with(recurrence: str) -> None:
    first = datetime.fromisoformat(recurrence).replace(tzinfo=BERLIN)
    this = wanted(first + HOUR / 4, rrule="FREQ=DAILY;COUNT=5")

    them = edited(DAILY, this, RUNNING, "new", recurrence=recurrence, following=True)

    assert f"s@{TODAY}" in names(them[0])
    assert hours(them[0])["s"][-1] == "11-18 12:00-13:15"
    assert "11-18 12:15-13:15" not in hours(them[1])["new"]
    assert hours(them[1])["new"][-1] == "11-20 12:15-13:15"


def test_hours_after_the_one_that_is_running_become_another_series_without_it() -> None:
    this = wanted(berlin(19, 9), rrule="FREQ=DAILY;COUNT=2")

    them = edited(DAILY, this, RUNNING, "new", recurrence="20261119T120000", following=True)

    assert hours(*them) == {
        "s": ["11-16 12:00-13:00", "11-17 12:00-13:00", "11-18 12:00-13:00"],
        "new": ["11-19 09:00-10:00", "11-20 09:00-10:00"],
    }


def test_what_is_running_is_followed_by_a_series() -> None:
    this = wanted(berlin(18, 12), 2 * HOUR, rrule="FREQ=DAILY;COUNT=3")

    them = edited(running_single(), this, RUNNING, "new")

    assert hours(*them) == {
        "s": ["11-18 12:00-14:00"],
        "new": ["11-19 12:00-14:00", "11-20 12:00-14:00"],
    }


def test_a_series_that_is_running_ends_with_a_single_hour() -> None:
    now_and_then = wanted(berlin(18, 12), 2 * HOUR)
    tomorrow = wanted(berlin(19, 9))

    this = edited(DAILY, now_and_then, RUNNING, "new")
    other = edited(DAILY, tomorrow, RUNNING, "new")

    assert hours(*this)["s"][-1] == "11-18 12:00-14:00"
    assert "new" not in hours(*this)
    assert hours(*other)["s"][-1] == "11-18 12:00-13:00"
    assert hours(*other)["new"] == ["11-19 09:00-10:00"]
