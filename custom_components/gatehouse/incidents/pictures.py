"""A camera's pictures: the newest one, however often the stream breaks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
import logging

from ..models import Picture
from .rules import IncidentOptions, retry_delay

_LOGGER = logging.getLogger(__name__)


class IncidentError(Exception):
    """Watching a camera does not work."""


class PicturesLost(IncidentError):
    """A camera's pictures ended; they may come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A camera to be watched: its key, its name, its pictures at so many a second.

    The pictures may raise PicturesLost, and are then asked for again.
    """

    camera: str
    name: str
    pictures: Callable[[float], AsyncGenerator[Picture]]


class Newest:
    """The newest picture of a camera, however often its stream breaks."""

    def __init__(
        self, source: Watched, pace: Callable[[], float], options: IncidentOptions
    ) -> None:
        """Ask for as many pictures a second as pace says, also when that changes."""
        self._source = source
        self._pace = pace
        self._options = options
        self._picture: Picture
        self._arrived = asyncio.Event()
        self._failures = 0

    async def arrived(self) -> None:
        """Wait for a picture that was not taken yet."""
        await self._arrived.wait()
        self._arrived.clear()

    def take(self) -> Picture:
        """Return the newest picture, once one has arrived."""
        self._arrived.clear()
        return self._picture

    async def read(self) -> None:
        """Keep the newest picture until cancelled."""
        while True:
            try:
                await self._stream(self._pace())
            except PicturesLost as error:
                await self._rest(error)

    async def _stream(self, fps: float) -> None:
        """Read at this pace for as long as it is the right one."""
        async with aclosing(self._source.pictures(fps)) as pictures:
            async for picture in pictures:
                self._picture = picture
                self._arrived.set()
                self._failures = 0
                if self._pace() != fps:
                    return
        raise PicturesLost("the stream ended")

    async def _rest(self, error: PicturesLost) -> None:
        self._failures += 1
        if self._failures == 1:
            _LOGGER.info("No pictures of %s for now: %s", self._source.name, error)
        pause = retry_delay(self._failures, self._options.tick)
        await asyncio.sleep(pause.total_seconds())
