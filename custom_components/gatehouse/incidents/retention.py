"""Pictures of incidents go when they are too old; what happened stays readable."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import batched
import logging
from typing import Final

from ..database import DatabaseError
from ..footage import Disk, Disposal, FootageError, Library, RetentionOptions, shortest_lifetime
from ..models import Incident
from .expiry import to_expire
from .rows import media_of
from .store import IncidentStore

_LOGGER = logging.getLogger(__name__)

# After footage has had its turn: pictures go with the last of it.
FIRST: Final = timedelta(minutes=10)
EVERY: Final = timedelta(hours=1)

OWNER: Final = "incidents"

# A database takes only so many values in one question.
AT_ONCE: Final = 500


class PictureRetention:
    """Deletes the pictures of incidents by their rows; the rows and their words stay."""

    def __init__(
        self,
        store: IncidentStore,
        library: Library,
        disk: Disk,
        options: RetentionOptions,
        *,
        present: Callable[[], Awaitable[datetime]],
    ) -> None:
        """Ask `present` from which moment to count ages, as footage does."""
        self._store = store
        self._library = library
        self._disposal = Disposal(disk, OWNER)
        self._options = options
        self._present = present
        self._sweeping = asyncio.Lock()
        self._failing = False

    async def run(self) -> None:
        """Sweep every hour until cancelled."""
        await asyncio.sleep(FIRST.total_seconds())
        while True:
            try:
                await self.sweep()
            except (DatabaseError, FootageError) as error:
                if not self._failing:
                    _LOGGER.warning("Old pictures cannot be deleted for now: %s", error)
                self._failing = True
            else:
                self._failing = False
            await asyncio.sleep(EVERY.total_seconds())

    async def sweep(self) -> int:
        """Delete what is to go, and return how many bytes that freed.

        Raises DatabaseError and FootageError: then a picture whose row still has it is there.
        """
        async with self._sweeping:
            return await self._swept()

    async def _swept(self) -> int:
        await self._disposal.recover(self._store.media)
        present = await self._present()
        old = await self._store.expirable(present - shortest_lifetime(self._options))
        freed, refused = 0, None
        for some in batched(old, AT_ONCE, strict=False):
            identities = tuple(incident.id for incident in some)
            footage = await self._library.find(incident=identities, limit=None)
            for incident in to_expire(some, footage, self._options, present):
                try:
                    freed += await self._discard(incident)
                except FootageError as error:
                    refused = refused or error
        if refused:
            raise refused
        return freed

    async def _discard(self, incident: Incident) -> int:
        paths = media_of(incident)
        if not await self._disposal.reaches(paths):
            return 0
        forget = partial(self._forget, incident)
        freed = await self._disposal.dispose(paths, forget)
        await self._disposal.tidy({path.parent for path in paths})
        return freed or 0

    async def _forget(self, incident: Incident, _: int) -> bool:
        return await self._store.forget_media(incident)
