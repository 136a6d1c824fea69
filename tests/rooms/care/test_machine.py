"""The machine that Home Assistant runs on: the real one here, and one that is laid in files."""

from dataclasses import replace
from datetime import UTC, datetime
import os
from pathlib import Path
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.gatehouse.agent import AgentStats, Gpu
from custom_components.gatehouse.care import OwnMachine

HERE = Path(__file__).parent
NETWORK = "head |\n head |\n    lo: 9 0 0 0 0 0 0 0 9\n  eth0: {} 0 0 0 0 0 0 0 {}\n"


def lay(root: Path, **files: str) -> None:
    """Write files by their names, in which two underlines are a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a machine that is looked at each ten seconds."""
    clock = SimpleNamespace(monotonic=iter([100.0, 100.0, 110.0, 110.0]).__next__)
    monkeypatch.setattr("custom_components.gatehouse.care.gauges.time", clock)
    lay(
        tmp_path,
        proc__stat="cpu  100 0 100 700 100 0 0 0 0 0\nbtime 1794900000\n",
        proc__meminfo="MemTotal:  1000 kB\nMemAvailable:  590 kB\n",
        proc__loadavg="0.42 0.30 0.20 1/200 4242\n",
        proc__net__dev=NETWORK.format(1000, 200),
        sys__class__thermal__thermal_zone0__type="acpitz\n",
        sys__class__thermal__thermal_zone0__temp="61000\n",
        sys__class__thermal__thermal_zone1__type="x86_pkg_temp\n",
        sys__class__thermal__thermal_zone1__temp="52100\n",
    )
    return tmp_path


def test_the_memory_is_that_of_this_machine() -> None:
    read = OwnMachine(HERE).read()

    assert read.memory_total_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert read.memory_percent is not None
    assert 0 < read.memory_percent < 100


def test_the_disk_is_the_one_that_the_data_are_on() -> None:
    read, disk = OwnMachine(HERE).read(), os.statvfs(HERE)

    assert read.disk_free_bytes == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.05)
    assert read.disk_percent == pytest.approx(100 * (1 - disk.f_bavail / disk.f_blocks), abs=2)


def test_this_machine_has_run_for_as_long_as_its_own_clock_says() -> None:
    booted = OwnMachine(HERE).read().booted

    assert booted is not None
    assert time.time() - booted.timestamp() == pytest.approx(
        time.clock_gettime(time.CLOCK_BOOTTIME), abs=5
    )


def test_this_processor_is_measured_while_it_works() -> None:
    machine = OwnMachine(HERE)
    assert machine.read().cpu_percent is None

    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    worked = machine.read()

    assert worked.cpu_percent is not None
    assert 0 < worked.cpu_percent <= 100
    assert worked.load is not None
    assert worked.load >= 0


def test_an_average_is_of_the_time_since_the_last_look(laid: Path) -> None:
    machine = OwnMachine(laid, laid)
    first = machine.read()
    lay(
        laid,
        proc__stat="cpu  150 0 125 900 125 0 0 0 0 0\nbtime 1794900000\n",
        proc__net__dev=NETWORK.format(3500, 900),
    )

    assert (first.cpu_percent, first.received_bytes_s, first.sent_bytes_s) == (None, None, None)
    second = machine.read()
    assert (second.cpu_percent, second.received_bytes_s, second.sent_bytes_s) == (25, 250, 70)


def test_the_processor_goes_before_the_board(laid: Path) -> None:
    read = OwnMachine(laid, laid).read()

    assert (read.temperature, read.load, read.memory_percent) == (52.1, 0.42, 41.0)
    assert read.booted == datetime.fromtimestamp(1794900000, UTC)


def test_a_machine_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    assert OwnMachine(nowhere, nowhere).read() == AgentStats()


class NVMLError(Exception):
    """As the library's own."""


class FakeNvml:
    """A stand-in for pynvml with one card: no such card is here. What is in `lacks` fails."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self) -> None:
        self.lacks: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        answers: dict[str, Any] = {
            "nvmlInit": None,
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetHandleByIndex": "card",
            "nvmlDeviceGetUUID": b"GPU-1f0c9a1e",
            "nvmlDeviceGetName": "NVIDIA GeForce RTX 3060",
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=31, memory=7),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=1_000, free=7_000, total=8_000),
            "nvmlDeviceGetTemperature": 48,
        }

        def answer(*_: object) -> Any:
            if name in self.lacks:
                raise NVMLError(f"{name} is not supported")
            return answers[name]

        return answer


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    """The library of a machine with a card."""
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


CARD = Gpu(
    id="GPU-1f0c9a1e",
    name="NVIDIA GeForce RTX 3060",
    utilisation_percent=31.0,
    memory_percent=12.5,
    temperature=48.0,
)


def test_a_graphics_processor_tells_what_it_can(nvml: FakeNvml) -> None:
    machine = OwnMachine(HERE)

    assert machine.read().gpus == (CARD,)
    nvml.lacks = {"nvmlDeviceGetTemperature"}
    assert machine.read().gpus == (replace(CARD, temperature=None),)
    nvml.lacks = {"nvmlDeviceGetCount"}
    assert machine.read().gpus == ()


def test_a_machine_without_a_driver_has_no_graphics_processor(nvml: FakeNvml) -> None:
    nvml.lacks = {"nvmlInit"}

    assert OwnMachine(HERE).read().gpus == ()


def test_a_machine_without_the_library_has_no_graphics_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)

    assert OwnMachine(HERE).read().gpus == ()
