"""What the site keeps alive and who talks to whom; it joins the parts and decides nothing."""

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .agent_coordinator import AgentCoordinator, AgentListener
from .const import DOMAIN, SUBENTRY_AGENT
from .coordinator import CameraCoordinator
from .database import Database
from .detection import Detection, detector_choice
from .household import Household
from .incidents import (
    Archive,
    Assessor,
    IncidentNews,
    IncidentQuery,
    Incidents,
    IncidentStore,
    NewsKind,
    PictureRetention,
    Replays,
    Screening,
    Watched,
)
from .known_agents import KnownAgents
from .language_model import language_model
from .models import AgentInfo, Footage, Replay
from .options import (
    alarm_panel,
    assessor_options,
    incident_options,
    model_choice,
    retention_options,
)
from .roster import Roster
from .snooze import Snoozes
from .source_coordinator import source_coordinators
from .storage import Storage
from .stories import Stories
from .zones import Zones, ZoneStore

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
        self.cameras = Roster()
        self.snoozes = Snoozes(hass)
        self.house = Household(
            hass, self.cameras, self.snoozes, alarm_panel(entry), self._assessment_pending
        )
        store = IncidentStore(database)
        self.detection = Detection(hass, detector_choice(entry))
        self.zones = Zones(ZoneStore(database), self.cameras.zones)
        self.storage = Storage(hass, entry, database, self.cameras.recorder)
        self.storage.flow.watch(self._clip_ready)
        options = incident_options(entry)
        self._asks_model = options.ask_model
        self.incidents = Incidents(
            store, self.detection, self.zones, self.storage.flow, options, self.house
        )
        self.archive = Archive(store, self.zones, self.house.incident, now=dt_util.utcnow)
        model = language_model(hass, model_choice(entry))
        self.assessor = Assessor(
            store, model, self.storage.flow, assessor_options(entry), self.house
        )
        self._replays = Replays(
            self.storage.library,
            self.storage.flow,
            Screening(self.detection, self.zones, options),
            store,
            options,
            self.house,
        )
        self._old_pictures = PictureRetention(
            store,
            self.storage.library,
            self.storage.disk,
            retention_options(entry),
            present=self.storage.retention.present,
        )

    @classmethod
    async def async_open(cls, hass: HomeAssistant, entry: GatehouseConfigEntry, site: str) -> Self:
        """Open the database, take up what was known, meet nobody yet; raises DatabaseError."""
        known = KnownAgents(hass)
        await known.load()
        database = await Database.open(hass.config.path(f"{DOMAIN}.db"))
        try:
            hub = cls(hass, entry, database, known)
            await hub.snoozes.load()
            await hub.zones.load()
            hub._meet_cameras(hass, entry, site)
            await hub.incidents.start()
        except BaseException:
            await database.close()
            raise
        return hub

    @callback
    def start(self) -> None:
        """Begin every story."""
        self._stories.start("detector", self.detection.prepare)
        for name, story in self.storage.stories():
            self._stories.start(name, story)
        self._stories.start("incidents", self.incidents.run)
        self._stories.start("old pictures", self._old_pictures.run)
        if self.detection.looks:
            self._stories.start("replays", self._replays.run)
        if self._asks_model:
            self._stories.start("assessor", self.assessor.run)
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
        await self.database.close()

    def camera_names(self) -> dict[str, str]:
        """Return every camera's name by its key."""
        return self.cameras.names()

    @callback
    def _meet_cameras(self, hass: HomeAssistant, entry: GatehouseConfigEntry, site: str) -> None:
        incidents, recording = self.incidents, self.storage.flow.recording_changed
        listener = AgentListener(
            described=self._described,
            motion=incidents.motion,
            lost=incidents.lost,
            recording=recording,
        )
        for subentry in entry.get_subentries_of_type(SUBENTRY_AGENT):
            info = self._known.get(subentry.unique_id or "")
            self.cameras.add(AgentCoordinator(hass, entry, subentry, info, listener))
        for source in source_coordinators(hass, entry, incidents.motion, incidents.lost, recording):
            self.cameras.add(source)
        for coordinator in self.cameras:
            coordinator.async_register_device(site)

    @callback
    def _assessment_pending(self) -> None:
        self.assessor.wake()

    @callback
    def _described(self, agent: str, info: AgentInfo) -> None:
        self._known.put(agent, info)
        self._watch(self.cameras.agents[agent])

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
        if self.detection.looks:
            await self.incidents.watch(source)

    @callback
    def _clip_ready(self, footage: Footage) -> None:
        if footage.replay is Replay.PENDING:
            self._replays.wake()
        elif footage.incident:
            self._stories.start(f"clip {footage.id}", partial(self._recorded, footage.incident))

    async def _recorded(self, incident: str) -> None:
        """Tell that there is a clip of an incident now."""
        if found := await self.archive.get(incident):
            self.house.incident(IncidentNews(kind=NewsKind.RECORDED, incident=found))
