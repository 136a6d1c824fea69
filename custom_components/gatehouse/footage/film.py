"""The film of one recording, made of whatever there is of it; blocks, for threads."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Final

import av

from .encode import encode
from .errors import NotPlayable
from .splice import Take, splice
from .tape import Material, stills_of

# A stream of which there is so much less than of the stills was broken most of the time.
MUCH_MORE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """A video that a camera made by itself."""

    path: Path
    began: datetime
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a film shows."""

    began: datetime
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What there is of one recording, and from when to when it was asked for."""

    since: datetime
    until: datetime
    tapes: Mapping[Material, Path]
    streamed: datetime
    """When the tape of the stream begins."""
    movies: tuple[Movie, ...] = ()


def develop(raw: Raw, film: Path, is_stopped: Callable[[], bool]) -> Film | None:
    """Make a film of a camera's own video, else of its stream, else of its stills; None if of none.

    Whoever stops it has no use for what it wrote. An OSError of the disk comes through.
    """
    film.touch()
    with suppress(NotPlayable):
        return _spliced(_takes(raw), film)
    moments = [moment for moment, _ in stills_of(raw.tapes[Material.STILLS])]
    with suppress(NotPlayable):
        stream = Take(path=raw.tapes[Material.STREAM], began=raw.streamed, containers="mpegts")
        made = _spliced([stream], film)
        if not moments or moments[-1] - moments[0] <= MUCH_MORE * made.lasts:
            return made
    with suppress(NotPlayable):
        stills = stills_of(raw.tapes[Material.STILLS])
        began = encode(takewhile(lambda _: not is_stopped(), stills), raw.until, film)
        return Film(began=began, lasts=_length(film))
    return None


def _takes(raw: Raw) -> list[Take]:
    """Return what the camera's own videos have of it."""
    return [
        Take(path=movie.path, began=movie.began, since=raw.since, until=raw.until)
        for movie in sorted(raw.movies, key=lambda movie: movie.began)
        if movie.began < raw.until and raw.since < movie.began + movie.lasts
    ]


def _spliced(takes: Iterable[Take], film: Path) -> Film:
    return Film(began=splice(takes, film), lasts=_length(film))


def _length(film: Path) -> timedelta:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        return timedelta(seconds=float((stream.duration or 0) * (stream.time_base or 0)))
