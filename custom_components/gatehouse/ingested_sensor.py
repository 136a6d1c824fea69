"""Sensors of devices that tell what they read by HTTP."""

from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import ExtraStoredData, RestoreEntity
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .const import DOMAIN
from .ingest import Ingest, Reading, async_ingest, identity
from .known_devices import Device, Key


async def async_follow_devices(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for each that a device told of, now or later."""
    ingest = await async_ingest(hass)
    site = dr.async_get_device_id_by_identifier(
        hass, (DOMAIN, entry.entry_id), config_entry_id=entry.entry_id
    )
    entry.async_on_unload(
        ingest.attach(
            lambda sensors: async_add_entities(
                IngestedSensor(ingest, sensor, site) for sensor in sensors
            )
        )
    )


class StoredReading(ExtraStoredData):
    """A reading as Home Assistant keeps it over a restart."""

    def __init__(self, reading: Reading | None) -> None:
        """Keep this."""
        self._reading = reading

    @override
    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        if self._reading is None:
            return {}
        return {"value": self._reading.value, "at": self._reading.at.isoformat()}


class IngestedSensor(RestoreEntity, SensorEntity):
    """One sensor of a device; unavailable when the device is silent for too long."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, ingest: Ingest, sensor: Key, site: str) -> None:
        """Belong to the device, which is below the site's."""
        device, key = sensor
        self._ingest = ingest
        self._sensor = sensor
        self._attr_unique_id = f"ingested/{device}/{key}"
        self._attr_device_info = DeviceInfo(
            identifiers={identity(device)},
            name=self._device.name,
            via_device_id=site,
        )
        self._take_up()

    @property
    def reading(self) -> Reading | None:
        """What it read last, None if that was too long ago."""
        return self._ingest.reading(self._sensor)

    @property
    @override
    def available(self) -> bool:
        """Whether it read anything lately."""
        return self.reading is not None

    @property
    @override
    def extra_restore_state_data(self) -> StoredReading:
        """What is to be known after a restart."""
        return StoredReading(self.reading)

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what there was; the state is written before anybody who waits goes on."""
        await super().async_added_to_hass()
        restored = await self._restored()
        self.async_on_remove(self._ingest.follow(self._sensor, restored, self._told))
        self._take_up()

    async def _restored(self) -> Reading | None:
        stored = await self.async_get_last_extra_data()
        fields = stored.as_dict() if stored else {}
        at = dt_util.parse_datetime(fields.get("at") or "")
        return Reading(value=fields["value"], at=at) if at else None

    @property
    def _device(self) -> Device:
        return self._ingest.device(self._sensor[0])

    @callback
    def _told(self) -> None:
        self._take_up()
        self.async_write_ha_state()
        if self.device_entry and self.device_entry.name != self._device.name:
            registry = dr.async_get(self.hass)
            registry.async_update_device(self.device_entry.id, name=self._device.name)

    def _take_up(self) -> None:
        measure, reading = self._device.sensors[self._sensor[1]], self.reading
        self._attr_name = measure.name
        self._attr_native_unit_of_measurement = measure.unit
        self._attr_device_class = measure.device_class
        self._attr_state_class = measure.state_class
        self._attr_native_value = reading.value if reading else None
