"""A folder that a camera uploads to, and what it takes to look at it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, suppress
from datetime import timedelta
from pathlib import Path
import threading
from typing import Any

from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.uploads import UploadFolder, UploadOptions, UploadsLost
from tests.waiting import eventually

QUICK: dict[str, Any] = {
    "settle": timedelta(seconds=0.1),
    "patience": timedelta(seconds=0.6),
    "linger": timedelta(seconds=0.3),
    "polling": timedelta(seconds=0.2),
}


class Porch:
    """An upload folder that is watched, with one viewer of its pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[Picture] = []
        self.moving: list[bool] = []
        self.lost: list[UploadsLost] = []
        self.camera: UploadFolder
        self._stack = AsyncExitStack()

    async def watch(self, fps: float = 1000, *, look: bool = True, **options: Any) -> UploadFolder:
        """Begin to watch, and to look at everything that comes."""
        self.camera = UploadFolder(
            self.folder,
            name="Porch",
            options=UploadOptions(**QUICK | options),
            on_moving=self.moving.append,
        )
        await self.run()
        if look:
            self.look(fps)
        return self.camera

    async def run(self) -> None:
        """Watch, until the folder is lost."""
        self.start(self._run())
        await eventually(lambda: self.camera._reel._lost is None, what="the watch")

    def look(self, fps: float) -> None:
        """Look at what comes."""
        self.start(self._look(fps))

    async def sees(self, pictures: int) -> list[Picture]:
        """Wait until so many pictures were seen."""
        await eventually(lambda: len(self.seen) >= pictures, 15, f"{pictures} pictures seen")
        return self.seen

    async def sees_only(self, pictures: int) -> list[Picture]:
        """Wait until so many pictures were seen and nothing more is going on."""
        await self.sees(pictures)
        await eventually(lambda: self.moving[-1:] == [False], what="the end of it")
        assert len(self.seen) == pictures
        return self.seen

    def start(self, story: Any) -> None:
        task = asyncio.create_task(story)
        self._stack.push_async_callback(_end, task)

    async def close(self) -> None:
        await self._stack.aclose()

    async def _run(self) -> None:
        try:
            await self.camera.run()
        except UploadsLost as error:
            self.lost.append(error)

    async def _look(self, fps: float) -> None:
        with suppress(UploadsLost):
            async with aclosing(self.camera.pictures(fps)) as pictures:
                async for picture in pictures:
                    self.seen.append(picture)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail when our code blocks the event loop."""
    with blockbuster_ctx("custom_components.gatehouse") as blockbuster:
        blockbuster.functions["io.TextIOWrapper.write"].can_block_in("logging/__init__.py", "emit")
        yield


@pytest.fixture
async def porch(tmp_path: Path, never_blocks: None) -> AsyncIterator[Porch]:
    """Return an empty folder; afterwards none of its threads is left."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    porch = Porch(folder)
    yield porch
    await porch.close()
    left = [one for one in threading.enumerate() if type(one).__module__.startswith("watchdog")]
    assert not left
