"""The parts of an appointment are made a movie, one appointment after the other."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import chain
import logging
from pathlib import Path
from typing import Final, NamedTuple

from ..footage import (
    DiskFull,
    DiskRefused,
    FootageError,
    MergePlan,
    Merger,
    Movies,
    PanoramaUnavailable,
    Part,
    Reel,
)
from ..models import BookingState, Footage, Layout
from .course import MOVED, BookingOptions, Evidence, after_failure, is_finished, made, made_more
from .diary import Diary
from .house import House
from .nouns import Appointment
from .parts import Parts

_LOGGER = logging.getLogger(__name__)

# What another try may mend: room that somebody makes, a process that was killed.
PASSING: Final = frozenset({DiskFull.code, DiskRefused.code, "merge_failed"})
MOST_TRIES: Final = 8


class Production:
    """Makes movies in a process that gives way to all others."""

    def __init__(
        self,
        diary: Diary,
        parts: Parts,
        movies: Movies,
        merger: Merger,
        options: BookingOptions,
        house: House,
    ) -> None:
        """Make one movie at a time."""
        self._diary = diary
        self._parts = parts
        self._movies = movies
        self._merger = merger
        self._options = options
        self._house = house

    async def recover(self) -> None:
        """Remove what a kill left behind. Raises DatabaseError and FootageError."""
        await self._movies.recover()

    async def make(self, row: Appointment) -> None:
        """Make the movie of a completed appointment, and let go of its parts. Raises DatabaseError.

        If it has one already, what came since becomes a movie of each camera by itself.
        Whatever hinders it is kept with the appointment; who is cancelled leaves it to be done
        again.
        """
        work = replace(row, state=BookingState.PROCESSING)
        if not await self._diary.move(row, work):
            return
        try:
            done = await self._produced(work)
        except FootageError as error:
            _LOGGER.warning("There is no movie of %s yet: %s", row.summary, error)
            hopeless = error.code not in PASSING or work.attempts + 1 >= MOST_TRIES
            done = after_failure(
                work, error.code, self._house.now(), self._options, hopeless=hopeless
            )
        if not await self._diary.move(work, done) or done.attempts:
            return
        with suppress(FootageError):  # they are let go of when somebody looks again
            await self._parts.drop(done)
        if is_finished(done, uploads=self._house.uploads()):
            await self._house.finished(done)

    async def _produced(self, row: Appointment) -> Appointment:
        found = await self._parts.here(row)
        parts = found.unseen if row.movie else found.parts
        reels = list(_reels(row, parts, self._house))
        filmed = [await self._filmed(row, plan, found) for plan in self._plans(row, reels)]
        cameras = chain.from_iterable(each.cameras for each in filmed)
        if row.movie and (filmed or not parts):
            return made_more(row, {*cameras, *(each.camera for each in found.seen)})
        if not filmed:
            raise FootageError("Nothing is left of what was recorded")
        return made(row, filmed[0].movie, cameras, filmed[0].flaw)

    def _plans(self, row: Appointment, reels: Sequence[Reel]) -> Iterator[MergePlan]:
        frame = self._house.frame(row)
        parts = [part for reel in reels for part in reel.parts]
        if not parts:
            return
        since = max(row.start, min(part.began for part in parts))
        until = min(row.end, max(part.until for part in parts))
        whole = partial(
            MergePlan,
            layout=row.layout,
            since=since,
            until=until,
            calibration=frame.calibration,
            corner=frame.corner,
        )
        if row.layout is Layout.SEPARATE or row.movie or len(reels) == 1:
            yield from (whole(left=reel) for reel in reels)
        else:
            yield whole(left=reels[0], right=reels[1])

    async def _filmed(self, row: Appointment, plan: MergePlan, found: Evidence) -> _Filmed:
        """Make one movie and file it, side by side where there is no other way."""
        size = await asyncio.to_thread(_bytes, plan)
        async with self._movies.draft(size) as draft:
            progressed = partial(self._house.progressed, row)
            try:
                merged = await self._merger.merge(plan, draft, progressed)
                flaw = MOVED if merged.moved else None
            except PanoramaUnavailable as error:
                _LOGGER.warning("%s is side by side: %s", row.summary, error)
                plain = replace(plan, layout=Layout.SIDE_BY_SIDE)
                merged, flaw = await self._merger.merge(plain, draft, progressed), error.code
            name = self._name(row, plan)
            movie = await self._movies.keep(
                draft, merged.clip, row.id, name, merged.began, plan.until, wanted=row.upload
            )
        if row.movie and movie.id in {each.id for each in found.rows}:
            raise FootageError(f"{movie.camera} has another movie of that time")
        files = set(_files(plan))
        await self._parts.merged(part for part in found.parts if part.path in files)
        return _Filmed(movie, merged.cameras, flaw)

    def _name(self, row: Appointment, plan: MergePlan) -> str:
        """Return under which name a movie is filed: never one camera's if it is another's."""
        name = self._house.frame(row).name
        is_own = row.layout is Layout.SEPARATE or row.movie or name in row.cameras
        return plan.left.camera if is_own and plan.right is None else name


class _Filmed(NamedTuple):
    """A movie, who is seen in it, and what is not as it was wanted."""

    movie: Footage
    cameras: tuple[str, ...]
    flaw: str | None


def _reels(row: Appointment, parts: Iterable[Footage], house: House) -> Iterator[Reel]:
    """Yield what each camera recorded, by the clock of the site."""
    for camera in row.cameras:
        agent = house.agents().get(camera.partition("/")[0])
        ahead = agent.clock_ahead if agent else timedelta()
        own = [part for part in parts if part.camera == camera and part.path]
        if own:
            yield Reel(camera=camera, parts=tuple(_part(each, ahead) for each in own))


def _part(row: Footage, ahead: timedelta) -> Part:
    return Part(path=row.path or Path(), began=row.since - ahead, until=row.until - ahead)


def _files(plan: MergePlan) -> Iterator[Path]:
    for reel in (plan.left, plan.right):
        yield from (part.path for part in (reel.parts if reel else ()))


def _bytes(plan: MergePlan) -> int:
    return sum(path.stat().st_size for path in _files(plan) if path.exists())
