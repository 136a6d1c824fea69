"""A camera without an agent and the recorder of it, which a test may start anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from custom_components.gatehouse.agent import Recording, RecordingStatus
from custom_components.gatehouse.footage import LocalRecorder, Movie, as_piece
from tests.rooms.footage.films import SIZE, picture
from tests.waiting import eventually

CAMERA = "camera"
LATE = timedelta(seconds=0.3)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class House:
    """A folder for the recordings of one camera, whose recorder may be started anew."""

    folder: Path
    told: list[Recording] = field(default_factory=list)
    movies: list[Movie] = field(default_factory=list)
    encoders: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))

    def __post_init__(self) -> None:
        self.began = datetime.now(UTC)
        self.recorder = self.restarted()

    def restarted(self) -> LocalRecorder:
        """Return a recorder that knows nothing but what is on the disk."""
        self.recorder = LocalRecorder(
            self.folder,
            late=LATE,
            movies=lambda: self.movies,
            encoders=self.encoders,
            changed=self.told.append,
        )
        return self.recorder

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LocalRecorder]:
        """Run the recorder."""
        async with story(self.recorder.run()):
            yield self.recorder

    def shows(self, at: float, grey: int = 128, size: tuple[int, int] = SIZE) -> None:
        """Take a still of a moment, counted from the beginning of the test."""
        self.recorder.take(as_piece(picture(self.began + seconds(at), grey, size)))

    async def record(self, since: float, until: float) -> Recording:
        """Ask for a span, counted from the beginning of the test."""
        begin = self.began + seconds(since)
        return await self.recorder.start(CAMERA, begin, self.began + seconds(until))

    async def ended(self, recording: Recording) -> Recording:
        """Return a recording as it has ended."""

        async def over() -> Recording | None:
            found = {one.id: one for one in await self.recorder.list(CAMERA)}
            one = found[recording.id]
            return None if one.status is RecordingStatus.RECORDING else one

        found: Recording = await eventually(over, 30, "the recording")
        return found

    def film(self, recording: Recording) -> Path:
        return self.folder / f"{recording.id}.mp4"

    def files(self) -> set[str]:
        return {path.name for path in self.folder.glob("*")}


@asynccontextmanager
async def story(work: Any) -> AsyncIterator[None]:
    """Run something until the end of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
