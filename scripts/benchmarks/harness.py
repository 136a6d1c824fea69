"""Measures things in turn, so that whatever else the machine does happens to all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
import sys
import time
from typing import Final

from .machine import is_busy, spent_ms
from .results import Missing, Result, came_to

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
