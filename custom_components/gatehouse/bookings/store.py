"""The rows of bookings and appointments."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Select, and_, func, or_, select, type_coerce

from ..database import Database
from ..models import BookingState
from .drafts import LONGEST
from .nouns import Appointment, Series
from .rows import (
    APPOINTMENTS,
    BOOKINGS,
    appointment_of,
    appointment_values,
    booking_values,
    series_of,
)
from .rules import AHEAD

_B: Final = BOOKINGS.c
_A: Final = APPOINTMENTS.c

# What is told by whoever records; all else is what people said.
TOLD: Final = (
    "state recorded_since recorded_until movie link error attempts retry_at changed".split()
)
# What changes whenever an appointment is moved.
STILL: Final = ("state", "attempts", "movie", "link")

# An hour is at most that long, also where its end was put off, or clocks were set back.
_LONGEST: Final = 2 * LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentQuery:
    """Which appointments; what is not said is all the same."""

    since: datetime | None = None
    until: datetime | None = None
    """Those that overlap a span."""
    states: frozenset[BookingState] | None = None
    calendar: str | None = None
    booking: str | None = None
    owner_id: str | None = None
    newest_first: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many appointments are in a state, for how long they were booked, and recorded."""

    count: int
    booked: timedelta
    recorded: timedelta


class Page:
    """The rows as one transaction sees them."""

    def __init__(self, db: Connection) -> None:
        """Read and write by this connection, in its thread."""
        self._db = db

    def series(self, uid: str) -> Series | None:
        """Return all that is said under one uid."""
        return next(iter(self._series(_B.uid == uid)), None)

    def overlapping(self, since: datetime, until: datetime) -> list[Series]:
        """Return all series that may have an hour or an appointment in a span."""
        in_span = and_(_B.begins < until, or_(_B.ends.is_(None), _B.ends > since))
        booked = select(_A.booking).where(*_in_span(since, until))
        return self._series(or_(_B.uid.in_(select(_B.uid).where(in_span)), _B.uid.in_(booked)))

    def taken_over(self, calendar: str, source: str, after: datetime) -> list[Series]:
        """Return what a calendar took over from another one and is not over."""
        return self._series(and_(_B.calendar == calendar, _B.source == source, _B.ends > after))

    def strangers(self, since: datetime) -> frozenset[str]:
        """Return the uids of all that other calendars say and is not over."""
        query = select(_B.uid).where(_B.source.is_not(None), _B.ends > since)
        return frozenset(self._db.execute(query).scalars())

    def replace(self, uid: str, series: Iterable[Series]) -> None:
        """Keep series instead of all that was said under one uid."""
        self._db.execute(BOOKINGS.delete().where(_B.uid == uid))
        rows = [
            booking_values(booking)
            for each in series
            for booking in (each.booking, *each.overrides)
        ]
        if rows:
            self._db.execute(BOOKINGS.insert(), rows)

    def appointments(self, query: AppointmentQuery) -> list[Appointment]:
        """Return appointments, the first one first."""
        return _appointments(self._db, query)

    def save(self, rows: Iterable[Appointment]) -> None:
        """Keep appointments as they are now."""
        for row in rows:
            values = appointment_values(row)
            changed = APPOINTMENTS.update().where(_A.id == row.id).values(values)
            if self._db.execute(changed).rowcount == 0:
                self._db.execute(APPOINTMENTS.insert().values(values))

    def _series(self, which: Any) -> list[Series]:
        query = select(BOOKINGS).where(which).order_by(_B.uid, _B.recurrence)
        return series_of(self._db.execute(query).mappings())


class BookingStore:
    """Keeps bookings, and the appointments that come of them."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def change[T](self, work: Callable[[Page], T]) -> T:
        """Do work as one transaction, before or after any other; what it raises undoes it."""
        return await self._database.write(lambda db: work(Page(db)))

    async def look[T](self, work: Callable[[Page], T]) -> T:
        """Do work on rows that do not change meanwhile."""
        return await self._database.read(lambda db: work(Page(db)))

    async def booking(self, uid: str) -> Series | None:
        """Return all that is said under one uid."""
        return await self.look(lambda page: page.series(uid))

    async def get(self, appointment: str) -> Appointment | None:
        """Return one appointment."""
        query = select(APPOINTMENTS).where(_A.id == appointment)

        def work(db: Connection) -> Appointment | None:
            row = db.execute(query).mappings().one_or_none()
            return None if row is None else appointment_of(row)

        return await self._database.read(work)

    async def find(self, query: AppointmentQuery) -> list[Appointment]:
        """Return appointments, the first one first unless the newest are asked for."""
        return await self._database.read(lambda db: _appointments(db, query))

    async def next_due(self, now: datetime) -> Appointment | None:
        """Return what is to be recorded next, or is already."""
        ahead = (_A.state.in_(_states(AHEAD)), _A.ends > now)
        query = select(APPOINTMENTS).where(*ahead).order_by(_A.begins, _A.id).limit(1)

        def work(db: Connection) -> Appointment | None:
            row = db.execute(query).mappings().one_or_none()
            return None if row is None else appointment_of(row)

        return await self._database.read(work)

    async def tally(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[BookingState, Tally]:
        """Return how many hours of a span are in which state, and how long they are."""
        recorded = func.coalesce(func.sum(_plain(_A.recorded_until) - _plain(_A.recorded_since)), 0)
        query = select(
            _A.state, func.count(), func.sum(_plain(_A.ends) - _plain(_A.begins)), recorded
        ).where(*_began(since, until))

        def work(db: Connection) -> dict[BookingState, Tally]:
            return {
                BookingState(state): Tally(
                    count=count,
                    booked=timedelta(microseconds=int(booked)),
                    recorded=timedelta(microseconds=int(recorded)),
                )
                for state, count, booked, recorded in db.execute(query.group_by(_A.state))
            }

        return await self._database.read(work)

    async def move(self, was: Appointment, now: Appointment) -> bool:
        """Keep how far an appointment has come.

        Nothing changes, and False is returned, if somebody else moved it meanwhile. What people
        say of it is not changed.
        """
        before, after = appointment_values(was), appointment_values(now)
        still = (_A[name].is_not_distinct_from(before[name]) for name in STILL)
        change = APPOINTMENTS.update().where(_A.id == was.id, *still)
        values = {name: after[name] for name in TOLD}
        return await self._database.write(
            lambda db: db.execute(change.values(values)).rowcount == 1
        )


def _appointments(db: Connection, query: AppointmentQuery) -> list[Appointment]:
    return [appointment_of(row) for row in db.execute(_selected(query)).mappings()]


def _selected(query: AppointmentQuery) -> Select[Any]:
    found = select(APPOINTMENTS).where(*_in_span(query.since, query.until)).limit(query.limit)
    for column, value in (
        (_A.calendar, query.calendar),
        (_A.booking, query.booking),
        (_A.owner_id, query.owner_id),
    ):
        if value is not None:
            found = found.where(column == value)
    if query.states is not None:
        found = found.where(_A.state.in_(_states(query.states)))
    if query.newest_first:
        return found.order_by(_A.begins.desc(), _A.id.desc())
    return found.order_by(_A.begins, _A.id)


def _in_span(since: datetime | None, until: datetime | None) -> tuple[Any, ...]:
    """Whether an appointment overlaps a span, by the index of their beginnings."""
    after = () if since is None else (_A.ends > since, _A.begins > since - _LONGEST)
    before = () if until is None else (_A.begins < until,)
    return (*after, *before)


def _began(since: datetime | None, until: datetime | None) -> tuple[Any, ...]:
    after = () if since is None else (_A.begins >= since,)
    before = () if until is None else (_A.begins < until,)
    return (*after, *before)


def _states(states: Iterable[BookingState]) -> list[str]:
    return sorted(state.value for state in states)


def _plain(moment: Any) -> Any:
    """Return a moment as the number that it is kept as."""
    return type_coerce(moment, BigInteger)
