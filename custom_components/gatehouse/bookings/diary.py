"""The diary: what is booked, and the appointments that come of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
import logging
from uuid import uuid4

from .drafts import checked
from .edits import created, deleted, edited
from .errors import BookingError, StepBad
from .nouns import Appointment, Booking, Hour, Series
from .rules import Changes, may_become
from .store import BookingStore, Page
from .transactions import between, editable, follow, put, take_over

LOGGER = logging.getLogger(__name__)

type Listener = Callable[[tuple[Appointment, ...]], None]


class Diary:
    """Keeps bookings so that no two need one camera at one time, and makes their appointments.

    Whatever is changed is changed with its appointments, in one transaction.
    """

    def __init__(
        self, store: BookingStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Keep all of it in this store."""
        self._store = store
        self._now = now
        self._listeners: list[Listener] = []

    async def create(self, booking: Booking) -> Booking:
        """Keep a new booking and return it with its uid; raises BookingError, as Clash."""
        now = self._now()
        fresh = created(booking, uuid4().hex, now)

        def work(page: Page) -> Changes:
            return put(page, None, (fresh,), now)

        self._tell(await self._store.change(work))
        return fresh.booking

    async def edit(
        self, booking: Booking, recurrence: str | None = None, *, following: bool = False
    ) -> Booking:
        """Let the booking of this uid be as this one, or one hour of it, or that and the following.

        Returns what is kept of it now, which has another uid if a series was split. Raises
        BookingError, as Clash.
        """
        now, uid = self._now(), uuid4().hex

        def work(page: Page) -> tuple[Series, Changes]:
            was = editable(page, booking.uid)
            wanted = replace(booking, calendar=was.booking.calendar)
            become = edited(was, wanted, now, uid, recurrence=recurrence, following=following)
            return become[-1], put(page, was, become, now)

        series, changes = await self._store.change(work)
        self._tell(changes)
        own = (each for each in series.overrides if not following and each.recurrence == recurrence)
        return next(own, series.booking)

    async def delete(
        self, uid: str, recurrence: str | None = None, *, following: bool = False
    ) -> None:
        """Delete a booking, one hour of it, or that and the following; raises BookingError.

        What is over stays among the appointments; what is being recorded is cancelled.
        """
        now = self._now()

        def work(page: Page) -> Changes:
            was = editable(page, uid)
            return put(page, was, deleted(was, recurrence, following=following), now)

        self._tell(await self._store.change(work))

    async def take_over(self, calendar: str, source: str, entries: Iterable[Booking]) -> None:
        """Let a calendar say what another one says of now and later, and nothing else from there.

        Entries are single hours with their `source_uid`. One that cannot be booked is left out;
        one that is in the way of others is marked by its error, `clash`.
        """
        now = self._now()
        usable = [
            entry
            for each in entries
            if (entry := _taken(replace(each, calendar=calendar, source=source, changed=now)))
        ]

        def work(page: Page) -> tuple[bool, Changes]:
            return take_over(page, calendar, source, usable, now)

        is_news, changes = await self._store.change(work)
        if is_news or changes.all:
            self._tell(changes)

    async def refresh(self) -> Changes:
        """Make the appointments of the next days, and see which were missed."""
        now = self._now()
        changes = await self._store.change(lambda page: follow(page, now))
        if changes.all:
            self._tell(changes)
        return changes

    async def move(self, was: Appointment, now: Appointment) -> bool:
        """Keep how far an appointment has come; False if somebody else moved it meanwhile.

        What people say of it is not changed. Raises StepBad if it cannot come from there to here.
        """
        if not may_become(was.state, now.state):
            raise StepBad(f"An appointment that is {was.state} does not become {now.state}")
        moved = replace(now, changed=self._now())
        if not await self._store.move(was, moved):
            return False
        if (kept := await self._store.get(was.id)) is not None:
            self._tell(Changes(moved=(kept,)))
        return True

    async def between(
        self, since: datetime, until: datetime, calendar: str | None = None
    ) -> list[Hour]:
        """Return the hours that overlap a span, with what came of them: the past as it was."""
        return await self._store.look(lambda page: between(page, since, until, calendar))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell which appointments change, perhaps none, whenever something does.

        That ends when the returned function is called.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, changes: Changes) -> None:
        for listener in tuple(self._listeners):
            listener(changes.all)


def _taken(entry: Booking) -> Booking | None:
    try:
        return checked(replace(entry, rrule=None, recurrence=None))
    except BookingError as error:
        LOGGER.debug("Left out an hour of %s: %s", entry.source, error)
        return None
