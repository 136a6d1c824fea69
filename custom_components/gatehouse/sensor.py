"""What is measured: of Pis and cameras, of the site's detectors, its storage and its bookings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .agent_coordinator import AgentCoordinator
from .agent_sensors import agent_sensors, camera_sensors
from .booking_sensors import async_add_booking_sensors
from .coordinator import CameraCoordinator, CameraData, incident_attributes
from .detector_sensors import detector_sensors
from .door_entity import Door
from .door_sensors import LastActor, access_sensors
from .door_setup import async_add_other_doors, async_follow_doors, async_once_doors
from .entity import CameraEntity, async_add_agent_entities, async_add_camera_entities
from .ingested_sensor import async_follow_devices
from .machine_sensors import async_follow_machines
from .site_sensors import site_sensors
from .storage_sensors import async_storage_sensors
from .system_sensors import system_sensors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CameraSensor(SensorEntityDescription):
    """A figure of a camera."""

    value_fn: Callable[[CameraData], int | None]
    attributes_fn: Callable[[CameraData], dict[str, Any]] = lambda _: {}


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
    async_add_entities(site_sensors(entry))
    async_add_entities(system_sensors(entry))
    async_add_entities(await async_storage_sensors(hass, entry))
    async_add_agent_entities(
        entry,
        async_add_entities,
        agent_sensors,
    )
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [
            *(CameraFigure(coordinator, camera, sensor) for sensor in CAMERA_SENSORS),
            *camera_sensors(coordinator, camera),
        ],
    )
    async_follow_machines(hass, entry, async_add_entities)
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
