"""An hour comes: it is recorded, made a movie, and handed over; the state of a row is the queue."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final

from ..database import DatabaseError
from ..footage import FootageError
from ..models import BookingState, Footage
from .course import (
    DONE,
    BookingOptions,
    came_late,
    found_late,
    handed_over,
    is_due,
    is_finished,
    is_past_hope,
    is_to_be_shared,
    recorded,
)
from .diary import Diary
from .house import House
from .nouns import Appointment
from .parts import Parts
from .plans import Plans
from .production import Production
from .rules import GRACE
from .store import AppointmentQuery, BookingStore

_LOGGER = logging.getLogger(__name__)

_S: Final = BookingState
GIVEN_UP: Final = frozenset({_S.MISSED, _S.FAILED})

# So long an agent may keep what was recorded, and a storage be away.
RETURNS: Final = timedelta(days=14)


class Bookings:
    """Moves appointments on by what there is of them; what it began survives a restart."""

    def __init__(
        self,
        diary: Diary,
        store: BookingStore,
        parts: Parts,
        production: Production,
        options: BookingOptions,
        house: House,
    ) -> None:
        """Look at nothing yet."""
        self._diary = diary
        self._store = store
        self._parts = parts
        self._production = production
        self._options = options
        self._house = house
        self._plans = Plans(store, options, house)
        self._touched: set[str] | None = None
        """What there is news of since the last look; None before the first one."""
        self._woken = asyncio.Event()
        self._to_make = asyncio.Event()
        diary.listen(self._changed)

    def described(self, agent: str) -> None:
        """Take up an agent that is connected now: it is told what is booked."""
        self._plans.described(agent)
        self._woken.set()

    def footage(self, row: Footage) -> None:
        """Hear of a step of footage; that of an appointment is a reason to look."""
        if row.booking is not None:
            if self._touched is not None:
                self._touched.add(row.booking)
            self._woken.set()

    async def recover(self) -> None:
        """Take up what was interrupted: nobody else makes movies. Raises DatabaseError."""
        for row in await self._store.find(AppointmentQuery(states=frozenset({_S.PROCESSING}))):
            await self._diary.move(row, replace(row, state=_S.COMPLETED))
        with suppress(FootageError):  # what is left takes room, and no more
            await self._production.recover()

    async def run(self) -> None:
        """Move appointments on, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._plans.run(), name="gatehouse plans")
            tasks.create_task(self._produce(), name="gatehouse movies")
            tasks.create_task(self._refresh(), name="gatehouse appointments")
            await self._follow()

    def _changed(self, _: tuple[Appointment, ...]) -> None:
        self._plans.changed()
        self._woken.set()
        self._to_make.set()

    async def _refresh(self) -> None:
        """Make the appointments of the next days, again and again as the days go by."""
        while True:
            with suppress(DatabaseError):  # the next time is soon enough
                await self._diary.refresh()
                await self.tidy()
            await asyncio.sleep(self._options.refresh.total_seconds())

    async def _follow(self) -> None:
        while True:
            self._woken.clear()
            try:
                pause = await self.look()
            except DatabaseError as error:
                _LOGGER.warning("Appointments have to wait: %s", error)
                pause = self._options.look
            with suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._woken.wait()

    async def look(self) -> timedelta:
        """Move on what there is to move, and return when to look again."""
        now = self._house.now()
        touched, self._touched = self._touched, set()
        until = now + self._options.refresh
        rows = await self._store.find(AppointmentQuery(since=now - RETURNS, until=until))
        for row in rows:
            is_news = touched is None or row.id in touched
            if row.start <= now and (is_news or not self._is_over(row, now)):
                await self._move(row, now)
        begins = [row.start - now for row in rows if row.start > now]
        if any(row.start <= now <= row.end + GRACE + self._options.look for row in rows):
            return min([*begins, self._options.look])
        # What is over and not all here yet: its agent may say nothing when it gives a part up.
        is_late = any(row.state is _S.RECORDING for row in rows)
        return min([*begins, self._options.late if is_late else self._options.refresh])

    async def _move(self, row: Appointment, now: datetime) -> None:
        """Move one appointment as far as it goes. Raises DatabaseError."""
        if is_past_hope(row, now, self._options):
            row = await self._let_go(row)
        match row.state:
            case _S.SCHEDULED | _S.RECORDING:
                await self._record(row, now)
            case _S.MISSED | _S.FAILED if row.movie is None:
                await self._save(row, found_late(row, await self._parts.here(row)))
            case _S.READY | _S.UPLOADED | _S.SHARED:
                await self._hand_over(row)
            case _S.CANCELLED if now - (row.changed or now) > self._options.regret:
                await self._drop(row, even_unmerged=True)

    async def tidy(self) -> None:
        """Delete what is left of appointments for which nobody waits any more.

        Raises DatabaseError.
        """
        until = self._house.now() - RETURNS
        since, over = until - self._options.hope, DONE | GIVEN_UP
        query = AppointmentQuery(since=since, until=until, states=over)
        for row in await self._store.find(query):
            await self._drop(row, even_unmerged=True)

    def _is_over(self, row: Appointment, now: datetime) -> bool:
        """Whether there is something to be done only if a late part of it comes."""
        if is_past_hope(row, now, self._options):
            return False
        if row.state in DONE:
            return is_finished(row, uploads=self._house.uploads())
        return row.state in GIVEN_UP

    async def _record(self, row: Appointment, now: datetime) -> None:
        found = await self._parts.of(row)
        await self._parts.record(row, found.rows)
        await self._save(row, recorded(row, found, now, self._options))

    async def _hand_over(self, row: Appointment) -> None:
        """Follow a movie to where people want it, and tell them once when it is there."""
        uploads = self._house.uploads()
        found = await self._parts.here(row)
        if (late := came_late(row, found)) != row:
            await self._save(row, late)
            return
        movie = next((each for each in found.rows if each.id == row.movie), None)
        if found.parts:
            await self._drop(row)
        movies = [each for each in found.rows if not each.part]
        row = await self._save(row, handed_over(row, movies))
        if movie is None or not is_to_be_shared(row, uploads=uploads):
            return
        if link := row.link or await self._house.share(row, movie):
            await self._save(row, replace(row, state=_S.SHARED, link=link))

    async def _save(self, was: Appointment, now: Appointment) -> Appointment:
        """Keep a step, if it is one, and tell who waits when it was the last."""
        if now == was or not await self._diary.move(was, now):
            return was
        uploads = self._house.uploads()
        if now.movie and now.state is not was.state and is_finished(now, uploads=uploads):
            await self._house.finished(now)
        return now

    async def _let_go(self, row: Appointment) -> Appointment:
        """Delete what could not be made a movie; what comes after that is tried anew."""
        if not await self._drop(row, even_unmerged=True):
            return row
        return await self._save(row, replace(row, attempts=0))

    async def _drop(self, row: Appointment, *, even_unmerged: bool = False) -> bool:
        with suppress(FootageError):  # the disk is looked at again
            return await self._parts.drop(row, even_unmerged=even_unmerged)
        return False

    async def _produce(self) -> None:
        """Make one movie after the other; those that were interrupted are made again."""
        is_interrupted = True
        while True:
            self._to_make.clear()
            try:
                if is_interrupted:
                    await self.recover()
                is_interrupted = False
                pause = await self.make_next()
            except DatabaseError as error:
                _LOGGER.warning("Movies have to wait: %s", error)
                is_interrupted, pause = True, self._options.look
            with suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._to_make.wait()

    async def make_next(self) -> timedelta:
        """Make the next movie, if one is due, and return when to look again."""
        now = self._house.now()
        rows = await self._store.find(AppointmentQuery(states=frozenset({_S.COMPLETED})))
        if due := [row for row in rows if is_due(row, now, self._options)]:
            await self._production.make(min(due, key=lambda each: each.end))
            return timedelta()
        retries = [row.retry_at - now for row in rows if row.retry_at is not None]
        return min(retries, default=self._options.refresh)
