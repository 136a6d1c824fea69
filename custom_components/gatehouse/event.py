"""Each camera's incidents as they begin, are confirmed and end."""

from collections import deque
from typing import Final, override

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .coordinator import AgentCoordinator, incident_attributes
from .entity import CameraEntity, async_add_camera_entities
from .incidents import IncidentNews, NewsKind

PARALLEL_UPDATES = 0

# An incident that was interrupted has ended too; its state attribute tells the two apart.
TYPES: Final = {
    NewsKind.OPENED: "opened",
    NewsKind.CONFIRMED: "confirmed",
    NewsKind.CLOSED: "closed",
    NewsKind.INTERRUPTED: "closed",
}

# More than the one incident that a camera can have had open when it was lost.
MOST_UNTOLD: Final = 8


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an incident event for each camera."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [IncidentEvent(coordinator, camera)],
    )


class IncidentEvent(CameraEntity, EventEntity):
    """An incident of one camera began, was confirmed or ended."""

    _attr_should_poll = False
    _attr_event_types = ["opened", "confirmed", "closed"]  # noqa: RUF012 - Home Assistant's own shape

    def __init__(self, coordinator: AgentCoordinator, camera: str) -> None:
        """Be the camera's incident event."""
        super().__init__(coordinator, camera, "incident")
        self._untold = deque[IncidentNews](maxlen=MOST_UNTOLD)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for the camera's incidents."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.async_subscribe_incidents(self.camera, self._async_hear)
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Be available first: triggers pass over an event that comes with the return."""
        super()._handle_coordinator_update()
        self._async_tell()

    @callback
    def _async_hear(self, news: IncidentNews) -> None:
        if news.kind in TYPES:
            self._untold.append(news)
            self._async_tell()

    @callback
    def _async_tell(self) -> None:
        while self.available and self._untold:
            news = self._untold.popleft()
            self._trigger_event(TYPES[news.kind], incident_attributes(news.incident))
            self.async_write_ha_state()
