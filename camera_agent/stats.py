"""How the machine is doing, out of /proc and /sys; what cannot be read is None, and only that."""

from collections.abc import Callable
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import struct
import time
from typing import Final, TypeVar

from .clock import is_synchronised
from .hardware.nvidia import Gpu, Gpus
from .rates import Rate

# linux/include/soc/bcm2835/raspberrypi-firmware.h, and the request that takes a pointer.
_GET_THROTTLED: Final = 0x00030046
_MAILBOX_REQUEST: Final = 0xC0006400 | struct.calcsize("P") << 16
_ANSWERED: Final = 0x80000000
_UNDER_VOLTAGE: Final = 0b0001
_THROTTLED: Final = 0b1110  # frequency capped, throttled, soft temperature limit
_KILOBYTE: Final = 1024  # of /proc/meminfo
_RECEIVED, _SENT = 0, 8  # the columns of /proc/net/dev

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """One look at the machine, in the words of the wire."""

    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    disk_free_bytes: int | None
    temperature_c: float | None
    booted: float | None
    load: float | None
    under_voltage: bool | None
    throttled: bool | None
    memory_total_bytes: int | None
    cma_free_bytes: int | None
    received_bytes_s: float | None
    sent_bytes_s: float | None
    clock_synchronised: bool | None
    gpus: tuple[Gpu, ...]


def mailbox(device: Path) -> int:
    """Return what the Raspberry Pi's firmware says of its power, as bits; raises OSError."""
    message = bytearray(struct.pack("<7I", 28, 0, _GET_THROTTLED, 4, 0, 0, 0))
    with device.open("rb", buffering=0) as firmware:
        fcntl.ioctl(firmware, _MAILBOX_REQUEST, message)
    _, answer, _, _, _, bits, _ = struct.unpack("<7I", message)
    if answer != _ANSWERED:
        raise OSError(f"the firmware answered {answer:#x}")
    return int(bits)


class Machine:
    """This machine; root is where its /proc, /sys and /dev are."""

    def __init__(
        self,
        data: Path,
        root: Path = Path("/"),
        firmware: Callable[[Path], int] = mailbox,
        gpus: Callable[[], tuple[Gpu, ...]] | None = None,
        is_synchronised: Callable[[], bool | None] = is_synchronised,
    ) -> None:
        self._data = data
        self._root = root
        self._firmware = firmware
        self._gpus = gpus or Gpus()
        self._is_synchronised = is_synchronised
        self._received, self._sent = Rate(), Rate()
        self._ticks = _attempt(self._cpu_ticks) or (0, 0)

    @property
    def model(self) -> str | None:
        """What the machine is sold as, if it says so."""
        path = self._root / "proc/device-tree/model"
        return _attempt(lambda: path.read_text(encoding="utf-8").rstrip("\0\n")) or None

    def read(self) -> Stats:
        """Look at everything now; the CPU and the network are averages since the last look."""
        bits = _attempt(lambda: self._firmware(self._root / "dev/vcio"))
        if bits is None:
            under_voltage = _attempt(self._voltage_alarm)
        else:
            under_voltage = bool(bits & _UNDER_VOLTAGE)
        return Stats(
            cpu_percent=_attempt(self._cpu),
            memory_percent=_attempt(self._memory),
            disk_percent=_attempt(self._disk),
            disk_free_bytes=_attempt(self._disk_free),
            temperature_c=_attempt(self._temperature),
            booted=_attempt(lambda: float(self._line("proc/stat", "btime")[0])),
            load=_attempt(lambda: float(self._text("proc/loadavg").split()[0])),
            under_voltage=under_voltage,
            throttled=None if bits is None else bool(bits & _THROTTLED),
            memory_total_bytes=_attempt(lambda: self._memory_bytes("MemTotal:")),
            cma_free_bytes=_attempt(lambda: self._memory_bytes("CmaFree:")),
            received_bytes_s=_attempt(lambda: self._traffic(self._received, _RECEIVED)),
            sent_bytes_s=_attempt(lambda: self._traffic(self._sent, _SENT)),
            clock_synchronised=self._is_synchronised(),
            gpus=self._gpus(),
        )

    def _text(self, path: str) -> str:
        return (self._root / path).read_text(encoding="ascii")

    def _line(self, path: str, name: str) -> list[str]:
        lines = (line.split() for line in self._text(path).splitlines())
        return next(words[1:] for words in lines if words and words[0] == name)

    def _cpu_ticks(self) -> tuple[int, int]:
        """Return ticks since boot: busy, and all."""
        user, nice, system, idle, wait, *rest = map(int, self._line("proc/stat", "cpu")[:8])
        busy = user + nice + system + sum(rest)
        return busy, busy + idle + wait

    def _cpu(self) -> float:
        before, self._ticks = self._ticks, self._cpu_ticks()
        busy, total = (now - then for now, then in zip(self._ticks, before, strict=True))
        return round(100 * busy / max(total, 1), 1)

    def _memory(self) -> float:
        available = self._memory_bytes("MemAvailable:")
        return round(100 * (1 - available / self._memory_bytes("MemTotal:")), 1)

    def _memory_bytes(self, name: str) -> int:
        return int(self._line("proc/meminfo", name)[0]) * _KILOBYTE

    def _traffic(self, rate: Rate, column: int) -> float | None:
        """Return bytes a second of all interfaces but the machine's talk with itself."""
        lines = (line.partition(":") for line in self._text("proc/net/dev").splitlines())
        counts = [
            int(figures.split()[column])
            for name, colon, figures in lines
            if colon and name.strip() != "lo"
        ]
        grown = rate.see(sum(counts), time.monotonic())
        return None if grown is None else round(grown, 1)

    def _disk(self) -> float:
        disk = os.statvfs(self._data)
        return round(100 * (1 - disk.f_bavail / disk.f_blocks), 1)

    def _disk_free(self) -> int:
        disk = os.statvfs(self._data)
        return disk.f_bavail * disk.f_frsize

    def _temperature(self) -> float:
        """Return the processor's temperature: its own zone goes before the board's."""
        zones = sorted((self._root / "sys/class/thermal").glob("thermal_zone*"))
        kinds = {zone: (zone / "type").read_text(encoding="ascii").strip() for zone in zones}
        for wanted in ("cpu", "x86_pkg", "soc", ""):
            for zone, kind in kinds.items():
                if wanted in kind:
                    return round(int((zone / "temp").read_text(encoding="ascii")) / 1000, 1)
        raise LookupError("no thermal zone")

    def _voltage_alarm(self) -> bool:
        for hwmon in (self._root / "sys/class/hwmon").glob("hwmon*"):
            if (hwmon / "name").read_text(encoding="ascii").strip() == "rpi_volt":
                return (hwmon / "in0_lcrit_alarm").read_text(encoding="ascii").strip() == "1"
        raise LookupError("no rpi_volt")


def _attempt(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except (OSError, ValueError, LookupError, StopIteration, ZeroDivisionError):
        return None  # most machines lack something of this
