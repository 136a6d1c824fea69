"""Where recordings that are over become films, as soon as the disk and an encoder let them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
import logging
from threading import Event
from typing import Final

from ..agent import Recording
from .disk import refusals
from .errors import DiskFull, DiskRefused
from .film import Movie, Raw, develop
from .shelf import Shelf
from .threads import to_the_end

_LOGGER = logging.getLogger(__name__)

# A disk that is full or away is tried again after so many seconds; what is on it stays.
RETRY: Final = 30.0

NOTHING: Final = "The camera gave no picture in that time."


class Darkroom:
    """Makes the films of one camera; what is not done when it closes stays to be done."""

    def __init__(
        self, shelf: Shelf, movies: Callable[[], Iterable[Movie]], encoders: asyncio.Semaphore
    ) -> None:
        """Take tapes from a shelf and put films there; so many encoders work at once."""
        self._shelf = shelf
        self._movies = movies
        self._encoders = encoders
        self._closed = Event()

    def open(self) -> None:
        """Make films, until `close`."""
        self._closed.clear()

    def close(self) -> None:
        """Break off what is being made in threads."""
        self._closed.set()

    async def finished(self, recording: Recording, since: datetime, error: str | None) -> Recording:
        """Return a recording, asked for from that moment on, with its film if there is any."""
        raw = Raw(
            since=since,
            until=recording.until,
            tapes=self._shelf.tapes(recording.id),
            streamed=recording.started or since,
            movies=tuple(self._movies()),
        )
        while True:
            try:
                async with self._encoders:
                    return await to_the_end(self._develop, recording, raw, error)
            except (DiskFull, DiskRefused) as problem:
                _LOGGER.warning("Recording %s has to wait: %s", recording.id, problem)
            await asyncio.sleep(RETRY)

    def _develop(self, recording: Recording, raw: Raw, error: str | None) -> Recording:
        self._shelf.make_room()
        with refusals():
            film = develop(raw, self._shelf.film(recording.id), self._closed.is_set)
        if self._closed.is_set():
            return recording  # the next start makes it anew
        if film is None:
            return self._shelf.fail(recording, error or NOTHING)
        began = replace(recording, started=film.began)
        return self._shelf.finish(began, film.lasts, error)
