"""What the cameras see, written down: the row, the recordings, the pictures, the news."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
import logging
from typing import Final

from ..database import DatabaseError
from ..footage import FootageFlow
from ..models import Group, Incident, IncidentState, Level
from ..vision import Sight
from .album import Album
from .house import House
from .news import REFRESH, IncidentNews, NewsKind, is_due, is_worth_writing, news_between, severity
from .nouns import IncidentOptions
from .pictures import Watched
from .store import IncidentStore
from .tapes import Tapes

_LOGGER = logging.getLogger(__name__)

# So many incidents that are over wait with their pictures while the database takes none; the older
# ones without.
MOST_PICTURED: Final = 20


class Journal:
    """Writes behind the watches, so that a slow disk never keeps them from looking.

    Of each incident only the newest state waits to be written; what cannot be written is kept, and
    tried again. News is told once, when its row is there; whoever breaks on it ends run(), which
    may be run again.
    """

    def __init__(
        self,
        store: IncidentStore,
        footage: FootageFlow,
        sources: Mapping[str, Watched],
        options: IncidentOptions,
        house: House,
    ) -> None:
        """Nothing is noted yet."""
        self._store = store
        self._footage = footage
        self._sources = sources
        self._options = options
        self._house = house
        self._pages: dict[str, _Page] = {}
        self._noted = asyncio.Event()
        self._writing = asyncio.Lock()
        self._stuck = False

    def note(self, incident: Incident, group: Group) -> None:
        """Have this written."""
        page = self._pages.get(incident.id)
        if page is None:
            house = self._house
            tapes = Tapes(
                self._footage, self._sources, self._options, now=house.now, clock=house.clock
            )
            page = _Page(group, incident, incident, Album(self._footage), tapes)
            self._pages[incident.id] = page
            over = [each for each in self._pages.values() if each.is_over]
            for old in over[: 1 - MOST_PICTURED]:  # the one that begins is one more
                old.album.forget()
        page.incident = incident
        page.notes += 1
        self._noted.set()

    def keep(self, incident: str, camera: str, sight: Sight) -> None:
        """Keep a picture of what was noted, if it is among the best and not over meanwhile."""
        if page := self._pages.get(incident):
            page.album.keep(page.incident, camera, sight)
            page.notes += 1
            self._noted.set()

    async def run(self) -> None:
        """Write what is noted until cancelled."""
        while True:
            # Cut off in the middle it would not know what is written.
            await asyncio.shield(self.settle())
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH.total_seconds() if self._stuck else None):
                    await self._noted.wait()

    async def settle(self) -> None:
        """Write everything that is noted now."""
        async with self._writing:
            self._noted.clear()
            try:
                for page in [each for each in self._pages.values() if each.notes > each.settled]:
                    notes = page.notes
                    await self._write(page)
                    page.settled = notes  # a note that came meanwhile is written next
            except DatabaseError as error:
                if not self._stuck:
                    _LOGGER.error("Incidents cannot be stored for now: %s", error)
                self._stuck = True
            else:
                self._stuck = False

    async def _write(self, page: _Page) -> None:
        incident = page.incident
        over = page.is_over
        if not over:
            await self._save(page, incident)
        await page.tapes.follow(incident, page.group)
        await page.album.file_picture(incident)
        if over:
            await page.album.file_frames(incident)
        await self._save(page, incident)
        if over:
            del self._pages[incident.id]

    async def _save(self, page: _Page, incident: Incident) -> None:
        album = page.album
        incident = replace(incident, picture=album.picture, frames=album.frames)
        news = news_between(page.written, incident, album.retouched)
        if news or is_worth_writing(page.written, incident):
            page.stored = await self._store.save(incident)
            page.written, album.retouched = incident, False
            page.untold += news
        await self._grade(page)
        while page.untold:
            due = await self._is_due(page)
            self._house.incident(
                IncidentNews(kind=page.untold.pop(0), incident=page.stored, due=due)
            )

    async def _grade(self, page: _Page) -> None:
        """Have the footage know how bad its incident is, when that has changed."""
        level = page.stored.level
        if level and page.level and level is not page.level:
            await self._footage.grade(page.incident.id, level)
        page.level = level

    async def _is_due(self, page: _Page) -> bool:
        """Return whether somebody is to be notified now: of the beginning, or when it got worse."""
        bad = severity(page.stored)
        if bad <= page.severity:
            return False
        page.severity = bad
        last = await self._store.last_notified(page.stored.group)
        return is_due(page.stored, last, now=self._house.now(), options=self._options)


@dataclass(slots=True)
class _Page:
    """One incident on its way to the database."""

    group: Group
    incident: Incident
    """What was noted last."""
    stored: Incident
    """Its row, with what people said of it meanwhile."""
    album: Album
    tapes: Tapes
    written: Incident | None = None
    """What was noted when its row was written."""
    notes: int = 0
    """How often something was noted; and so many of that is written."""
    settled: int = 0
    untold: list[NewsKind] = field(default_factory=list)
    severity: int = -1
    """The worst that was told."""
    level: Level | None = None
    """How bad it was when its row was written."""

    @property
    def is_over(self) -> bool:
        return self.incident.state is not IncidentState.OPEN
