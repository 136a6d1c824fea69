"""What is measured of any machine, a Pi or the one that Home Assistant runs on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfTemperature,
)

from .agent import AgentStats


@dataclass(frozen=True, kw_only=True)
class Figure(SensorEntityDescription):
    """A figure that is off unless somebody wants it, as it is another one each time."""

    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    entity_registry_enabled_default: bool = False
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


@dataclass(frozen=True, kw_only=True)
class MachineFigure(Figure):
    """A figure of a machine as a whole."""

    value_fn: Callable[[AgentStats], float | int | datetime | None]


def _percent(key: str, value: Callable[[AgentStats], float | None], **more: Any) -> MachineFigure:
    return MachineFigure(
        key=key,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=value,
        **more,
    )


def _size(
    key: str, unit: UnitOfInformation, value: Callable[[AgentStats], int | None]
) -> MachineFigure:
    return MachineFigure(
        key=key,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=unit,
        suggested_display_precision=1,
        value_fn=value,
    )


def _rate(key: str, value: Callable[[AgentStats], float | None]) -> MachineFigure:
    return MachineFigure(
        key=key,
        device_class=SensorDeviceClass.DATA_RATE,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        suggested_unit_of_measurement=UnitOfDataRate.KILOBYTES_PER_SECOND,
        suggested_display_precision=0,
        value_fn=value,
    )


MACHINE_FIGURES: Final = (
    MachineFigure(
        key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        entity_registry_enabled_default=True,
        value_fn=lambda stats: stats.temperature,
    ),
    _percent("cpu", lambda stats: stats.cpu_percent, entity_registry_enabled_default=True),
    _percent("disk", lambda stats: stats.disk_percent, entity_registry_enabled_default=True),
    _percent("memory", lambda stats: stats.memory_percent),
    _size("disk_free", UnitOfInformation.GIGABYTES, lambda stats: stats.disk_free_bytes),
    _rate("received", lambda stats: stats.received_bytes_s),
    _rate("sent", lambda stats: stats.sent_bytes_s),
    MachineFigure(
        key="load",
        suggested_display_precision=2,
        value_fn=lambda stats: stats.load,
    ),
    MachineFigure(
        key="booted",
        device_class=SensorDeviceClass.UPTIME,
        state_class=None,
        value_fn=lambda stats: stats.booted,
    ),
)

# Only of a Pi: what its cameras and encoders take their pictures from.
CAMERA_MEMORY: Final = _size(
    "cma_free", UnitOfInformation.MEGABYTES, lambda stats: stats.cma_free_bytes
)
