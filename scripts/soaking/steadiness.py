"""Whether the programs use no more as time goes by, and their event loops are in time."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Final

from .evidence import Evidence
from .ledger import Lag, Ledger, Sample
from .schedule import HOME, Kind

# A program is warm after so many seconds; of a life that is shorter than this nothing is said.
WARM_S: Final = 30.0
LIVED_S: Final = 150.0
GROWTH: Final = 1.25
SLACK_BYTES: Final = 40_000_000
SLACK_FDS: Final = 12

# Bytes and descriptors that are too many however they came about.
MOST: Final = {HOME: (1_200_000_000, 400)}
MOST_OF_AN_AGENT: Final = (600_000_000, 250)

LATE_S: Final = 0.050

# What makes the machine itself slow, or its clocks wrong; and how long a program may take to start.
SLOWED: Final = {Kind.SLOW_DISK, Kind.FULL_DISK, Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND}
STARTING_S: Final = (60.0, 20.0)


def memory_and_descriptors_are_flat(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """No program uses more and more, or too much."""
    del evidence
    for (program, life), samples in _lives(ledger).items():
        bytes_most, fds_most = MOST.get(program, MOST_OF_AN_AGENT)
        for what, most, slack, values in (
            ("bytes", bytes_most, SLACK_BYTES, [each.rss for each in samples]),
            ("descriptors", fds_most, SLACK_FDS, [each.fds for each in samples]),
        ):
            if max(values) > most:
                yield f"{program} (life {life}) used {max(values)} {what}, more than {most}"
            warm = [n for n, each in zip(values, samples, strict=True) if _is_warm(each, samples)]
            if samples[-1].at - samples[0].at < LIVED_S:
                continue
            third = len(warm) // 3
            first, last = median(warm[:third]), median(warm[-third:])
            if last > first * GROWTH + slack:
                yield f"{program} (life {life}) grew from {first:.0f} to {last:.0f} {what}"


def loops_are_never_late(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """99 of 100 ticks of each event loop come in time, but while its own machine is slowed."""
    del evidence
    for program, late in lateness(ledger).items():
        if late > LATE_S:
            yield f"the event loop of {program} is {late * 1000:.0f} ms late (p99)"


def lateness(ledger: Ledger) -> dict[str, float]:
    """Return by how many seconds 99 of 100 ticks of each program's loop were late at most."""
    ticks: defaultdict[str, list[float]] = defaultdict(list)
    births = [(program, samples[0].at) for (program, _), samples in _lives(ledger).items()]
    for lag in ledger.lags:
        if not (_is_slowed(ledger, lag) or _is_starting(births, lag)):
            ticks[lag.program] += lag.late
    return {name: sorted(late)[int(len(late) * 0.99)] for name, late in ticks.items() if late}


def most_used(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """Return how many bytes and descriptors each program had at most."""
    used: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in ledger.samples:
        rss, fds = used[each.program]
        used[each.program] = max(rss, each.rss), max(fds, each.fds)
    return dict(used)


def _lives(ledger: Ledger) -> dict[tuple[str, int], list[Sample]]:
    lives: defaultdict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in ledger.samples:
        lives[sample.program, sample.life].append(sample)
    return lives


def _is_warm(sample: Sample, life: list[Sample]) -> bool:
    return sample.at - life[0].at > WARM_S


def _is_slowed(ledger: Ledger, lag: Lag) -> bool:
    return any(
        each.kind in SLOWED
        and each.target == lag.program
        and each.since - 1 <= lag.at <= each.until
        for each in ledger.troubles
    )


def _is_starting(births: list[tuple[str, float]], lag: Lag) -> bool:
    before, after = STARTING_S
    return any(
        program == lag.program and born - before < lag.at <= born + after
        for program, born in births
    )
