"""What was recorded, as people look for it and say of it what is to stay."""

from datetime import date, datetime

from ..models import Footage, Level
from .disk import Disk
from .stock import Stock
from .store import FootageStore


class Library:
    """Finds footage, wherever it is by now, and keeps what people and incidents say of it."""

    def __init__(self, store: FootageStore, disk: Disk) -> None:
        """Count days as the media folder does."""
        self._store = store
        self._disk = disk

    async def get(self, footage: str) -> Footage | None:
        """Return one row."""
        return await self._store.get(footage)

    async def find(
        self,
        camera: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str | tuple[str, ...] | None = None,
        limit: int | None = 50,
        before: Footage | None = None,
        *,
        booked: bool | None = None,
    ) -> list[Footage]:
        """Return footage that began in a span, of one incident or of several, newest first.

        Before is the last row of the page before. Booked tells to return movies of appointments
        only, or none; their parts are never shown.
        """
        return await self._store.find(camera, since, until, incident, limit, before, booked=booked)

    async def of_booking(self, appointment: str) -> list[Footage]:
        """Return the parts of an appointment, by camera and time, and then the movies of it."""
        return await self._store.of_booking(appointment)

    async def days(self, camera: str) -> list[date]:
        """Return the local days on which footage began that is not gone, newest first."""
        return await self._store.days(camera, self._disk.zone)

    async def stock(self) -> Stock:
        """Return how much there is, and how much was deleted to make room."""
        return await self._store.stock()

    async def keep(self, kept: bool, *, incident: str | None = None, footage: str = "") -> int:
        """Have one clip, or those of an incident, kept for good or no longer; returns how many."""
        return await self._store.keep(kept, incident=incident, footage=footage)

    async def to_replay(self) -> list[Footage]:
        """Return what was recorded while nobody listened and is still to be looked at."""
        return await self._store.to_replay()

    async def replayed(self, footage: str, incident: str | None, level: Level | None) -> None:
        """Keep that somebody has looked at a clip, and what incident it shows."""
        await self._store.replayed(footage, incident, level)
