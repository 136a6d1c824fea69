"""What is measured: of Pis and cameras, of the site's detectors, its storage and its bookings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    Platform,
    UnitOfInformation,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .agent_coordinator import AgentCoordinator
from .booking_sensors import async_add_booking_sensors
from .coordinator import CameraCoordinator, CameraData, incident_attributes
from .detector_sensors import detector_sensors
from .door_entity import Door, async_add_other_doors, async_follow_doors, async_once_doors
from .door_sensors import LastActor, access_sensors
from .entity import AgentEntity, CameraEntity, async_add_agent_entities, async_add_camera_entities
from .ingested_sensor import async_follow_devices
from .models import AgentStats
from .storage_sensors import SpoolSensor, async_storage_sensors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class StatsSensor(SensorEntityDescription):
    """A reading of a Pi."""

    value_fn: Callable[[AgentStats], float | int | datetime | None]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


@dataclass(frozen=True, kw_only=True)
class CameraSensor(SensorEntityDescription):
    """A figure of a camera."""

    value_fn: Callable[[CameraData], int | None]
    attributes_fn: Callable[[CameraData], dict[str, Any]] = lambda _: {}


STATS_SENSORS: tuple[StatsSensor, ...] = (
    StatsSensor(
        key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda stats: stats.temperature,
    ),
    StatsSensor(
        key="cpu",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda stats: stats.cpu_percent,
    ),
    StatsSensor(
        key="disk",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda stats: stats.disk_percent,
    ),
    StatsSensor(
        key="memory",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda stats: stats.memory_percent,
    ),
    StatsSensor(
        key="disk_free",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        value_fn=lambda stats: stats.disk_free_bytes,
    ),
    StatsSensor(
        key="load",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
        value_fn=lambda stats: stats.load,
    ),
    StatsSensor(
        key="booted",
        device_class=SensorDeviceClass.UPTIME,
        entity_registry_enabled_default=False,
        value_fn=lambda stats: stats.booted,
    ),
)

CAMERA_SENSORS: tuple[CameraSensor, ...] = (
    CameraSensor(
        key="person_count",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda camera: camera.presence.count,
    ),
    CameraSensor(
        key="last_risk",
        value_fn=lambda camera: (
            camera.incident.assessment.risk
            if camera.incident and camera.incident.assessment
            else None
        ),
        attributes_fn=lambda camera: (
            incident_attributes(camera.incident) if camera.incident else {}
        ),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the site, of each agent, of each camera and of each door."""
    async_add_entities(detector_sensors(hass, entry))
    async_add_entities(await async_storage_sensors(hass, entry))
    async_add_agent_entities(
        entry,
        async_add_entities,
        lambda coordinator: [
            *(AgentSensor(coordinator, sensor) for sensor in STATS_SENSORS),
            SpoolSensor(coordinator),
        ],
    )
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [
            CameraFigure(coordinator, camera, sensor) for sensor in CAMERA_SENSORS
        ],
    )
    _add_door_sensors(hass, entry, async_add_entities)
    await async_add_booking_sensors(hass, entry, async_add_entities)
    await async_follow_devices(hass, entry, async_add_entities)


def _add_door_sensors(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add how each agent with doors decides, and who was at each door last."""

    @callback
    def add(coordinator: AgentCoordinator) -> None:
        subentry = coordinator.subentry.subentry_id
        async_add_entities(access_sensors(coordinator), config_subentry_id=subentry)

    def build(door: Door) -> list[LastActor]:
        return [LastActor(entry, door)]

    for coordinator in entry.runtime_data.cameras.agents.values():
        async_once_doors(entry, [coordinator], partial(add, coordinator))
    async_follow_doors(hass, entry, Platform.SENSOR, async_add_entities, build)
    async_add_other_doors(hass, entry, async_add_entities, build)


class AgentSensor(AgentEntity, SensorEntity):
    """One reading of a Pi."""

    entity_description: StatsSensor

    def __init__(self, coordinator: AgentCoordinator, description: StatsSensor) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | int | datetime | None:
        """The newest reading; None where this machine cannot tell."""
        return self.entity_description.value_fn(self.coordinator.data.stats)


class CameraFigure(CameraEntity, SensorEntity):
    """One figure of a camera."""

    entity_description: CameraSensor
    _unrecorded_attributes = frozenset({"reasons"})

    def __init__(
        self, coordinator: CameraCoordinator[Any], camera: str, description: CameraSensor
    ) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, camera, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> int | None:
        """The figure now."""
        return self.entity_description.value_fn(self.camera_data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What explains the figure."""
        return self.entity_description.attributes_fn(self.camera_data)
