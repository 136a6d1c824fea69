"""Recordings on their way to the media folder: the stage of a row is the queue."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
import logging
from pathlib import Path
from uuid import uuid4

from ..agent import Recording, RecordingChanged, RecordingStatus
from ..database import DatabaseError
from ..models import Footage, FootageStage, Level
from .disk import Disk
from .recorder import Recorders
from .rules import FootageOptions, bound, is_due, part_of, unasked
from .steps import Steps
from .store import FootageStore

_LOGGER = logging.getLogger(__name__)


class FootageFlow:
    """Has cameras recorded and brings the files home; what it began survives a restart."""

    def __init__(
        self,
        store: FootageStore,
        recorders: Recorders,
        disk: Disk,
        options: FootageOptions,
        news: Callable[[Footage], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Tell each stage of a row to `news`."""
        self._store = store
        self._disk = disk
        self._options = options
        self._news = news
        self._watchers: list[Callable[[Footage], None]] = []
        self._now = now
        self._steps = Steps(store, recorders, disk, options, self._stepped, now=now)
        self._woken = asyncio.Event()
        self._nudged: set[str] = set()
        self._moving: set[str] = set()
        self._told: dict[tuple[str, str], Recording] = {}

    async def record(
        self,
        camera: str,
        since: datetime,
        until: datetime,
        incident: str | None = None,
        level: Level | None = None,
        *,
        booking: str | None = None,
        part: bool = False,
    ) -> Footage:
        """Have a camera recorded from one moment to another, by its recorder's clock.

        A part is one of the pieces of the appointment that booking names; agents record theirs by
        themselves.
        """
        row = Footage(
            id=uuid4().hex,
            camera=camera,
            incident=incident,
            stage=FootageStage.REQUESTED,
            since=since,
            until=min(until, since + bound(part, self._options)),
            level=level,
            booking=booking,
        )
        row = part_of(booking, row) if part else row
        self._steps.wish(row)
        await self._store.add(row)
        self._news(row)
        self._woken.set()
        return row

    async def extend(self, footage: str, until: datetime) -> None:
        """Let a recording go on until then; never shortens, and has no effect once it is over."""
        if row := await self._store.get(footage):
            await self._store.extend(footage, until, bound(row.part, self._options))
            self._nudge(footage)

    async def end(self, footage: str, until: datetime) -> None:
        """Let a recording end earlier; has no effect once it is over."""
        await self._store.end(footage, until)
        self._nudge(footage)

    async def grade(self, incident: str, level: Level) -> None:
        """Keep how bad an incident is: what is ready of it may now be wanted elsewhere."""
        if await self._store.grade(incident, level):
            for row in await self._store.find(incident=incident, limit=None):
                if row.stage is FootageStage.READY:
                    self._news(row)

    def recording_changed(self, camera: str, news: RecordingChanged) -> None:
        """Take a word of an agent about a recording as a reason to look.

        What it recorded by itself becomes a row if it is none yet: to be replayed, or a part of an
        appointment. What is home already is deleted there.
        """
        recording = news.recording
        _LOGGER.debug("%s: recording %s is %s", camera, recording.id, recording.status)
        if recording.status is RecordingStatus.COMPLETE:
            self._told[camera, recording.id] = recording
        self._nudge(recording.id)

    def watch(self, ready: Callable[[Footage], None]) -> Callable[[], None]:
        """Call `ready` once for each clip, when it can be played; returns how to stop that."""
        self._watchers.append(ready)
        return lambda: self._watchers.remove(ready)

    async def keep_picture(self, camera: str, at: datetime, name: str, jpeg: bytes) -> Path:
        """File a picture of a camera; the same name and time replaces it. Raises FootageError."""
        place = self._disk.place(camera, at, name, ".jpg")
        await asyncio.to_thread(self._disk.write, place, jpeg)
        return place

    async def run(self) -> None:
        """Move rows on, each in a task of its own, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                try:
                    await self._hear(tasks)
                    rows = await self._store.unfinished()
                except DatabaseError as error:
                    await self._bide(error)
                    continue
                for row in rows:
                    if row.id not in self._moving and self._is_due(row):
                        self._moving.add(row.id)
                        self._nudged -= _names(row)
                        tasks.create_task(self._move(row.id), name=f"gatehouse footage {row.id}")
                # A word about a row on the move is for its next turn; any other is about nothing.
                moving = [_names(row) for row in rows if row.id in self._moving]
                self._nudged &= set().union(*moving)
                await self._rest(row for row in rows if row.id not in self._moving)

    def _stepped(self, row: Footage) -> None:
        self._news(row)
        if row.stage is FootageStage.READY:
            for ready in tuple(self._watchers):
                ready(row)

    async def _hear(self, tasks: asyncio.TaskGroup) -> None:
        """Take up what agents recorded by themselves; what is home already goes there."""
        for (camera, name), recording in tuple(self._told.items()):
            row = unasked(camera, recording, uuid4().hex)
            if row and await self._store.add(row):
                self._news(row)
            elif await self._store.is_fetched(camera, name):
                release = self._steps.release(camera, name)
                tasks.create_task(release, name=f"gatehouse release {name}")
            del self._told[camera, name]

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
        except DatabaseError as error:
            await self._bide(error)
        finally:
            self._moving.discard(footage)
            self._woken.set()

    async def _bide(self, error: DatabaseError) -> None:
        """Wait a little: no row can tell when to try again."""
        _LOGGER.warning("Footage has to wait: %s", error)
        await asyncio.sleep(self._options.retry_first.total_seconds())

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
