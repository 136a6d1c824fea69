"""What the site keeps alive and who talks to whom; it joins the parts and decides nothing."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .agent import AgentError, Recordings
from .const import DOMAIN, SUBENTRY_AGENT
from .coordinator import AgentCoordinator, AgentListener
from .database import Database
from .detection import Detection
from .footage import Disk, FootageFlow, FootageOptions, FootageStore
from .incidents import (
    IncidentNews,
    IncidentQuery,
    Incidents,
    IncidentStore,
    PicturesLost,
    Presence,
    Watched,
)
from .known_agents import KnownAgents
from .models import AgentInfo, Footage, Picture
from .options import LONGEST_RECORDING, detector_choice, incident_options
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
        zone = dt_util.get_default_time_zone()
        self.disk = Disk(media_root(hass), zone)
        self.detection = Detection(hass, detector_choice(entry.options))
        self.footage = FootageFlow(
            FootageStore(database),
            self._recordings,
            self.disk,
            FootageOptions(longest=LONGEST_RECORDING),
            lambda _: None,
            now=dt_util.utcnow,
        )
        self.incidents = Incidents(
            IncidentStore(database),
            self.detection,
            self.footage,
            incident_options(entry.options, zone),
            self,
        )
        self.coordinators: dict[str, AgentCoordinator] = {}

    @classmethod
    async def async_open(cls, hass: HomeAssistant, entry: GatehouseConfigEntry, site: str) -> Self:
        """Open the database, take up what was known, meet nobody yet; raises DatabaseError."""
        known = KnownAgents(hass)
        await known.load()
        database = await Database.open(hass.config.path(f"{DOMAIN}.db"))
        hub = cls(hass, entry, database, known)
        try:
            await hub.incidents.start()
        except BaseException:
            await database.close()
            raise
        for subentry in entry.get_subentries_of_type(SUBENTRY_AGENT):
            coordinator = AgentCoordinator(
                hass, entry, subentry, known.get(subentry.unique_id or ""), hub._listener()
            )
            coordinator.async_register_device(site)
            hub.coordinators[coordinator.agent_id] = coordinator
        return hub

    @callback
    def start(self) -> None:
        """Begin every story."""
        self._stories.start("detector", self.detection.prepare)
        self._stories.start("footage", self.footage.run)
        for agent, coordinator in self.coordinators.items():
            self._watch(coordinator)
            self._stories.start(f"agent {agent}", coordinator.follow)

    async def async_close(self) -> None:
        """End the stories, then what they used, the database last."""
        await self._stories.cancel()
        await self.incidents.stop()
        await self.detection.close()
        await self._known.save()
        await self.database.close()

    def camera_names(self) -> dict[str, str]:
        """Return every camera's name by its key."""
        return {
            coordinator.key(camera): data.info.name
            for coordinator in self.coordinators.values()
            for camera, data in coordinator.data.cameras.items()
        }

    async def async_record(self, camera: str, duration: timedelta) -> Footage:
        """Record a camera from now on."""
        now = dt_util.utcnow() + self._coordinator(camera).agent.clock_ahead
        return await self.footage.record(camera, now, now + duration)

    async def async_keep_snapshot(self, camera: str, picture: Picture) -> Path:
        """File a picture that somebody asked for."""
        return await self.footage.keep_picture(camera, picture.captured, "snapshot", picture.jpeg)

    @callback
    def presence(self, camera: str, presence: Presence) -> None:
        """Hear from the incidents room who is there."""
        self._coordinator(camera).async_set_presence(camera.partition("/")[2], presence)

    @callback
    def incident(self, news: IncidentNews) -> None:
        """Hear from the incidents room what became of an incident."""
        camera = news.incident.camera
        self._coordinator(camera).async_tell_incident(camera.partition("/")[2], news)

    def _recordings(self, camera: str) -> tuple[Recordings, str] | None:
        agent, _, name = camera.partition("/")
        coordinator = self.coordinators.get(agent)
        return (coordinator.agent.recordings, name) if coordinator else None

    def _listener(self) -> AgentListener:
        return AgentListener(
            described=self._described,
            motion=self.incidents.motion,
            lost=self.incidents.lost,
            recording=self.footage.recording_changed,
        )

    @callback
    def _described(self, agent: str, info: AgentInfo) -> None:
        self._known.put(agent, info)
        self._watch(self.coordinators[agent])

    @callback
    def _watch(self, coordinator: AgentCoordinator) -> None:
        """Give each camera its story; a camera that has one keeps it."""
        if not self.detection.looks:
            return
        for camera, data in coordinator.data.cameras.items():
            key = coordinator.key(camera)
            pictures = partial(_pictures, coordinator, camera)
            source = Watched(camera=key, name=data.info.name, pictures=pictures)
            self._stories.start(f"watch {key}", partial(self._story, coordinator, source))

    async def _story(self, coordinator: AgentCoordinator, source: Watched) -> None:
        """Show a camera's last incident again, then watch for the next."""
        for incident in await self.incidents.find(IncidentQuery(cameras=(source.camera,), limit=1)):
            coordinator.async_set_incident(source.camera.partition("/")[2], incident)
        await self.incidents.watch(source)

    def _coordinator(self, camera: str) -> AgentCoordinator:
        return self.coordinators[camera.partition("/")[0]]


async def _pictures(
    coordinator: AgentCoordinator, camera: str, fps: float
) -> AsyncGenerator[Picture]:
    """Give a camera's pictures in the words of the incidents room."""
    try:
        async with aclosing(coordinator.agent.pictures(camera, fps)) as pictures:
            async for picture in pictures:
                yield picture
    except AgentError as err:
        raise PicturesLost(str(err)) from err


def media_root(hass: HomeAssistant) -> Path:
    """Return our folder among Home Assistant's media."""
    folders = hass.config.media_dirs
    return Path(folders.get("local") or next(iter(folders.values()))) / DOMAIN
