"""Whether somebody is in a zone: a sensor that comes, is renamed and goes with its zone."""

from collections.abc import Container, Iterator
from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .coordinator import CameraCoordinator
from .entity import CameraEntity, async_follow
from .models import Zone, ZoneKind
from .zones import Zones

ZONE: Final = "zone"


@callback
def async_follow_zones(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    coordinator: CameraCoordinator[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for each zone that there is or will be, and forget it when its zone is gone."""
    zones = entry.runtime_data.zones
    subentry = coordinator.subentry.subentry_id
    known: set[str] | None = None

    @callback
    def follow() -> None:
        nonlocal known
        found = dict(_zones_of(zones, coordinator))
        if found.keys() == known:
            return
        _forget_others(er.async_get(hass), entry.entry_id, subentry, found)
        new = [
            ZoneOccupancy(zones, coordinator, camera, zone)
            for identity, (camera, zone) in found.items()
            if known is None or identity not in known
        ]
        known = set(found)
        async_add_entities(new, config_subentry_id=subentry)

    follow()
    async_follow(entry, coordinator, follow)


class ZoneOccupancy(CameraEntity, BinarySensorEntity):
    """Whether somebody is in a zone of one camera."""

    _attr_device_class = BinarySensorDeviceClass.OCCUPANCY

    def __init__(
        self, zones: Zones, coordinator: CameraCoordinator[Any], camera: str, zone: Zone
    ) -> None:
        """Be called as the zone is."""
        super().__init__(coordinator, camera, f"{ZONE}_{zone.id}")
        self._attr_translation_key = ZONE
        self._attr_translation_placeholders = {ZONE: zone.name}
        self._zones = zones
        self._zone = zone

    @property
    @override
    def is_on(self) -> bool:
        """Whether somebody is in it now."""
        return self._zone.id in self.camera_data.presence.zones

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Take the zone's new name, if it has one."""
        for zone in self._zones.of(self.camera_key).zones:
            if zone.id == self._zone.id and zone.name != self._zone.name:
                self._zone = zone
                self._attr_translation_placeholders = {ZONE: zone.name}
                vars(self).pop("name", None)  # Home Assistant works it out but once
        super()._handle_coordinator_update()


def _zones_of(
    zones: Zones, coordinator: CameraCoordinator[Any]
) -> Iterator[tuple[str, tuple[str, Zone]]]:
    """Yield the id of each zone, the camera that it is on, and itself."""
    for camera in sorted(coordinator.data.cameras):
        for zone in zones.of(coordinator.key(camera)).zones:
            if zone.kind is ZoneKind.ZONE:
                yield zone.id, (camera, zone)


def _forget_others(
    registry: er.EntityRegistry, entry: str, subentry: str, zones: Container[str]
) -> None:
    """Forget the sensors of a subentry whose zones are gone, also of those that went unseen."""
    for entity in er.async_entries_for_config_entry(registry, entry):
        ours = entity.config_subentry_id == subentry and entity.translation_key == ZONE
        if ours and entity.unique_id.rpartition("_")[2] not in zones:
            registry.async_remove(entity.entity_id)
