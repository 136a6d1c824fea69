"""What was seen, for those who want to know: finding it, reviewing it, saying what it was."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final

from ..models import IgnoreBox, Incident
from ..zones import ZoneError, ZoneNotFound, Zones
from .errors import IncidentError
from .news import IncidentNews, NewsKind
from .search import IncidentQuery
from .store import IncidentStore
from .totals import Totals

LONGEST_NOTE: Final = 2000


class NoteTooLong(IncidentError):
    """A note is longer than anybody would read."""


class Archive:
    """Finds incidents, and keeps what people say of them.

    Who changes one that is not there gets None; each change is told as news.
    """

    def __init__(
        self,
        store: IncidentStore,
        zones: Zones,
        tell: Callable[[IncidentNews], None],
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Read these rows; where somebody is mistaken for a person, ignore what stands there."""
        self._store = store
        self._zones = zones
        self._tell = tell
        self._now = now

    async def find(self, query: IncidentQuery) -> list[Incident]:
        """Return a page of incidents, newest first."""
        return await self._store.find(query)

    async def get(self, incident: str) -> Incident | None:
        """Return one incident."""
        return await self._store.get(incident)

    async def totals(self, since: datetime, until: datetime) -> Totals:
        """Count the incidents that started at or after since, and before until."""
        return await self._store.totals(since, until)

    async def review(self, incident: str, reviewed: bool = True) -> Incident | None:
        """Keep that somebody looked at it, or that it is to be looked at again.

        Then it is no false alarm any more.
        """
        if not reviewed:
            return self._told(await self._store.review(incident, None, false_alarm=False))
        return self._told(await self._store.review(incident, self._now()))

    async def not_a_person(self, incident: str) -> Incident | None:
        """Keep that it was a false alarm, and ignore from now on what stands where it was seen.

        Raises ZoneError where no more can be ignored; then nothing is kept.
        """
        found = await self._store.get(incident)
        if found is None:
            return None
        await self._ignore(_ignore_boxes(found, self._now()))
        return self._told(await self._store.review(incident, self._now(), false_alarm=True))

    async def keep(self, incident: str, kept: bool = True) -> Incident | None:
        """Keep that its pictures are never deleted by themselves, or that they may be again."""
        return self._told(await self._store.keep(incident, kept))

    async def annotate(self, incident: str, note: str) -> Incident | None:
        """Keep what somebody wrote about it, up to 2000 characters. Raises NoteTooLong."""
        note = note.strip()
        if len(note) > LONGEST_NOTE:
            raise NoteTooLong(
                f"The note has {len(note)} characters: shorten it to {LONGEST_NOTE} at most"
            )
        return self._told(await self._store.annotate(incident, note))

    async def notified(self, incident: str) -> Incident | None:
        """Keep that somebody was notified of it just now."""
        return self._told(await self._store.mark_notified(incident, self._now()))

    async def _ignore(self, boxes: Iterable[IgnoreBox]) -> None:
        """Ignore all of these, or none; what was ignored before stays so."""
        added: list[str] = []
        try:
            for box in boxes:
                known = {each.id for each in self._zones.of(box.camera).ignored}
                kept = await self._zones.ignore(box)
                added += {kept.id} - known
        except ZoneError:
            for each in added:
                with suppress(ZoneNotFound):  # somebody was faster
                    await self._zones.remove(each)
            raise

    def _told(self, incident: Incident | None) -> Incident | None:
        if incident:
            self._tell(IncidentNews(kind=NewsKind.UPDATED, incident=incident))
        return incident


def _ignore_boxes(incident: Incident, created: datetime) -> list[IgnoreBox]:
    return [
        IgnoreBox(
            id="",
            camera=seen.camera,
            label=seen.best.label,
            box=seen.best.box,
            created=created,
            incident=incident.id,
        )
        for seen in incident.sightings
        if seen.best.box.left < seen.best.box.right
    ]
