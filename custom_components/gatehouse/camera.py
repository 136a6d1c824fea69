"""Live pictures: MJPEG for as long as somebody looks, H.264 for Home Assistant's stream."""

from contextlib import aclosing
from datetime import timedelta
from typing import Final, override

from aiohttp import web
from homeassistant.components.camera import Camera, CameraEntityFeature
from homeassistant.core import HomeAssistant, ServiceResponse, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .agent import AgentError
from .coordinator import AgentCoordinator
from .entity import CameraEntity, async_add_camera_entities

PARALLEL_UPDATES = 0

# Long enough for a stream worker to connect and reconnect, short enough to be worthless in a log.
LIVE_LIFETIME: Final = timedelta(hours=1)

BOUNDARY: Final = "gatehouse"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera for each camera of each agent."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [GatehouseCamera(entry, coordinator, camera)],
    )


class GatehouseCamera(CameraEntity, Camera):
    """A camera on an agent."""

    _attr_name = None
    _attr_brand = "Gatehouse"
    _attr_supported_features = CameraEntityFeature.STREAM

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: AgentCoordinator, camera: str
    ) -> None:
        """Reach the camera through its agent."""
        CameraEntity.__init__(self, coordinator, camera, "camera")
        Camera.__init__(self)
        self._hub = entry.runtime_data
        self._live_since = dt_util.utcnow()

    @property
    @override
    def is_streaming(self) -> bool:
        """Whether pictures are coming."""
        return self.available

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the newest picture."""
        try:
            return (await self.coordinator.agent.snapshot(self.camera)).jpeg
        except AgentError:
            return None

    @override
    async def stream_source(self) -> str | None:
        """Return a short-lived signed address of this camera's H.264 (MPEG-TS)."""
        return self._live_url()

    @override
    async def handle_async_mjpeg_stream(self, request: web.Request) -> web.StreamResponse | None:
        """Pass pictures on until the viewer or the camera leaves; a slow viewer skips pictures."""
        response = web.StreamResponse(
            headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"}
        )
        try:
            async with aclosing(self.coordinator.agent.pictures(self.camera)) as pictures:
                async for picture in pictures:
                    if not response.prepared:
                        await response.prepare(request)
                        await response.write(f"--{BOUNDARY}\r\n".encode())
                    await response.write(_part(picture.jpeg))
        except AgentError, ConnectionResetError:
            pass  # the camera or the viewer has left
        return response if response.prepared else None

    async def async_record(self, duration: timedelta) -> ServiceResponse:
        """Record from now on for a while; returns the footage's id."""
        footage = await self._hub.async_record(self.coordinator.key(self.camera), duration)
        return {"footage_id": footage.id}

    async def async_store_snapshot(self) -> ServiceResponse:
        """Keep the newest picture in the media folder; returns its path."""
        picture = await self.coordinator.agent.snapshot(self.camera)
        path = await self._hub.async_keep_snapshot(self.coordinator.key(self.camera), picture)
        return {"path": str(path)}

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Give a stream that broke a new address: the old one may have run out."""
        old = dt_util.utcnow() > self._live_since + LIVE_LIFETIME / 2
        if self.stream is not None and not self.stream.available and self.available and old:
            self.stream.update_source(self._live_url())
        super()._handle_coordinator_update()

    def _live_url(self) -> str:
        self._live_since = dt_util.utcnow()
        return self.coordinator.agent.live_url(self.camera, LIVE_LIFETIME)


def _part(jpeg: bytes) -> bytes:
    """Return one part and the boundary after it: browsers draw a picture when the next begins."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
    return head + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()
