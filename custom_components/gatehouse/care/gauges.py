"""How any Linux machine is doing, out of /proc and /sys; what cannot be read is None."""

from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import time
from typing import Final, TypeVar

_KILOBYTE: Final = 1024  # of /proc/meminfo
_RECEIVED, _SENT = 0, 8  # the columns of /proc/net/dev

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauged:
    """One look at the gauges, in the words of the wire."""

    cpu_percent: float | None
    memory_percent: float | None
    memory_total_bytes: int | None
    disk_percent: float | None
    disk_free_bytes: int | None
    temperature_c: float | None
    booted: float | None
    load: float | None
    received_bytes_s: float | None
    sent_bytes_s: float | None


class Rate:
    """The growth of one count a second; a count that went back was begun anew."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self._last: tuple[float, float] | None = None

    def see(self, count: float, now: float) -> float | None:
        """Return how fast it grew since the last look; None at the first, or if begun anew."""
        last, self._last = self._last, (count, now)
        if last is None or count < last[0] or now <= last[1]:
            return None
        return (count - last[0]) / (now - last[1])


class Gauges:
    """Those of this machine; data is on the disk that counts, root is where /proc and /sys are."""

    def __init__(self, data: Path, root: Path = Path("/")) -> None:
        """Look at nothing yet."""
        self._data = data
        self._root = root
        self._received, self._sent = Rate(), Rate()
        self._ticks: tuple[int, int] | None = None

    def read(self) -> Gauged:
        """Look at all of them; blocks.

        The processor and the network are averages since the last look, and unknown at the first.
        """
        return Gauged(
            cpu_percent=attempt(self._cpu),
            memory_percent=attempt(self._memory),
            memory_total_bytes=attempt(lambda: self.memory_bytes("MemTotal:")),
            disk_percent=attempt(self._disk),
            disk_free_bytes=attempt(self._disk_free),
            temperature_c=attempt(self._temperature),
            booted=attempt(lambda: float(self._line("proc/stat", "btime")[0])),
            load=attempt(lambda: float(self._text("proc/loadavg").split()[0])),
            received_bytes_s=attempt(lambda: self._traffic(self._received, _RECEIVED)),
            sent_bytes_s=attempt(lambda: self._traffic(self._sent, _SENT)),
        )

    def memory_bytes(self, name: str) -> int:
        """Return a size that the kernel tells of its memory; raises what attempt catches."""
        return int(self._line("proc/meminfo", name)[0]) * _KILOBYTE

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

    def _cpu(self) -> float | None:
        before, self._ticks = self._ticks, self._cpu_ticks()
        if before is None:
            return None
        busy, total = (now - then for now, then in zip(self._ticks, before, strict=True))
        return round(100 * busy / max(total, 1), 1)

    def _memory(self) -> float:
        available = self.memory_bytes("MemAvailable:")
        return round(100 * (1 - available / self.memory_bytes("MemTotal:")), 1)

    def _traffic(self, rate: Rate, column: int) -> float | None:
        """Return bytes a second of all cards; in a container, which sees none, of what there is."""
        lines = (line.partition(":") for line in self._text("proc/net/dev").splitlines())
        counts = {
            name.strip(): int(figures.split()[column]) for name, colon, figures in lines if colon
        }
        # Bridges and tunnels carry once more what a card carries.
        cards = {name for name in counts if (self._root / f"sys/class/net/{name}/device").exists()}
        counted = cards or counts.keys() - {"lo"}
        grown = rate.see(sum(counts[name] for name in counted), time.monotonic())
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


def attempt(read: Callable[[], _T]) -> _T | None:
    """Return what is read, or None: most machines lack something of all this."""
    try:
        return read()
    except (OSError, ValueError, LookupError, StopIteration, ZeroDivisionError):
        return None
