"""What is told as repair issues of recordings: that none is uploaded, that the disk is full."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .care import Problem, ProblemKind, Word
from .database import DatabaseError
from .footage import BucketMissing, FootageError, Offsite, Progress, Retention, StorageDenied
from .issues import Issues

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(minutes=1)

# Most of what hinders uploads passes by itself.
PATIENCE: Final = timedelta(hours=1)

# This does not: somebody has changed a key or a bucket. Once may still be a hiccup of the storage.
LASTING: Final = frozenset({StorageDenied.code, BucketMissing.code})
ENOUGH_FAILURES: Final = 3

MEGABYTE: Final = 1_000_000


class StorageHealth:
    """Watches over what needs a person's help, and takes each issue back when it is over."""

    def __init__(
        self, hass: HomeAssistant, offsite: Offsite, retention: Retention, root: Path
    ) -> None:
        """Tell of the media folder by its root."""
        self._of_uploads, self._of_disk = Issues(hass), Issues(hass)
        self._offsite = offsite
        self._retention = retention
        self._root = root

    async def watch_uploads(self) -> None:
        """Tell while uploads are hindered by what does not pass by itself, until cancelled."""
        changed = asyncio.Event()
        unwatch = self._offsite.watch(changed.set)
        try:
            while True:
                changed.clear()
                await self._succeeds(self._look_at_uploads)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY.total_seconds()):
                        await changed.wait()
        finally:
            unwatch()

    async def watch_disk(self) -> None:
        """Tell while the disk is full and nothing there may be deleted, until cancelled."""
        while True:
            await self._succeeds(self._look_at_disk)
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _look_at_uploads(self) -> None:
        progress = self._offsite.progress
        since = progress.failing_since
        if since is None or not _is_stalled(progress, since, dt_util.utcnow()):
            self._of_uploads.keep()
        elif waiting := (await self._offsite.backlog()).depth:
            words: dict[str, Word] = {
                "clips": waiting,
                "since": since,
                "error": progress.reason or "",
            }
            self._of_uploads.keep(Problem(kind=ProblemKind.OFFSITE_STALLED, words=words))
        else:
            self._of_uploads.keep()

    async def _look_at_disk(self) -> None:
        held = await self._retention.stuck()
        if held is None:
            self._of_disk.keep()
            return
        words: dict[str, Word] = {
            "folder": str(self._root),
            "kept": held.kept // MEGABYTE,
            "to_upload": held.to_upload // MEGABYTE,
            "to_replay": held.to_replay // MEGABYTE,
        }
        self._of_disk.keep(Problem(kind=ProblemKind.DISK_FULL, words=words))

    async def _succeeds(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look; what cannot be seen now may be seen in a minute."""
        try:
            await look()
        except (DatabaseError, FootageError) as error:
            _LOGGER.debug("The health of the storage cannot be seen: %s", error)


def _is_stalled(progress: Progress, since: datetime, now: datetime) -> bool:
    """Whether uploads that fail since then will not go on by themselves."""
    lasting = progress.error in LASTING and progress.failures >= ENOUGH_FAILURES
    return lasting or now - since >= PATIENCE
