"""What a site keeps of its recordings: the parts of the footage room, and who hears of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .database import Database, DatabaseError
from .footage import (
    S3,
    Backlog,
    Clips,
    Disk,
    DiskFull,
    FootageError,
    FootageFlow,
    FootageStore,
    Library,
    Links,
    LinkStore,
    Movies,
    Offsite,
    Optimiser,
    Progress,
    Recorders,
    Retention,
    Stock,
)
from .footage_options import (
    footage_options,
    offsite_options,
    optimise_options,
    retention_options,
    s3_options,
)
from .media_root import media_root
from .models import Footage, FootageStage
from .storage_health import StorageHealth

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

DAILY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much is kept, how much is still to be uploaded, and how that goes."""

    stock: Stock
    backlog: Backlog
    progress: Progress
    free_bytes: int | None
    """Of the disk that the media are on; None while there is no folder for them."""


class Storage:
    """The footage room of one site; its stories are run by the hub."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        database: Database,
        recorders: Recorders,
    ) -> None:
        """Reach what records a camera, and the camera's name there, by recorders."""
        self._listeners: list[Callable[[Footage], None]] = []
        now, store = dt_util.utcnow, FootageStore(database)
        wanted, kept = offsite_options(entry), retention_options(entry)
        self.disk = Disk(media_root(hass), dt_util.get_default_time_zone(), kept.floor_bytes)
        clips = Clips(store, self.disk, self._tell)
        self.flow = FootageFlow(
            store, recorders, self.disk, footage_options(entry), self._tell, now=now
        )
        self.library = Library(store, self.disk)
        self.movies = Movies(store, self.disk, clips, self._tell)
        self.uploads_movies = wanted.booked
        self.offsite = Offsite(store, S3(s3_options(entry)), self.disk, wanted, self._tell, now=now)
        self.retention = Retention(store, clips, self.offsite, kept, wanted, now=now)
        self.optimiser = Optimiser(store, clips, optimise_options(entry), wanted, now=now)
        self.links = Links(LinkStore(database), now=now)
        self._health = StorageHealth(hass, self.offsite, self.retention, self.disk.root)

    def stories(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Give what is to run, by its names."""
        yield "footage", self.flow.run
        yield "off-site storage", self.offsite.run
        yield "retention", self.retention.run
        yield "optimiser", self.optimiser.run
        yield "old links", self._forget_links
        yield "health of the uploads", self._health.watch_uploads
        yield "health of the disk", self._health.watch_disk

    async def figures(self) -> Figures:
        """Return how much there is and how uploads go now. Raises DatabaseError."""
        free = None
        with suppress(FootageError):  # before the first recording there is no folder
            free = await asyncio.to_thread(self.disk.free_bytes)
        return Figures(
            stock=await self.library.stock(),
            backlog=await self.offsite.backlog(),
            progress=self.offsite.progress,
            free_bytes=free,
        )

    @callback
    def async_subscribe(self, listener: Callable[[Footage], None]) -> CALLBACK_TYPE:
        """Call listener with each step of all footage until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def _tell(self, footage: Footage) -> None:
        if footage.stage is FootageStage.READY:
            self.offsite.wake()
        if footage.error == DiskFull.code:
            self.retention.wake()
        for listener in tuple(self._listeners):
            listener(footage)

    async def _forget_links(self) -> None:
        """Forget each day the share links that have long been over."""
        while True:
            with suppress(DatabaseError):  # tomorrow is soon enough
                await self.links.forget_old()
            await asyncio.sleep(DAILY.total_seconds())
