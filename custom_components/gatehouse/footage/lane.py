"""What waits to be uploaded, whose turn it is, and when to look again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Final

from ..models import Footage
from .backoff import Backoff
from .store import FootageStore
from .wanted import OffsiteOptions

# The rows are read anew that often even if nobody says that there are new ones.
LOOK_EVERY: Final = timedelta(minutes=5)
AT_ONCE: Final = 20  # rows read


class Lane:
    """Gives one row after the other, the newest first: clips, or the movies of appointments."""

    def __init__(
        self,
        store: FootageStore,
        options: OffsiteOptions,
        backoff: Backoff,
        rest: Callable[[], None],
        *,
        booked: bool,
        now: Callable[[], datetime],
    ) -> None:
        """Call `rest` when there is nothing to do for a while."""
        self._store = store
        self._options = options
        self._backoff = backoff
        self._rest = rest
        self._booked = booked
        self._now = now
        self._woken = asyncio.Event()
        self._choosing = asyncio.Lock()
        self._queue: list[Footage] = []
        self._moving: set[str] = set()
        self.is_idle = Event()
        """Set while nothing is on its way; threads may wait for it."""
        self.is_idle.set()

    def wake(self) -> None:
        """Look at once whether there is something new."""
        self._queue.clear()
        self._woken.set()

    @asynccontextmanager
    async def next(self) -> AsyncIterator[Footage]:
        """Wait for the row whose turn it is; until the end of the block nobody else gets it."""
        row = await self._chosen()
        try:
            yield row
        finally:
            self._moving.discard(row.id)
            if not self._moving:
                self.is_idle.set()
            if not self._queue:
                self._woken.set()

    async def _chosen(self) -> Footage:
        async with self._choosing:
            while not (self._queue and self._backoff.is_over):
                self._woken.clear()
                await self._rest_until(await self._look())
            row = self._queue.pop(0)
            self._moving.add(row.id)
            self.is_idle.clear()
            return row

    async def _look(self) -> datetime | None:
        """Read what may be uploaded, and return when to look again; None if nobody knows."""
        now = self._now()
        if not self._backoff.is_over:
            return self._backoff.resumes
        # What moves now may be read as it was before, even if it has arrived when that is here.
        moving = frozenset(self._moving)
        limit = AT_ONCE + len(moving)
        rows = await self._store.to_upload(self._options, now, limit, self._booked)
        self._queue = [row for row in rows if row.id not in moving]
        if self._queue:
            return now
        return (await self._store.backlog(self._options, now, self._booked)).due

    async def _rest_until(self, due: datetime | None) -> None:
        """Sleep until then, or until somebody wakes us."""
        pause = LOOK_EVERY if due is None else min(due - self._now(), LOOK_EVERY)
        if pause <= timedelta(0):
            return
        if not self._moving:
            self._rest()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._woken.wait()
