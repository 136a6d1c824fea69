"""What the site keeps alive and who talks to whom; it joins the parts and decides nothing."""

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from homeassistant.core import HomeAssistant, callback

from .admission import Admission
from .agent import State
from .agent_coordinator import AgentCoordinator, AgentListener
from .caretaker import Caretaker
from .const import SUBENTRY_AGENT
from .coordinator import CameraCoordinator
from .database import Database
from .database_choice import async_open_database
from .database_health import DatabaseHealth
from .household import Household
from .incidents import IncidentNews, IncidentQuery, NewsKind, Presence, Watched
from .known_agents import KnownAgents
from .log_keeping import LogKeeping
from .models import Footage, Replay
from .observation import Observation
from .options import alarm_panel, other_doors
from .other_cameras import source_coordinators
from .roster import Roster
from .schedule import Schedule
from .site_machine import SiteMachine
from .snooze import Snoozes
from .storage import Storage
from .stories import Stories

if TYPE_CHECKING:
    from . import GatehouseConfigEntry


class Hub:
    """One site, running."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        database: Database,
        known: KnownAgents,
    ) -> None:
        """Put the parts together; nothing runs before start()."""
        self.hass = hass
        self.database = database
        self._known = known
        self._stories = Stories(hass, entry)
        self.cameras = Roster(other_doors(entry))
        self.snoozes = Snoozes(hass)
        self.house = Household(
            hass, self.cameras, self.snoozes, alarm_panel(entry), self._pending, self._seen
        )
        self.storage = Storage(hass, entry, database, self.cameras.recorder)
        self.storage.flow.watch(self._clip_ready)
        self.observation = Observation(
            hass, entry, database, self.storage, self.cameras, self.house
        )
        self.detection, self.zones = self.observation.detection, self.observation.zones
        self.incidents, self.archive = self.observation.incidents, self.observation.archive
        self.assessor = self.observation.assessor
        self.admission = Admission(
            hass, entry, database, self.cameras, self.incidents, self.observation.replays
        )
        self.schedule = Schedule(hass, entry, database, self.cameras, self.storage)
        self.caretaker = Caretaker(hass, self.cameras)
        self._database_health = DatabaseHealth(hass, database)
        self.log = LogKeeping(hass, entry, database)
        self.machine = SiteMachine(hass, entry)

    @classmethod
    async def async_open(cls, hass: HomeAssistant, entry: GatehouseConfigEntry, site: str) -> Self:
        """Open the database, take up what was known, meet nobody yet; raises DatabaseError."""
        known = KnownAgents(hass)
        await known.load()
        database = await async_open_database(hass, entry)
        try:
            hub = cls(hass, entry, database, known)
            entry.async_on_unload(hub.log.open())
            await hub.snoozes.load()
            await hub.zones.load()
            await hub.admission.load()
            hub._meet_cameras(hass, entry, site)
            await hub.incidents.start()
            await hub.machine.async_config_entry_first_refresh()
        except BaseException:
            await database.close()
            raise
        return hub

    @callback
    def start(self) -> None:
        """Begin every story."""
        parts = (self.log, self.observation, self.storage, self.admission, self.schedule)
        for name, story in chain.from_iterable(part.stories() for part in parts):
            self._stories.start(name, story)
        self._stories.start("health of the agents", self.caretaker.run)
        self._stories.start("health of the database", self._database_health.watch)
        for coordinator in self.cameras:
            self._watch(coordinator)
            self._stories.start(f"cameras {coordinator.owner}", coordinator.follow)

    async def async_close(self) -> None:
        """End the stories, then what they used, the database last."""
        await self._stories.cancel()
        await self.incidents.stop()
        await self.detection.close()
        await self.snoozes.close()
        await self._known.save()
        await self.log.close()
        await self.database.close()

    def camera_names(self) -> dict[str, str]:
        """Return every camera's name by its key."""
        return self.cameras.names()

    @callback
    def _meet_cameras(self, hass: HomeAssistant, entry: GatehouseConfigEntry, site: str) -> None:
        incidents, recording = self.incidents, self.storage.flow.recording_changed
        listener = AgentListener(
            described=self._described,
            clock_set=self.schedule.flow.described,
            motion=incidents.motion,
            lost=incidents.lost,
            recording=recording,
            at_doors=self.admission.hear,
            logged=self.log.flow.hear,
        )
        for subentry in entry.get_subentries_of_type(SUBENTRY_AGENT):
            known = self._known.get(subentry.unique_id or "")
            self.cameras.add(AgentCoordinator(hass, entry, subentry, known, listener))
        for source in source_coordinators(hass, entry, incidents.motion, incidents.lost, recording):
            self.cameras.add(source)
        for coordinator in self.cameras:
            coordinator.async_register_device(site)

    @callback
    def _pending(self) -> None:
        self.assessor.wake()

    @callback
    def _seen(self, camera: str, presence: Presence) -> None:
        self.admission.seen(camera, presence)

    @callback
    def _described(self, agent: str, state: State) -> None:
        self._known.put(agent, state.info, state.doors)
        self._watch(self.cameras.agents[agent])
        self.admission.described(agent, state)
        self.schedule.flow.described(agent)

    @callback
    def _watch(self, coordinator: CameraCoordinator[Any]) -> None:
        """Give each camera its story; a camera that has one keeps it."""
        for camera in coordinator.data.cameras:
            source = coordinator.watched(camera)
            self._stories.start(f"watch {source.camera}", partial(self._story, source))

    async def _story(self, source: Watched) -> None:
        """Show a camera's last incident again, then watch for the next."""
        for incident in await self.archive.find(IncidentQuery(cameras=(source.camera,), limit=1)):
            self.cameras.last_incident(source.camera, incident)
        await self.incidents.watch(source, looks=self.detection.looks)

    @callback
    def _clip_ready(self, footage: Footage) -> None:
        if footage.replay is Replay.PENDING:
            self.observation.replays.wake()
        elif footage.incident:
            self._stories.start(f"clip {footage.id}", partial(self._recorded, footage.incident))

    async def _recorded(self, incident: str) -> None:
        """Tell that there is a clip of an incident now."""
        if found := await self.archive.get(incident):
            self.house.incident(IncidentNews(kind=NewsKind.RECORDED, incident=found))
