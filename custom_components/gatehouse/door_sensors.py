"""How an agent with doors decides, and who was at a door last."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime

from . import GatehouseConfigEntry
from .agent import AccessState
from .agent_coordinator import AgentCoordinator
from .door_entity import Door, PassageEntity
from .entity import AgentEntity
from .models import PassageKind

MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class AccessSensor(SensorEntityDescription):
    """A figure of how an agent decides."""

    value_fn: Callable[[AccessState], float | int | datetime | None]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


@dataclass(frozen=True, kw_only=True)
class LatencySensor(AccessSensor):
    """How long decisions take."""

    device_class: SensorDeviceClass | None = SensorDeviceClass.DURATION
    native_unit_of_measurement: str | None = UnitOfTime.MILLISECONDS
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 2


ACCESS_SENSORS: Final = (
    LatencySensor(
        key="decision_latency_p50",
        value_fn=lambda access: _milliseconds(access.latency_p50),
    ),
    LatencySensor(
        key="decision_latency_p99",
        value_fn=lambda access: _milliseconds(access.latency_p99),
    ),
    AccessSensor(
        key="grants_issued",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda access: access.issued,
    ),
    AccessSensor(
        key="grants_version",
        entity_registry_enabled_default=False,
        value_fn=lambda access: access.version,
    ),
    AccessSensor(
        key="passages_waiting",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda access: access.waiting,
    ),
)


def access_sensors(coordinator: AgentCoordinator) -> Iterator[SensorEntity]:
    """Yield the figures of an agent with doors."""
    for sensor in ACCESS_SENSORS:
        yield AccessFigure(coordinator, sensor)


class AccessFigure(AgentEntity, SensorEntity):
    """One figure of how an agent decides."""

    entity_description: AccessSensor

    def __init__(self, coordinator: AgentCoordinator, description: AccessSensor) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | int | datetime | None:
        """The figure now; None while there is none."""
        access = self.coordinator.data.access
        return self.entity_description.value_fn(access) if access else None


class LastActor(PassageEntity[Door], SensorEntity):
    """Who was let in or out last; off unless somebody wants it, as it is kept with the history."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _kinds = (PassageKind.GRANTED, PassageKind.EXIT)

    def __init__(self, entry: GatehouseConfigEntry, door: Door) -> None:
        """Be the door's last actor."""
        super().__init__(entry, door, "last_actor")

    @property
    @override
    def native_value(self) -> str | None:
        """What people call them; None for somebody whom nobody knows."""
        return self._last.person if self._last else None


def _milliseconds(span: timedelta | None) -> float | None:
    return None if span is None else span / MILLISECOND
