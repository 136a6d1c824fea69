"""Whether a door of another system is open, as a sensor of Home Assistant's tells."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import STATE_OFF, STATE_ON, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event

from . import GatehouseConfigEntry
from .const import DOMAIN
from .door_entity import DoorEntity, OtherDoor
from .other_doors import contacts

CONTACT: Final = "contact"


def other_contacts(
    hass: HomeAssistant, site: GatehouseConfigEntry, door: OtherDoor
) -> Iterator[BinarySensorEntity]:
    """Yield what tells whether a door is open; where nothing does any more, forget it."""
    registry = er.async_get(hass)
    if contact := contacts(site).get(door.key):
        yield OtherContact(door, contact)
    elif gone := registry.async_get_entity_id(
        Platform.BINARY_SENSOR, DOMAIN, f"{door.key}_{CONTACT}"
    ):
        registry.async_remove(gone)


class OtherContact(DoorEntity[OtherDoor], BinarySensorEntity):
    """The contact of a door, beside what else there is of it."""

    _attr_device_class = BinarySensorDeviceClass.DOOR

    def __init__(self, door: OtherDoor, contact: str) -> None:
        """Say what the sensor of this entity id says."""
        super().__init__(door, CONTACT)
        self._attr_translation_key = None
        self._contact = contact

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the sensor."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_track_state_change_event(self.hass, self._contact, self._async_heard)
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the sensor tells."""
        return self._state in {STATE_ON, STATE_OFF}

    @property
    @override
    def is_on(self) -> bool:
        """Whether the door is open."""
        return self._state == STATE_ON

    @property
    def _state(self) -> str | None:
        state = self.hass.states.get(self._contact)
        return state.state if state else None

    @callback
    def _async_heard(self, _: Event[EventStateChangedData]) -> None:
        self._async_update()
