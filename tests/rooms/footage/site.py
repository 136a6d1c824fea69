"""A site with footage in it: a database, a media folder, agents, and a flow to restart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from custom_components.gatehouse.footage import (
    Clips,
    Disk,
    FootageFlow,
    FootageOptions,
    FootageStore,
    Library,
    Movies,
    Recorder,
)
from custom_components.gatehouse.models import Footage, FootageStage
from tests.rooms.footage.recorder import CAMERA, Pi

OPTIONS = FootageOptions(
    retry_first=timedelta(milliseconds=10), retry_longest=timedelta(milliseconds=40)
)
PATIENCE_S = 30
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Site:
    """Everything around the flow."""

    store: FootageStore
    media: Path
    agents: dict[str, Pi] = field(default_factory=dict)
    options: FootageOptions = OPTIONS
    floor_bytes: int = 0
    news: list[Footage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flow = self.restarted()
        self.movies = self.remade()
        self.library = Library(self.store, self.disk)

    def restarted(self) -> FootageFlow:
        """Return a flow that knows nothing but what is in the database, as after a restart."""
        self.disk = Disk(self.media, BERLIN, self.floor_bytes)
        self.flow = FootageFlow(
            self.store, self.recorder, self.disk, self.options, self.news.append
        )
        return self.flow

    def remade(self) -> Movies:
        """Return what files movies, knowing nothing but what is in the database and on the disk."""
        clips = Clips(self.store, self.disk, self.news.append)
        self.movies = Movies(self.store, self.disk, clips, self.news.append)
        return self.movies

    def recorder(self, camera: str) -> tuple[Recorder, str] | None:
        """Return what records a camera."""
        agent = self.agents.get(camera)
        return None if agent is None else (agent.client, CAMERA)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FootageFlow]:
        """Run the flow; whatever ends it but the end of the test is a failure."""
        task = asyncio.create_task(self.flow.run())
        try:
            yield self.flow
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def record(self, camera: str, seconds: float = 20, ago: float = 5) -> Footage:
        """Ask for footage that began a little ago."""
        since = datetime.now(UTC) - timedelta(seconds=ago)
        return await self.flow.record(camera, since, since + timedelta(seconds=seconds))

    async def reaches(self, row: Footage, stage: FootageStage) -> Footage:
        """Return the row as soon as it has come so far."""
        return await self.until(row, lambda found: found.stage is stage)

    async def until(self, row: Footage, is_so: Callable[[Footage], bool]) -> Footage:
        """Return the row as soon as something is true of it."""
        found = row
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(found):
                await asyncio.sleep(0.005)
                found = await self.store.get(row.id) or row
        return found

    def kept(self, *rows: Footage) -> set[str]:
        """Return what is to be in the media folder for rows: their clips and posters."""
        paths = [row.path.relative_to(self.media) for row in rows if row.path]
        return {str(path.with_suffix(suffix)) for path in paths for suffix in (".mp4", ".jpg")}

    def files(self) -> set[str]:
        """Return every file in the media folder, hidden ones too."""
        found = (path for path in self.media.rglob("*") if path.is_file())
        return {str(path.relative_to(self.media)) for path in found}


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.005)
