"""A site with footage in it: a database, a media folder, agents, and a flow to restart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from custom_components.gatehouse.agent import Recordings
from custom_components.gatehouse.footage import Disk, FootageFlow, FootageOptions, FootageStore
from custom_components.gatehouse.models import Footage, FootageStage
from tests.rooms.footage.recorder import CAMERA, Recorder

OPTIONS = FootageOptions(
    retry_first=timedelta(milliseconds=10), retry_longest=timedelta(milliseconds=40)
)
PATIENCE_S = 10


@dataclass
class Site:
    """Everything around the flow."""

    store: FootageStore
    media: Path
    recorders: dict[str, Recorder] = field(default_factory=dict)
    options: FootageOptions = OPTIONS
    floor_bytes: int = 0
    news: list[Footage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flow = self.restarted()

    def restarted(self) -> FootageFlow:
        """Return a flow that knows nothing but what is in the database, as after a restart."""
        disk = Disk(self.media, ZoneInfo("Europe/Berlin"), self.floor_bytes)
        self.flow = FootageFlow(self.store, self.recordings, disk, self.options, self.news.append)
        return self.flow

    def recordings(self, camera: str) -> tuple[Recordings, str] | None:
        """Return how to reach a camera's recordings."""
        recorder = self.recorders.get(camera)
        return None if recorder is None else (recorder.client, CAMERA)

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
                found = await self.flow.get(row.id) or row
        return found

    def files(self) -> set[str]:
        """Return every file in the media folder, hidden ones too."""
        found = (path for path in self.media.rglob("*") if path.is_file())
        return {str(path.relative_to(self.media)) for path in found}


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.005)
