"""Cameras: live from an agent, MJPEG or H.264 while somebody looks; or the newest upload."""

from abc import abstractmethod
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, override

from aiohttp import web
from homeassistant.components.camera import Camera, CameraEntityFeature
from homeassistant.core import HomeAssistant, ServiceResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .agent import AgentError
from .agent_coordinator import AgentCoordinator
from .const import DOMAIN
from .coordinator import CameraCoordinator
from .entity import CameraEntity, async_add_camera_entities
from .folder_coordinator import FolderCoordinator
from .live_pictures import LivePictures
from .models import Picture
from .webrtc import async_offer_webrtc

PARALLEL_UPDATES = 0

# Long enough for a stream worker to connect and reconnect, short enough to be worthless in a log.
LIVE_LIFETIME: Final = timedelta(hours=1)

PRIVATE_PICTURE: Final = Path(__file__).parent / "pages" / "private.jpg"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera for each one that Home Assistant does not have already."""

    def build(coordinator: CameraCoordinator[Any], camera: str) -> list[GatehouseCamera]:
        match coordinator:
            case AgentCoordinator():
                return [AgentCamera(entry, coordinator, camera)]
            case FolderCoordinator():
                return [FolderCamera(entry, coordinator, camera)]
        return []

    async_offer_webrtc(hass, entry)
    async_add_camera_entities(entry, async_add_entities, build)


class GatehouseCamera(CameraEntity, Camera):
    """A camera of ours."""

    _attr_name = None
    _attr_brand = "Gatehouse"

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: CameraCoordinator[Any], camera: str
    ) -> None:
        """Belong to the camera's device."""
        CameraEntity.__init__(self, coordinator, camera, "camera")
        Camera.__init__(self)
        self._footage = entry.runtime_data.storage.flow

    @abstractmethod
    async def async_newest(self) -> Picture:
        """Return the newest picture; raises AgentError or HomeAssistantError if there is none."""

    async def async_store_snapshot(self) -> ServiceResponse:
        """Keep the newest picture in the media folder; returns its path."""
        picture = await self.async_newest()
        path = await self._footage.keep_picture(
            self.camera_key, picture.captured, "snapshot", picture.jpeg
        )
        return {"path": str(path)}


class AgentCamera(GatehouseCamera):
    """A camera on an agent."""

    coordinator: AgentCoordinator

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: AgentCoordinator, camera: str
    ) -> None:
        """Reach the camera through its agent."""
        super().__init__(entry, coordinator, camera)
        self._live_since = dt_util.utcnow()
        self._was_private = self.is_private
        self._had_webrtc = coordinator.data.has_webrtc
        self._live = LivePictures(
            partial(coordinator.agent.live.follow, camera),
            partial(
                entry.async_create_background_task,
                coordinator.hass,
                name=f"gatehouse live {self.camera_key}",
            ),
        )

    @property
    def is_private(self) -> bool:
        """Whether somebody wants no pictures of it."""
        told = self.coordinator.tells_of(self.camera)
        return told and self.camera_data.state.private

    @property
    @override
    def available(self) -> bool:
        """Whether there is something to show: pictures, or the one that stands in for them."""
        return super().available or self.is_private

    @property
    @override
    def is_streaming(self) -> bool:
        """Whether pictures are coming."""
        return self.coordinator.is_online(self.camera)

    @property
    @override
    def supported_features(self) -> CameraEntityFeature:
        """While it is private, players are given pictures one by one: there is no stream."""
        return CameraEntityFeature(0) if self.is_private else CameraEntityFeature.STREAM

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the newest picture, or the one that stands in for it."""
        if self.is_private:
            return await self.hass.async_add_executor_job(_stand_in)
        try:
            return (await self.async_newest()).jpeg
        except AgentError:
            return None

    @override
    async def stream_source(self) -> str | None:
        """Return a short-lived signed address of this camera's H.264 (MPEG-TS)."""
        if self.is_private:
            return None
        # Who is about to make the stream asks, and later players who want an address of their own.
        return self._new_live_url() if self.stream is None else self._live_url()

    @override
    async def handle_async_mjpeg_stream(self, request: web.Request) -> web.StreamResponse | None:
        """Show pictures until the viewer or the camera leaves; a slow viewer skips pictures."""
        return await self._live.show(request)

    @override
    async def async_newest(self) -> Picture:
        return await self.coordinator.agent.snapshot(self.camera)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Give a stream that broke a new address: the old one may have run out."""
        self._follow_privacy()
        self._follow_webrtc()
        old = dt_util.utcnow() > self._live_since + LIVE_LIFETIME / 2
        if self.stream is not None and not self.stream.available and self.available and old:
            self.stream.update_source(self._new_live_url())
        super()._handle_coordinator_update()

    def _follow_privacy(self) -> None:
        """Drop what a stream still shows of the time before, and begin it anew afterwards."""
        was, self._was_private = self._was_private, self.is_private
        if self.stream is None or was is self._was_private:
            return
        if self._was_private:
            self.hass.async_create_task(self.stream.stop())
        else:
            self.stream.update_source(self._new_live_url())

    def _follow_webrtc(self) -> None:
        """Let players know when the agent has learnt WebRTC, or forgotten it."""
        had, self._had_webrtc = self._had_webrtc, self.coordinator.data.has_webrtc
        if had is not self._had_webrtc:
            self.hass.async_create_task(self.async_refresh_providers())

    def _new_live_url(self) -> str:
        """Return an address for the stream, whose age is known."""
        self._live_since = dt_util.utcnow()
        return self._live_url()

    def _live_url(self) -> str:
        return self.coordinator.agent.live_url(self.camera, LIVE_LIFETIME)


class FolderCamera(GatehouseCamera):
    """A camera that uploads pictures: it shows the newest."""

    coordinator: FolderCoordinator

    @property
    @override
    def is_on(self) -> bool:
        """Whether there is a picture to show: who asks before the first is told to come later."""
        return self.coordinator.newest is not None or self._last_frame is not None

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the picture that came last; after a restart, one of the last incident."""
        if newest := self.coordinator.newest:
            return newest.jpeg
        if (frame := self._last_frame) is None:
            return None
        try:
            return await self.hass.async_add_executor_job(frame.read_bytes)
        except OSError:
            return None

    @override
    async def async_newest(self) -> Picture:
        if self.coordinator.newest is None:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="nothing_uploaded",
                translation_placeholders={"camera": self.camera_data.info.name},
            )
        return self.coordinator.newest

    @property
    def _last_frame(self) -> Path | None:
        """A picture of the last incident; where others saw it too, nobody knows whose is last."""
        incident = self.camera_data.incident
        if incident is None or incident.cameras != (self.camera_key,) or not incident.frames:
            return None
        return incident.frames[-1].path


@cache
def _stand_in() -> bytes:
    """Read the picture of a camera that is private: a closed eye."""
    return PRIVATE_PICTURE.read_bytes()
