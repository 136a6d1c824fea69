"""Somebody is there: the cameras that are watched, and the incidents they made."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Protocol

from ..footage import FootageFlow
from ..models import Incident, IncidentState
from ..vision import Detector
from .journal import Journal
from .pictures import Watched
from .rules import IncidentNews, IncidentOptions, Presence, closed
from .store import IncidentQuery, IncidentStore
from .watch import Watch


class News(Protocol):
    """Whoever wants to know, at once and on the event loop."""

    def presence(self, camera: str, presence: Presence) -> None:
        """Hear whether somebody is there now."""

    def incident(self, news: IncidentNews) -> None:
        """Hear what became of an incident; its row is written."""


class Incidents:
    """Watches cameras for people."""

    def __init__(
        self,
        store: IncidentStore,
        detector: Detector,
        footage: FootageFlow,
        options: IncidentOptions,
        news: News,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Watch nothing yet; the clock counts seconds and is never set."""
        self._store = store
        self._detector = detector
        self._footage = footage
        self._options = options
        self._news = news
        self._clock = clock
        self._watches: dict[str, Watch] = {}
        self._moving: set[str] = set()
        self._off: set[str] = set()

    async def start(self) -> None:
        """Close as interrupted what an earlier run left open; raises DatabaseError."""
        await self._close_leftovers()

    async def watch(self, source: Watched) -> None:
        """Watch one camera until cancelled; what is open then is closed as interrupted."""
        await self._close_leftovers(source.camera)
        camera, tell = source.camera, self._news.incident
        journal = Journal(self._store, self._footage, self._options, tell, clock=self._clock)
        presence = partial(self._news.presence, camera)
        watch = Watch(source, self._detector, journal, self._options, presence, clock=self._clock)
        watch.switch(camera not in self._off)
        watch.motion(camera in self._moving)
        self._watches[camera] = watch
        try:
            await watch.run()
        finally:
            del self._watches[camera]

    def motion(self, camera: str, moving: bool) -> None:
        """Take an agent's word on whether anything moves in a camera's view."""
        (self._moving.add if moving else self._moving.discard)(camera)
        if watch := self._watches.get(camera):
            watch.motion(moving)

    def switch(self, camera: str, on: bool) -> None:
        """Watch a camera, or look away: nobody is known to be there then."""
        (self._off.discard if on else self._off.add)(camera)
        if watch := self._watches.get(camera):
            watch.switch(on)

    def lost(self, camera: str) -> None:
        """Forget who is there: the camera or its agent is gone, what is open is interrupted."""
        self.motion(camera, moving=False)
        if watch := self._watches.get(camera):
            watch.interrupt()

    async def find(self, query: IncidentQuery) -> list[Incident]:
        """Return a page of incidents, newest first."""
        return await self._store.find(query)

    async def get(self, incident: str) -> Incident | None:
        """Return one incident."""
        return await self._store.get(incident)

    async def stop(self) -> None:
        """Interrupt and write what is open, if the stories were not cancelled before."""
        for watch in list(self._watches.values()):
            await watch.stop()

    async def _close_leftovers(self, camera: str | None = None) -> None:
        for incident in await self._store.left_open(camera):
            if incident.confirmed:
                over = closed(incident, IncidentState.INTERRUPTED, timedelta(), self._options)
                await self._store.save(over)
            else:
                await self._store.delete(incident.id)
