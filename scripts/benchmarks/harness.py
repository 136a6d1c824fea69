"""Measures things in turn, so that whatever else the machine does happens to all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf
import os
from pathlib import Path
import platform
import resource
import sqlite3
from statistics import median
import sys
import time
from typing import Final

# Where rounds differ more than this, or others took more of the machine than that, it says so.
STEADY: Final = 2.0
BUSY: Final = 0.3
GLANCE_S: Final = 0.1
PAUSE_S: Final = 0.02  # nobody shows cards faster, at fifty doors

type Side = Callable[[], Awaitable[list[float]]]
"""One round of one side: what each call took or cost, in the unit of its case. Less is better."""

type Group = Callable[[Path, Depth], Awaitable[Sequence[Result | Missing]]]
"""Measures what belongs together, as deep as is said; it may keep things in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is done, the more the longer."""

    rounds: int
    calls: int
    """Of one round of the store."""
    incidents: int
    seconds: int
    """How long a clip is."""
    uploads: int
    """How many clips go off-site at once."""
    checks: int
    """How many cards are shown in a round."""
    cards: int
    home: bool = True
    """Whether a Home Assistant is started behind the door."""
    quick: bool = False
    """Whether it is only for a glance: all groups together are to take less than a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One piece of work: as the product does it, and as it is done with the least."""

    name: str
    subject: Side
    reference: Side
    unit: str = "ms"
    most: float | None = None
    """What the subject's 99th percentile may be."""
    times: float | None = None
    """How many times the reference's the subject may be."""
    goal: str | None = None
    """Which of the goals it is a part of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the rounds of a case came to."""

    name: str
    unit: str = "ms"
    p50: float
    p99: float
    reference_p50: float = 0.0
    """0 if it is beside nothing."""
    reference_p99: float = 0.0
    ratios: tuple[float, ...] = ()
    """The subject's median by the reference's, of each round; none of what is beside nothing."""
    most: float | None = None
    times: float | None = None
    goal: str | None = None
    busy: bool = False
    """Whether somebody else kept the machine busy before a round."""
    bound: str = ""
    """What keeps it from taking less, whoever does it."""

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def noisy(self) -> bool:
        """Return whether the figures say more about the machine than about us."""
        return self.busy or bool(self.ratios and max(self.ratios) > STEADY * min(self.ratios))

    @property
    def strain(self) -> float:
        """Return how much it takes of what it may, the tighter of both; above 1 is too much."""
        return max(self._by_value, self._by_ratio)

    @property
    def is_tighter_by_ratio(self) -> bool:
        """Return whether that is how many times the reference's it is, and not its value."""
        return self.times is not None and self._by_ratio >= self._by_value

    @property
    def verdict(self) -> str:
        """Return whether it holds; in noise nothing is said to fall short."""
        if self.strain > 1:
            return "noisy" if self.noisy else "falls short"
        if self.most is None and self.times is None:
            return "noisy" if self.noisy else ""
        return "passes"

    @property
    def reason(self) -> str:
        """Return why it takes more than it may, as far as that is not for us; nothing else."""
        if self.strain <= 1:
            return ""
        if self.is_tighter_by_ratio or not self.reference_p99:
            return self.bound
        tail = f"{self.name}: what it is beside takes {self.reference_p99:.1f} {self.unit} (p99)"
        return "; ".join(filter(None, (self.bound, tail)))

    @property
    def _by_value(self) -> float:
        return 0.0 if self.most is None else _part_of(self.p99, self.most)

    @property
    def _by_ratio(self) -> float:
        return 0.0 if self.times is None else _part_of(median(self.ratios), self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that cannot be measured here, and why."""

    name: str
    reason: str
    goal: str | None = None


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


def now_and_then(call: Callable[[int], Awaitable[object]], calls: int) -> Side:
    """Return a side whose calls have pauses between them, as people at a door have."""
    numbers = count()

    async def measured() -> list[float]:
        took = []
        for number in _next(numbers, calls):
            await asyncio.sleep(PAUSE_S)
            took.append(await _timed(call(number)))
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
        busy |= is_busy()
        subject.append(await case.subject())
        reference.append(await case.reference())
    return came_to(
        case.name,
        subject,
        reference,
        unit=case.unit,
        most=case.most,
        times=case.times,
        goal=case.goal,
        busy=busy,
    )


def bounded(results: Sequence[Result], name: str, least: str, what: str) -> list[Result]:
    """Say of what has this name what nobody gets below: the part of it that is named `least`."""
    (ratio,) = (each.ratio for each in results if each.name == least)
    bound = "" if ratio is None else f"{what} takes {ratio:.2f} of it"
    return [replace(each, bound=bound) if each.name == name else each for each in results]


def came_to(
    name: str,
    subject: Sequence[Sequence[float]],
    reference: Sequence[Sequence[float]] = (),
    *,
    unit: str = "ms",
    most: float | None = None,
    times: float | None = None,
    goal: str | None = None,
    busy: bool = False,
    bound: str = "",
) -> Result:
    """Return the result of rounds; those of the reference were taken in turn, if there is one."""
    return Result(
        name=name,
        unit=unit,
        p50=_percentile(subject, 50),
        p99=_percentile(subject, 99),
        reference_p50=_percentile(reference, 50) if reference else 0.0,
        reference_p99=_percentile(reference, 99) if reference else 0.0,
        ratios=tuple(
            median(ours) / median(theirs)
            for ours, theirs in zip(subject, reference, strict=bool(reference))
        ),
        most=most,
        times=times,
        goal=goal,
        busy=busy,
        bound=bound,
    )


def tail(took: Sequence[float]) -> float:
    """Return what 99 of 100 calls take at most."""
    return _percentile([took], 99)


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


def is_busy() -> bool:
    """Look whether others use the machine while we do nothing."""
    before = _processor_times()
    time.sleep(GLANCE_S)
    idle, total = (after - then for after, then in zip(_processor_times(), before, strict=True))
    return total > 0 and 1 - idle / total > BUSY


def say(sentence: str) -> None:
    """Tell whoever waits; the figures are alone on stdout."""
    print(f"gatehouse: {sentence}", file=sys.stderr, flush=True)


async def _timed(waiting: Awaitable[object]) -> float:
    began = time.perf_counter()
    await waiting
    return _ms_since(began)


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _next(numbers: Iterator[int], calls: int) -> list[int]:
    return [next(numbers) for _ in range(calls)]


def _part_of(taken: float, allowed: float) -> float:
    return taken / allowed if allowed else inf if taken else 0.0


def _percentile(rounds: Sequence[Sequence[float]], percent: int) -> float:
    ranked = sorted(took for measured in rounds for took in measured)
    return ranked[min(len(ranked) * percent // 100, len(ranked) - 1)]


def _processor_times() -> tuple[int, int]:
    """Return the ticks that all processors were idle, and all their ticks (Linux; else none)."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    ticks = [int(each) for each in stat.read_text("utf-8").partition("\n")[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)
