"""What one camera sees, written down: the row, the recording, the picture, the news."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
import logging
from pathlib import Path

from .. import vision
from ..database import DatabaseError
from ..footage import FootageError, FootageFlow
from ..models import Incident, IncidentState
from ..vision import Sight, VisionError
from .rules import (
    CLEARLY_BETTER,
    REFRESH,
    IncidentNews,
    IncidentOptions,
    NewsKind,
    is_worth_writing,
    merit,
    news_between,
    next_recording,
    recording_end,
)
from .store import IncidentStore

_LOGGER = logging.getLogger(__name__)


class Journal:
    """Writes behind the watch, so that a slow disk never keeps it from looking.

    Of each incident only the newest state waits to be written; what cannot be written is kept, and
    tried again. News is told when its row is there.
    """

    def __init__(
        self,
        store: IncidentStore,
        footage: FootageFlow,
        options: IncidentOptions,
        tell: Callable[[IncidentNews], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        """Nothing is noted yet."""
        self._store = store
        self._footage = footage
        self._options = options
        self._tell = tell
        self._clock = clock
        self._pages: dict[str, _Page] = {}
        self._noted = asyncio.Event()
        self._writing = asyncio.Lock()
        self._stuck = False

    def note(self, incident: Incident, sight: Sight | None = None) -> None:
        """Have this written, and the picture kept if it is the best one of the incident."""
        page = self._pages.setdefault(incident.id, _Page(incident))
        page.incident = incident
        if sight and _merit(sight) > _merit(page.best):
            page.best = sight
        self._noted.set()

    async def run(self) -> None:
        """Write what is noted until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH.total_seconds() if self._stuck else None):
                    await self._noted.wait()
            await self.settle()

    async def settle(self) -> None:
        """Write everything that is noted now."""
        async with self._writing:
            self._noted.clear()
            try:
                for page in list(self._pages.values()):
                    await self._write(page)
            except DatabaseError as error:
                if not self._stuck:
                    _LOGGER.error("Incidents cannot be stored for now: %s", error)
                self._stuck = True
            else:
                self._stuck = False

    async def _write(self, page: _Page) -> None:
        incident = page.incident
        if incident.state is IncidentState.OPEN:
            await self._save(page, incident)
        if incident.confirmed:
            await self._record(page, incident)
            await self._keep_picture(page, incident)
            await self._save(page, incident)
        if incident.state is not IncidentState.OPEN:
            if not incident.confirmed:
                await self._drop(page)
            del self._pages[incident.id]

    async def _save(self, page: _Page, incident: Incident) -> None:
        incident = replace(incident, picture=page.picture)
        news = news_between(page.written, incident)
        if page.retouched and not news:
            news = [NewsKind.UPDATED]
        if news or is_worth_writing(page.written, incident):
            await self._store.save(incident)
            page.written, page.retouched = incident, False
            for kind in news:
                self._tell(IncidentNews(kind=kind, incident=incident))

    async def _drop(self, page: _Page) -> None:
        if page.written:
            await self._store.delete(page.incident.id)
            self._tell(IncidentNews(kind=NewsKind.DROPPED, incident=page.incident))

    async def _record(self, page: _Page, incident: Incident) -> None:
        span = next_recording(incident, page.recorded_until, self._options)
        until = recording_end(incident, self._options)
        if span:
            footage = await self._footage.record(incident.camera, *span, incident=incident.id)
            page.footage = footage.id
        elif page.footage and self._may_extend(page, incident, until):
            await self._footage.extend(page.footage, until)
        else:
            return
        page.recorded_until = until
        page.asked = self._clock()

    def _may_extend(self, page: _Page, incident: Incident, until: datetime) -> bool:
        later = page.recorded_until is not None and until > page.recorded_until
        rested = self._clock() - page.asked >= REFRESH.total_seconds()
        return later and (rested or incident.state is not IncidentState.OPEN)

    async def _keep_picture(self, page: _Page, incident: Incident) -> None:
        best = page.best
        better = 1.0 if incident.state is not IncidentState.OPEN else CLEARLY_BETTER
        if best is None or _merit(best) <= _merit(page.shown) * better:
            return
        page.shown = best
        try:
            jpeg = await asyncio.to_thread(vision.thumbnail, best.picture.jpeg, best.detections)
            page.picture = await self._footage.keep_picture(
                incident.camera, incident.started, incident.id, jpeg
            )
            page.retouched = True
        except (VisionError, FootageError) as error:
            _LOGGER.warning("The picture of incident %s cannot be kept: %s", incident.id, error)


@dataclass(slots=True)
class _Page:
    """One incident on its way to the database."""

    incident: Incident
    best: Sight | None = None
    shown: Sight | None = None
    picture: Path | None = None
    retouched: bool = False
    """Whether there is another picture, perhaps under the same name."""
    footage: str | None = None
    recorded_until: datetime | None = None
    asked: float = 0.0
    written: Incident | None = None


def _merit(sight: Sight | None) -> float:
    return merit(sight.detections) if sight else 0.0
