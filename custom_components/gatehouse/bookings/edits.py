"""What becomes of a series when somebody edits it, or deletes something of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .drafts import checked
from .errors import BookingBegun, BookingNotFound, BookingOver
from .expansion import expand, hour_at
from .grammar import parsed
from .nouns import Booking, Hour, Series, recurrence_of, start_of
from .recurrence import ended, moment, without_first

INSTANT: Final = timedelta(microseconds=1)
SECOND: Final = timedelta(seconds=1)


def created(booking: Booking, uid: str, now: datetime) -> Series:
    """Return a new booking as it is kept; raises BookingError."""
    fresh = replace(booking, uid=uid, recurrence=None, exceptions=frozenset(), changed=now)
    series = Series(booking=checked(replace(fresh, source=None, source_uid=None)))
    if fresh.rrule is None and fresh.end <= now:
        raise BookingOver("It would be over already: book a later hour")
    return series


def edited(
    series: Series,
    wanted: Booking,
    now: datetime,
    uid: str,
    *,
    recurrence: str | None = None,
    following: bool = False,
) -> tuple[Series, ...]:
    """Return what a series becomes, and perhaps another one of a new uid; raises BookingError.

    Wanted says how it is to be: all of it, one hour by itself, or that hour and the following
    ones. What is over stays as it was, and of what has begun only the end can be moved.
    """
    wanted = replace(wanted, uid=series.uid, recurrence=None, exceptions=frozenset(), changed=now)
    if recurrence is not None and not following and series.booking.rrule is not None:
        wanted = replace(wanted, rrule=None)
    wanted = checked(wanted)
    if series.booking.rrule is None:
        return _single(series.booking, wanted, now, uid)
    if recurrence is None:
        return _whole(series, wanted, now, uid)
    hour = found(series, recurrence)
    if not following:
        return (_with(series, _continued(hour, wanted, now)),)
    if start_of(recurrence) <= series.booking.start.replace(tzinfo=None):
        return _whole(series, wanted, now, uid)
    return _split(series, recurrence, wanted, now, uid)


def deleted(
    series: Series, recurrence: str | None = None, *, following: bool = False
) -> tuple[Series, ...]:
    """Return what is left of a series; raises BookingNotFound."""
    booking = series.booking
    if booking.rrule is None or recurrence is None:
        return ()
    found(series, recurrence)
    if not following:
        others = tuple(each for each in series.overrides if each.recurrence != recurrence)
        fewer = replace(booking, exceptions=booking.exceptions | {recurrence})
        return (Series(booking=fewer, overrides=others),)
    if start_of(recurrence) <= booking.start.replace(tzinfo=None):
        return ()
    return (_before(series, recurrence),)


def found(series: Series, recurrence: str) -> Hour:
    """Return one hour of a series; raises BookingNotFound."""
    try:
        shown = start_of(recurrence)
    except ValueError as error:
        raise BookingNotFound("Name the hour by its first start, as 20261118T170000") from error
    if (hour := hour_at(series, recurrence, shown)) is None:
        raise BookingNotFound("The series has no such hour any more: look at the calendar again")
    return hour


def _single(was: Booking, wanted: Booking, now: datetime, uid: str) -> tuple[Series, ...]:
    """Edit a booking of one hour; once that has begun, a series can only follow it."""
    hour = Hour(booking=was, recurrence=None, start=was.start, end=was.end)
    if wanted.rrule is None or was.start > now:
        return (Series(booking=_continued(hour, wanted, now)),)
    this = Series(booking=_continued(hour, replace(wanted, rrule=None), now))
    fresh = Series(booking=replace(wanted, uid=uid))
    return (this, *_without(fresh, _meeting(fresh, hour, now)))


def _whole(series: Series, wanted: Booking, now: datetime, uid: str) -> tuple[Series, ...]:
    """Edit all of a series; when its times change, no hour has times of its own any more."""
    was = series.booking
    if _same_times(was, wanted):
        return (replace(series, booking=replace(wanted, exceptions=was.exceptions)),)
    running = _running(series, now)
    if wanted.rrule is None:
        if running is not None:
            return _ending(series, running, wanted, now, uid)
        return (created(wanted, was.uid, now),)
    shift = wanted.start.replace(tzinfo=None) - was.start.replace(tzinfo=None)
    fresh = Series(booking=replace(wanted, exceptions=_shifted(was.exceptions, shift)))
    if running is None:
        return (fresh,)
    met = _meeting(fresh, running, now)
    if any(each.id == running.id and each.end > now for each in met):
        return (fresh,)
    (fresh,) = _without(fresh, met)
    return (_with(fresh, _going_on(running, met, wanted, now)),)


def _ending(
    series: Series, running: Hour, wanted: Booking, now: datetime, uid: str
) -> tuple[Series, ...]:
    """Let a series end with the hour that is running, for a single one."""
    kept = _ended(series, running.start)
    fresh = Series(booking=replace(wanted, uid=uid))
    met = _meeting(fresh, running, now)
    return _with(kept, _going_on(running, met, wanted, now)), *_without(fresh, met)


def _split(
    series: Series, recurrence: str, wanted: Booking, now: datetime, uid: str
) -> tuple[Series, ...]:
    """Let a series end before one hour, and another one begin there."""
    rest = _rest(series, recurrence)
    same_rule = wanted.rrule == series.booking.rrule
    fresh = replace(wanted, uid=uid, rrule=rest.booking.rrule if same_rule else wanted.rrule)
    same_times = _same_times(rest.booking, fresh)
    shift = fresh.start.replace(tzinfo=None) - start_of(recurrence)
    fresh = replace(fresh, exceptions=_shifted(rest.booking.exceptions, shift))
    own = tuple(replace(each, uid=uid) for each in rest.overrides) if same_times else ()
    kept, following = _before(series, recurrence), Series(booking=fresh, overrides=own)
    running = _running(series, now)
    if running is None or (running.recurrence or "") < recurrence:
        return kept, following
    # What is being recorded keeps its name, and so belongs to the old series.
    met = _meeting(following, running, now)
    return _with(kept, _going_on(running, met, wanted, now)), *_without(following, met)


def _before(series: Series, recurrence: str) -> Series:
    """Return what a series is without an hour and the following ones."""
    cut = moment(start_of(recurrence), series.booking.zone) - SECOND
    kept = _ended(series, cut)
    exceptions = frozenset(each for each in kept.booking.exceptions if each < recurrence)
    return Series(
        booking=replace(kept.booking, exceptions=exceptions),
        overrides=tuple(each for each in kept.overrides if (each.recurrence or "") < recurrence),
    )


def _rest(series: Series, recurrence: str) -> Series:
    """Return what a series is from one hour on."""
    was = series.booking
    first, start = was.start.replace(tzinfo=None), start_of(recurrence)
    rule = without_first(parsed(was.rrule or "", was.zone), first, start)
    rest = replace(
        was,
        start=start.replace(tzinfo=was.zone),
        end=(start + (was.end.replace(tzinfo=None) - first)).replace(tzinfo=was.zone),
        rrule=str(rule),
        exceptions=frozenset(each for each in was.exceptions if each >= recurrence),
    )
    overrides = (each for each in series.overrides if (each.recurrence or "") >= recurrence)
    return Series(booking=rest, overrides=tuple(overrides))


def _ended(series: Series, until: datetime) -> Series:
    was = series.booking
    first, rule = was.start.replace(tzinfo=None), parsed(was.rrule or "", was.zone)
    ending = str(ended(rule, first, was.zone, until))
    return replace(series, booking=replace(was, rrule=ending))


def _continued(hour: Hour, wanted: Booking, now: datetime) -> Booking:
    """Return how one hour goes on that may be running, of what is wanted of it."""
    if hour.end <= now:
        raise BookingOver("It is over: book another hour")
    this = replace(wanted, uid=hour.booking.uid, recurrence=hour.recurrence)
    if hour.start > now:
        return this
    if wanted.start > now:
        raise BookingBegun("It has begun: let it end now, and book another hour")
    zone = wanted.zone
    return replace(this, start=hour.start.astimezone(zone), end=_later(wanted.end, now, wanted))


def _going_on(running: Hour, met: list[Hour], wanted: Booking, now: datetime) -> Booking:
    """Return how the hour that is running goes on, whatever becomes of its series."""
    end = met[0].end if met else running.end
    return replace(
        wanted,
        uid=running.booking.uid,
        rrule=None,
        recurrence=running.recurrence,
        start=running.start.astimezone(wanted.zone),
        end=_later(end, now, wanted),
    )


def _later(end: datetime, now: datetime, wanted: Booking) -> datetime:
    """Return an end that is not past."""
    return max(end, now).astimezone(wanted.zone)


def _running(series: Series, now: datetime) -> Hour | None:
    return next(iter(expand(series, now, now + INSTANT)), None)


def _meeting(fresh: Series, running: Hour, now: datetime) -> list[Hour]:
    """Return the hours of a series that are the one that is running, as it is wanted now."""
    return expand(fresh, running.start, max(running.end, now + INSTANT))


def _without(series: Series, hours: Iterable[Hour]) -> tuple[Series, ...]:
    """Return a series without some hours: none, if they are all it has."""
    gone = {each.recurrence for each in hours}
    if None in gone:
        return ()
    booking = series.booking
    exceptions = booking.exceptions | {each for each in gone if each is not None}
    return (replace(series, booking=replace(booking, exceptions=exceptions)),)


def _with(series: Series, override: Booking) -> Series:
    others = (each for each in series.overrides if each.recurrence != override.recurrence)
    return replace(series, overrides=(*others, override))


def _same_times(one: Booking, other: Booking) -> bool:
    return (one.start, one.end, one.zone, one.rrule) == (
        other.start,
        other.end,
        other.zone,
        other.rrule,
    )


def _shifted(exceptions: frozenset[str], shift: timedelta) -> frozenset[str]:
    return frozenset(recurrence_of(start_of(each) + shift) for each in exceptions)
