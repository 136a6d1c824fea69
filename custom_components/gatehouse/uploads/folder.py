"""A camera that uploads its pictures: what comes into its folder is what it sees."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
import logging
from pathlib import Path
import time
from typing import Final

from ..footage import Movie
from ..models import Picture
from .arrivals import Arrivals
from .errors import Unfinished, UploadsLost
from .lookout import Lookout, resolve
from .reel import Reel
from .rules import UploadOptions

_LOGGER = logging.getLogger(__name__)

# In how many steps it is awaited that files settle, and that nothing comes any more.
TICKS: Final = 5


async def check(folder: Path) -> None:
    """Raise UploadsLost, whose code says why, if a folder cannot be watched."""
    await asyncio.to_thread(resolve, folder)


class UploadFolder:
    """A camera that uploads to a folder, in which nothing is ever changed.

    Only what comes while it is watched is seen; nothing that was there before, or meanwhile.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        options: UploadOptions,
        on_moving: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Tell by on_moving whether there is something to look at; the clock is never set."""
        self._folder = folder
        self._name = name
        self._options = options
        self._on_moving = on_moving
        self._clock = clock
        self._reel = Reel(options, clock=clock, now=now)
        self._stirred = asyncio.Event()
        self._was_moving = False
        self._was_flooded = False
        self._counted = 0
        self.newest: Picture | None = None
        self.problem: UploadsLost | None = None
        """What stands in the way of watching; None while all is well."""

    @property
    def passed_over(self) -> int:
        """How many uploads were never looked at, as too many came at once."""
        return self._reel.passed_over

    @property
    def movies(self) -> tuple[Movie, ...]:
        """The videos that came last; their files may have gone."""
        return tuple(self._reel.movies)

    async def run(self) -> None:
        """Watch the folder until cancelled; raises UploadsLost, and may then be run again."""
        try:
            await self._watch(await asyncio.to_thread(resolve, self._folder))
        except UploadsLost as error:
            self.problem = error
            raise
        finally:
            self._reel.end(self.problem or UploadsLost("the folder is not watched any more"))
            self._tell()

    async def pictures(self, fps: float) -> AsyncGenerator[Picture]:
        """Yield what has come, in the order of its coming, at most so many a second.

        For one reader at a time; the next one goes on where it stopped, also within a video.
        Raises UploadsLost while the folder is not watched.
        """
        while True:
            picture = await self._reel.next(fps)
            if self._reel.is_at_last:
                self.newest = picture
            yield picture

    async def _watch(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        arrivals = Arrivals(
            folder,
            self._options,
            stir=partial(loop.call_soon_threadsafe, self._stirred.set),
            clock=self._clock,
        )
        lookout = Lookout(folder, arrivals, self._options)
        try:
            await asyncio.to_thread(lookout.start)
            self.problem = None
            self._reel.begin()
            await self._follow(arrivals, lookout)
        finally:
            await asyncio.to_thread(lookout.stop)

    async def _follow(self, arrivals: Arrivals, lookout: Lookout) -> None:
        checked = self._clock()
        while True:
            self._stirred.clear()
            self._reel.forget_stale()
            if arrivals:
                await self._take(arrivals)
            self._count(arrivals)
            self._tell()
            await self._rest(arrivals)
            if lookout.has_news and not arrivals:
                await asyncio.to_thread(lookout.renew)
            if self._clock() - checked >= self._options.check.total_seconds():
                await asyncio.to_thread(lookout.check)
                checked = self._clock()

    async def _take(self, arrivals: Arrivals) -> None:
        for arrival in await asyncio.to_thread(arrivals.settled):
            try:
                self.newest = await self._reel.add(arrival)
            except Unfinished as error:
                arrivals.refused(arrival, str(error))
            except FileNotFoundError:
                _LOGGER.debug("An upload to %s has gone: %r", self._name, arrival.path)
            else:
                arrivals.taken(arrival)
                self._tell()

    async def _rest(self, arrivals: Arrivals) -> None:
        """Wait for the next file, for those that came to settle, or for the end of a lull."""
        pause = self._options.check
        if self._was_moving:
            pause = self._options.linger / TICKS
        if arrivals:
            pause = self._options.settle / TICKS
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._stirred.wait()

    def _count(self, arrivals: Arrivals) -> None:
        """Say once that there are too many uploads, until all of them were looked at."""
        self._reel.passed_over += arrivals.passed_over()
        if self.passed_over > self._counted and not self._was_flooded:
            _LOGGER.warning(
                "More pictures are uploaded to %s than can be looked at: of those that wait, only "
                "the newest %s are; let the camera send fewer",
                self._name,
                self._options.backlog,
            )
            self._was_flooded = True
        elif not arrivals and self._reel.is_at_last:
            self._was_flooded = False
        self._counted = self.passed_over

    def _tell(self) -> None:
        moving = self._reel.is_moving
        if moving != self._was_moving:
            self._was_moving = moving
            self._on_moving(moving)
