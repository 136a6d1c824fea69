"""A recording that a camera's pieces still come for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..agent import Recording
from .tape import Material, Piece

BACKLOG_BYTES: Final = 32_000_000  # in memory while the disk hesitates
FLUSH: Final = 1.0  # seconds that a kill costs at most


class Running:
    """Takes what is of its time, until that is over and nothing more of it can come."""

    def __init__(
        self,
        recording: Recording,
        since: datetime,
        late: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """Wait for what comes so late."""
        self.recording = recording
        self.since = since
        self.error: str | None = None
        self._late = late
        self._now = now
        self._backlog: list[Piece] = []
        self._backlog_bytes = 0
        self._streamed = False
        self._over = asyncio.Event()
        self._deadline = 0.0
        self._wait()

    @property
    def is_over(self) -> bool:
        """Whether it takes no more."""
        return self._over.is_set()

    def take(self, piece: Piece) -> None:
        """Keep a piece of its time; where there is a stream, that tells when the time is over."""
        is_stream = piece.material is Material.STREAM
        if self.is_over or (is_stream and not (self._streamed or piece.is_key)):
            return
        if piece.at < self.recording.until:
            self._keep(piece, is_stream)
        elif is_stream or not self._streamed:
            self.end()

    def end_at(self, until: datetime) -> None:
        """End at another moment; at once if that has passed already."""
        self.recording = replace(self.recording, until=until)
        self._wait()

    def end(self, error: str | None = None) -> None:
        """Take no more."""
        self.error = self.error or error
        self._over.set()

    async def batches(self) -> AsyncIterator[list[Piece]]:
        """Yield what came, until the recording is over."""
        loop = asyncio.get_running_loop()
        while not self.is_over:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(loop.time() + FLUSH, self._deadline)):
                    await self._over.wait()
            if loop.time() >= self._deadline:
                self.end()
            if batch := self.rest():
                yield batch

    def rest(self) -> list[Piece]:
        """Return what came since this was asked last."""
        batch, self._backlog, self._backlog_bytes = self._backlog, [], 0
        return batch

    def _keep(self, piece: Piece, is_stream: bool) -> None:
        is_first = self.recording.started is None
        if is_first or (is_stream and not self._streamed):
            self.recording = replace(self.recording, started=piece.at)
        self._streamed = self._streamed or is_stream
        self._backlog.append(piece)
        self._backlog_bytes += len(piece.data)
        self._wait()
        if self._backlog_bytes > BACKLOG_BYTES:
            self.end("The disk was too slow; the recording ends early.")

    def _wait(self) -> None:
        """Wait for the end, and from now on for what may be late."""
        left = max(timedelta(0), self.recording.until - self._now())
        self._deadline = asyncio.get_running_loop().time() + (left + self._late).total_seconds()
