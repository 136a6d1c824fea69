"""What is so or not at an agent's door: open, forced, held open, and how its readers are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory

from .agent import DoorInfo, DoorState, ReaderState
from .door_entity import AgentDoor, DoorEntity

ATTR_ERROR: Final = "error"
READER: Final = "reader"

NO_READER: Final = ReaderState(online=False, error=None, tampered=False)


@dataclass(frozen=True, kw_only=True)
class DoorSensor(BinarySensorEntityDescription):
    """A binary sensor of a door."""

    is_on_fn: Callable[[DoorState], bool | None]
    error_fn: Callable[[DoorState], str | None] | None = None
    exists_fn: Callable[[DoorInfo], bool] = lambda info: info.contact
    """Without a contact nobody knows whether a door is open."""


@dataclass(frozen=True, kw_only=True)
class ReaderSensor(BinarySensorEntityDescription):
    """A binary sensor of a reader."""

    is_on_fn: Callable[[ReaderState], bool]
    tells_error: bool = False


DOOR_SENSORS: Final = (
    DoorSensor(
        key="contact",
        device_class=BinarySensorDeviceClass.DOOR,
        is_on_fn=lambda door: door.open,
    ),
    DoorSensor(
        key="forced",
        translation_key="forced",
        device_class=BinarySensorDeviceClass.TAMPER,
        is_on_fn=lambda door: door.forced,
    ),
    DoorSensor(
        key="held_open",
        translation_key="held_open",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda door: door.held_open,
    ),
    DoorSensor(
        key="fault",
        translation_key="fault",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda door: door.error is not None,
        error_fn=lambda door: door.error,
        exists_fn=lambda _: True,
    ),
)

READER_SENSORS: Final = (
    ReaderSensor(
        key="connectivity",
        translation_key="reader_connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda reader: reader.online,
        tells_error=True,
    ),
    ReaderSensor(
        key="tamper",
        translation_key="reader_tamper",
        device_class=BinarySensorDeviceClass.TAMPER,
        is_on_fn=lambda reader: reader.tampered,
    ),
)


def door_binary_sensors(door: AgentDoor) -> Iterator[BinarySensorEntity]:
    """Yield what a door and its readers tell, as far as they can."""
    for sensor in DOOR_SENSORS:
        if sensor.exists_fn(door.info):
            yield DoorBinarySensor(door, sensor)
    for reader in door.info.readers:
        for described in READER_SENSORS:
            yield ReaderBinarySensor(door, reader.id, described)


class DoorBinarySensor(DoorEntity[AgentDoor], BinarySensorEntity):
    """Yes or no, at one door."""

    entity_description: DoorSensor

    def __init__(self, door: AgentDoor, description: DoorSensor) -> None:
        """Read what the description reads."""
        super().__init__(door, description.key)
        self._attr_translation_key = description.translation_key
        self.entity_description = description

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is so now; None where the door cannot know."""
        return self.entity_description.is_on_fn(self.door.state) if self.door.state else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What is wrong, where that is what it tells."""
        error_fn, state = self.entity_description.error_fn, self.door.state
        return {ATTR_ERROR: error_fn(state)} if error_fn and state else {}


class ReaderBinarySensor(DoorEntity[AgentDoor], BinarySensorEntity):
    """Yes or no, about one reader of a door."""

    entity_description: ReaderSensor

    def __init__(self, door: AgentDoor, reader: str, description: ReaderSensor) -> None:
        """Read what the description reads, of the reader of this id."""
        super().__init__(door, f"{READER}_{reader}_{description.key}")
        self._attr_translation_key = description.translation_key
        self._attr_translation_placeholders = {READER: reader}
        self.entity_description = description
        self._reader = reader

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is so now."""
        return self.entity_description.is_on_fn(self._state)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What is wrong, where that is what it tells."""
        return {ATTR_ERROR: self._state.error} if self.entity_description.tells_error else {}

    @property
    def _state(self) -> ReaderState:
        state = self.door.state
        return state.readers.get(self._reader, NO_READER) if state else NO_READER
