"""Readers kept running: opened again when they were lost; a card held to one is told once."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
import logging
import random
import time
from typing import Final

from .cards import is_random
from .hardware import CardReader, Feedback, Heard, ReaderError, Scan, Tamper
from .reader_config import ReaderConfig

LOGGER: Final = logging.getLogger(__name__)

RETRIES: Final = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds
LAST_RETRY: Final = 30.0
HEALTHY: Final = 60.0  # seconds; what ran so long is opened again as soon as at first
ENDED: Final = "The reader has ended by itself."


def retries() -> Iterator[float]:
    """Yield how long to wait before each new attempt; without end."""
    for pause in chain(RETRIES, repeat(LAST_RETRY)):
        yield pause * random.uniform(0.8, 1.2)  # noqa: S311 - readers shall not be opened as one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderListener:
    """What hears of a reader; called in the loop, so it must not wait."""

    heard: Callable[[Heard], None]
    changed: Callable[[bool, str | None], None]
    """Whether it is online, and if not, why: a sentence for its owner."""


class Reader:
    """One reader; run is for a task of its own."""

    def __init__(
        self,
        config: ReaderConfig,
        device: CardReader,
        listener: ReaderListener,
        retries: Callable[[], Iterator[float]] = retries,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.online = False
        self.error: str | None = None
        self.tampered = False
        self._device = device
        self._listener = listener
        self._retries = retries
        self._clock = clock
        self._seen: dict[bytes, float] = {}  # the last sight of each card, oldest first

    async def run(self) -> None:
        """Keep the reader open until cancelled."""
        pauses = self._retries()
        while True:
            began = self._clock()
            error = await self._listen()
            if self._clock() - began >= HEALTHY:
                pauses = self._retries()
            self._change(False, error)
            await asyncio.sleep(next(pauses))

    async def show(self, feedback: Feedback) -> None:
        """Tell who stands there, if the reader is."""
        if self.online:
            await self._device.show(feedback)

    async def _listen(self) -> str:
        """Run the device once; return why it ended."""
        try:
            await self._device.run(self._opened, self._hear)
        except ReaderError as error:
            return str(error)
        return ENDED

    def _opened(self) -> None:
        self._change(True, None)

    def _change(self, online: bool, error: str | None) -> None:
        if (self.online, self.error) == (online, error):
            return
        self.online, self.error = online, error
        if error:
            LOGGER.warning("Reader %s: %s", self.config.id, error)
        else:
            LOGGER.info("Reader %s is there", self.config.id)
        self._listener.changed(online, error)

    def _hear(self, heard: Heard) -> None:
        if isinstance(heard, Scan) and self._is_held(heard):
            return
        if isinstance(heard, Tamper):
            if heard.active == self.tampered:
                return
            self.tampered = heard.active
        self._listener.heard(heard)

    def _is_held(self, scan: Scan) -> bool:
        """Tell whether the card was there all the time; note that it is there now."""
        since = scan.at - self.config.debounce.total_seconds()
        card = b"" if is_random(scan) else scan.card  # else a telephone held there would be many
        last = self._seen.pop(card, since)
        self._seen[card] = scan.at
        while next(iter(self._seen.values())) < since:
            del self._seen[next(iter(self._seen))]
        return last > since
