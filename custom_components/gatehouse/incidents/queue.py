"""The incidents that wait for a language model: which one is next, and when to look again."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
import logging
from typing import Final

from ..database import DatabaseError
from .store import IncidentStore, ToAssess

_LOGGER = logging.getLogger(__name__)

# The turn of one that was put off may be over by now; nobody asks a database without a pause.
SHORTEST_PAUSE: Final = timedelta(seconds=1)


class Queue:
    """Gives one incident after the other, the oldest first; what is left of it is in the rows."""

    def __init__(self, store: IncidentStore, rest: timedelta, now: Callable[[], datetime]) -> None:
        """Rest so long when the rows cannot be read."""
        self._store = store
        self._rest = rest
        self._now = now
        self._woken = asyncio.Event()
        self._choosing = asyncio.Lock()
        self._in_hand: set[str] = set()

    def wake(self) -> None:
        """Look at once whether something waits."""
        self._woken.set()

    @asynccontextmanager
    async def next(self) -> AsyncGenerator[ToAssess]:
        """Wait for the next incident; until the end of the block nobody else gets it."""
        waiting = await self._chosen()
        try:
            yield waiting
        finally:
            self._in_hand.discard(waiting.incident.id)
            # It may have been put off: whoever rests does not know until when.
            self._woken.set()

    async def _chosen(self) -> ToAssess:
        async with self._choosing:
            while True:
                self._woken.clear()
                try:
                    # What is let go of from here on may be read as it was before.
                    in_hand = frozenset(self._in_hand)
                    if waiting := await self._store.next_to_assess(self._now(), in_hand):
                        self._in_hand.add(waiting.incident.id)
                        return waiting
                    due = await self._store.next_retry(in_hand)
                except DatabaseError as error:
                    _LOGGER.error("Incidents cannot be assessed for now: %s", error)
                    await self._sleep(self._rest)
                else:
                    await self._sleep(max(due - self._now(), SHORTEST_PAUSE) if due else None)

    async def _sleep(self, pause: timedelta | None) -> None:
        """Wait until somebody wakes us, or the pause is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if pause is None else pause.total_seconds()):
                await self._woken.wait()
