"""What is told as repair issues of recordings: that none is uploaded, that the disk is full."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .database import DatabaseError
from .footage import BucketMissing, FootageError, Offsite, Progress, Retention, StorageDenied

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(minutes=1)

# Most of what hinders uploads passes by itself.
PATIENCE: Final = timedelta(hours=1)

# This does not: somebody has changed a key or a bucket. Once may still be a hiccup of the storage.
LASTING: Final = frozenset({StorageDenied.code, BucketMissing.code})
ENOUGH_FAILURES: Final = 3

OFFSITE_STALLED: Final = "offsite_stalled"
DISK_FULL: Final = "disk_full"

DOCUMENT: Final = "https://github.com/gatehouse-home/gatehouse/blob/main/docs/footage.md"

MEGABYTE: Final = 1_000_000


class StorageHealth:
    """Watches over what needs a person's help, and takes each issue back when it is over."""

    def __init__(
        self, hass: HomeAssistant, offsite: Offsite, retention: Retention, root: Path
    ) -> None:
        """Tell of the media folder by its root."""
        self._hass = hass
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
            self._take_back(OFFSITE_STALLED)
            return
        waiting = (await self._offsite.backlog()).depth
        if waiting == 0:
            self._take_back(OFFSITE_STALLED)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            OFFSITE_STALLED,
            is_fixable=False,
            learn_more_url=f"{DOCUMENT}#off-site",
            severity=ir.IssueSeverity.ERROR,
            translation_key="offsite_stalled",
            translation_placeholders={
                "clips": str(waiting),
                "since": dt_util.as_local(since).strftime("%Y-%m-%d %H:%M"),
                "error": progress.reason or "",
            },
        )

    async def _look_at_disk(self) -> None:
        held = await self._retention.stuck()
        if held is None:
            self._take_back(DISK_FULL)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            DISK_FULL,
            is_fixable=False,
            learn_more_url=f"{DOCUMENT}#how-long-it-stays",
            severity=ir.IssueSeverity.ERROR,
            translation_key="disk_full",
            translation_placeholders={
                "folder": str(self._root),
                "kept": str(held.kept // MEGABYTE),
                "to_upload": str(held.to_upload // MEGABYTE),
                "to_replay": str(held.to_replay // MEGABYTE),
            },
        )

    @callback
    def _take_back(self, issue: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, issue)

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
