"""What happens at a door while it happens: attempts, and rings at its bell."""

from collections import deque
from typing import Final, override

from homeassistant.components.event import DoorbellEventType, EventDeviceClass, EventEntity
from homeassistant.core import callback

from . import GatehouseConfigEntry
from .door_entity import AgentDoor, Door, DoorEntity
from .models import Passage
from .passage_events import TYPES, passage_attributes

# So many happen while a door's agent is lost for the blink of an eye.
MOST_UNTOLD: Final = 100


class AccessEvent(DoorEntity[Door], EventEntity):
    """Somebody tried a door, or something was done to it; what is replayed is no event."""

    _attr_event_types = [*TYPES.values()]  # noqa: RUF012 - Home Assistant's own shape

    def __init__(self, entry: GatehouseConfigEntry, door: Door) -> None:
        """Be the door's access event."""
        super().__init__(door, "access")
        self._admission = entry.runtime_data.admission
        self._untold = deque[Passage](maxlen=MOST_UNTOLD)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for passages."""
        await super().async_added_to_hass()
        self.async_on_remove(self._admission.async_subscribe(self._async_hear))

    @callback
    @override
    def _async_update(self) -> None:
        """Be available first: triggers pass over an event that comes with the return."""
        super()._async_update()
        self._async_tell()

    @callback
    def _async_hear(self, passage: Passage) -> None:
        if passage.door == self.door.key and not passage.replayed:
            self._untold.append(passage)
            self._async_tell()

    @callback
    def _async_tell(self) -> None:
        while self.available and self._untold:
            passage = self._untold.popleft()
            self._trigger_event(TYPES[passage.kind], passage_attributes(passage))
            self.async_write_ha_state()


class Doorbell(DoorEntity[AgentDoor], EventEntity):
    """Somebody rings."""

    _attr_device_class = EventDeviceClass.DOORBELL
    _attr_event_types = [DoorbellEventType.RING]  # noqa: RUF012 - Home Assistant's own shape

    def __init__(self, entry: GatehouseConfigEntry, door: AgentDoor) -> None:
        """Be the door's bell."""
        super().__init__(door, "doorbell")
        self._admission = entry.runtime_data.admission

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for rings."""
        await super().async_added_to_hass()
        self.async_on_remove(self._admission.async_subscribe_rings(self._async_hear))

    @callback
    def _async_hear(self, door: str) -> None:
        if door == self.door.key:
            self._trigger_event(DoorbellEventType.RING)
            self.async_write_ha_state()
