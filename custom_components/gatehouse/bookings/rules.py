"""Decisions about appointments: which there are, what they may become, which are in the way."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..models import BookingState
from .nouns import Appointment, Booking, Hour

# How far ahead appointments are made, and so for how long agents can go on without us.
HORIZON: Final = timedelta(days=8)

# How long nobody may have looked: what was booked then was missed, and is not forgotten.
LOOK_BACK: Final = timedelta(days=31)

# How far ahead a series must find its cameras free.
FREE: Final = timedelta(days=366)

# An agent tells of what it recorded a moment after the hour is over.
GRACE: Final = timedelta(minutes=1)

CLASH: Final = "clash"

_S: Final = BookingState
STEPS: Final[Mapping[BookingState, frozenset[BookingState]]] = {
    # What an agent recorded while nobody listened is told when all of it is there.
    _S.SCHEDULED: frozenset({_S.RECORDING, _S.COMPLETED, _S.FAILED, _S.MISSED, _S.CANCELLED}),
    _S.RECORDING: frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED}),
    _S.COMPLETED: frozenset({_S.PROCESSING, _S.FAILED}),
    # Work that a restart interrupted begins again.
    _S.PROCESSING: frozenset({_S.READY, _S.COMPLETED, _S.FAILED}),
    # An agent may come back with what is in no movie yet.
    _S.READY: frozenset({_S.UPLOADED, _S.SHARED, _S.COMPLETED}),
    _S.UPLOADED: frozenset({_S.SHARED, _S.COMPLETED}),
    _S.SHARED: frozenset({_S.COMPLETED}),
    # Somebody may try again, and an agent may come back with what was given up.
    _S.FAILED: frozenset({_S.COMPLETED, _S.PROCESSING}),
    _S.MISSED: frozenset({_S.SCHEDULED, _S.RECORDING, _S.COMPLETED}),
    _S.CANCELLED: frozenset({_S.SCHEDULED}),
}
AHEAD: Final = frozenset({_S.SCHEDULED, _S.RECORDING})
"""The states of what is still to be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What becomes of appointments: each as it is from now on."""

    new: tuple[Appointment, ...] = ()
    moved: tuple[Appointment, ...] = ()
    """Whose time, cameras or words changed."""
    cancelled: tuple[Appointment, ...] = ()
    missed: tuple[Appointment, ...] = ()
    """Over, and nobody recorded any of them."""

    @property
    def all(self) -> tuple[Appointment, ...]:
        """All appointments that change."""
        return (*self.new, *self.moved, *self.cancelled, *self.missed)


def may_become(state: BookingState, other: BookingState) -> bool:
    """Return whether an appointment may come from one state to another, or stay in it."""
    return state is other or other in STEPS[state]


def is_lost(end: datetime, now: datetime) -> bool:
    """Return whether an hour of which nothing was recorded is missed."""
    return end + GRACE <= now


def reconcile(wanted: Iterable[Hour], known: Iterable[Appointment], now: datetime) -> Changes:
    """Return how appointments follow what is booked, so that none is lost and none doubled.

    Wanted are the hours of a span that are to be, known the appointments of it; of what has begun
    only the end moves, and what is over stays as it was.
    """
    hours = {hour.id: hour for hour in wanted}
    rows = {row.id: row for row in known}
    new = [_drafted(hour, now) for key, hour in hours.items() if key not in rows]
    followed = [(row, _followed(row, hours.get(row.id), now)) for row in rows.values()]
    changed = [replace(after, changed=now) for row, after in followed if after != row]
    return Changes(
        new=tuple(row for row in new if row.state is _S.SCHEDULED),
        moved=tuple(row for row in changed if row.state in AHEAD),
        cancelled=tuple(row for row in changed if row.state is _S.CANCELLED),
        missed=tuple(row for row in (*new, *changed) if row.state is _S.MISSED),
    )


def clash(claims: Iterable[Hour], hours: Iterable[Hour]) -> tuple[Hour, Hour, str] | None:
    """Return the first claim that needs a camera which another hour has then, and that camera.

    Hours may be among the claims; what begins when another ends is not in its way.
    """
    claims = tuple(claims)
    claimed = {claim.id for claim in claims}
    others = (hour for hour in hours if hour.id not in claimed)
    latest: dict[str, list[Hour]] = {}
    for hour in sorted((*claims, *others), key=lambda each: (each.start, each.id)):
        for camera in hour.booking.cameras:
            before = [each for each in latest.get(camera, ()) if each.end > hour.start]
            for other in before:
                if hour.id in claimed:
                    return hour, other, camera
                if other.id in claimed:
                    return other, hour, camera
            latest[camera] = [*before, hour]
    return None


def in_the_way(rows: Iterable[Appointment]) -> frozenset[str]:
    """Return the ids of appointments that need a camera which another one needs then."""
    found: set[str] = set()
    latest: dict[str, list[Appointment]] = {}
    for row in sorted(rows, key=lambda each: (each.start, each.id)):
        for camera in row.cameras:
            before = [each for each in latest.get(camera, ()) if each.end > row.start]
            if before:
                found |= {row.id, *(each.id for each in before)}
            latest[camera] = [*before, row]
    return frozenset(found)


def marked(rows: Iterable[Appointment], strangers: Collection[str]) -> Iterator[Appointment]:
    """Yield the appointments whose mark of a clash changes: only what strangers booked has one.

    Strangers are the uids of what was taken over from other calendars: nobody could refuse it.
    """
    rows = tuple(rows)
    clashing = in_the_way(rows)
    for row in rows:
        clashes = row.id in clashing and row.booking in strangers
        if clashes and row.error is None:
            yield replace(row, error=CLASH)
        elif not clashes and row.error == CLASH:
            yield replace(row, error=None)


def matched(
    known: Iterable[Booking], entries: Iterable[Booking], now: datetime
) -> Iterator[tuple[Booking | None, Booking]]:
    """Yield each entry of another calendar with what we took over of it before, if anything.

    What has the same name there may be several hours of one series: those that begin at the same
    time are the same, and what is left was moved. What has begun is not moved to later.
    """
    before = sorted(known, key=lambda each: each.start)
    once = {(each.source_uid, each.start): each for each in reversed(list(entries))}
    left = sorted(once.values(), key=lambda each: each.start)
    for same in (_is_there, _was_moved):
        for entry in tuple(left):
            found = next((each for each in before if same(each, entry, now)), None)
            if found is not None:
                before.remove(found)
                left.remove(entry)
                yield found, entry
    yield from ((None, entry) for entry in left if entry.end > now)


def _is_there(known: Booking, entry: Booking, _: datetime) -> bool:
    return known.source_uid == entry.source_uid and known.start == entry.start


def _was_moved(known: Booking, entry: Booking, now: datetime) -> bool:
    stays = known.start > now or entry.start <= now
    return known.source_uid == entry.source_uid and stays


def _drafted(hour: Hour, now: datetime) -> Appointment:
    said = hour.booking
    return Appointment(
        id=hour.id,
        booking=said.uid,
        calendar=said.calendar,
        recurrence=hour.recurrence,
        start=hour.start,
        end=hour.end,
        summary=said.summary,
        cameras=said.cameras,
        layout=said.layout,
        owner=said.owner,
        owner_id=said.owner_id,
        upload=said.upload,
        share=said.share,
        notify=said.notify,
        state=_S.MISSED if is_lost(hour.end, now) else _S.SCHEDULED,
        changed=now,
    )


def _followed(row: Appointment, hour: Hour | None, now: datetime) -> Appointment:
    """Return what becomes of an appointment, of what is said of its hour now."""
    if hour is None:
        if row.state in AHEAD and row.end > now:
            return replace(row, state=_S.CANCELLED, retry_at=None)
    elif row.state is _S.RECORDING:
        return _recording(row, hour, now)
    elif row.state is _S.SCHEDULED or (
        row.state in {_S.MISSED, _S.CANCELLED} and not is_lost(hour.end, now)
    ):
        row = _as_said(row, hour, now)
    if row.state is _S.SCHEDULED and is_lost(row.end, now):
        return replace(row, state=_S.MISSED)
    return row


def _as_said(row: Appointment, hour: Hour, now: datetime) -> Appointment:
    """Return an appointment of which nothing was recorded, as it is wanted now."""
    fresh = replace(_drafted(hour, now), state=_S.SCHEDULED)
    if row.state is not _S.SCHEDULED:
        return fresh
    return replace(
        fresh,
        error=row.error,
        attempts=row.attempts,
        retry_at=row.retry_at,
        changed=row.changed,
    )


def _recording(row: Appointment, hour: Hour, now: datetime) -> Appointment:
    """Return an appointment that is being recorded, as it is wanted now."""
    said = hour.booking
    # What is wanted at another time is another hour: this one ends.
    end = hour.end if hour.start <= min(now, row.end) else min(row.end, now)
    return replace(
        row,
        end=max(end, row.start),
        summary=said.summary,
        layout=said.layout,
        owner=said.owner,
        owner_id=said.owner_id,
        upload=said.upload,
        share=said.share,
        notify=said.notify,
    )
