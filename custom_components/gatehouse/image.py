"""The picture of each camera's last incident, with boxes around what was seen."""

from typing import override

from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .coordinator import AgentCoordinator
from .entity import CameraEntity, async_add_camera_entities
from .models import Incident

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a last-incident picture for each camera."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [LastIncident(hass, coordinator, camera)],
    )


class LastIncident(CameraEntity, ImageEntity):
    """The best picture of the newest confirmed incident."""

    _attr_content_type = "image/jpeg"

    def __init__(self, hass: HomeAssistant, coordinator: AgentCoordinator, camera: str) -> None:
        """Show the incident that is known already, if there is one."""
        CameraEntity.__init__(self, coordinator, camera, "last_incident")
        ImageEntity.__init__(self, hass)
        self._shown: Incident | None = None
        self._show()

    @property
    @override
    def available(self) -> bool:
        """What happened stays visible while the camera is away."""
        return self.camera in self.coordinator.data.cameras

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture's bytes."""
        if self._shown is None or self._shown.picture is None:
            return None
        try:
            return await self.hass.async_add_executor_job(self._shown.picture.read_bytes)
        except FileNotFoundError:
            return None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show a newer picture; a coordinator update about anything else changes nothing."""
        if self._show():
            self.async_write_ha_state()

    def _show(self) -> bool:
        incident = self.camera_data.incident if self.available else None
        if incident is self._shown or incident is None or incident.picture is None:
            return False
        self._shown = incident
        self._attr_image_last_updated = dt_util.utcnow()
        return True
