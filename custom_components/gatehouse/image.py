"""The picture of each camera's last incident, and of who was at each door last."""

from typing import Any, override

from homeassistant.components.image import ImageEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .coordinator import CameraCoordinator
from .door_entity import Door
from .door_setup import async_add_other_doors, async_follow_doors
from .entity import CameraEntity, async_add_camera_entities
from .last_access import LastAccess
from .models import Incident

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a last-incident picture for each camera, and a last-access one for each door."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [LastIncident(hass, coordinator, camera)],
    )

    def build(door: Door) -> list[LastAccess]:
        return [LastAccess(hass, entry, door)]

    async_follow_doors(hass, entry, Platform.IMAGE, async_add_entities, build)
    async_add_other_doors(hass, entry, async_add_entities, build)


class LastIncident(CameraEntity, ImageEntity):
    """The best picture of the newest confirmed incident."""

    _attr_content_type = "image/jpeg"

    def __init__(
        self, hass: HomeAssistant, coordinator: CameraCoordinator[Any], camera: str
    ) -> None:
        """Show nothing until an incident is known."""
        CameraEntity.__init__(self, coordinator, camera, "last_incident")
        ImageEntity.__init__(self, hass)
        self._shown: Incident | None = None

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture's bytes."""
        if self._shown is None or self._shown.picture is None:
            return None
        try:
            return await self.hass.async_add_executor_job(self._shown.picture.read_bytes)
        except OSError:
            return None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show a newer picture, dated by what it shows: a restart makes nothing new."""
        incident = self.camera_data.incident if self.available else None
        if incident and incident.picture:
            self._shown = incident
            self._attr_image_last_updated = incident.ended or incident.last_seen
        super()._handle_coordinator_update()
