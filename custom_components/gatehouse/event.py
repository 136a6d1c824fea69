"""Each camera's incidents as they are confirmed and end; what happens at each door."""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, override

from homeassistant.components.event import EventEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .access_event import AccessEvent, Doorbell
from .coordinator import CameraCoordinator, incident_attributes
from .door_entity import AgentDoor
from .door_setup import async_add_other_doors, async_follow_doors
from .entity import CameraEntity, async_add_camera_entities
from .incidents import IncidentNews, NewsKind
from .models import IncidentState

PARALLEL_UPDATES = 0

CONFIRMED: Final = "confirmed"
CLOSED: Final = "closed"

# An incident that was interrupted has ended too; its state attribute tells the two apart.
ENDS: Final = frozenset({NewsKind.CLOSED, NewsKind.INTERRUPTED})

# More than the one incident that a camera can have had open when it was lost.
MOST_UNTOLD: Final = 8


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an incident event for each camera, and the events of each door."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [IncidentEvent(coordinator, camera)],
    )

    def build(door: AgentDoor) -> list[EventEntity]:
        bell = [Doorbell(entry, door)] if door.info.doorbell else []
        return [AccessEvent(entry, door), *bell]

    async_follow_doors(hass, entry, Platform.EVENT, async_add_entities, build)
    async_add_other_doors(hass, entry, async_add_entities, lambda door: [AccessEvent(entry, door)])


class IncidentEvent(CameraEntity, EventEntity):
    """An incident that one camera sees was confirmed or ended."""

    _attr_should_poll = False
    _attr_event_types = [CONFIRMED, CLOSED]  # noqa: RUF012 - Home Assistant's own shape

    def __init__(self, coordinator: CameraCoordinator[Any], camera: str) -> None:
        """Be the camera's incident event."""
        super().__init__(coordinator, camera, "incident")
        self._confirmed: str | None = None
        self._untold = deque[tuple[str, IncidentNews]](maxlen=MOST_UNTOLD)

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
        self._untold.extend((kind, news) for kind in self._kinds(news))
        self._async_tell()

    def _kinds(self, news: IncidentNews) -> Iterator[str]:
        """Yield what the news is for this camera, which may join an incident after others."""
        ends, incident = news.kind in ENDS, news.incident
        if incident.id != self._confirmed and (ends or incident.state is IncidentState.OPEN):
            self._confirmed = incident.id
            yield CONFIRMED
        if ends:
            yield CLOSED

    @callback
    def _async_tell(self) -> None:
        while self.available and self._untold:
            kind, news = self._untold.popleft()
            self._trigger_event(kind, {**incident_attributes(news.incident), "due": news.due})
            self.async_write_ha_state()
