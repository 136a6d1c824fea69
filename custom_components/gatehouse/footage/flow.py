"""Recordings on their way from the agents to the media folder: the stage of a row is the queue."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
import logging
from pathlib import Path
from uuid import uuid4

from ..agent import RecordingChanged, Recordings
from ..models import Footage, FootageStage
from .disk import Disk
from .rules import FootageOptions, is_due
from .steps import Steps
from .store import FootageStore

_LOGGER = logging.getLogger(__name__)


class FootageFlow:
    """Has cameras recorded and brings the files home; what it began survives a restart."""

    def __init__(
        self,
        store: FootageStore,
        agents: Callable[[str], tuple[Recordings, str] | None],
        disk: Disk,
        options: FootageOptions,
        news: Callable[[Footage], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Reach a camera, and its name on its agent, by `agents`; tell each stage to `news`."""
        self._store = store
        self._disk = disk
        self._options = options
        self._news = news
        self._now = now
        self._steps = Steps(store, agents, disk, options, news, now=now)
        self._woken = asyncio.Event()
        self._nudged: set[str] = set()
        self._moving: set[str] = set()

    async def record(
        self, camera: str, since: datetime, until: datetime, incident: str | None = None
    ) -> Footage:
        """Have a camera recorded from one moment to another, by its agent's clock."""
        row = Footage(
            id=uuid4().hex,
            camera=camera,
            incident=incident,
            stage=FootageStage.REQUESTED,
            since=since,
            until=min(until, since + self._options.longest),
        )
        await self._store.add(row)
        self._news(row)
        self._woken.set()
        return row

    async def extend(self, footage: str, until: datetime) -> None:
        """Let a recording go on until then; never shortens, and has no effect once it is over."""
        await self._store.extend(footage, until, self._options.longest)
        self._nudge(footage)

    def recording_changed(self, camera: str, news: RecordingChanged) -> None:
        """Take a word of an agent's feed about a recording as a reason to look."""
        _LOGGER.debug("%s: recording %s is %s", camera, news.recording.id, news.recording.status)
        self._nudge(news.recording.id)

    async def keep_picture(self, camera: str, at: datetime, name: str, jpeg: bytes) -> Path:
        """File a picture of a camera; the same name and time replaces it. Raises FootageError."""
        place = self._disk.place(camera, at, name, ".jpg")
        await asyncio.to_thread(self._disk.write, place, jpeg)
        return place

    async def get(self, footage: str) -> Footage | None:
        """Return one row."""
        return await self._store.get(footage)

    async def find(
        self,
        camera: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str | tuple[str, ...] | None = None,
        limit: int | None = 50,
    ) -> list[Footage]:
        """Return footage that began in a span, of one incident or of several, newest first."""
        return await self._store.find(camera, since, until, incident, limit)

    async def days(self, camera: str) -> list[date]:
        """Return the local days on which footage of a camera began, newest first."""
        return await self._store.days(camera, self._disk.zone)

    async def run(self) -> None:
        """Move rows on, each in a task of its own, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                rows = await self._store.unfinished()
                for row in rows:
                    if row.id not in self._moving and self._is_due(row):
                        self._moving.add(row.id)
                        self._nudged -= _names(row)
                        tasks.create_task(self._move(row.id), name=f"gatehouse footage {row.id}")
                # A word about a row on the move is for its next turn; any other is about nothing.
                moving = [_names(row) for row in rows if row.id in self._moving]
                self._nudged &= set().union(*moving)
                await self._rest(row for row in rows if row.id not in self._moving)

    def _is_due(self, row: Footage) -> bool:
        return not _names(row).isdisjoint(self._nudged) or is_due(row, self._now(), self._options)

    def _nudge(self, name: str) -> None:
        """Have a look at the row of this id, or at that of this recording, at once."""
        self._nudged.add(name)
        self._woken.set()

    async def _move(self, footage: str) -> None:
        try:
            # Read again: it may have been extended since the queue was read.
            if row := await self._store.get(footage):
                await self._steps.take(row)
        finally:
            self._moving.discard(footage)
            self._woken.set()

    async def _rest(self, waiting: Iterable[Footage]) -> None:
        """Sleep until the first of these rows is due, or somebody wakes us."""
        times = [row.retry_at for row in waiting if row.retry_at is not None]
        pause = (min(times) - self._now()).total_seconds() if times else None
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()


def _names(row: Footage) -> set[str]:
    """Return the ids by which somebody may speak of a row."""
    return {row.id} if row.recording is None else {row.id, row.recording}
