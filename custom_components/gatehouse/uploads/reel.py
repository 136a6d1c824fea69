"""Whole uploads, looked at one after the other at a viewer's pace; the newest win."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
import math

from ..footage import Movie
from ..models import Picture
from .arrivals import Arrival
from .errors import Unfinished, UploadsLost
from .playback import Playback, read
from .rules import Kind, UploadOptions


class Reel:
    """What has come and is to be looked at: as many uploads as fit, none of them in memory."""

    def __init__(
        self,
        options: UploadOptions,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        """Have nothing yet, and be lost until begun."""
        self._options = options
        self._clock = clock
        self._now = now
        self._waiting: deque[tuple[float, Playback]] = deque()
        self._current: Playback | None = None
        self._shown_at = self._picked_at = -math.inf
        self._lost: UploadsLost | None = UploadsLost("the folder is not watched yet")
        self._changed = asyncio.Event()
        # A small machine decodes one file at a time.
        self._turn = asyncio.Lock()
        self.movies: deque[Movie] = deque(maxlen=options.backlog)
        """The videos that came last."""
        self.passed_over = 0
        """How many uploads gave way to newer ones."""

    def begin(self) -> None:
        """Take uploads from now on."""
        self._lost = None

    def end(self, why: UploadsLost) -> None:
        """Forget everything; whoever waits for a picture is told why there will be none."""
        self._waiting.clear()
        self._current = None
        self._shown_at = -math.inf
        self._lost = why
        self._changed.set()

    async def add(self, arrival: Arrival) -> Picture:
        """Have an upload looked at, if it is whole, and return its first picture.

        Raises Unfinished, or FileNotFoundError.
        """
        async with self._turn:
            upload, first = await asyncio.to_thread(read, arrival, self._options, self._now())
        if upload.kind is Kind.VIDEO:
            self.movies.append(Movie(path=upload.path, began=upload.captured, lasts=upload.length))
        self._waiting.append((self._clock(), Playback(upload, self._options)))
        if len(self._waiting) > self._options.backlog:
            self._waiting.popleft()
            self.passed_over += 1
        self._changed.set()
        return first

    async def next(self, fps: float) -> Picture:
        """Wait for the next picture of at most so many a second; raises UploadsLost."""
        # As slow as a live camera: whoever keeps the newest picture only would lose the others.
        await asyncio.sleep(self._shown_at + 1 / fps - self._clock())
        while True:
            playback = await self._await_upload()
            try:
                async with self._turn:
                    picture = await asyncio.to_thread(playback.next, fps, self._now())
            except Unfinished:
                # It was whole when it came; what it has become since will come anew.
                picture = None
            if picture is not None:
                self._shown_at = self._picked_at = self._clock()
                return picture
            if self._current is playback:
                self._current = None

    def forget_stale(self) -> None:
        """Forget what nobody has looked at for too long."""
        unseen_since = self._clock() - self._options.keep.total_seconds()
        while self._waiting and self._waiting[0][0] < unseen_since:
            self._waiting.popleft()
        if self._picked_at < unseen_since:
            self._current = None

    @property
    def is_at_last(self) -> bool:
        """Whether nothing newer waits than what is looked at."""
        return not self._waiting

    @property
    def is_moving(self) -> bool:
        """Whether there is something to look at, or was until just now."""
        until = self._shown_at + self._options.linger.total_seconds()
        return bool(self._waiting or self._current) or self._clock() < until

    async def _await_upload(self) -> Playback:
        while self._current is None:
            if self._lost is not None:
                raise self._lost.with_traceback(None)
            if self._waiting:
                _, self._current = self._waiting.popleft()
                self._picked_at = self._clock()
            else:
                self._changed.clear()
                await self._changed.wait()
        return self._current
