"""How the machine is that Home Assistant runs on, and the graphics processors in it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import GatehouseConfigEntry
from .agent import Gpu
from .const import DOMAIN
from .machine_figures import MACHINE_FIGURES, MachineFigure
from .machine_sensors import GPU_FIGURES, GpuFigure, gpu_value
from .site_machine import SiteMachine

# What belongs on a dashboard; whoever wants the others enables them.
WANTED: Final = frozenset({"cpu", "memory", "disk", "temperature"})

TEMPERATURE: Final = "system_temperature"

SYSTEM_FIGURES: Final = tuple(
    replace(
        figure,
        key=f"system_{figure.key}",
        entity_registry_enabled_default=figure.key in WANTED,
    )
    for figure in MACHINE_FIGURES
)


def system_sensors(entry: GatehouseConfigEntry) -> Iterator[SensorEntity]:
    """Yield the sensors of the machine that Home Assistant runs on."""
    machine = entry.runtime_data.machine
    for figure in SYSTEM_FIGURES:
        yield SystemSensor(machine, figure)
    for gpu in machine.data.gpus:
        for each in GPU_FIGURES:
            yield SystemGpu(machine, gpu, each)


class SystemSensor(CoordinatorEntity[SiteMachine], SensorEntity):
    """One figure of the machine."""

    _attr_has_entity_name = True
    entity_description: MachineFigure

    def __init__(self, machine: SiteMachine, description: MachineFigure) -> None:
        """Belong to the site's device."""
        super().__init__(machine)
        site = machine.config_entry.entry_id
        self.entity_description = description
        self._attr_unique_id = f"{site}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, site)})
        # A virtual machine has no thermometer.
        if description.key == TEMPERATURE and machine.data.temperature is None:
            self._attr_entity_registry_enabled_default = False

    @property
    @override
    def native_value(self) -> float | int | datetime | None:
        """The newest reading; None where this machine cannot tell, or not yet."""
        return self.entity_description.value_fn(self.coordinator.data)


class SystemGpu(CoordinatorEntity[SiteMachine], SensorEntity):
    """One figure of a graphics processor in the machine."""

    _attr_has_entity_name = True
    entity_description: GpuFigure

    def __init__(self, machine: SiteMachine, gpu: Gpu, description: GpuFigure) -> None:
        """Belong to the site's device."""
        super().__init__(machine)
        site = machine.config_entry.entry_id
        self.entity_description = description
        self._attr_unique_id = f"{site}_{description.key}_{gpu.id}"
        self._attr_translation_key = description.key
        self._attr_translation_placeholders = {"gpu": gpu.name}
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, site)})
        self._gpu = gpu.id

    @property
    @override
    def native_value(self) -> float | None:
        """The newest reading; None where it cannot tell."""
        return gpu_value(self.coordinator.data, self._gpu, self.entity_description)
