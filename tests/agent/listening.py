"""A reader that runs in a test, and what is heard of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import time
from typing import Any

from camera_agent.hardware import CardReader, Feedback, Heard, Key, ReaderError, Scan
from camera_agent.reader_config import ReaderConfig, ReaderKind


class Ears:
    """Writes down all that is heard of a device."""

    def __init__(self) -> None:
        self.online = 0
        self.heard: list[Heard] = []
        self.moments: list[float] = []
        self.error: str | None = None

    @property
    def scans(self) -> list[Scan]:
        return [one for one in self.heard if isinstance(one, Scan)]

    @property
    def cards(self) -> list[str]:
        return [scan.card.hex() for scan in self.scans]

    @property
    def keys(self) -> str:
        return "".join(one.key for one in self.heard if isinstance(one, Key))

    def opened(self) -> None:
        self.online += 1

    def hear(self, heard: Heard) -> None:
        self.moments.append(time.monotonic())
        self.heard.append(heard)


def reader_config(kind: str = "rdm6300", **settings: Any) -> ReaderConfig:
    return ReaderConfig(**{"id": "outside", "kind": ReaderKind(kind)} | settings)


@asynccontextmanager
async def listening(device: CardReader) -> AsyncIterator[Ears]:
    """Run a device, and write down how it ended if it did so by itself."""
    ears = Ears()

    async def listen() -> None:
        try:
            await device.run(ears.opened, ears.hear)
        except ReaderError as error:
            ears.error = str(error)

    story = asyncio.create_task(listen())
    try:
        yield ears
    finally:
        story.cancel()
        await asyncio.gather(story, return_exceptions=True)


async def failing(device: CardReader) -> str:
    """Run a device that cannot; return the sentence for its owner."""
    ears = Ears()
    try:
        async with asyncio.timeout(30):
            await device.run(ears.opened, ears.hear)
    except ReaderError as error:
        return str(error)
    raise AssertionError("the device ended without a word")


async def is_silent(device: CardReader) -> None:
    """Show everything there is to a device that has nothing to show it with."""
    for feedback in Feedback:
        await device.show(feedback)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)]
