"""What every entity of Gatehouse shares."""

from collections.abc import Callable, Iterable
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import GatehouseConfigEntry
from .agent_coordinator import AgentCoordinator
from .const import DOMAIN
from .coordinator import CameraCoordinator, CameraData


class AgentEntity(CoordinatorEntity[AgentCoordinator]):
    """Something about a Pi; unavailable as soon as the Pi is lost."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: AgentCoordinator, key: str) -> None:
        """Belong to the agent's device."""
        super().__init__(coordinator)
        self._attr_unique_id = f"{coordinator.owner}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.owner)})


class CameraEntity(CoordinatorEntity[CameraCoordinator[Any]]):
    """Something about one camera; unavailable when it or the Pi that it is on is lost."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CameraCoordinator[Any], camera: str, key: str) -> None:
        """Belong to the camera's device."""
        super().__init__(coordinator)
        self.camera = camera
        self._attr_unique_id = f"{coordinator.owner}_{camera}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, coordinator.key(camera))},
            name=self.camera_data.info.name,
            manufacturer="Gatehouse",
            model="Camera",
            via_device_id=coordinator.device_id,
        )

    @property
    def camera_key(self) -> str:
        """The site-wide key of this entity's camera."""
        return self.coordinator.key(self.camera)

    @property
    def camera_data(self) -> CameraData:
        """What is known of this entity's camera."""
        data: CameraData = self.coordinator.data.cameras[self.camera]
        return data

    @property
    @override
    def available(self) -> bool:
        """Whether the camera gives pictures now."""
        return self.coordinator.is_online(self.camera)


@callback
def async_add_agent_entities(
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[AgentCoordinator], Iterable[Entity]],
) -> None:
    """Add the entities that build makes for each agent."""
    for coordinator in entry.runtime_data.cameras.agents.values():
        async_add_entities(build(coordinator), config_subentry_id=coordinator.subentry.subentry_id)


@callback
def async_add_camera_entities(
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[CameraCoordinator[Any], str], Iterable[Entity]],
) -> None:
    """Add the entities that build makes for each camera: those known now, and each that appears."""
    for coordinator in entry.runtime_data.cameras:
        _follow_cameras(entry, coordinator, async_add_entities, build)


def _follow_cameras(
    entry: GatehouseConfigEntry,
    coordinator: CameraCoordinator[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[CameraCoordinator[Any], str], Iterable[Entity]],
) -> None:
    known: set[str] = set()

    @callback
    def add_new() -> None:
        new = coordinator.data.cameras.keys() - known
        known.intersection_update(coordinator.data.cameras)
        known.update(new)
        entities = [entity for camera in sorted(new) for entity in build(coordinator, camera)]
        if entities:
            async_add_entities(entities, config_subentry_id=coordinator.subentry.subentry_id)

    add_new()
    async_follow(entry, coordinator, add_new)


@callback
def async_follow(
    entry: GatehouseConfigEntry, coordinator: CameraCoordinator[Any], look: CALLBACK_TYPE
) -> None:
    """Call look with each word of a coordinator, until the site is taken down.

    An agent may come just then: its entities would have no platform left to remove them.
    """

    @callback
    def heard() -> None:
        if entry.state is not ConfigEntryState.UNLOAD_IN_PROGRESS:
            look()

    entry.async_on_unload(coordinator.async_add_listener(heard))
