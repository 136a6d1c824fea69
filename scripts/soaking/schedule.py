"""What goes wrong and when: a pure function of the seed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Kind(StrEnum):
    """What goes wrong."""

    KILL = "kill -9"
    CUT = "network cut"
    SLOW_DISK = "slow disk"
    FULL_DISK = "full disk"
    CLOCK_AHEAD = "clock an hour ahead"
    CLOCK_BEHIND = "clock an hour behind"
    CORRUPT = "corrupt pictures"
    NONSENSE = "answers make no sense"
    LOCKED = "database locked"
    BROKEN = "answers 500"
    DENIED = "answers AccessDenied"
    SLOW = "answers slowly"


HOME: Final = "home"
STORAGE: Final = "storage"
DETECTOR: Final = "detector"
UPLOADS: Final = "uploads"

# No agent is called so: it stands for each of them.
AGENTS: Final = "agents"

TARGETS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.KILL: (AGENTS, HOME, STORAGE, DETECTOR),
    Kind.CUT: (AGENTS,),
    Kind.SLOW_DISK: (AGENTS, HOME),
    Kind.FULL_DISK: (AGENTS, HOME),
    Kind.CLOCK_AHEAD: (AGENTS, HOME),
    Kind.CLOCK_BEHIND: (AGENTS, HOME),
    Kind.CORRUPT: (UPLOADS,),
    Kind.NONSENSE: (DETECTOR,),
    Kind.LOCKED: (HOME,),
    Kind.BROKEN: (STORAGE, DETECTOR),
    Kind.DENIED: (STORAGE,),
    Kind.SLOW: (STORAGE,),
}

# Seconds: what a strike lasts, what its target is then left alone, and between two beginnings.
LASTS: Final = (4.0, 14.0)
RECOVERY: Final = 12.0
APART: Final = (5.0, 15.0)
CALM_FIRST: Final = 20.0
CALM_LAST: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Something that goes wrong for a while; times are seconds from the beginning of the soak."""

    at: float
    kind: Kind
    target: str
    lasts: float

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.target}: {self.kind}, for {self.lasts:.0f} s"


def schedule(
    seed: int, seconds: float, agents: Sequence[str], able: Iterable[Kind]
) -> tuple[Strike, ...]:
    """Return what goes wrong within so many seconds, of the kinds that can be done here.

    Each kind befalls each of its targets once before any of it comes again.
    """
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    able = set(able)
    possible = [
        (kind, target)
        for kind in Kind
        if kind in able
        for name in TARGETS[kind]
        for target in (agents if name == AGENTS else (name,))
    ]
    strikes: list[Strike] = []
    free: dict[str, float] = {}
    moment = CALM_FIRST
    for kind, target in _bags(random, possible):
        at = max(moment, free.get(target, 0.0))
        lasts = random.uniform(*LASTS)
        if at + lasts > seconds - CALM_LAST:
            break
        strikes.append(Strike(at=at, kind=kind, target=target, lasts=lasts))
        free[target] = at + lasts + RECOVERY
        moment += random.uniform(*APART)
    return tuple(sorted(strikes, key=lambda strike: (strike.at, strike.target)))


def _bags(random: Random, possible: list[tuple[Kind, str]]) -> Iterator[tuple[Kind, str]]:
    while possible:
        yield from random.sample(possible, len(possible))
