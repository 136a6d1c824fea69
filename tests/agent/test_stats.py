"""How the machine is doing: a Pi by its files, and any machine by what it has."""

from dataclasses import asdict, replace
import json
from pathlib import Path
import struct
from types import SimpleNamespace

import pytest

from camera_agent.stats import Machine, Stats, mailbox

GOLDEN = Path(__file__).parents[1] / "wire" / "stats.json"


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def absent(device: Path) -> int:
    raise FileNotFoundError(device)


def network(**interfaces: tuple[int, int]) -> str:
    """What the kernel tells of how many bytes each interface has received and sent."""
    lines = [
        f"{name:>6}: {received} 7 0 0 0 0 0 0 {sent} 9 0 0 0 0 0 0\n"
        for name, (received, sent) in interfaces.items()
    ]
    return "".join(["Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n", *lines])


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The files of a Raspberry Pi 5."""
    lay(
        tmp_path,
        {
            "proc/stat": "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\nbtime 1794900000\n",
            "proc/meminfo": (
                "MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable:  590 kB\nCmaTotal:  64 kB\n"
                "CmaFree:  12 kB\n"
            ),
            "proc/net/dev": network(eth0=(1000, 200), lo=(5_000_000, 5_000_000)),
            "proc/loadavg": "0.42 0.30 0.20 1/200 4242\n",
            "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
            "sys/class/thermal/thermal_zone0/type": "rp1_adc\n",
            "sys/class/thermal/thermal_zone0/temp": "61000\n",
            "sys/class/thermal/thermal_zone1/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone1/temp": "52100\n",
        },
    )
    return tmp_path


def test_a_pi_tells_everything(pi: Path) -> None:
    machine = Machine(pi, pi, lambda device: 0)
    machine.read()  # an average needs two looks
    read = machine.read()
    assert None not in asdict(read).values()
    assert (read.memory_total_bytes, read.cma_free_bytes) == (1_024_000, 12 * 1024)
    assert (read.memory_percent, read.temperature_c, read.load) == (41.0, 52.1, 0.42)
    assert (read.booted, read.under_voltage, read.throttled) == (1794900000.0, False, False)


def test_the_words_are_those_of_the_wire(pi: Path) -> None:
    golden = json.loads(GOLDEN.read_text())["stats"]
    assert asdict(Machine(pi, pi, absent).read()).keys() == golden.keys()


def test_the_model_is_what_the_machine_is_sold_as(pi: Path, tmp_path: Path) -> None:
    assert Machine(pi, pi).model == "Raspberry Pi 5 Model B Rev 1.0"
    assert Machine(pi, tmp_path / "elsewhere").model is None


def test_the_processor_is_measured_between_two_looks(pi: Path) -> None:
    machine = Machine(pi, pi, absent)
    assert machine.read().cpu_percent is None
    lay(pi, {"proc/stat": "cpu  150 0 125 900 125 0 0 0 0 0\nbtime 1794900000\n"})
    assert machine.read().cpu_percent == pytest.approx(25.0)
    assert machine.read().cpu_percent == 0.0


def test_the_disk_is_the_one_that_holds_the_data(tmp_path: Path) -> None:
    read = Machine(tmp_path).read()
    assert read.disk_free_bytes is not None
    assert read.disk_free_bytes > 0
    assert read.disk_percent is not None
    assert 0 <= read.disk_percent <= 100


@pytest.mark.parametrize(
    ("bits", "under_voltage", "throttled"),
    [(0x50000, False, False), (0x50005, True, True), (0x1, True, False), (0x8, False, True)],
)
def test_the_firmware_tells_of_now_and_not_of_ever(
    pi: Path, bits: int, under_voltage: bool, throttled: bool
) -> None:
    read = Machine(pi, pi, lambda device: bits).read()
    assert (read.under_voltage, read.throttled) == (under_voltage, throttled)


@pytest.mark.parametrize(("alarm", "under_voltage"), [("0\n", False), ("1\n", True)])
def test_without_the_firmware_the_voltage_alarm_is_asked(
    pi: Path, alarm: str, under_voltage: bool
) -> None:
    lay(
        pi,
        {
            "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
            "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon1/in0_lcrit_alarm": alarm,
        },
    )
    read = Machine(pi, pi, absent).read()
    assert (read.under_voltage, read.throttled) == (under_voltage, None)


@pytest.mark.parametrize(
    ("missing", "unknown"),
    [
        ("proc/stat", {"cpu_percent", "booted"}),
        ("proc/meminfo", {"memory_percent", "memory_total_bytes", "cma_free_bytes"}),
        ("proc/net/dev", {"received_bytes_s", "sent_bytes_s"}),
        ("proc/loadavg", {"load"}),
        ("sys/class/thermal/thermal_zone1/type", {"temperature_c"}),
        ("sys/class/thermal/thermal_zone1/temp", {"temperature_c"}),
    ],
)
def test_what_cannot_be_read_is_unknown_and_nothing_else(
    pi: Path, missing: str, unknown: set[str]
) -> None:
    machine = Machine(pi, pi, lambda device: 0)
    machine.read()
    (pi / missing).unlink()
    read = asdict(machine.read())
    assert {name for name, value in read.items() if value is None} == unknown


def test_a_file_system_without_a_size_is_unknown(pi: Path) -> None:
    read = Machine(Path("/proc"), pi, absent).read()
    assert (read.disk_percent, read.disk_free_bytes) == (None, 0)


def test_what_is_nonsense_is_unknown_too(pi: Path) -> None:
    lay(pi, {"proc/loadavg": "", "proc/meminfo": "MemTotal: lots\n"})
    read = Machine(pi, pi, lambda device: 0).read()
    assert (read.load, read.memory_percent) == (None, None)


def test_a_machine_with_nothing_tells_nothing(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    read = Machine(nowhere, nowhere, absent, is_synchronised=lambda: None).read()
    assert read == replace(Stats(**dict.fromkeys(asdict(read))), gpus=())


def test_the_network_is_measured_between_two_looks_without_the_talk_of_the_machine_with_itself(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=iter([100.0, 100.0, 110.0, 110.0]).__next__)
    monkeypatch.setattr("camera_agent.gauges.time", clock)
    machine = Machine(pi, pi, absent)
    before = machine.read()
    lay(
        pi, {"proc/net/dev": network(eth0=(3000, 200), wlan0=(500, 700), lo=(9_000_000, 9_000_000))}
    )
    after = machine.read()
    assert (before.received_bytes_s, before.sent_bytes_s) == (None, None)
    assert (after.received_bytes_s, after.sent_bytes_s) == (250.0, 70.0)


def test_what_bridges_and_tunnels_carry_is_not_counted_twice(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=iter([100.0, 100.0, 110.0, 110.0]).__next__)
    monkeypatch.setattr("camera_agent.gauges.time", clock)
    lay(pi, {"sys/class/net/eth0/device/vendor": "0x14e4\n"})
    machine = Machine(pi, pi, absent)
    machine.read()
    lay(pi, {"proc/net/dev": network(eth0=(3000, 200), docker0=(2000, 900), veth1=(2000, 900))})
    after = machine.read()
    assert (after.received_bytes_s, after.sent_bytes_s) == (200.0, 0.0)


def test_a_network_that_counts_anew_is_unknown_once(pi: Path) -> None:
    machine = Machine(pi, pi, absent)
    machine.read()
    lay(pi, {"proc/net/dev": network(eth0=(10, 10))})
    assert machine.read().received_bytes_s is None
    assert machine.read().received_bytes_s == 0.0


@pytest.mark.parametrize("known", [True, False, None])
def test_whether_the_clock_follows_another_is_told(pi: Path, known: bool | None) -> None:
    read = Machine(pi, pi, absent, is_synchronised=lambda: known).read()
    assert read.clock_synchronised is known


def test_another_board_has_another_zone(pi: Path) -> None:
    lay(pi, {"sys/class/thermal/thermal_zone1/type": "acpitz\n"})
    assert Machine(pi, pi, absent).read().temperature_c == 61.0


class TestTheFirmwaresMailbox:
    @staticmethod
    def answer(monkeypatch: pytest.MonkeyPatch, code: int, bits: int) -> list[int]:
        asked = []

        def ioctl(device: object, request: int, message: bytearray) -> int:
            asked.extend([request, *struct.unpack("<7I", message)])
            message[:] = struct.pack("<7I", 28, code, asked[3], 4, 4, bits, 0)
            return 0

        monkeypatch.setattr("camera_agent.stats.fcntl.ioctl", ioctl)
        return asked

    def test_is_asked_for_the_throttling(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        asked = self.answer(monkeypatch, 0x80000000, 0x50005)
        device = tmp_path / "vcio"
        device.touch()
        assert mailbox(device) == 0x50005
        assert asked[1:] == [28, 0, 0x00030046, 4, 0, 0, 0]
        assert asked[0] & 0xFFFF == 0x6400

    def test_may_refuse(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.answer(monkeypatch, 0x80000001, 0)
        device = tmp_path / "vcio"
        device.touch()
        with pytest.raises(OSError, match="answered 0x80000001"):
            mailbox(device)

    def test_is_missing_on_most_machines(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            mailbox(tmp_path / "vcio")
