"""What the site decides by itself, told and written into the log behind who waits at a door."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
import logging
from typing import Final

from ..database import DatabaseError
from ..models import Passage
from .backoff import Backoff
from .house import AccessOptions
from .ledger import Ledger
from .log import Entry

_LOGGER = logging.getLogger(__name__)

# While the database takes nothing, so many passages wait for it.
MOST_WAITING: Final = 10_000

AT_ONCE: Final = 200

# Seconds in which who waits at a door is answered. What is told after it is many times the work.
ANSWERED_IN: Final = 0.01


class Scribe:
    """Tells passages when who waits has been answered, keeps them soon, and keeps trying."""

    def __init__(
        self, ledger: Ledger, options: AccessOptions, tell: Callable[[Passage], Passage]
    ) -> None:
        """Have `tell` say what happened: it returns what is to be kept of it."""
        self._ledger = ledger
        self._tell = tell
        self._backoff = Backoff(options.retry_first, options.retry_longest)
        self._untold: list[Entry] = []
        self._waiting: list[Entry] = []
        self._noted = asyncio.Event()
        self._told = asyncio.Event()

    def note(self, entry: Entry) -> None:
        """Have a passage told and kept whose use is counted already."""
        self._untold.append(entry)
        self._noted.set()

    async def run(self) -> None:
        """Tell and keep what is noted until cancelled, and then the rest."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell_each(), name="gatehouse access news")
                tasks.create_task(self._keep_each(), name="gatehouse access log")
        finally:
            self._tell_all()
            await self._keep()

    async def _tell_each(self) -> None:
        while True:
            await self._noted.wait()
            await asyncio.sleep(ANSWERED_IN)
            self._noted.clear()
            self._tell_all()

    def _tell_all(self) -> None:
        """Tell what is noted, and have it kept; of too much the oldest is lost."""
        while self._untold:
            entry = self._untold.pop(0)
            if len(self._waiting) == MOST_WAITING:
                lost = self._waiting.pop(0).passage
                _LOGGER.error("A passage at %s is lost to the log: it takes none", lost.door)
            self._waiting.append(replace(entry, passage=self._tell(entry.passage)))
        self._told.set()

    async def _keep_each(self) -> None:
        pause: float | None = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._told.wait()
            self._told.clear()
            pause = None if await self._keep() else self._backoff.fail()

    async def _keep(self) -> bool:
        """Keep all that waits; False if the database takes nothing now."""
        while entries := self._waiting[:AT_ONCE]:
            try:
                await self._ledger.keep(entries, counted=True)
            except DatabaseError as error:
                _LOGGER.warning("Passages are not in the log for now: %s", error)
                return False
            kept = {entry.passage.id for entry in entries}
            self._waiting = [each for each in self._waiting if each.passage.id not in kept]
        self._backoff.succeed()
        return True
