"""The machine that is measured on: what it is, and what we and others take of it."""

import os
from pathlib import Path
import platform
import resource
import sqlite3
import time
from typing import Final

# Where others took more of the machine than this, the figures say so.
BUSY: Final = 0.3
GLANCE_S: Final = 0.1


def described() -> str:
    """Return what this runs on; only ratios travel to other machines."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def spent_ms() -> float:
    """Return what this process and its ended children have cost so far."""
    return 1000 * sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def is_busy() -> bool:
    """Look whether others use the machine while we do nothing."""
    before = _processor_times()
    time.sleep(GLANCE_S)
    idle, total = (after - then for after, then in zip(_processor_times(), before, strict=True))
    return total > 0 and 1 - idle / total > BUSY


def _processor_times() -> tuple[int, int]:
    """Return the ticks that all processors were idle, and all their ticks (Linux; else none)."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    ticks = [int(each) for each in stat.read_text("utf-8").partition("\n")[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)
