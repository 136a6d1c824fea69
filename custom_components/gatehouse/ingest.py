"""What devices tell of their sensors by HTTP: checked, kept, and given to the sensors' entities."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .const import DOMAIN
from .known_devices import Device, Key, KnownDevices
from .measures import Value, measure_of, value_of

# A sensor on a battery wakes every quarter or half hour; when it missed two turns, it is lost.
SILENCE: Final = timedelta(hours=1)
LOOK_EVERY: Final = timedelta(minutes=1)

# Many times what a home has: a registry is no place to be filled from outside.
MOST_DEVICES: Final = 200
MOST_SENSORS: Final = 64

# Home Assistant adds an entity within milliseconds, unless somebody has disabled it before.
ADDED_WITHIN: Final = 2.0

INGEST: Final = HassKey["Ingest"](f"{DOMAIN}.ingest")


class IngestRefused(Exception):
    """A device's readings are not taken; `code` is a short name of why."""

    code = "ingest_refused"


class DeviceTaken(IngestRefused):
    """Another user's device has this id."""

    code = "device_taken"


class TooManySensors(IngestRefused):
    """There is no room for more devices or sensors."""

    code = "too_many_sensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a sensor read, and when; None where it could not."""

    value: Value
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a device tells at once."""

    device: str
    name: str | None
    readings: Sequence[Mapping[str, Any]]
    """Each with its key, its value, when that was, and what it says of its sensor."""


class Ingest:
    """Takes what devices tell, and gives it to the entities of their sensors."""

    def __init__(self, hass: HomeAssistant, devices: KnownDevices) -> None:
        """Nobody has told anything."""
        self._hass = hass
        self._devices = devices
        self._readings: dict[Key, Reading] = {}
        self._add: Callable[[Iterable[Key]], None] | None = None
        self._added: set[Key] = set()
        self._entities: dict[Key, Callable[[], None]] = {}
        self._fresh: set[Key] = set()
        self._waiting: dict[Key, asyncio.Event] = {}

    async def take(self, report: Report, user: User) -> int:
        """Take all readings or none; their entities have them when it returns.

        Return how many came too late: a newer one is known. Raises IngestRefused, and Invalid
        where a reading is none of its sensor.
        """
        device = self._device(report, user)
        measures, newest, late = dict(device.sensors), dict[Key, Reading](), 0
        for number, said in enumerate(report.readings):
            sensor = report.device, said["key"]
            with _in_reading(number):
                measure = measure_of(said, measures.get(said["key"]))
                reading = Reading(value=value_of(said["value"], measure), at=said["at"])
            measures[said["key"]] = measure
            known = newest.get(sensor) or self._readings.get(sensor)
            if known is not None and reading.at < known.at:
                late += 1
            else:
                newest[sensor] = reading
        if len(measures) > MOST_SENSORS:
            raise TooManySensors(f"A device has at most {MOST_SENSORS} sensors: use fewer keys")
        self._devices.put(report.device, replace(device, sensors=measures))
        await self._tell(newest)
        return late

    @callback
    def attach(self, add: Callable[[Iterable[Key]], None]) -> CALLBACK_TYPE:
        """Have an entity added for each sensor, those that come too, until unsubscribed."""
        self._add = add
        self._add_new(self._devices.sensors())
        stop = async_track_time_interval(
            self._hass, self._look, LOOK_EVERY, name=f"{DOMAIN} ingest", cancel_on_shutdown=True
        )

        @callback
        def detach() -> None:
            stop()
            self._add = None
            self._added.clear()

        return detach

    @callback
    def follow(
        self, sensor: Key, restored: Reading | None, told: Callable[[], None]
    ) -> CALLBACK_TYPE:
        """Tell an entity of each change, until unsubscribed; it knows what there was before."""
        if restored is not None:
            self._readings.setdefault(sensor, restored)
        self._entities[sensor] = told
        if self.reading(sensor):
            self._fresh.add(sensor)
        if waiting := self._waiting.pop(sensor, None):
            waiting.set()

        @callback
        def leave() -> None:
            self._entities.pop(sensor, None)

        return leave

    def device(self, name: str) -> Device:
        """Return a device that is known."""
        return self._devices[name]

    def reading(self, sensor: Key) -> Reading | None:
        """Return what a sensor read last, None if that was too long ago."""
        known = self._readings.get(sensor)
        is_fresh = known is not None and dt_util.utcnow() - known.at < SILENCE
        return known if is_fresh else None

    @callback
    def forget(self, device: dr.DeviceEntry | dr.ChildDeviceEntry) -> bool:
        """Forget a device that is removed, if it is one of these; it may come back."""
        gone = {name for name, _ in self._devices.sensors() if identity(name) in device.identifiers}
        for name in gone:
            self._devices.forget(name)
        self._added = {sensor for sensor in self._added if sensor[0] not in gone}
        for sensor in [each for each in self._readings if each[0] in gone]:
            del self._readings[sensor]
            self._fresh.discard(sensor)
        return bool(gone)

    async def remove(self) -> None:
        """Forget everything, also on disk."""
        self._readings.clear()
        await self._devices.remove()

    def _device(self, report: Report, user: User) -> Device:
        """Return the device as far as it is known; raises IngestRefused."""
        known = self._devices.get(report.device)
        if known is None:
            if len(self._devices) >= MOST_DEVICES:
                raise TooManySensors("There are too many devices: delete some, or use fewer ids")
            return Device(name=report.name or report.device, owner=user.id, sensors={})
        if known.owner != user.id and not user.is_admin:
            raise DeviceTaken("Another user's device has this id: choose another, or delete it")
        return replace(known, name=report.name or known.name)

    async def _tell(self, newest: Mapping[Key, Reading]) -> None:
        """Tell the entities, and wait for those that are new: they tell what they begin with."""
        self._readings.update(newest)
        self._fresh.update(sensor for sensor in newest if self.reading(sensor))
        for sensor in newest:
            if told := self._entities.get(sensor):
                told()
        new = [sensor for sensor in newest if sensor not in self._added]
        self._waiting.update({sensor: asyncio.Event() for sensor in new})
        self._add_new(new)
        with suppress(TimeoutError):
            async with asyncio.timeout(ADDED_WITHIN):
                for waiting in [self._waiting.get(sensor) for sensor in newest]:
                    if waiting is not None:
                        await waiting.wait()
        for sensor in new:
            self._waiting.pop(sensor, None)

    def _add_new(self, sensors: Iterable[Key]) -> None:
        new = [sensor for sensor in sensors if sensor not in self._added]
        if self._add is not None and new:
            self._added.update(new)
            self._add(new)

    @callback
    def _look(self, _: datetime) -> None:
        """Tell the entities of those that are silent for too long, once."""
        for sensor in [each for each in self._fresh if not self.reading(each)]:
            self._fresh.discard(sensor)
            if told := self._entities.get(sensor):
                told()


@singleton(INGEST, async_=True)
async def async_ingest(hass: HomeAssistant) -> Ingest:
    """Return what takes readings; it outlives a reload, as its devices do."""
    devices = KnownDevices(hass)
    await devices.load()
    return Ingest(hass, devices)


def identity(device: str) -> tuple[str, str]:
    """Return by what Home Assistant knows a device."""
    return DOMAIN, f"ingested/{device}"


@contextmanager
def _in_reading(number: int) -> Iterator[None]:
    """Say of which reading it is that something is wrong."""
    try:
        yield
    except vol.Invalid as err:
        raise vol.Invalid(err.error_message, ["readings", number, *err.path]) from None
