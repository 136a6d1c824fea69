"""Finished clips are encoded anew while the machine has nothing better to do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import logging
import os
from pathlib import Path
from typing import Final

from ..models import Footage, FootageStage, Replay
from .clips import Clips
from .disk import refusals
from .errors import FootageError, NotPlayable
from .mp4 import Clip, inspect
from .nice import ProgramFailed, run
from .store import FootageStore
from .wanted import OffsiteOptions, is_wanted_offsite

_LOGGER = logging.getLogger(__name__)

PROGRAM: Final = Path(__file__).with_name("transcode.py")

# Until then somebody may be about to look at it, and its incident may still get worse.
REST: Final = timedelta(hours=1)

# How often to look whether there is something to do, or whether the machine is idle.
PAUSE: Final = timedelta(minutes=10)

# A Pi encodes a clip of two minutes in as much time, and gets a tenth of itself when it is busy.
LONGEST: Final = timedelta(minutes=30)

# A file that is hardly smaller is not worth a second generation of loss.
WORTH: Final = 0.9
SAME_LENGTH: Final = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiseOptions:
    """Whether clips are encoded anew, and how large they may be then."""

    enabled: bool = False
    height: int = 720
    """How long the shorter side of the picture may be."""
    bitrate: int = 1_500_000
    """The most bits a second."""
    idle_load: float = 0.5
    """The load on each core (the mean of a minute) up to which the machine is idle."""


class NotWorthIt(Exception):
    """A clip cannot be made much smaller."""


class Optimiser:
    """Encodes one clip after the other in a process of its own, which gives way to all others."""

    def __init__(
        self,
        store: FootageStore,
        clips: Clips,
        options: OptimiseOptions,
        wanted: OffsiteOptions,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        load: Callable[[], float] = lambda: os.getloadavg()[0] / (os.cpu_count() or 1),
    ) -> None:
        """Leave alone what is `wanted` off-site and is not there yet: there goes the original."""
        self._store = store
        self._clips = clips
        self._options = options
        self._wanted = wanted
        self._now = now
        self._load = load

    async def run(self) -> None:
        """Encode what there is to encode whenever the machine is idle, until cancelled."""
        await self._clips.recover_drafts()
        while self._options.enabled:
            for row in await self._to_do() if self._is_idle() else ():
                await self.optimise(row)
                if not self._is_idle():
                    break
            await asyncio.sleep(PAUSE.total_seconds())

    async def optimise(self, row: Footage) -> bool:
        """Encode a clip anew, unless that fails or does not help; then its file stays for good.

        Returns whether there is another file now. Raises DatabaseError.
        """
        try:
            return row.path is not None and await self._replaced(row, row.path)
        except FootageError as error:
            _LOGGER.debug("Footage %s is not encoded anew for now: %s", row.id, error)
            return False

    async def _replaced(self, row: Footage, path: Path) -> bool:
        original = await asyncio.to_thread(_inspected, path)
        async with self._clips.draft(row, original.size) as draft:
            try:
                clip = await self._encoded(path, draft)
                _compare(clip, original)
            except (NotWorthIt, NotPlayable) as error:
                _LOGGER.debug("Footage %s stays as it is: %s", row.id, error)
                await self._store.move(row, replace(row, optimised=True))
                return False
            better = replace(
                row,
                duration=clip.duration,
                size=clip.size,
                sha256=clip.sha256,
                md5=clip.md5,
                optimised=True,
            )
            return await self._clips.exchange(row, better, draft)

    async def _encoded(self, path: Path, draft: Path) -> Clip:
        figures = map(str, (self._options.height, self._options.bitrate))
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                await run(PROGRAM, str(path), str(draft), *figures)
        except TimeoutError as error:
            raise NotWorthIt(f"it takes longer than {LONGEST}") from error
        except ProgramFailed as error:
            raise NotWorthIt(f"it cannot be encoded: {error}") from error
        return await asyncio.to_thread(_inspected, draft)

    async def _to_do(self) -> list[Footage]:
        """Return what may be encoded anew, the newest first: it stays the longest."""
        rows = await self._clips.within_reach(await self._store.here())
        return [row for row in reversed(rows) if self._is_to_do(row)]

    def _is_to_do(self, row: Footage) -> bool:
        if row.optimised or row.replay is Replay.PENDING or row.until > self._now() - REST:
            return False
        return row.stage is FootageStage.UPLOADED or not is_wanted_offsite(row, self._wanted)

    def _is_idle(self) -> bool:
        return self._load() <= self._options.idle_load


def _inspected(path: Path) -> Clip:
    with refusals():
        return inspect(path)


def _compare(clip: Clip, original: Clip) -> None:
    """Raise NotWorthIt unless a clip is as long as the original and much smaller."""
    if abs(clip.duration - original.duration) > SAME_LENGTH:
        raise NotWorthIt(f"it would play {clip.duration} and not {original.duration}")
    if clip.size > original.size * WORTH:
        raise NotWorthIt(f"it would have {clip.size} bytes instead of {original.size}")
