"""How many of the site's agents and cameras are there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo

from . import GatehouseConfigEntry
from .const import DOMAIN
from .coordinator import CameraCoordinator
from .roster import Attendance, Roster, agent_there, cameras_there, together


@dataclass(frozen=True, kw_only=True)
class Count(SensorEntityDescription):
    """How many of a kind are there."""

    attendance_fn: Callable[[CameraCoordinator[Any]], Attendance]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


COUNTS: Final = (
    Count(key="agents_online", attendance_fn=agent_there),
    Count(key="cameras_online", attendance_fn=cameras_there),
)


def site_sensors(entry: GatehouseConfigEntry) -> Iterator[SensorEntity]:
    """Yield what is counted of a site."""
    for count in COUNTS:
        yield CountSensor(entry, count)


class CountSensor(SensorEntity):
    """How many of a kind are there; who is not is told beside it."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _unrecorded_attributes = frozenset({"of", "away"})
    entity_description: Count

    def __init__(self, entry: GatehouseConfigEntry, description: Count) -> None:
        """Belong to the site's device."""
        self.entity_description = description
        self._roster: Roster = entry.runtime_data.cameras
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})
        self._counted: dict[str, Attendance] = {}

    @override
    async def async_added_to_hass(self) -> None:
        """Follow whoever may come or go."""
        for coordinator in self._roster:
            look = partial(self._look, coordinator)
            self.async_on_remove(coordinator.async_add_listener(look))
            self._count(coordinator)

    @property
    @override
    def native_value(self) -> int:
        """How many are there."""
        return len(self._there.there)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Of how many, and who is away."""
        there, away = self._there.there, self._there.away
        return {"of": len(there) + len(away), "away": list(away)}

    @property
    def _there(self) -> Attendance:
        return together(self._counted.values())

    def _count(self, coordinator: CameraCoordinator[Any]) -> bool:
        """Count what one agent has; return whether that is news."""
        counted = self.entity_description.attendance_fn(coordinator)
        known = self._counted.get(coordinator.owner)
        self._counted[coordinator.owner] = counted
        return counted != known

    @callback
    def _look(self, coordinator: CameraCoordinator[Any]) -> None:
        if self._count(coordinator):
            self.async_write_ha_state()
