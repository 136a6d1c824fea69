"""Which devices tell of their sensors by HTTP, kept so that these exist after a restart."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .measures import Measure

VERSION: Final = 1

# A device says something new of its sensors when somebody changes its program: seldom.
SAVE_DELAY: Final = 1

type Key = tuple[str, str]
"""A device, and the key of one of its sensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that tells of its sensors."""

    name: str
    owner: str
    """The id of the user who told of it first: no other may, but administrators."""
    sensors: Mapping[str, Measure]


class KnownDevices:
    """The devices that ever told of a sensor, by their ids."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is known before load()."""
        self._store = Store[dict[str, dict[str, Any]]](hass, VERSION, f"{DOMAIN}.devices")
        self._devices: dict[str, Device] = {}

    def __len__(self) -> int:
        """Count the devices."""
        return len(self._devices)

    async def load(self) -> None:
        """Read what was stored."""
        stored = await self._store.async_load() or {}
        self._devices = {device: _device(fields) for device, fields in stored.items()}

    def __getitem__(self, device: str) -> Device:
        """Return a device that told of a sensor."""
        return self._devices[device]

    def get(self, device: str) -> Device | None:
        """Return a device, if it ever told of a sensor."""
        return self._devices.get(device)

    def sensors(self) -> Iterator[Key]:
        """Yield every sensor."""
        for name, device in self._devices.items():
            for key in device.sensors:
                yield name, key

    @callback
    def put(self, name: str, device: Device) -> None:
        """Remember a device; written only when it is new."""
        if self._devices.get(name) != device:
            self._devices[name] = device
            self._store.async_delay_save(self._fields, SAVE_DELAY)

    @callback
    def forget(self, name: str) -> None:
        """Forget a device."""
        if self._devices.pop(name, None):
            self._store.async_delay_save(self._fields, SAVE_DELAY)

    async def remove(self) -> None:
        """Forget everything, also on disk."""
        self._devices = {}
        await self._store.async_remove()

    def _fields(self) -> dict[str, dict[str, Any]]:
        return {name: asdict(device) for name, device in self._devices.items()}


def _device(fields: dict[str, Any]) -> Device:
    sensors = {key: _measure(each) for key, each in fields["sensors"].items()}
    return Device(name=fields["name"], owner=fields["owner"], sensors=sensors)


def _measure(fields: dict[str, Any]) -> Measure:
    device_class, state_class = fields["device_class"], fields["state_class"]
    return Measure(
        name=fields["name"],
        unit=fields["unit"],
        device_class=SensorDeviceClass(device_class) if device_class else None,
        state_class=SensorStateClass(state_class) if state_class else None,
    )
