"""What happens at the doors: written down before it takes effect, told and put on disk after it."""

import asyncio
from collections import deque
from collections.abc import Callable
import math
import time
from typing import Any, Final

from . import messages
from .grants import Grants
from .journal import Journal
from .messages import Message
from .passages import Passage
from .wire import PassageKind

REMEMBERED: Final = 1000  # decisions that the latencies are of


class Logbook:
    """The journal as the doors use it; nothing of it makes a door wait for a disk."""

    def __init__(
        self, journal: Journal, grants: Callable[[], Grants | None], tell: Callable[[Message], None]
    ) -> None:
        """Write into a journal; grants gives those in force, tell gets what the feed is to say."""
        self.journal = journal
        self.tell = tell
        self._grants = grants
        self._written = asyncio.Event()
        self._latencies: deque[float] = deque(maxlen=REMEMBERED)

    def write(self, door: str, kind: PassageKind, **details: Any) -> Passage:
        """Write down what happens now; it is kept from here on, whatever becomes of us.

        Details are further fields of the passage.
        """
        version = grants.version if (grants := self._grants()) else None
        passage = Passage(at=time.time(), door=door, kind=kind, grants=version, **details)
        return self.journal.append(passage)

    def done(self, passage: Passage, latency: float | None = None) -> None:
        """Tell what happened, and have it put on disk; latency is a decision's, in seconds."""
        if latency is not None:
            self._latencies.append(latency)
        self.tell(messages.passage(passage))
        self._written.set()

    def state(self) -> Message:
        """What there is to be fetched, and how fast the last decisions were."""
        journal = self.journal
        return {
            "journal": journal.id,
            "last": journal.last,
            "waiting": journal.waiting,
            "lost": journal.lost,
            "latency_p50_ms": self._latency_ms(0.5),
            "latency_p99_ms": self._latency_ms(0.99),
        }

    async def page(self, after: int, limit: int) -> Message:
        """Return what waits to be fetched behind a number, the oldest first."""
        journal = self.journal
        found = await asyncio.to_thread(journal.after, after, limit)
        return messages.passages(journal.id, journal.last, journal.lost, found)

    async def forget(self, until: int, journal: str) -> None:
        """Forget what somebody has by now, up to a number; raises Refused."""
        await asyncio.to_thread(self.journal.forget, until, journal)

    async def run(self) -> None:
        """Put on disk what was written, as often as the disk can take it, until cancelled."""
        while await self._written.wait():
            self._written.clear()
            await asyncio.to_thread(self.journal.sync)

    def _latency_ms(self, share: float) -> float | None:
        """Return how long this share of the last decisions took at most; None before the first."""
        if not self._latencies:
            return None
        ordered = sorted(self._latencies)
        return round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 3)
