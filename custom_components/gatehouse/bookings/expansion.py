"""What hours a series has."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from .grammar import parsed
from .nouns import Booking, Hour, Series, recurrence_of
from .recurrence import last_of, moment, starts

DAY: Final = timedelta(days=1)


def expand(
    series: Series, since: datetime, until: datetime, also: frozenset[str] = frozenset()
) -> list[Hour]:
    """Return the hours that overlap a span, by their start.

    Hours that were edited by themselves are there whenever they are, if also names their ids.
    """
    booking = series.booking
    own = {each.recurrence for each in series.overrides} | booking.exceptions
    said = list(series.overrides)
    ruled: Iterable[Hour] = ()
    if booking.rrule is None:
        said.append(booking)
    else:
        ruled = (each for each in _ruled(booking, since, until) if each.recurrence not in own)
    hours = [
        *(each for each in map(_hour, said) if each.id in also or _overlaps(each, since, until)),
        *(each for each in ruled if _overlaps(each, since, until)),
    ]
    return sorted(hours, key=lambda each: each.start)


def hour_at(series: Series, recurrence: str | None, shown: datetime) -> Hour | None:
    """Return one hour of a series by its recurrence, and what the clock shows at its start."""
    around = moment(shown, series.booking.zone)
    hours = expand(series, around, around + DAY, frozenset(_ids(series)))
    return next((each for each in hours if each.recurrence == recurrence), None)


def extent(booking: Booking) -> tuple[datetime, datetime | None]:
    """Return when the first hour begins and when the last one is over at the latest."""
    if booking.rrule is None:
        return booking.start.astimezone(UTC), booking.end.astimezone(UTC)
    first = booking.start.replace(tzinfo=None)
    over = last_of(parsed(booking.rrule, booking.zone), first, booking.zone)
    # An hour over which clocks are set back is longer than the others.
    end = None if over is None else over + _length(booking) + DAY
    return moment(first, booking.zone), end


def _ids(series: Series) -> Iterator[str]:
    return (_hour(each).id for each in series.overrides)


def _hour(booking: Booking) -> Hour:
    return Hour(
        booking=booking,
        recurrence=booking.recurrence,
        start=booking.start.astimezone(UTC),
        end=booking.end.astimezone(UTC),
    )


def _ruled(booking: Booking, since: datetime, until: datetime) -> Iterator[Hour]:
    """Yield what the rule of a series makes of a span, and a little around it."""
    zone, rule = booking.zone, parsed(booking.rrule or "", booking.zone)
    first, length = booking.start.replace(tzinfo=None), _length(booking)
    begin = since.astimezone(zone).replace(tzinfo=None) - length - DAY
    over = until.astimezone(zone).replace(tzinfo=None) + DAY
    for shown in starts(rule, first, zone, begin, over):
        start, end = moment(shown, zone), moment(shown + length, zone)
        # Where the clock jumps over the start, it shows the end before that.
        end = end if end > start else start + length
        yield Hour(booking=booking, recurrence=recurrence_of(shown), start=start, end=end)


def _length(booking: Booking) -> timedelta:
    """Return how long an hour is by the clock on the wall."""
    return booking.end.replace(tzinfo=None) - booking.start.replace(tzinfo=None)


def _overlaps(hour: Hour, since: datetime, until: datetime) -> bool:
    return hour.end > since and hour.start < until
