"""All that footage goes through, on real parts and put together as a site does it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import shutil
from typing import Any

import aiohttp

from custom_components.gatehouse.agent import Agent, RecordingChanged
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import (
    S3,
    Clips,
    Disk,
    DiskFull,
    FootageFlow,
    FootageStore,
    Library,
    Movies,
    Offsite,
    OffsiteOptions,
    OptimiseOptions,
    Optimiser,
    Recorder,
    Retention,
    RetentionOptions,
    S3Options,
    lane,
    offsite,
    optimise,
    retention,
)
from custom_components.gatehouse.footage.mp4 import inspect
from custom_components.gatehouse.models import Footage, FootageStage, Level
from tests.rooms.footage.recorder import CAMERA, TOKEN
from tests.rooms.footage.site import BERLIN, OPTIONS

FRONT, PAIR = "porch/front", "01JD3K9PAIR"
HOURS = ("tennis@20261118T120000", "golf")
PARTS = 3
SOON = timedelta(milliseconds=100)
LONGEST_END = 60  # seconds
IN_PARTS = 100_000  # bytes from which on an upload is in parts
PAUSES = {
    optimise: ("PAUSE",),
    retention: ("FIRST", "EVERY", "AFTER_FAILURE", "AT_MOST_EVERY"),
    lane: ("LOOK_EVERY",),
}
AWAY = OffsiteOptions(
    levels=frozenset({Level.HIGH, Level.CRITICAL}),
    booked=True,
    retry_first=timedelta(milliseconds=10),
    retry_longest=timedelta(milliseconds=100),
)
MONTH = RetentionOptions(floor_bytes=0)
SMALLER = OptimiseOptions(enabled=True, height=44)


class Chain:
    """The parts that take footage from a recorder to the media folder, off-site and away."""

    def __init__(
        self,
        store: FootageStore,
        media: Path,
        recorder: Recorder,
        s3: S3,
        *,
        kept: RetentionOptions = MONTH,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self.media = media
        self.news: list[Footage] = []
        self.listener: Callable[[Footage], object] = self.news.append
        self.disk = Disk(media, BERLIN, kept.floor_bytes)
        clips = Clips(store, self.disk, self._tell)
        self.flow = FootageFlow(
            store, lambda _: (recorder, CAMERA), self.disk, OPTIONS, self._tell, now=now
        )
        self.library = Library(store, self.disk)
        self.movies = Movies(store, self.disk, clips, self._tell)
        self.offsite = Offsite(store, s3, self.disk, AWAY, self._tell, now=now)
        self.retention = Retention(store, clips, self.offsite, kept, AWAY, now=now)
        self.optimiser = Optimiser(store, clips, SMALLER, AWAY, now=now, load=lambda: 0.0)

    def stories(self) -> Iterator[Coroutine[Any, Any, None]]:
        for part in (self.flow, self.offsite, self.retention, self.optimiser):
            yield part.run()
        yield self._merge()

    async def parts(self) -> list[Footage]:
        """Return the parts of all appointments."""
        of_all = [await self.library.of_booking(hour) for hour in HOURS]
        return [row for rows in of_all for row in rows if row.part]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all of it; whatever ends it but the end of the test is a failure."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=LONGEST_END)
            assert done, [str(left) for left in asyncio.all_tasks()]
            with suppress(asyncio.CancelledError):
                await task

    async def rows(self) -> dict[str, Footage]:
        """Return all rows by their ids."""
        return {row.id: row for row in await self.store.find(limit=None)}

    def files(self) -> set[Path]:
        """Return every file in the media folder, hidden ones too."""
        return {path for path in self.media.rglob("*") if path.is_file()}

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for story in self.stories():
                tasks.create_task(story)

    async def _merge(self) -> None:
        """Make movies of appointments whose parts are here: each the same as its first part."""
        await self.movies.recover()
        while True:
            for hour in HOURS:
                rows = await self.library.of_booking(hour)
                here = [row.path for row in rows if row.part and row.stage is FootageStage.READY]
                if len(here) == PARTS and here[0]:
                    await self._film(hour, here[0], rows[0].since)
                await self.movies.drop_parts(hour)
            await asyncio.sleep(SOON.total_seconds())

    async def _film(self, hour: str, first: Path, since: datetime) -> None:
        async with self.movies.draft(first.stat().st_size) as draft:
            await asyncio.to_thread(shutil.copyfile, first, draft)
            clip = await asyncio.to_thread(inspect, draft)
            span = (since, since + timedelta(seconds=2 * PARTS))
            await self.movies.keep(draft, clip, hour, PAIR, *span, wanted=True)

    def _tell(self, footage: Footage) -> None:
        if footage.stage is FootageStage.READY:
            self.offsite.wake()
        if footage.error == DiskFull.code:
            self.retention.wake()
        self.listener(footage)


def hurry(put: Callable[[object, str, object], object]) -> None:
    """Let the stories look again soon, and small clips be uploaded in parts too."""
    for module, names in PAUSES.items():
        for name in names:
            put(module, name, SOON)
    put(offsite, "LARGE", IN_PARTS)


async def live(folder: Path, address: tuple[str, int], options: S3Options) -> None:
    """Run all of it, for as long as the power is on."""
    hurry(setattr)
    database = await Database.open(folder / "gatehouse.db")
    diary = os.open(folder / "diary", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        recorder = Agent(session, *address, TOKEN).recordings
        chain = Chain(FootageStore(database), folder / "media", recorder, S3(options))
        chain.listener = lambda row: os.write(diary, _line(row))
        for story in chain.stories():
            tasks.create_task(story)
        # As the floor does whenever it meets an agent.
        for recording in await recorder.list(CAMERA):
            chain.flow.recording_changed(FRONT, RecordingChanged(recording=recording))


def _line(row: Footage) -> bytes:
    return f"{row.stage} {row.id} {row.sha256} {row.path} {row.error}\n".encode()
