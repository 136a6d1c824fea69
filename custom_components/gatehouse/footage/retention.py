"""Recordings go when they are too old, too many, or fill the disk; nothing else makes them go."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
from typing import Final

from ..database import DatabaseError
from ..models import Footage
from .clips import Clips
from .disk import refusals
from .errors import FootageError
from .expiry import (
    JUST_NOW,
    Held,
    RetentionOptions,
    held,
    is_plausible,
    is_too_old,
    to_expire,
    to_forget,
)
from .offsite import Offsite
from .store import FootageStore
from .wanted import OffsiteOptions

_LOGGER = logging.getLogger(__name__)

# A site that has just started has better things to do.
FIRST: Final = timedelta(minutes=5)
EVERY: Final = timedelta(hours=1)
AFTER_FAILURE: Final = timedelta(minutes=10)

# Whoever finds the disk full says so again and again.
AT_MOST_EVERY: Final = timedelta(minutes=1)

# A clock that is wrong is set right by the network within minutes, or by somebody in this time.
PATIENCE: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What was deleted here at once."""

    clips: int
    size: int
    """Bytes."""


class Retention:
    """Deletes footage by its rows, here and off-site."""

    def __init__(
        self,
        store: FootageStore,
        clips: Clips,
        offsite: Offsite,
        options: RetentionOptions,
        wanted: OffsiteOptions,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Delete nothing here that is `wanted` off-site and is not there yet."""
        self._store = store
        self._clips = clips
        self._offsite = offsite
        self._options = options
        self._wanted = wanted
        self._now = now
        self._woken = asyncio.Event()
        self._sweeping = asyncio.Lock()
        self._doubted: float | None = None
        self._failing = False

    async def run(self) -> None:
        """Sweep every hour, and when somebody finds the disk full, until cancelled."""
        pause = FIRST if await self._succeeds(self._clips.recover) else AFTER_FAILURE
        while True:
            await self._rest(pause)
            pause = EVERY if await self._succeeds(self.sweep) else AFTER_FAILURE
            await asyncio.sleep(AT_MOST_EVERY.total_seconds())

    def wake(self) -> None:
        """Sweep soon: the disk is full."""
        self._woken.set()

    async def sweep(self) -> Swept:
        """Delete what is to go, here and off-site. Raises DatabaseError and FootageError.

        What has failed is tried again by the next sweep; the rest is deleted nevertheless.
        """
        async with self._sweeping:
            return await self._swept()

    async def present(self) -> datetime:
        """Return the moment to count ages from. Raises DatabaseError.

        It is that of the clock, unless the clock seems to have jumped ahead.
        """
        return await self._present(await self._store.here())

    async def stuck(self) -> Held | None:
        """Return what holds the files here, if the disk lacks room and none may be deleted.

        Raises DatabaseError, and FootageError where there is no media folder.
        """
        if await self._clips.free_bytes() >= self._options.floor_bytes:
            return None
        return await asyncio.to_thread(held, await self._store.here(), self._wanted)

    async def _swept(self) -> Swept:
        await self._clips.recover()
        rows = await self._measured(await self._clips.within_reach(await self._store.here()))
        present = await self._present(rows)
        # Before the first recording there is no folder.
        free = await self._clips.free_bytes() if rows else 0
        # With many rows too long for the loop, as is counting the old ones.
        going = await asyncio.to_thread(
            to_expire, rows, self._options, self._wanted, now=present, free=free
        )
        swept, refused = await self._discard(going)
        if swept.clips:
            _LOGGER.info("Deleted %s recordings of %s bytes", swept.clips, swept.size)
        await self._clips.tidy(_emptied(rows, going))
        await self._forget(present)
        if refused:
            raise refused
        return swept

    async def _measured(self, rows: Iterable[Footage]) -> list[Footage]:
        """Return the rows with the size of their files, which early ones never kept."""
        measured = []
        for row in rows:
            known = row
            if row.size is None and row.path is not None:
                known = replace(row, size=await asyncio.to_thread(_size, row.path))
                await self._store.move(row, known)
            measured.append(known)
        return measured

    async def _present(self, rows: Sequence[Footage]) -> datetime:
        now = self._now()
        newest = await self._newest(now - JUST_NOW)
        old = await asyncio.to_thread(_count_too_old, rows, self._options, now)
        old += len(await self._too_old_objects(now))
        of = len(rows) + (await self._store.stock()).away
        if is_plausible(now, newest, old, of):
            self._doubted = None
            return now
        steady = asyncio.get_running_loop().time()
        if self._doubted is None:
            self._doubted = steady
            _LOGGER.warning(
                "It is %s, and so %s of %s recordings would be too old at once. Is the clock right?"
                " Nothing more is deleted for its age for %s hours",
                *(now, old, of, PATIENCE // timedelta(hours=1)),
            )
        waited = timedelta(seconds=steady - self._doubted)
        return now if waited >= PATIENCE else newest or now

    async def _newest(self, until: datetime) -> datetime | None:
        found = await self._store.find(until=until, limit=1)
        return found[0].since if found else None

    async def _discard(self, going: Iterable[Footage]) -> tuple[Swept, FootageError | None]:
        """Delete these here; what the disk refuses holds up nothing else."""
        clips = size = 0
        refused: FootageError | None = None
        for row in going:
            try:
                freed = await self._clips.discard(row)
            except FootageError as error:
                refused = refused or error
                continue
            if freed is not None:
                clips += 1
                size += freed
        return Swept(clips=clips, size=size), refused

    async def _forget(self, present: datetime) -> None:
        """Delete objects off-site."""
        for row in await self._too_old_objects(present):
            # Somebody may just have said that it is to be kept.
            if await self._store.get(row.id) == row:
                await self._offsite.forget(row)

    async def _too_old_objects(self, now: datetime) -> list[Footage]:
        age = self._options.offsite_age
        if age is None:
            return []
        return to_forget(await self._store.away(now - age), self._options, now)

    async def _succeeds(self, deed: Callable[[], Awaitable[object]]) -> bool:
        try:
            await deed()
        except (DatabaseError, FootageError) as error:
            if not self._failing:
                _LOGGER.warning("Old footage cannot be deleted for now: %s", error)
            self._failing = True
            return False
        self._failing = False
        return True

    async def _rest(self, pause: timedelta) -> None:
        """Sleep so long, or until somebody wakes us."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._woken.wait()
        self._woken.clear()


def _count_too_old(rows: Iterable[Footage], options: RetentionOptions, now: datetime) -> int:
    return sum(is_too_old(row, options, now) for row in rows)


def _emptied(rows: Iterable[Footage], going: Iterable[Footage]) -> set[Path]:
    """Return the folders that held what is going and nothing else that rows know."""
    gone = {row.id for row in going}
    held = {row.path.parent for row in rows if row.path and row.id in gone}
    return held - {row.path.parent for row in rows if row.path and row.id not in gone}


def _size(path: Path) -> int:
    """Return how large a file is; one that is not there takes no room."""
    with refusals():
        return path.stat().st_size if path.exists() else 0
