"""The recordings that are done: they wait on the disk to be fetched, and the surplus makes way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
import logging
from pathlib import Path
import time
from typing import TypeVar

from .allowance import Allowance, is_booked
from .errors import Refused
from .ledger import Ledger
from .models import Packet, Sound
from .mux import Mp4File
from .shelf import Recording, Shelf
from .wire import ErrorCode, RecordingOrigin, RecordingStatus

LOGGER = logging.getLogger(__name__)
Result = TypeVar("Result")


class Stock:
    """All that is kept; one thread does what blocks, also for what is still being recorded."""

    def __init__(
        self, folder: Path, allowance: Allowance, ledger: Ledger, growing: Callable[[], int]
    ) -> None:
        """Read what is on the disk; blocks.

        What goes unfetched is counted in the ledger. Growing tells how many bytes there are of
        parts of bookings that are not done.
        """
        self._shelf = Shelf(folder)
        self._allowance = allowance
        self._ledger = ledger
        self._growing = growing
        self._kept = {recording.id: recording for recording in self._shelf.load()}
        self._tidying = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder")

    def close(self) -> None:
        """Let the thread end; nothing is written any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self._kept.values())

    def get(self, name: str) -> Recording | None:
        return self._kept.get(name)

    def path(self, recording: Recording) -> Path:
        """Where the MP4 of a recording is."""
        return self._shelf.path(recording)

    @asynccontextmanager
    async def filming(
        self, recording: Recording
    ) -> AsyncIterator[Callable[[list[Packet | Sound]], Awaitable[None]]]:
        """Note a recording, and open its file: what this gives writes there."""
        await self._in_thread(self._shelf.save, recording)
        file = Mp4File(self._shelf.path(recording))
        try:
            yield partial(self._in_thread, file.write)
        finally:
            await self._in_thread(file.close)

    async def finish(self, recording: Recording, error: str | None) -> Recording:
        """Measure what was written; who still wants it adds it."""
        return await self._in_thread(self._shelf.finish, recording, error)

    def add(self, finished: Recording) -> None:
        self._kept[finished.id] = finished

    async def redate(self, name: str, seconds: float) -> Recording | None:
        """Move a recording in time; None if somebody has fetched it."""
        if (recording := self._kept.get(name)) is None:
            return None
        redated = await self._in_thread(self._shelf.redate, recording, seconds)
        if name not in self._kept:
            return None
        self._kept[name] = redated
        return redated

    async def remove(self, recording: Recording) -> None:
        """Delete all of a recording, whether it is kept or was being written; raises OSError."""
        kept = self._kept.pop(recording.id, None)  # first: nobody redates what is about to go
        try:
            await self._in_thread(self._shelf.remove, recording)
        except OSError:
            if kept:
                self._kept[kept.id] = kept
            raise

    async def make_room(self, origin: RecordingOrigin) -> None:
        """Refuse what there is no room for, even without the recordings that may go for it."""
        if await self._has_room(origin):
            return
        await self.tidy(self._allowance.needed(origin))
        if not await self._has_room(origin):
            raise Refused(ErrorCode.NO_SPACE, "There is no room for it; delete recordings.")

    async def may_go_on(self, origin: RecordingOrigin) -> bool:
        """Whether there is room for more of what is being recorded."""
        free = await self._in_thread(self._shelf.free_bytes)
        return self._allowance.may_go_on(origin, free, self._booked_bytes())

    async def tidy(self, wanted: int = 0) -> None:
        """Delete what is too much; a disk that fails is told and tried again later."""
        async with self._tidying:
            try:
                free = await self._in_thread(self._shelf.free_bytes)
            except OSError as error:
                LOGGER.error("The disk cannot be looked at: %s", error)
                return
            for one in self._allowance.surplus(self, free, time.time(), wanted):
                await self._discard(one)

    async def _has_room(self, origin: RecordingOrigin) -> bool:
        free = await self._in_thread(self._shelf.free_bytes)
        return self._allowance.may_begin(origin, free, self._booked_bytes())

    def _booked_bytes(self) -> int:
        return self._growing() + sum(one.bytes or 0 for one in self if is_booked(one))

    async def _discard(self, recording: Recording) -> None:
        if recording.id not in self._kept:
            return  # somebody was faster
        LOGGER.warning("Deleting recording %s, which nobody fetched", recording.id)
        try:
            await self.remove(recording)
        except OSError as error:
            LOGGER.error("Recording %s cannot be deleted: %s", recording.id, error)
            return
        if recording.status is RecordingStatus.COMPLETE:
            await self._in_thread(self._ledger.lose)

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
