"""What is plugged into a Pi: its probes and graphics processors, which come and go."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfPressure, UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .agent import AgentStats, Gpu, Probe, Quantity
from .agent_coordinator import AgentCoordinator
from .entity import AgentEntity, async_follow

# An agent that has just begun has not read all of its sensors.
SETTLED: Final = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class ProbeSensor(SensorEntityDescription):
    """What a probe of one quantity is for Home Assistant."""

    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 1


@dataclass(frozen=True, kw_only=True)
class GpuFigure(SensorEntityDescription):
    """A figure of a graphics processor."""

    value_fn: Callable[[Gpu], float | None]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 0


PROBES: Final[Mapping[Quantity, ProbeSensor]] = {
    Quantity.TEMPERATURE: ProbeSensor(
        key="probe_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
    ),
    Quantity.HUMIDITY: ProbeSensor(
        key="probe_humidity",
        device_class=SensorDeviceClass.HUMIDITY,
        native_unit_of_measurement=PERCENTAGE,
    ),
    Quantity.PRESSURE: ProbeSensor(
        key="probe_pressure",
        device_class=SensorDeviceClass.ATMOSPHERIC_PRESSURE,
        native_unit_of_measurement=UnitOfPressure.HPA,
    ),
}

GPU_FIGURES: Final = (
    GpuFigure(
        key="gpu_utilisation",
        native_unit_of_measurement=PERCENTAGE,
        value_fn=lambda gpu: gpu.utilisation_percent,
    ),
    GpuFigure(
        key="gpu_memory",
        entity_registry_enabled_default=False,
        native_unit_of_measurement=PERCENTAGE,
        value_fn=lambda gpu: gpu.memory_percent,
    ),
    GpuFigure(
        key="gpu_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        value_fn=lambda gpu: gpu.temperature,
    ),
)


@callback
def async_follow_machines(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for whatever is plugged into a Pi, now or later; remove it when that is gone."""
    registry = er.async_get(hass)
    for coordinator in entry.runtime_data.cameras.agents.values():
        plugged = Plugged(registry, coordinator, async_add_entities)
        plugged.look()
        async_follow(entry, coordinator, plugged.look)


class Plugged:
    """The sensors of what is plugged into one Pi, by their unique ids."""

    def __init__(
        self,
        registry: er.EntityRegistry,
        coordinator: AgentCoordinator,
        async_add_entities: AddConfigEntryEntitiesCallback,
    ) -> None:
        """Nothing is known to be plugged in."""
        self._registry = registry
        self._coordinator = coordinator
        self._add = partial(async_add_entities, config_subentry_id=coordinator.subentry.subentry_id)
        self._known: dict[str, MachineSensor] = {}

    @callback
    def look(self) -> None:
        """Take what the Pi tells of now."""
        told = {str(sensor.unique_id): sensor for sensor in _sensors(self._coordinator)}
        new = {key: sensor for key, sensor in told.items() if key not in self._known}
        if new:
            self._known |= new
            self._add(new.values())
        connected = self._coordinator.last_update_success
        if connected and dt_util.utcnow() - self._coordinator.since >= SETTLED:
            for gone in self._known.keys() - told.keys():
                self._remove(self._known.pop(gone))

    def _remove(self, sensor: MachineSensor) -> None:
        if sensor.registry_entry:
            self._registry.async_remove(sensor.entity_id)


class MachineSensor(AgentEntity, SensorEntity):
    """One figure of something that is plugged into a Pi."""

    @property
    @override
    def available(self) -> bool:
        """Whether it can be read."""
        return super().available and self.native_value is not None


class ProbeValue(MachineSensor):
    """What one probe measures."""

    def __init__(self, coordinator: AgentCoordinator, probe: Probe, name: str) -> None:
        """Call the probe by this name."""
        description = PROBES[probe.quantity]
        super().__init__(coordinator, f"probe_{probe.id}")
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_translation_placeholders = {"sensor": name}
        self._probe = probe.id

    @property
    @override
    def native_value(self) -> float | None:
        """The newest reading; None while it cannot be read."""
        probes = self.coordinator.data.probes
        return next((probe.value for probe in probes if probe.id == self._probe), None)


class GpuValue(MachineSensor):
    """One figure of a graphics processor."""

    entity_description: GpuFigure

    def __init__(self, coordinator: AgentCoordinator, gpu: Gpu, description: GpuFigure) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, f"{description.key}_{gpu.id}")
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_translation_placeholders = {"gpu": gpu.name}
        self._gpu = gpu.id

    @property
    @override
    def native_value(self) -> float | None:
        """The newest reading; None where it cannot tell."""
        return gpu_value(self.coordinator.data.stats, self._gpu, self.entity_description)


def gpu_value(stats: AgentStats, gpu: str, figure: GpuFigure) -> float | None:
    """Return a figure of the graphics processor of this id; None where it cannot tell."""
    return next((figure.value_fn(each) for each in stats.gpus if each.id == gpu), None)


def _sensors(coordinator: AgentCoordinator) -> Iterator[MachineSensor]:
    probes = coordinator.data.probes
    for probe in probes:
        yield ProbeValue(coordinator, probe, _name(probe, probes))
    for gpu in coordinator.data.stats.gpus:
        for figure in GPU_FIGURES:
            yield GpuValue(coordinator, gpu, figure)


def _name(probe: Probe, probes: tuple[Probe, ...]) -> str:
    """Return what to call a probe: by its address too, where others are of its make."""
    alike = [each for each in probes if _make(each) == _make(probe)]
    return probe.sensor if len(alike) == 1 else f"{probe.sensor} {probe.id.partition(':')[0]}"


def _make(probe: Probe) -> tuple[str, Quantity]:
    return probe.sensor, probe.quantity
