"""When a schedule is open, whatever is done to the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.gatehouse.access import (
    Holiday,
    HolidayRule,
    Schedule,
    SpecialDays,
    Weekday,
    is_open,
    windows_of,
)
from tests.rooms.access.policies import BERLIN, WORKDAYS, at, holiday, hours, schedule, window
from tests.rooms.access.strategies import ZONES, clock_changes, holidays, schedules

NEW_YORK: Final = ZoneInfo("America/New_York")
LORD_HOWE: Final = ZoneInfo("Australia/Lord_Howe")
KATHMANDU: Final = ZoneInfo("Asia/Kathmandu")
APIA: Final = ZoneInfo("Pacific/Apia")

SECOND: Final = timedelta(seconds=1)
HALF_A_DAY: Final = timedelta(hours=12)


def opened(
    plan: Schedule,
    first: str,
    last: str | None = None,
    *,
    zone: ZoneInfo = BERLIN,
    closed: tuple[Holiday, ...] = (),
) -> list[tuple[str, str]]:
    """Return when a schedule is open, in UTC, from the start of a local day to the end of one."""
    since = datetime.combine(date.fromisoformat(first), time(), zone)
    until = datetime.combine(date.fromisoformat(last or first), time(), zone) + timedelta(days=1)
    spans = windows_of(plan, closed, zone, since, until)
    return [(f"{start:%d %H:%M}", f"{end:%d %H:%M}") for start, end in spans]


@pytest.mark.parametrize(
    ("hour", "day", "zone", "expected"),
    [
        pytest.param(
            ("08:00", "17:30"), "2027-01-11", BERLIN, [("11 07:00", "11 16:30")], id="winter"
        ),
        pytest.param(
            ("08:00", "17:30"), "2027-07-12", BERLIN, [("12 06:00", "12 15:30")], id="summer"
        ),
        pytest.param(
            ("09:00", "17:00"), "2027-01-11", KATHMANDU, [("11 03:15", "11 11:15")], id="odd offset"
        ),
        pytest.param(
            ("10:00", "11:00"), "2028-02-29", BERLIN, [("29 09:00", "29 10:00")], id="leap day"
        ),
        pytest.param(
            ("00:00", "24:00"), "2027-01-11", BERLIN, [("10 23:00", "11 23:00")], id="all day"
        ),
        pytest.param(("02:00", "03:00"), "2027-03-28", BERLIN, [], id="an hour that is skipped"),
        pytest.param(
            ("01:30", "02:30"), "2027-03-28", BERLIN, [("28 00:30", "28 01:00")], id="into the gap"
        ),
        pytest.param(
            ("02:30", "03:30"), "2027-03-28", BERLIN, [("28 01:00", "28 01:30")], id="out of it"
        ),
        pytest.param(
            ("02:00", "03:00"), "2027-10-31", BERLIN, [("31 00:00", "31 02:00")], id="shown twice"
        ),
        pytest.param(
            ("01:30", "02:30"),
            "2027-10-31",
            BERLIN,
            [("30 23:30", "31 00:30"), ("31 01:00", "31 01:30")],
            id="half of it shown twice",
        ),
        pytest.param(("02:15", "02:45"), "2027-03-14", NEW_YORK, [], id="New York skips"),
        pytest.param(
            ("01:00", "02:00"), "2027-11-07", NEW_YORK, [("07 05:00", "07 07:00")], id="and repeats"
        ),
        pytest.param(
            ("02:15", "02:45"), "2027-10-03", LORD_HOWE, [("02 15:30", "02 15:45")], id="30 minutes"
        ),
        pytest.param(
            ("01:30", "02:00"), "2027-04-04", LORD_HOWE, [("03 14:30", "03 15:30")], id="and back"
        ),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(
    hour: tuple[str, str], day: str, zone: ZoneInfo, expected: list[tuple[str, str]]
) -> None:
    assert opened(schedule(window(*hour)), day, zone=zone) == expected


@pytest.mark.parametrize(
    ("day", "length"),
    [("2027-03-27", 7), ("2027-10-30", 9), ("2027-06-01", 8)],
    ids=["spring", "autumn", "any other night"],
)
def test_a_night_is_as_long_as_it_is(day: str, length: int) -> None:
    night = schedule(window("22:00", "06:00"), holidays=HolidayRule.IGNORED)
    since = at(f"{day}T12:00")

    ((start, end),) = windows_of(night, (), BERLIN, since, since + timedelta(days=1))

    assert end - start == timedelta(hours=length)


def test_a_day_that_a_country_left_out_has_no_hours() -> None:
    assert opened(schedule(window("09:00", "17:00")), "2011-12-29", "2011-12-31", zone=APIA) == [
        ("29 19:00", "30 03:00"),
        ("30 19:00", "31 03:00"),
    ]


def test_hours_that_meet_are_one_window() -> None:
    plan = schedule(window("08:00", "12:00"), window("12:00", "14:00"), window("13:00", "15:00"))

    assert opened(plan, "2027-01-11") == [("11 07:00", "11 14:00")]


def test_whole_days_in_a_row_are_one_window() -> None:
    plan = schedule(window("00:00", "24:00", WORKDAYS))

    assert opened(plan, "2027-01-11", "2027-01-17") == [("10 23:00", "15 23:00")]


def test_what_began_before_is_cut_to_what_was_asked_for() -> None:
    since, until = at("2027-01-11T23:30"), at("2027-01-12T03:30")

    spans = windows_of(schedule(window("22:00", "06:00")), (), BERLIN, since, until)

    assert spans == [(since, until)]
    assert all(moment.tzinfo is UTC for span in spans for moment in span)


def test_clocks_change_on_the_second_whenever_one_asks() -> None:
    since = at("2027-03-28T00:10:00.75")

    spans = windows_of(schedule(window("02:30", "04:00")), (), BERLIN, since, since + HALF_A_DAY)

    assert spans == [(at("2027-03-28T03:00"), at("2027-03-28T04:00"))]


def test_nothing_is_open_between_two_moments_in_the_wrong_order() -> None:
    since = at("2027-01-11T12:00")

    assert windows_of(schedule(window("00:00", "24:00")), (), BERLIN, since, since) == []
    assert windows_of(schedule(window("00:00", "24:00")), (), BERLIN, since, since - SECOND) == []


CHRISTMAS: Final = holiday("2026-12-25", "2026-12-26", yearly=True)
WEEK: Final = window("08:00", "17:00", WORKDAYS)
SUNDAY: Final = window("10:00", "12:00", [Weekday.SUN])


# The 25th of December 2026 is a Friday, that of 2028 a Monday.
@pytest.mark.parametrize(
    ("rule", "day", "expected"),
    [
        (HolidayRule.CLOSED, "2026-12-24", [("24 07:00", "24 16:00")]),
        (HolidayRule.CLOSED, "2026-12-25", []),
        (HolidayRule.AS_SUNDAY, "2026-12-25", [("25 09:00", "25 11:00")]),
        (HolidayRule.IGNORED, "2026-12-25", [("25 07:00", "25 16:00")]),
        (HolidayRule.CLOSED, "2028-12-25", []),
        (HolidayRule.CLOSED, "2028-12-27", [("27 07:00", "27 16:00")]),
    ],
)
def test_a_schedule_says_what_it_does_on_holidays(
    rule: HolidayRule, day: str, expected: list[tuple[str, str]]
) -> None:
    plan = schedule(WEEK, SUNDAY, holidays=rule)

    assert opened(plan, day, closed=(CHRISTMAS,)) == expected


def test_the_night_before_a_holiday_lasts_until_its_morning_and_its_own_night_is_closed() -> None:
    night = schedule(window("22:00", "06:00"))

    assert opened(night, "2027-01-05", "2027-01-07", closed=(holiday("2027-01-06"),)) == [
        ("04 23:00", "05 05:00"),
        ("05 21:00", "06 05:00"),
        ("07 21:00", "07 23:00"),
    ]


@pytest.mark.parametrize(
    ("days", "day", "is_closed"),
    [
        pytest.param(holiday("2027-05-06"), "2027-05-06", True, id="once"),
        pytest.param(holiday("2027-05-06"), "2028-05-06", False, id="not the year after"),
        pytest.param(holiday("2027-05-06", yearly=True), "2031-05-06", True, id="every year"),
        pytest.param(holiday("2028-02-29", yearly=True), "2032-02-29", True, id="leap years"),
        pytest.param(holiday("2028-02-29", yearly=True), "2029-02-28", False, id="no other years"),
        pytest.param(holiday("2028-02-29", yearly=True), "2029-03-01", False, id="nor the day on"),
        pytest.param(holiday("2026-12-24", "2027-01-01"), "2027-01-01", True, id="the last day"),
        pytest.param(holiday("2026-12-24", "2027-01-01"), "2027-01-02", False, id="the day after"),
        pytest.param(
            holiday("2026-12-24", "2027-01-01", yearly=True), "2029-12-31", True, id="over new year"
        ),
        pytest.param(
            holiday("2026-12-24", "2027-01-01", yearly=True), "2030-01-01", True, id="its last day"
        ),
        pytest.param(
            holiday("2026-12-24", "2027-01-01", yearly=True), "2030-01-02", False, id="over again"
        ),
    ],
)
def test_a_holiday_is_closed_on_its_days(days: Holiday, day: str, is_closed: bool) -> None:
    plan = schedule(window("08:00", "17:00"))

    assert (opened(plan, day, closed=(days,)) == []) is is_closed


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-12-24", [("24 08:00", "24 10:00")], id="its own hours"),
        pytest.param("2026-12-25", [], id="closed, holiday or not"),
        pytest.param("2026-12-26", [("26 13:00", "26 14:00")], id="open on a holiday"),
        pytest.param("2026-12-28", [("28 07:00", "28 16:00")], id="the week goes on"),
    ],
)
def test_special_days_go_by_their_own_hours(day: str, expected: list[tuple[str, str]]) -> None:
    plan = schedule(
        WEEK,
        special=(
            SpecialDays(
                first=date(2026, 12, 24),
                last=date(2026, 12, 24),
                hours=(hours("09:00", "11:00"),),
            ),
            SpecialDays(first=date(2026, 12, 25), last=date(2026, 12, 26)),
            SpecialDays(
                first=date(2026, 12, 26),
                last=date(2026, 12, 26),
                hours=(hours("14:00", "15:00"),),
            ),
        ),
    )

    assert opened(plan, day, closed=(CHRISTMAS,)) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2027-10-31T01:30+02:00", True),
        ("2027-10-31T02:29:59+02:00", True),
        ("2027-10-31T02:30+02:00", False),
        ("2027-10-31T02:59:59+02:00", False),
        ("2027-10-31T02:00+01:00", True),
        ("2027-10-31T02:30+01:00", False),
        ("2027-10-30T02:30:00+02:00", False),
    ],
)
def test_open_is_what_a_clock_shows_at_that_moment(moment: str, expected: bool) -> None:
    plan = schedule(window("01:30", "02:30"))

    assert is_open(plan, (), BERLIN, at(moment)) is expected


WINDOW_OF_THE_GAP: Final = schedule(window("01:30", "02:30"), window("02:45", "03:15"))


@settings(max_examples=400, deadline=None)
@given(
    schedules(),
    st.lists(holidays(), max_size=3),
    st.sampled_from(ZONES),
    clock_changes(),
    st.lists(st.integers(0, 5 * 86400), max_size=20),
)
@example(WINDOW_OF_THE_GAP, [], BERLIN, datetime(2027, 3, 27, tzinfo=UTC), [])
@example(WINDOW_OF_THE_GAP, [], LORD_HOWE, datetime(2027, 4, 2, tzinfo=UTC), [])
@example(WINDOW_OF_THE_GAP, [], APIA, datetime(2011, 12, 29, tzinfo=UTC), [])
def test_two_ways_to_find_the_hours_agree_at_every_boundary_and_between(
    plan: Schedule, days: list[Holiday], zone: ZoneInfo, since: datetime, probes: list[int]
) -> None:
    until = since + timedelta(days=5)

    spans = windows_of(plan, days, zone, since, until)

    edges = [moment for span in spans for moment in span]
    assert edges == sorted(set(edges)), "sorted, disjoint, and none without length"
    moments = [edge + step for edge in edges for step in (-SECOND, timedelta(0), SECOND)]
    moments += [since + probe * SECOND for probe in probes]
    for moment in (each for each in moments if since <= each < until):
        within = any(start <= moment < end for start, end in spans)
        assert is_open(plan, days, zone, moment) is within, moment
