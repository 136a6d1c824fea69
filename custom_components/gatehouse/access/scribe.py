"""What the site decides by itself, written into the log behind who waits at a door."""

import asyncio
from contextlib import suppress
import logging
from typing import Final

from ..database import DatabaseError
from .backoff import Backoff
from .house import AccessOptions
from .ledger import Ledger
from .log import Entry

_LOGGER = logging.getLogger(__name__)

# While the database takes nothing, so many passages wait for it.
MOST_WAITING: Final = 10_000

AT_ONCE: Final = 200


class Scribe:
    """Keeps passages soon, and keeps trying."""

    def __init__(self, ledger: Ledger, options: AccessOptions) -> None:
        """Nothing is noted."""
        self._ledger = ledger
        self._backoff = Backoff(options.retry_first, options.retry_longest)
        self._waiting: list[Entry] = []
        self._noted = asyncio.Event()

    def note(self, entry: Entry) -> None:
        """Have a passage kept whose use is counted already; of too many the oldest is lost."""
        if len(self._waiting) == MOST_WAITING:
            lost = self._waiting.pop(0).passage
            _LOGGER.error("A passage at %s is lost to the log: it takes none", lost.door)
        self._waiting.append(entry)
        self._noted.set()

    async def run(self) -> None:
        """Keep what is noted until cancelled, and then the rest."""
        pause: float | None = None
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._noted.wait()
                self._noted.clear()
                pause = None if await self._keep() else self._backoff.fail()
        finally:
            await self._keep()

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
