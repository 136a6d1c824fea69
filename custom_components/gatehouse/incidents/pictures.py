"""A camera's pictures: the newest one, however often the stream breaks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import Final

from ..models import Picture
from .errors import PicturesLost
from .nouns import IncidentOptions
from .rules import retry_delay

_LOGGER = logging.getLogger(__name__)


# Pictures are on their way for seconds. A clock that is off by more is one that was set.
DOUBT: Final = timedelta(minutes=1)

# An agent tells the time every ten seconds: what is said of its clock is right again by then.
HEARSAY: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A camera to be watched: its key, its name, its pictures at so many a second.

    The pictures may raise PicturesLost, and are then asked for again.
    """

    camera: str
    name: str
    pictures: Callable[[float], AsyncGenerator[Picture]]
    clock_ahead: Callable[[], timedelta] | None = None
    """How far the camera's clock, which stamps them, is said to run ahead of the site's; None where
    their moments are the site's already."""
    idle_check: timedelta | None = None
    """How often to look while nobody says that anything moves; None where motion is told."""
    needed: int | None = None
    """How many pictures confirm somebody, where they come one by one; None for the site's."""


def by_site_clock(source: Watched, now: Callable[[], datetime]) -> Watched:
    """Return the camera with its pictures stamped by the site's clock."""
    if source.clock_ahead is None:
        return source
    clock = _CameraClock(source.pictures, source.clock_ahead, now)
    return replace(source, pictures=clock.pictures, clock_ahead=clock.ahead)


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
        self._taken = asyncio.Event()
        self._failures = 0

    async def arrived(self) -> None:
        """Wait for a picture that was not taken yet."""
        await self._arrived.wait()

    def take(self) -> Picture:
        """Return the newest picture, once one has arrived."""
        self._arrived.clear()
        self._taken.set()
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
                self._taken.clear()
                self._arrived.set()
                self._failures = 0
                if self._source.needed is not None:  # each may be the only one that shows somebody
                    await self._taken.wait()
                if self._pace() != fps:
                    return
        raise PicturesLost("the stream ended")

    async def _rest(self, error: PicturesLost) -> None:
        self._failures += 1
        if self._failures == 1:
            _LOGGER.info("No pictures of %s for now: %s", self._source.name, error)
        pause = retry_delay(self._failures, self._options.tick)
        await asyncio.sleep(pause.total_seconds())


class _CameraClock:
    """A camera's clock, set against the site's by each picture if what is said of it is wrong."""

    def __init__(
        self,
        pictures: Callable[[float], AsyncGenerator[Picture]],
        said: Callable[[], timedelta],
        now: Callable[[], datetime],
    ) -> None:
        self._pictures = pictures
        self._said = said
        self._now = now
        self._measured: timedelta | None = None
        self._looked = now()

    def ahead(self) -> timedelta:
        is_new = abs(self._now() - self._looked) < HEARSAY
        return self._measured if self._measured is not None and is_new else self._said()

    async def pictures(self, fps: float) -> AsyncGenerator[Picture]:
        async with aclosing(self._pictures(fps)) as pictures:
            async for picture in pictures:
                yield replace(picture, captured=self._site_time(picture.captured))

    def _site_time(self, captured: datetime) -> datetime:
        self._looked = self._now()
        measured = captured - self._looked
        self._measured = measured if abs(measured - self._said()) > DOUBT else None
        return captured - self.ahead()
