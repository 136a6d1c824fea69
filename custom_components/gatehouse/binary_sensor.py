"""Somebody is there or in a zone, something moves, a Pi is in trouble, a door is open."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .agent_coordinator import AgentCoordinator
from .agent_data import AgentData
from .const import DOMAIN
from .coordinator import CameraCoordinator, CameraData
from .door_binary_sensors import door_binary_sensors
from .door_setup import async_add_other_doors, async_follow_doors
from .entity import AgentEntity, CameraEntity, async_add_agent_entities, async_add_camera_entities
from .other_contact import other_contacts
from .zone_occupancy import async_follow_zones

PARALLEL_UPDATES = 0

MOTION: Final = "motion"
ATTR_SINCE: Final = "since"


@dataclass(frozen=True, kw_only=True)
class CameraSensor(BinarySensorEntityDescription):
    """A binary sensor of a camera."""

    is_on_fn: Callable[[CameraData], bool]


@dataclass(frozen=True, kw_only=True)
class AgentSensor(BinarySensorEntityDescription):
    """A binary sensor of an agent."""

    is_on_fn: Callable[[AgentData], bool | None]


CAMERA_SENSORS: tuple[CameraSensor, ...] = (
    CameraSensor(
        key="person",
        translation_key="person",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        is_on_fn=lambda camera: camera.presence.present,
    ),
    CameraSensor(
        key=MOTION,
        device_class=BinarySensorDeviceClass.MOTION,
        is_on_fn=lambda camera: camera.state.moving,
    ),
)

AGENT_SENSORS: tuple[AgentSensor, ...] = (
    AgentSensor(
        key="under_voltage",
        translation_key="under_voltage",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        is_on_fn=lambda agent: agent.stats.under_voltage,
    ),
    AgentSensor(
        key="throttled",
        translation_key="throttled",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        is_on_fn=lambda agent: agent.stats.throttled,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of each agent, each camera, each zone and each door."""
    async_add_agent_entities(
        entry,
        async_add_entities,
        lambda coordinator: [
            Connectivity(coordinator),
            *(AgentBinarySensor(coordinator, sensor) for sensor in AGENT_SENSORS),
        ],
    )
    async_add_camera_entities(
        entry,
        async_add_entities,
        partial(_camera_sensors, er.async_get(hass)),
    )
    for coordinator in entry.runtime_data.cameras:
        async_follow_zones(hass, entry, coordinator, async_add_entities)
    async_follow_doors(hass, entry, Platform.BINARY_SENSOR, async_add_entities, door_binary_sensors)
    async_add_other_doors(hass, entry, async_add_entities, partial(other_contacts, hass, entry))


def _camera_sensors(
    registry: er.EntityRegistry, coordinator: CameraCoordinator[Any], camera: str
) -> Iterator[CameraBinarySensor]:
    """Yield a camera's sensors; where nobody tells of motion any more, forget the one for it."""
    motion = f"{coordinator.owner}_{camera}_{MOTION}"
    for sensor in CAMERA_SENSORS:
        if sensor.key != MOTION or coordinator.tells_motion(camera):
            yield CameraBinarySensor(coordinator, camera, sensor)
        elif gone := registry.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, motion):
            registry.async_remove(gone)


class CameraBinarySensor(CameraEntity, BinarySensorEntity):
    """Yes or no, on one camera."""

    entity_description: CameraSensor

    def __init__(
        self, coordinator: CameraCoordinator[Any], camera: str, description: CameraSensor
    ) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, camera, description.key)
        self._attr_translation_key = description.translation_key
        self.entity_description = description

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is so now."""
        return self.entity_description.is_on_fn(self.camera_data)


class AgentBinarySensor(AgentEntity, BinarySensorEntity):
    """Yes or no, on one Pi."""

    entity_description: AgentSensor

    def __init__(self, coordinator: AgentCoordinator, description: AgentSensor) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is so now; None where this machine cannot tell."""
        return self.entity_description.is_on_fn(self.coordinator.data)


class Connectivity(AgentEntity, BinarySensorEntity):
    """Whether the agent is connected: the one entity that stays available without it."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _unrecorded_attributes = frozenset({ATTR_SINCE})

    def __init__(self, coordinator: AgentCoordinator) -> None:
        """Take the name of the device class."""
        super().__init__(coordinator, "connectivity")
        self._attr_translation_key = None

    @property
    @override
    def available(self) -> bool:
        """Always: this is the entity that says so when nothing else can."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the agent's feed is up."""
        return self.coordinator.last_update_success

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Since when: while it is not connected, that is when it was last seen."""
        return {ATTR_SINCE: self.coordinator.since}
