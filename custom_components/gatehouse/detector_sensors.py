"""How the site's detection does, and each detector that it is made of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.event import async_track_time_interval

from . import GatehouseConfigEntry
from .const import DOMAIN, DetectorKind
from .detection import Detection, DetectorStatus
from .vision import DetectorHealth, DetectorState

# Five pictures a second change these numbers, and nobody reads them as fast.
NUMBERS_EVERY: Final = timedelta(seconds=10)

FIGURE_ID: Final = "detector_figure"


@dataclass(frozen=True, kw_only=True)
class DetectorFigure(SensorEntityDescription):
    """A figure of one detector."""

    value_fn: Callable[[DetectorHealth], str | float | int | None]
    attributes_fn: Callable[[DetectorHealth], dict[str, Any]] = lambda _: {}
    at_once: bool = False
    """Whether a new state of the detector is written as soon as it is known."""
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


FIGURES: tuple[DetectorFigure, ...] = (
    DetectorFigure(
        key="health",
        translation_key="detector_health",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in DetectorState],
        at_once=True,
        value_fn=lambda health: health.state.value,
        attributes_fn=lambda health: {
            "error": health.error,
            "answered": health.answered,
            "failures": health.failures,
        },
    ),
    DetectorFigure(
        key="latency",
        translation_key="detector_latency",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda health: _milliseconds(health.latency),
    ),
    DetectorFigure(
        key="queue",
        translation_key="detector_queue",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value_fn=lambda health: health.waiting,
    ),
)


def detector_sensors(hass: HomeAssistant, entry: GatehouseConfigEntry) -> Iterator[SensorEntity]:
    """Make the sensors of the detectors that are chosen, and forget those of the others."""
    names = entry.runtime_data.detection.names
    _forget_others(hass, entry, {_figure_id(entry, kind, f) for kind in names for f in FIGURES})
    yield DetectionSensor(entry)
    yield DetectionRate(entry)
    for kind, name in names.items():
        for figure in FIGURES:
            yield DetectorFigureSensor(entry, kind, name, figure)


class SiteSensor(SensorEntity):
    """Something about the site's detection, which tells when it changes."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: GatehouseConfigEntry) -> None:
        """Belong to the site's device."""
        self._detection: Detection = entry.runtime_data.detection
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the detection."""
        self.async_on_remove(self._detection.subscribe(self._changed))

    @callback
    def _changed(self) -> None:
        self.async_write_ha_state()


class DetectionSensor(SiteSensor):
    """How far the site's detection has come."""

    _attr_translation_key = "detector"
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_options = [status.value for status in DetectorStatus]  # noqa: RUF012 - Home Assistant's own shape
    _unrecorded_attributes = frozenset({"progress", "error", "runtime"})

    def __init__(self, entry: GatehouseConfigEntry) -> None:
        """There is one in a site."""
        super().__init__(entry)
        self._attr_unique_id = f"{entry.entry_id}_detector"

    @property
    @override
    def native_value(self) -> str:
        """The detection's status."""
        return self._detection.status.value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """The download's percent, the reason of a failure, what runs the model here."""
        detection = self._detection
        return {
            "progress": detection.progress,
            "error": detection.error,
            "runtime": detection.runtime,
        }


class DetectionRate(SiteSensor):
    """How many pictures all detectors look at in a second, on average since the last look."""

    _attr_translation_key = "detection_rate"
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_native_value: float = 0.0
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 1

    def __init__(self, entry: GatehouseConfigEntry) -> None:
        """There is one in a site."""
        super().__init__(entry)
        self._attr_unique_id = f"{entry.entry_id}_detection_rate"
        self._answered = self._count()

    @override
    async def async_added_to_hass(self) -> None:
        """Look now and then."""
        self.async_on_remove(
            async_track_time_interval(self.hass, self._look, NUMBERS_EVERY, cancel_on_shutdown=True)
        )

    def _count(self) -> int:
        return sum(each.answered for each in self._detection.health)

    @callback
    def _look(self, _: object) -> None:
        before, self._answered = self._answered, self._count()
        rate = (self._answered - before) / NUMBERS_EVERY.total_seconds()
        if rate != self._attr_native_value:
            self._attr_native_value = rate
            self.async_write_ha_state()


class DetectorFigureSensor(SiteSensor):
    """One figure of one detector; its state is written at once, its numbers now and then."""

    entity_description: DetectorFigure
    _unrecorded_attributes = frozenset({"error", "answered", "failures"})

    def __init__(
        self,
        entry: GatehouseConfigEntry,
        kind: DetectorKind,
        name: str,
        description: DetectorFigure,
    ) -> None:
        """Read what the description reads of the detector of this kind."""
        super().__init__(entry)
        self.entity_description = description
        self._kind = kind
        self._attr_unique_id = _figure_id(entry, kind, description)
        self._attr_translation_placeholders = {"detector": name}
        self._written = self._health

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the detector."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_track_time_interval(self.hass, self._look, NUMBERS_EVERY, cancel_on_shutdown=True)
        )

    @property
    @override
    def native_value(self) -> str | float | int | None:
        """The figure now."""
        return self.entity_description.value_fn(self._health)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What explains the figure."""
        return self.entity_description.attributes_fn(self._health)

    @property
    def _health(self) -> DetectorHealth:
        return next(each for each in self._detection.health if each.name == self._kind)

    @callback
    @override
    def _changed(self) -> None:
        """Write a new state; numbers wait for their time."""
        if self.entity_description.at_once and self._health.state is not self._written.state:
            self._look()

    @callback
    def _look(self, _: object = None) -> None:
        health = self._health
        if health != self._written:
            self._written = health
            self.async_write_ha_state()


def _milliseconds(latency: timedelta | None) -> float | None:
    return None if latency is None else round(latency.total_seconds() * 1000, 1)


def _figure_id(entry: GatehouseConfigEntry, kind: DetectorKind, figure: DetectorFigure) -> str:
    return f"{entry.entry_id}_{FIGURE_ID}_{kind}_{figure.key}"


def _forget_others(hass: HomeAssistant, entry: GatehouseConfigEntry, kept: set[str]) -> None:
    registry = er.async_get(hass)
    prefix = f"{entry.entry_id}_{FIGURE_ID}_"
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id.startswith(prefix) and entity.unique_id not in kept:
            registry.async_remove(entity.entity_id)
