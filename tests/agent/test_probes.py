"""Sensors of the surroundings, by the files that their drivers show."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import threading

import pytest

from camera_agent import surroundings as module
from camera_agent.hardware.probes import KEPT, Probe, Probes
from camera_agent.surroundings import Surroundings
from camera_agent.wire import Quantity
from tests.waiting import eventually

SOC = "sys/devices/platform/soc"
IIO = "sys/bus/iio/devices"
HWMON = "sys/class/hwmon"
W1 = "sys/bus/w1/devices"
BME280 = {
    "name": "bme280\n",
    "in_temp_input": "25080\n",
    "in_humidityrelative_input": "44300\n",
    "in_pressure_input": "100.653267578\n",
}
OUTSIDE = Probe(
    id="28-0316a2795aff:temperature",
    sensor="DS18B20",
    quantity=Quantity.TEMPERATURE,
    value=21.31,
)


def plug(root: Path, seat: str, shown: str, files: dict[str, str]) -> Path:
    """Lay a device where it sits, and show it by a link as the kernel does."""
    device, link = root / SOC / seat, root / shown
    device.mkdir(parents=True, exist_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(device)
    for name, text in files.items():
        (device / name).write_text(text)
    return device


def thermometer(root: Path, name: str = "28-0316a2795aff", text: str = "21312\n") -> Path:
    return plug(root, f"w1_bus_master1/{name}", f"{W1}/{name}", {"temperature": text})


def values(probes: list[Probe]) -> dict[str, float | None]:
    return {probe.id: probe.value for probe in probes}


def test_an_iio_sensor_measures_all_that_it_has_in_the_units_of_the_wire(tmp_path: Path) -> None:
    plug(tmp_path, "i2c-1/1-0076/iio:device0", f"{IIO}/iio:device0", BME280)

    probes = Probes(tmp_path).read()

    assert values(probes) == {
        "1-0076:humidity": 44.3,
        "1-0076:pressure": 1006.53,
        "1-0076:temperature": 25.08,
    }
    assert {probe.sensor for probe in probes} == {"BME280"}


def test_a_sensor_is_the_same_whatever_number_it_gets(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    plug(first, "i2c-1/1-0076/iio:device0", f"{IIO}/iio:device0", BME280)
    plug(second, "dht11@4/iio:device0", f"{IIO}/iio:device0", BME280 | {"name": "dht11\n"})
    plug(second, "i2c-1/1-0076/iio:device1", f"{IIO}/iio:device1", BME280)

    ids = [probe.id for probe in Probes(first).read()]

    assert [probe.id for probe in Probes(second).read() if probe.sensor == "BME280"] == ids


def test_a_driver_that_leaves_the_computing_to_others_is_read_too(tmp_path: Path) -> None:
    raw = {
        "name": "si7020\n",
        "in_temp_raw": "6800\n",
        "in_temp_offset": "-4368\n",
        "in_temp_scale": "10.725\n",
        "in_humidityrelative_raw": "4400\n",
        "in_humidityrelative_scale": "10\n",
    }
    plug(tmp_path, "i2c-1/1-0040/iio:device0", f"{IIO}/iio:device0", raw)

    assert values(Probes(tmp_path).read()) == {
        "1-0040:humidity": 44.0,
        "1-0040:temperature": 26.08,
    }


def test_of_hwmon_only_what_hangs_in_the_air_counts(tmp_path: Path) -> None:
    lm75 = {"name": "lm75\n", "temp1_input": "23500\n"}
    sht3x = {"name": "sht3x\n", "temp1_input": "21000\n", "humidity1_input": "55500\n"}
    plug(tmp_path, "i2c-1/1-0048/hwmon/hwmon1", f"{HWMON}/hwmon1", lm75)
    plug(tmp_path, "i2c-1/1-0044/hwmon/hwmon2", f"{HWMON}/hwmon2", sht3x)
    plug(tmp_path, "cpu/hwmon/hwmon0", f"{HWMON}/hwmon0", lm75 | {"name": "cpu_thermal\n"})
    plug(tmp_path, "nameless/hwmon/hwmon3", f"{HWMON}/hwmon3", {"temp1_input": "23500\n"})

    assert values(Probes(tmp_path).read()) == {
        "1-0044:humidity": 55.5,
        "1-0044:temperature": 21.0,
        "1-0048:temperature": 23.5,
    }


def test_a_thermometer_on_one_wire_is_known_by_its_number(tmp_path: Path) -> None:
    thermometer(tmp_path)
    plug(tmp_path, "w1_bus_master1", f"{W1}/w1_bus_master1", {})
    plug(tmp_path, "w1/01-0000deadbeef", f"{W1}/01-0000deadbeef", {"id": "a key fob"})

    assert Probes(tmp_path).read() == [OUTSIDE]


@pytest.mark.parametrize("text", ["", "85000\n", "nan\n", "t=21312\n"])
def test_what_is_no_reading_keeps_the_last_value_a_while_and_is_then_unknown(
    tmp_path: Path, text: str
) -> None:
    device = thermometer(tmp_path)
    probes = Probes(tmp_path)
    probes.read()

    (device / "temperature").write_text(text)

    looks = [probes.read()[0].value for _ in range(KEPT + 2)]
    assert looks == [21.31] * KEPT + [None] * 2
    (device / "temperature").write_text("20000\n")
    assert probes.read()[0].value == 20.0


def test_a_sensor_that_was_never_read_is_there_without_a_value(tmp_path: Path) -> None:
    thermometer(tmp_path, text="")

    assert Probes(tmp_path).read()[0].value is None


def test_what_is_pulled_out_vanishes(tmp_path: Path) -> None:
    thermometer(tmp_path)
    probes = Probes(tmp_path)
    probes.read()

    (tmp_path / W1 / "28-0316a2795aff").unlink()

    assert probes.read() == []


def test_a_machine_without_sensors_has_none(tmp_path: Path) -> None:
    assert Probes(tmp_path).read() == []


@asynccontextmanager
async def watched(read: Callable[[], list[Probe]], patience: float) -> AsyncIterator[Surroundings]:
    surroundings = Surroundings(read, patience)
    story = asyncio.create_task(surroundings.run())
    try:
        yield surroundings
    finally:
        story.cancel()
        with suppress(asyncio.CancelledError):
            await story


async def test_the_surroundings_are_looked_at_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKED", 0.01)
    device = thermometer(tmp_path)
    async with watched(Probes(tmp_path).read, patience=5.0) as surroundings:
        await eventually(lambda: surroundings.probes == [OUTSIDE])
        (device / "temperature").write_text("20000\n")
        await eventually(lambda: values(surroundings.probes) == {OUTSIDE.id: 20.0})


async def test_a_sensor_that_hangs_leaves_no_value_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOKED", 0.01)
    works = threading.Event()
    works.set()

    def read() -> list[Probe]:
        works.wait(30)
        return [OUTSIDE]

    async with watched(read, patience=0.05) as surroundings:
        await eventually(lambda: surroundings.probes == [OUTSIDE])
        works.clear()
        await eventually(lambda: values(surroundings.probes) == {OUTSIDE.id: None})
        works.set()
        await eventually(lambda: surroundings.probes == [OUTSIDE])
    assert "The sensors take longer than 0.05 s to be read" in caplog.text
