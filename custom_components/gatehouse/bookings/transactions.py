"""What is done in a diary in one transaction, so that nobody sees half of it."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from ..models import BookingState
from .errors import BookedElsewhere, BookingNotFound, Clash
from .expansion import expand
from .nouns import Appointment, Booking, Hour, Series
from .rules import AHEAD, FREE, HORIZON, LOOK_BACK, Changes, clash, marked, matched, reconcile
from .store import AppointmentQuery, Page


def editable(page: Page, uid: str) -> Series:
    """Return a series that may be changed here."""
    if (series := page.series(uid)) is None:
        raise BookingNotFound("There is no such booking any more: look at the calendar again")
    if series.booking.source is not None:
        raise BookedElsewhere(f"It comes from {series.booking.source}: change it there")
    return series


def put(page: Page, was: Series | None, become: tuple[Series, ...], now: datetime) -> Changes:
    """Keep what a series became if its cameras are free, and let the appointments follow."""
    for series in become:
        _check_free(page, was, series, become, now)
    if was is not None:
        page.replace(was.uid, ())
    for series in become:
        page.replace(series.uid, (series,))
    return follow(page, now)


def follow(page: Page, now: datetime) -> Changes:
    """Let the appointments follow what is booked."""
    since, until = now - LOOK_BACK, now + HORIZON
    known = page.appointments(AppointmentQuery(since=since, until=until))
    ahead = frozenset(row.id for row in known if row.state in AHEAD)
    wanted = [
        hour
        for series in page.overlapping(since, until)
        for hour in expand(series, since, until, ahead)
        if hour.end >= (hour.booking.changed or hour.end)
    ]
    changes = reconcile(wanted, known, now)
    page.save(changes.all)
    due = page.appointments(AppointmentQuery(since=now, until=until, states=AHEAD))
    marks = tuple(marked(due, page.strangers(now)))
    page.save(marks)
    return _with_marks(changes, marks)


def take_over(
    page: Page, calendar: str, source: str, entries: list[Booking], now: datetime
) -> tuple[bool, Changes]:
    """Return whether another calendar says anything new, and what becomes of it."""
    known = {each.uid: each.booking for each in page.taken_over(calendar, source, now)}
    is_news = False
    for was, entry in matched(known.values(), entries, now):
        uid = uuid4().hex if was is None else was.uid
        known.pop(uid, None)
        fresh = replace(entry, uid=uid)
        if was is not None and was.start <= now:
            zone = fresh.zone
            end = max(fresh.end, now.astimezone(zone))
            fresh = replace(fresh, start=was.start.astimezone(zone), end=end)
        if was is None or replace(fresh, changed=was.changed) != was:
            page.replace(uid, (Series(booking=fresh),))
            is_news = True
    for uid in known:
        page.replace(uid, ())
    return is_news or bool(known), follow(page, now)


def between(page: Page, since: datetime, until: datetime, calendar: str | None) -> list[Hour]:
    query = AppointmentQuery(since=since, until=until, calendar=calendar)
    rows = {row.id: row for row in page.appointments(query)}
    # A calendar shows what is to be; that somebody deleted it is told elsewhere.
    kept = {key: row for key, row in rows.items() if row.state is not BookingState.CANCELLED}
    hours: list[Hour] = []
    for series in page.overlapping(since, until):
        if calendar in {None, series.booking.calendar}:
            hours += _hours(series, kept, since, until)
    return sorted(hours, key=lambda each: (each.start, each.id))


def _check_free(
    page: Page, was: Series | None, series: Series, become: tuple[Series, ...], now: datetime
) -> None:
    """Refuse what needs a camera that somebody has; what was so before may stay so."""
    booking = series.booking
    since = now if series.overrides else max(now, booking.start)
    until = booking.end if booking.rrule is None else max(now, booking.start) + FREE
    before = {} if was is None else {_claim(each) for each in expand(was, since, until)}
    claims = [each for each in expand(series, since, until) if _claim(each) not in before]
    mine = {each.uid for each in become} | ({was.uid} if was else set())
    others = (each for each in page.overlapping(since, until) if each.uid not in mine)
    near = [each for each in (*others, *become) if each.cameras & series.cameras]
    hours = [hour for each in near for hour in expand(each, since, until)]
    if (found := clash(claims, hours)) is None:
        return
    _, other, camera = found
    said, zone = other.booking, booking.zone
    start, end = other.start.astimezone(zone), other.end.astimezone(zone)
    raise Clash(said.summary, said.owner, camera, start, end)


def _claim(hour: Hour) -> tuple[object, ...]:
    return hour.start, hour.end, hour.booking.cameras


def _with_marks(changes: Changes, marks: tuple[Appointment, ...]) -> Changes:
    newer = {row.id: row for row in marks}
    new = tuple(newer.pop(row.id, row) for row in changes.new)
    moved = tuple(newer.pop(row.id, row) for row in changes.moved)
    return replace(changes, new=new, moved=(*moved, *newer.values()))


def _hours(
    series: Series, rows: dict[str, Appointment], since: datetime, until: datetime
) -> list[Hour]:
    """Return the hours of one series: as they came, or else as they are to come."""
    own = {each.recurrence: each for each in series.overrides}
    came = [
        Hour(
            booking=own.get(row.recurrence, series.booking),
            recurrence=row.recurrence,
            start=row.start,
            end=row.end,
            appointment=row,
        )
        for row in rows.values()
        if row.booking == series.uid and row.recurrence not in series.booking.exceptions
    ]
    there = {hour.id for hour in came}
    coming = (
        hour
        for hour in expand(series, since, until)
        if hour.id not in there and hour.end >= (hour.booking.changed or hour.end)
    )
    return [*came, *coming]
