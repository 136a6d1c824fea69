"""How series repeat: as dateutil and `ical` say, whatever is done to the clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings, strategies as st
from ical.calendar import Calendar
from ical.event import Event
from ical.types import Recur
import pytest

from custom_components.gatehouse.bookings import Booking, RuleBad, Series, parsed, recurrence_of
from custom_components.gatehouse.bookings.drafts import checked
from custom_components.gatehouse.bookings.expansion import expand, extent
from tests.rooms.bookings.booked import BERLIN, HOUR, berlin, booking, shown
from tests.rooms.bookings.drawn import said

YEAR = timedelta(days=366)
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)


def kept(draft: Booking) -> Booking:
    """Return a series as it is kept; one without any hour is none."""
    try:
        return checked(draft)
    except RuleBad:
        assume(False)
        raise


def naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def instant(clock: datetime, zone: ZoneInfo) -> datetime:
    return clock.replace(tzinfo=zone).astimezone(UTC)


@settings(max_examples=100, deadline=None)
@given(draft=said(), data=st.data())
def test_any_window_of_any_series_agrees_with_dateutil(draft: Booking, data: st.DataObject) -> None:
    series = kept(draft)
    first, zone, length = naive(draft.start), draft.zone, naive(draft.end) - naive(draft.start)
    body, _, until = (draft.rrule or "").partition(";UNTIL=")
    last = datetime.fromisoformat(until or "21000101T000000Z")
    every = islice(rrulestr(body, dtstart=first), 1500)
    clocks = [each for each in every if instant(each, zone) <= last]
    gone = data.draw(st.sets(st.sampled_from(clocks[:500]), max_size=5))
    near = data.draw(st.sampled_from(clocks[:500]))
    since = instant(near, zone) + timedelta(minutes=data.draw(st.integers(-3000, 3000)))
    over = since + timedelta(days=data.draw(st.integers(1, 60)))
    series = replace(series, exceptions=frozenset(map(recurrence_of, gone)))

    hours = expand(Series(booking=series), since, over)

    spans = [(each, instant(each, zone), instant(each + length, zone)) for each in clocks]
    # An hour that a clock jumps over is as long as the others.
    whole = [(each, start, max(end, start + (end <= start) * length)) for each, start, end in spans]
    assert [(hour.recurrence, hour.start, hour.end) for hour in hours] == [
        (recurrence_of(each), start, end)
        for each, start, end in whole
        if each not in gone and start < over and end > since
    ]


RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=5",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=500",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,FR,SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,SU;WKST=SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,SU;WKST=WE;COUNT=90",
    "FREQ=MONTHLY;INTERVAL=5",
    "FREQ=MONTHLY;BYMONTHDAY=31,-1,1",
    "FREQ=MONTHLY;INTERVAL=7;BYDAY=-1FR,2MO",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1",
    "FREQ=YEARLY;BYMONTH=1,6,12;BYDAY=1MO,-1SU",
    "FREQ=YEARLY;INTERVAL=2;BYDAY=20MO",
    "FREQ=YEARLY;INTERVAL=2;BYMONTHDAY=29",
)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("first", [datetime(2024, 1, 31, 10), datetime(2024, 12, 29, 10)])  # noqa: DTZ001
def test_window_after_window_shows_what_dateutil_says(rule: str, first: datetime) -> None:
    over = datetime(2028, 3, 1, tzinfo=BERLIN)
    series = checked(booking(first.replace(tzinfo=BERLIN), uid="s", rrule=rule))
    found: list[datetime] = []

    for days in range(0, 1800, 9):
        since = first.replace(tzinfo=BERLIN, hour=0) + timedelta(days=days)
        hours = expand(Series(booking=series), since, since + timedelta(days=9))
        found += [hour.start for hour in hours if hour.start < over]

    every = takewhile(lambda each: each < naive(over), rrulestr(rule, dtstart=first))
    assert found == [instant(each, BERLIN) for each in every]


@settings(max_examples=70, deadline=None)
@given(draft=said(), data=st.data())
def test_any_series_agrees_with_ical(draft: Booking, data: st.DataObject) -> None:
    series = kept(draft)
    since = series.start.astimezone(UTC)
    first = expand(Series(booking=series), since, since + YEAR)
    gone = data.draw(st.sets(st.sampled_from(first[:20]), max_size=5))
    clocks = [datetime.fromisoformat(hour.recurrence or "") for hour in gone]
    event = Event(
        summary=series.summary,
        dtstart=series.start,
        dtend=series.end,
        rrule=Recur.from_rrule(series.rrule or ""),
        exdate=[each.replace(tzinfo=series.zone) for each in clocks],
    )
    series = replace(series, exceptions=frozenset(hour.recurrence or "" for hour in gone))

    hours = expand(Series(booking=series), since, since + YEAR)

    timeline = Calendar(events=[event]).timeline_tz(series.zone)
    theirs = [each.start for each in timeline.overlapping(since, since + YEAR)]
    starts = [each.astimezone(UTC) for each in theirs if isinstance(each, datetime)]
    assert [hour.start for hour in hours] == [each for each in starts if each < since + YEAR]


@settings(max_examples=100, deadline=None)
@given(draft=said())
def test_a_rule_says_the_same_when_it_is_written_again(draft: Booking) -> None:
    rule = parsed(draft.rrule or "", draft.zone)

    assert parsed(str(rule), draft.zone) == rule


@settings(max_examples=40, deadline=None)
@given(draft=said())
def test_no_hour_is_outside_of_the_extent_of_its_series(draft: Booking) -> None:
    series = kept(draft)
    begins, ends = extent(series)

    hours = expand(Series(booking=series), begins - YEAR, begins + 2 * YEAR)

    assert hours[0].start == begins
    assert all(hour.end <= (ends or FOREVER) for hour in hours)


def nights(rrule: str, start: datetime, length: timedelta) -> list[str]:
    series = Series(booking=booking(start, uid="s", rrule=rrule, end=start + length))
    return shown(expand(series, start, start + timedelta(days=4)))


def test_hours_stay_at_their_time_when_the_clocks_change() -> None:
    start = berlin(27, 10, month=3)

    assert nights("FREQ=DAILY;COUNT=4", start, HOUR) == [
        "03-27 10:00-11:00",
        "03-28 10:00-11:00",
        "03-29 10:00-11:00",
        "03-30 10:00-11:00",
    ]


def test_an_hour_that_the_clock_jumps_over_comes_as_if_nobody_had_touched_it() -> None:
    start = berlin(28, 2, 30, month=3)

    assert nights("FREQ=DAILY;COUNT=3", start, HOUR) == [
        "03-28 02:30-03:30",
        "03-29 03:30-04:30",
        "03-30 02:30-03:30",
    ]


def test_an_hour_that_the_clock_shows_twice_begins_the_first_time_and_ends_when_it_is_shown() -> (
    None
):
    start = berlin(24, 2, 30, month=10)
    series = Series(booking=booking(start, uid="s", rrule="FREQ=DAILY;COUNT=2"))

    _, hour = expand(series, start, start + timedelta(days=3))

    assert hour.start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert hour.end == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def test_series_that_follow_each_other_do_so_when_the_clocks_change_too() -> None:
    early = Series(booking=booking(berlin(24, 0, month=10), 3 * HOUR, uid="a", rrule="FREQ=DAILY"))
    late = Series(booking=booking(berlin(24, 3, month=10), HOUR, uid="b", rrule="FREQ=DAILY"))
    window = berlin(24, 0, month=10), berlin(28, 0, month=10)

    ends = [hour.end for hour in expand(early, *window)]

    assert ends == [hour.start for hour in expand(late, *window)]


def test_a_series_begins_with_the_first_hour_of_its_rule() -> None:
    series = checked(booking(berlin(18, 17), rrule="FREQ=WEEKLY;BYDAY=MO,FR"))

    assert series.start == berlin(20, 17)
    assert series.end == berlin(20, 18)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261120", "11-20 17:00-18:00"),
        ("20261120T160000Z", "11-20 17:00-18:00"),
        ("20261120T155959Z", "11-19 17:00-18:00"),
        ("20261120T170000", "11-20 17:00-18:00"),
        ("20261120T165959", "11-19 17:00-18:00"),
    ],
)
def test_the_last_hour_begins_at_until_at_the_latest(until: str, last: str) -> None:
    assert nights(f"FREQ=DAILY;UNTIL={until}", berlin(18, 17), HOUR)[-1] == last


@pytest.mark.parametrize("until", ["99991231", "99991231T235959", "99991231T235959Z"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_an_end_in_the_year_9999_is_none(until: str, zone: str) -> None:
    start = datetime(2026, 11, 18, 17, tzinfo=ZoneInfo(zone))

    endless = checked(booking(start, rrule=f"FREQ=WEEKLY;UNTIL={until}"))

    assert endless.rrule == "FREQ=WEEKLY"
    assert extent(endless)[1] is None


BAD = {
    "no rule": "often",
    "no frequency": "COUNT=3",
    "too often": "FREQ=HOURLY",
    "twice the same": "FREQ=DAILY;COUNT=3;COUNT=4",
    "an hour of its own": "FREQ=DAILY;BYHOUR=10",
    "two ends": "FREQ=DAILY;COUNT=3;UNTIL=20270101",
    "no number": "FREQ=DAILY;COUNT=some",
    "no days": "FREQ=WEEKLY;BYDAY=MONDAY",
    "no month": "FREQ=YEARLY;BYMONTH=13",
    "no list": "FREQ=YEARLY;BYMONTH=1-3",
    "no day of a month": "FREQ=MONTHLY;BYMONTHDAY=0",
    "no beginning of a week": "FREQ=WEEKLY;WKST=NOON",
    "no end": "FREQ=DAILY;UNTIL=tomorrow",
    "an end that no clock shows": "FREQ=DAILY;UNTIL=00010101T000000",
    "too many": "FREQ=DAILY;COUNT=1001",
    "over before it begins": "FREQ=DAILY;UNTIL=20261101",
    "days that no month has": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "a week that no month has": "FREQ=MONTHLY;BYDAY=6MO",
    "a week of a week": "FREQ=WEEKLY;BYDAY=2MO",
    "dates of a week": "FREQ=WEEKLY;BYMONTHDAY=3",
    "positions of nothing": "FREQ=MONTHLY;BYSETPOS=1",
    "positions that never are": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=7",
    "days between which it jumps": "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "months between which it jumps": "FREQ=WEEKLY;INTERVAL=52;BYMONTH=7",
    "never a leap year": "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
    "seldom": "FREQ=YEARLY;INTERVAL=20",
}


@pytest.mark.parametrize("why", BAD)
def test_a_rule_that_cannot_be_kept_says_what_to_change(why: str) -> None:
    start = datetime(2027, 1, 4, 17, tzinfo=BERLIN)

    with pytest.raises(RuleBad, match=r"^[A-Z].{20}") as refused:
        checked(booking(start, rrule=BAD[why]))

    assert refused.value.code == "booking_rule_bad"
