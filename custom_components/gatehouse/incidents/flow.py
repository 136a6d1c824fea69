"""Somebody is there: the cameras that are watched, the places they belong to, the incidents."""

import asyncio
from datetime import timedelta
from functools import partial

from ..footage import FootageFlow
from ..models import Group, IncidentState, Passage
from ..vision import Detector
from ..zones import Zones
from .house import House
from .journal import Journal
from .nouns import IncidentOptions
from .pictures import Watched, by_site_clock
from .place import Place, told
from .portraits import Portraits
from .rules import ended, group_of, group_of_door
from .store import IncidentStore
from .watch import Watch


class Incidents:
    """Watches cameras for people, and makes one incident of what belongs together."""

    def __init__(
        self,
        store: IncidentStore,
        detector: Detector,
        zones: Zones,
        footage: FootageFlow,
        options: IncidentOptions,
        house: House,
    ) -> None:
        """Watch nothing yet."""
        self._store = store
        self._detector = detector
        self._zones = zones
        self._options = options
        self._house = house
        self._sources: dict[str, Watched] = {}
        self._journal = Journal(store, footage, self._sources, options, house)
        self._portraits = Portraits(self._sources, self._journal.keep)
        self._places: dict[str, Place] = {}
        self._watches: dict[str, Watch] = {}
        self._moving: set[str] = set()
        self._off: set[str] = set()

    async def start(self) -> None:
        """Close as interrupted what an earlier run left open; raises DatabaseError.

        What waits for a language model that is not asked any more waits no longer.
        """
        for incident in await self._store.left_open():
            over = ended(incident, IncidentState.INTERRUPTED, timedelta(), self._options)
            await self._store.save(told(over, incident.assessment, self._house))
        if not self._options.ask_model:
            await self._store.assess_none()

    async def run(self) -> None:
        """Write what happens and close what is over, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._journal.run(), name="gatehouse journal")
            tasks.create_task(self._portraits.run(), name="gatehouse portraits")
            while True:
                await asyncio.sleep(self._options.tick.total_seconds())
                for place in self._places.values():
                    place.settle()

    async def watch(self, source: Watched, *, looks: bool = True) -> None:
        """Watch one camera until cancelled.

        If nobody looks it is only known, to be recorded and photographed when its place is visited.
        """
        camera = source.camera
        source = by_site_clock(source, self._house.now)
        self._sources[camera] = source
        if not looks:
            return
        options = self._options
        watch = Watch(
            source,
            self._detector,
            partial(self._zones.rules, camera, options.threshold, options.certainty),
            self._place(group_of(camera, source.name, options)),
            options,
            self._house,
        )
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
        """Forget who is there: the camera or its agent is gone."""
        self.motion(camera, moving=False)
        if watch := self._watches.get(camera):
            watch.interrupt()

    def join(self, passage: Passage) -> str | None:
        """Make what happened at a door part of its place's incident, which it may open.

        Return the incident's id; None for what happened too long ago (see Replays).
        """
        name = self._house.camera_names().get(passage.door, passage.door)
        group = group_of_door(passage.door, name, self._options)
        incident = self._place(group).passage(passage)
        if incident:
            self._portraits.want(incident, group)
            for camera in group.cameras:
                if watch := self._watches.get(camera):
                    watch.wake()
        return incident

    async def stop(self) -> None:
        """Interrupt and write what is open."""
        for place in self._places.values():
            place.interrupt()
        await self._journal.settle()

    def _place(self, group: Group) -> Place:
        if group.id not in self._places:
            self._places[group.id] = Place(group, self._journal, self._options, self._house)
        return self._places[group.id]
