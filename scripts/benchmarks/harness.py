"""Measures things in turn, so that whatever else the machine does happens to all of them."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
import os
from pathlib import Path
import platform
import resource
import sqlite3
from statistics import median
import time
from typing import Final

# Where rounds differ more than this, or others took more of the machine than that, it says so.
STEADY: Final = 2.0
BUSY: Final = 0.3
GLANCE_S: Final = 0.2

type Side = Callable[[], Awaitable[list[float]]]
"""One round of one side: how long each call took, or what it cost, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One piece of work: as the product does it, and as it is done with the least."""

    name: str
    subject: Side
    reference: Side
    p99_ms: float | None = None
    """What the subject must stay below."""
    times: float | None = None
    """How many times the reference's the subject may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the rounds of a case came to."""

    name: str
    p50_ms: float
    p99_ms: float
    reference_p50_ms: float
    reference_p99_ms: float
    ratios: tuple[float, ...]
    """The subject's median by the reference's, of each round."""
    must_ms: float | None
    must_times: float | None
    busy: bool
    """Whether somebody else kept the machine busy before a round."""

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def noisy(self) -> bool:
        """Return whether the figures say more about the machine than about us."""
        return self.busy or max(self.ratios) > STEADY * min(self.ratios)

    @property
    def verdict(self) -> str:
        """Return whether it holds; in noise nothing is said to fall short."""
        if self.must_ms is None and self.must_times is None:
            return "noisy" if self.noisy else ""
        if self._is_fast and self._is_cheap:
            return "holds"
        return "noisy" if self.noisy else "falls short"

    @property
    def _is_fast(self) -> bool:
        return self.must_ms is None or self.p99_ms < self.must_ms

    @property
    def _is_cheap(self) -> bool:
        return self.must_times is None or self.ratio <= self.must_times


def asking(call: Callable[[int], Awaitable[object]], calls: int) -> Side:
    """Return a side that awaits so many calls a round; numbers go on from round to round."""
    numbers = count()

    async def measured() -> list[float]:
        return [await _timed(call(number)) for number in _next(numbers, calls)]

    return measured


def doing(call: Callable[[int], object], calls: int) -> Side:
    """Return the same for calls that are not awaited."""
    numbers = count()

    async def measured() -> list[float]:
        took = []
        for number in _next(numbers, calls):
            began = time.perf_counter()
            call(number)
            took.append(_ms_since(began))
        return took

    return measured


def spending(call: Callable[[], object], calls: int) -> Side:
    """Return a side that counts the processor's time, that of ended child processes too."""

    async def measured() -> list[float]:
        spent = []
        for _ in range(calls):
            before = spent_ms()
            call()
            spent.append(spent_ms() - before)
        return spent

    return measured


async def measure(case: Case, rounds: int) -> Result:
    """Let the sides of a case take turns, after a first round that nobody counts."""
    await case.subject()
    await case.reference()
    busy, subject, reference = False, [], []
    for _ in range(rounds):
        busy |= _is_busy()
        subject.append(await case.subject())
        reference.append(await case.reference())
    return Result(
        name=case.name,
        p50_ms=_percentile(subject, 50),
        p99_ms=_percentile(subject, 99),
        reference_p50_ms=_percentile(reference, 50),
        reference_p99_ms=_percentile(reference, 99),
        ratios=tuple(
            median(ours) / median(theirs) for ours, theirs in zip(subject, reference, strict=True)
        ),
        must_ms=case.p99_ms,
        must_times=case.times,
        busy=busy,
    )


def machine() -> str:
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


async def _timed(waiting: Awaitable[object]) -> float:
    began = time.perf_counter()
    await waiting
    return _ms_since(began)


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _next(numbers: Iterator[int], calls: int) -> list[int]:
    return [next(numbers) for _ in range(calls)]


def _percentile(rounds: Sequence[Sequence[float]], percent: int) -> float:
    ranked = sorted(took for measured in rounds for took in measured)
    return ranked[min(len(ranked) * percent // 100, len(ranked) - 1)]


def _is_busy() -> bool:
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
