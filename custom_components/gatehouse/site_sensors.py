"""How many of the site's agents and cameras are there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo

from . import GatehouseConfigEntry
from .const import DOMAIN
from .roster import Attendance, Roster


@dataclass(frozen=True, kw_only=True)
class Count(SensorEntityDescription):
    """How many of a kind are there."""

    attendance_fn: Callable[[Roster], Attendance]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


COUNTS: Final = (
    Count(key="agents_online", attendance_fn=lambda roster: roster.agents_there()),
    Count(key="cameras_online", attendance_fn=lambda roster: roster.cameras_there()),
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
        self._counted = Attendance()

    @override
    async def async_added_to_hass(self) -> None:
        """Follow whoever may come or go."""
        for coordinator in self._roster:
            self.async_on_remove(coordinator.async_add_listener(self._look))
        self._counted = self._count()

    @property
    @override
    def native_value(self) -> int:
        """How many are there."""
        return len(self._counted.there)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Of how many, and who is away."""
        there, away = self._counted.there, self._counted.away
        return {"of": len(there) + len(away), "away": list(away)}

    def _count(self) -> Attendance:
        return self.entity_description.attendance_fn(self._roster)

    @callback
    def _look(self) -> None:
        if (counted := self._count()) != self._counted:
            self._counted = counted
            self.async_write_ha_state()
