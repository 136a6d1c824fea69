"""How much of a processor each camera uses, by what the kernel counts from one look to the next."""

import os
from pathlib import Path
import time

from .gauges import Rate


class Efforts:
    """How much of a processor each camera's process uses; root is where /proc is."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._ticks_a_second = os.sysconf("SC_CLK_TCK")
        self._rates: dict[int, Rate] = {}

    def read(self, processes: dict[str, int | None]) -> dict[str, float | None]:
        """Return percents of one core since the last look, by camera; None where unknown.

        A process that was not there at the last look is unknown. Blocks.
        """
        now = time.monotonic()
        self._rates = {
            process: self._rates.get(process, Rate()) for process in processes.values() if process
        }
        return {
            camera: self._percent(process, now) if process else None
            for camera, process in processes.items()
        }

    def _percent(self, process: int, now: float) -> float | None:
        try:
            line = (self._root / f"proc/{process}/stat").read_text(encoding="utf-8")
        except OSError:
            return None  # it has just ended
        # proc_pid_stat(5): the name, which may hold anything, ends with the last bracket; what
        # follows begins with the third field, and utime and stime are the 14th and the 15th.
        user, system = line.rpartition(")")[2].split()[11:13]
        used = self._rates[process].see((int(user) + int(system)) / self._ticks_a_second, now)
        return None if used is None else round(100 * used, 1)
