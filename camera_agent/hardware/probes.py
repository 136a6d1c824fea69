"""Sensors of the surroundings, as the kernel's own drivers read them: IIO, hwmon and 1-Wire."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import math
from pathlib import Path
from typing import Final, TypeAlias

from ..wire import Quantity

KEPT: Final = 5  # misses in a row that a value outlasts; a DHT22 misses every other reading

# Drivers in hwmon whose chip hangs in the air: most of what is there measures processors, boards
# and disks instead. jc42 is not among them, for memory modules carry that one.
SURROUNDINGS: Final = frozenset(
    "adt7410 adt7420 adt7422 aht10 aht20 chipcap2 ds1621 ds1625 ds1631 ds1721 ds1731 ds1775 ds620 "
    "hih6130 hs3001 htu31 lm73 lm75 lm75a lm75b mcp980x pct2075 sht15 sht20 sht21 "
    "sht25 sht3x sht4x shtc1 shtc3 shtw1 stds75 sts21 sts3x tmp1075 tmp108 tmp112 tmp175 tmp275 "
    "tmp75 tmp75b tmp75c".split()
)
# 1-Wire thermometers by the family that their id begins with (w1_therm).
THERMOMETERS: Final = {
    "10": "DS18S20",
    "22": "DS1822",
    "28": "DS18B20",
    "3b": "DS1825",
    "42": "DS28EA00",
}
UNPOWERED: Final = 85.0  # °C: what a 1-Wire thermometer says that had no power to measure with

# What each file's number times this is in the units of the wire: millidegrees, thousandths of a
# percent, kilopascal.
_IIO: Final = {
    Quantity.TEMPERATURE: ("in_temp", 0.001),
    Quantity.HUMIDITY: ("in_humidityrelative", 0.001),
    Quantity.PRESSURE: ("in_pressure", 10.0),
}
_HWMON: Final = {
    Quantity.TEMPERATURE: ("temp1_input", 0.001),
    Quantity.HUMIDITY: ("humidity1_input", 0.001),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One quantity of one sensor; the id outlasts restarts, and no value means it is not read."""

    id: str
    sensor: str
    quantity: Quantity
    value: float | None


# Where it sits, what it is called, what it measures, and how to read that.
_Sensor: TypeAlias = tuple[str, str, Quantity, Callable[[], float]]


class Probes:
    """All that is plugged in when it is looked at; root is where /sys is."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._sys = root / "sys"
        self._known: dict[str, tuple[Probe, int]] = {}

    def read(self) -> list[Probe]:
        """Read each, which takes up to a second of some; one that fails keeps its value a while."""
        found: dict[str, tuple[Probe, int]] = {}
        for seat, sensor, quantity, measure in self._sensors():
            name = f"{seat}:{quantity}"
            value, misses = self._value(name, measure)
            probe = Probe(id=name, sensor=sensor, quantity=quantity, value=value)
            found[name] = probe, misses
        self._known = found
        return [found[name][0] for name in sorted(found)]

    def _value(self, name: str, measure: Callable[[], float]) -> tuple[float | None, int]:
        """Return a value and how many times in a row it could not be read."""
        try:
            return round(measure(), 2), 0
        except (OSError, ValueError):
            before, misses = self._known.get(name, (None, 0))
            value = before.value if before and misses < KEPT else None
            return value, misses + 1

    def _sensors(self) -> Iterator[_Sensor]:
        yield from _iio(self._sys / "bus/iio/devices")
        yield from _hwmon(self._sys / "class/hwmon")
        yield from _one_wire(self._sys / "bus/w1/devices")


def _iio(folder: Path) -> Iterator[_Sensor]:
    for device in folder.glob("iio:device*"):
        sensor = _name(device)
        for quantity, (channel, factor) in _IIO.items() if sensor else ():
            if (device / f"{channel}_input").exists() or (device / f"{channel}_raw").exists():
                yield _seat(device), sensor.upper(), quantity, _channel(device, channel, factor)


def _hwmon(folder: Path) -> Iterator[_Sensor]:
    for device in folder.glob("hwmon*"):
        if (sensor := _name(device)) in SURROUNDINGS:
            for quantity, (file, factor) in _HWMON.items():
                if (device / file).exists():
                    yield _seat(device), sensor.upper(), quantity, _file(device / file, factor)


def _one_wire(folder: Path) -> Iterator[_Sensor]:
    for device in folder.glob("*-*"):
        if sensor := THERMOMETERS.get(device.name.partition("-")[0]):
            yield device.name, sensor, Quantity.TEMPERATURE, _thermometer(device / "temperature")


def _channel(device: Path, channel: str, factor: float) -> Callable[[], float]:
    """Read what the driver has computed, or else compute it as it says."""

    def measure() -> float:
        if (computed := device / f"{channel}_input").exists():
            return _number(computed) * factor
        offset = device / f"{channel}_offset"
        raw = _number(device / f"{channel}_raw") + (_number(offset) if offset.exists() else 0.0)
        return raw * _number(device / f"{channel}_scale") * factor

    return measure


def _file(path: Path, factor: float) -> Callable[[], float]:
    return lambda: _number(path) * factor


def _thermometer(path: Path) -> Callable[[], float]:
    def measure() -> float:
        value = _number(path) * 0.001
        if value == UNPOWERED:
            raise ValueError("the thermometer had no power to measure with")
        return value

    return measure


def _number(path: Path) -> float:
    found = float(path.read_text(encoding="ascii"))
    if not math.isfinite(found):
        raise ValueError(f"{path} is not a number")
    return found


def _name(device: Path) -> str:
    try:
        return (device / "name").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""  # it was just pulled out


def _seat(device: Path) -> str:
    """Return what stays the same over restarts: the sensor's place on its bus, as 1-0076."""
    parent = device.resolve().parent
    return parent.parent.name if parent.name == "hwmon" else parent.name
