"""When a schedule is open: what the clock on the wall says, whatever is done to that clock."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .people import Holiday, HolidayRule, Hours, Schedule, Weekday

type Span = tuple[datetime, datetime]

DAY: Final = timedelta(days=1)
WEEK: Final = tuple(Weekday)

# No zone moves its clocks and moves them back within so short a time.
SAMPLE: Final = timedelta(hours=6)
SECOND: Final = timedelta(seconds=1)


def is_open(schedule: Schedule, holidays: Iterable[Holiday], zone: ZoneInfo, at: datetime) -> bool:
    """Return whether a schedule is open at a moment, by the time that a clock shows then."""
    local = at.astimezone(zone)
    today, clock = local.date(), local.time()
    holidays = tuple(holidays)
    return any(
        hours.start <= clock and (hours.is_over_midnight or clock < hours.end)
        for hours in hours_of(schedule, holidays, today)
    ) or any(
        hours.is_over_midnight and clock < hours.end
        for hours in hours_of(schedule, holidays, today - DAY)
    )


def windows_of(
    schedule: Schedule,
    holidays: Iterable[Holiday],
    zone: ZoneInfo,
    since: datetime,
    until: datetime,
) -> list[Span]:
    """Return when a schedule is open between two moments: in UTC, sorted, disjoint, half-open.

    An hour that the clock shows twice is open twice, one that it skips is never.
    """
    holidays = tuple(holidays)
    found: list[Span] = []
    for begins, ends in _steady(zone, since.astimezone(UTC), until.astimezone(UTC)):
        offset = _offset(zone, begins)
        shown = _on_the_wall(schedule, holidays, begins + offset, ends + offset)
        found += [(max(start - offset, begins), min(end - offset, ends)) for start, end in shown]
    return merged(found)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans sorted, and as one where they meet; those without length are left out."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def hours_of(schedule: Schedule, holidays: Iterable[Holiday], day: date) -> tuple[Hours, ...]:
    """Return the hours that begin on a day."""
    if special := [each for each in schedule.special if each.first <= day <= each.last]:
        return tuple(hours for each in special for hours in each.hours)
    weekday = WEEK[day.weekday()]
    if schedule.holidays is not HolidayRule.IGNORED and any(
        falls_on(holiday, day) for holiday in holidays
    ):
        if schedule.holidays is HolidayRule.CLOSED:
            return ()
        weekday = Weekday.SUN
    return tuple(window for window in schedule.windows if weekday in window.days)


def falls_on(holiday: Holiday, day: date) -> bool:
    """Return whether a day is one of a holiday's."""
    if not holiday.yearly:
        return holiday.first <= day <= holiday.last
    first, last = _in_year(holiday.first), _in_year(holiday.last)
    if first <= last:
        return first <= _in_year(day) <= last
    return _in_year(day) >= first or _in_year(day) <= last


def _in_year(day: date) -> tuple[int, int]:
    return day.month, day.day


def _on_the_wall(
    schedule: Schedule, holidays: tuple[Holiday, ...], since: datetime, until: datetime
) -> Iterator[Span]:
    """Yield what is open between two times of a clock that nobody touches meanwhile.

    The times are what it shows, as if it showed UTC.
    """
    day = since.date() - DAY
    while day <= until.date():
        for hours in hours_of(schedule, holidays, day):
            last = day + DAY if hours.is_over_midnight else day
            yield _at(day, hours.start), _at(last, hours.end)
        day += DAY


def _steady(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Span]:
    """Yield the stretches between two moments in which a zone's clocks are left alone."""
    begins = look = since
    while look < until:
        ahead = min(look + SAMPLE, until)
        if _offset(zone, look) != _offset(zone, ahead):
            change = _change(zone, look, ahead)
            yield begins, change
            begins = change
        look = ahead
    yield begins, until


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first second at which a zone's clocks are no longer as they were before."""
    before = before.replace(microsecond=0)
    old = _offset(zone, before)
    seconds = bisect_left(
        range((after - before) // SECOND),
        True,
        key=lambda second: _offset(zone, before + second * SECOND) != old,
    )
    return before + seconds * SECOND


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, UTC)
