"""How much is kept here and off-site, how much was deleted, and what waits to be uploaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform, UnitOfInformation, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .agent_coordinator import AgentCoordinator
from .const import CONF_S3_BUCKET, DOMAIN
from .entity import AgentEntity
from .options import chosen
from .storage import Figures
from .storage_coordinator import StorageCoordinator


@dataclass(frozen=True, kw_only=True)
class StorageFigure(SensorEntityDescription):
    """A figure of what the site keeps."""

    value_fn: Callable[[Figures], int]
    attributes_fn: Callable[[Figures, Mapping[str, str]], dict[str, Any]] = (
        lambda _figures, _names: {}
    )
    """What explains it, with the names of the cameras by their keys."""
    of_uploads: bool = False
    """Whether it is about an off-site storage."""
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC


def _size(key: str, state_class: SensorStateClass, **more: Any) -> StorageFigure:
    return StorageFigure(
        key=key,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=state_class,
        **more,
    )


def _uploads(figures: Figures, names: Mapping[str, str]) -> dict[str, Any]:
    progress = figures.progress
    return {
        "size": figures.backlog.size,
        "uploading": [
            {"camera": names.get(each.camera, each.camera), "percent": each.percent}
            for each in progress.uploading
        ],
        "error": progress.reason,
        "failing_since": progress.failing_since,
    }


def _waiting(figures: Figures) -> int:
    oldest = figures.backlog.oldest
    age = timedelta(0) if oldest is None else dt_util.utcnow() - oldest
    return max(0, round(age.total_seconds()))


FIGURES: tuple[StorageFigure, ...] = (
    StorageFigure(
        key="upload_queue",
        state_class=SensorStateClass.MEASUREMENT,
        of_uploads=True,
        value_fn=lambda figures: figures.backlog.depth,
        attributes_fn=_uploads,
    ),
    # A span, so that an automation can say "above an hour"; 0 while nothing waits.
    StorageFigure(
        key="upload_waiting",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        of_uploads=True,
        value_fn=_waiting,
    ),
    _size(
        "stored_offsite",
        SensorStateClass.MEASUREMENT,
        of_uploads=True,
        entity_registry_enabled_default=False,
        value_fn=lambda figures: figures.stock.away_bytes,
        attributes_fn=lambda figures, _: {"clips": figures.stock.away},
    ),
    _size(
        "stored_here",
        SensorStateClass.MEASUREMENT,
        value_fn=lambda figures: figures.stock.here_bytes,
        attributes_fn=lambda figures, _: {"clips": figures.stock.here},
    ),
    _size(
        "freed",
        SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda figures: figures.stock.freed,
    ),
)


class StorageSensor(CoordinatorEntity[StorageCoordinator], SensorEntity):
    """One figure of what the site keeps."""

    _attr_has_entity_name = True
    _unrecorded_attributes = frozenset({"size", "uploading", "error", "failing_since", "clips"})
    entity_description: StorageFigure

    def __init__(self, coordinator: StorageCoordinator, description: StorageFigure) -> None:
        """Belong to the site's device."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.entity_description = description
        self._camera_names = entry.runtime_data.camera_names
        self._attr_unique_id = _unique_id(entry, description)
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})

    @property
    @override
    def native_value(self) -> int:
        """The figure now."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What explains the figure."""
        return self.entity_description.attributes_fn(self.coordinator.data, self._camera_names())


class SpoolSensor(AgentEntity, SensorEntity):
    """How many clips of the time in which nobody listened are still on a Pi."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_state_class = SensorStateClass.MEASUREMENT
    _unrecorded_attributes = frozenset({"size"})

    def __init__(self, coordinator: AgentCoordinator) -> None:
        """Read what the agent tells with its stats."""
        super().__init__(coordinator, "spool")

    @property
    @override
    def native_value(self) -> int | None:
        """How many are still there; None if the agent keeps none."""
        spool = self.coordinator.data.spool
        return None if spool is None else spool.clips

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """How large they are, and how many had to go before anybody came for them."""
        spool = self.coordinator.data.spool
        return {} if spool is None else {"size": spool.size, "lost": spool.lost}


async def async_storage_sensors(
    hass: HomeAssistant, entry: GatehouseConfigEntry
) -> list[StorageSensor]:
    """Make the sensors of the storage; without an off-site one, forget those of uploads."""
    coordinator = StorageCoordinator(hass, entry)
    await coordinator.async_start()
    uploads = bool(chosen(entry)[CONF_S3_BUCKET])
    if not uploads:
        _forget_uploads(hass, entry)
    wanted = (figure for figure in FIGURES if uploads or not figure.of_uploads)
    return [StorageSensor(coordinator, figure) for figure in wanted]


def _forget_uploads(hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
    registry = er.async_get(hass)
    for figure in FIGURES:
        name = _unique_id(entry, figure)
        gone = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, name)
        if gone and figure.of_uploads:
            registry.async_remove(gone)


def _unique_id(entry: GatehouseConfigEntry, figure: StorageFigure) -> str:
    return f"{entry.entry_id}_{figure.key}"
