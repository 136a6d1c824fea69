"""Which problems are told: not before they last, and no longer than until they are really over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from .nouns import Problem
from .rules import PACES, USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    problem: Problem
    since: datetime
    seen: datetime
    told: bool


class Patience:
    """Remembers since when there is which problem; times are the caller's."""

    def __init__(self) -> None:
        """There is none yet."""
        self._standing: dict[str, _Standing] = {}

    @property
    def told(self) -> frozenset[str]:
        """The ids of the problems that are told of now."""
        return frozenset(key for key, each in self._standing.items() if each.told)

    def look(self, problems: Iterable[Problem], now: datetime) -> tuple[Problem, ...]:
        """Take what is wrong now, and return what is to be told."""
        wrong = {problem.id: problem for problem in problems}
        for problem in wrong.values():
            self._see(problem, now)
        self._standing = {
            key: each
            for key, each in self._standing.items()
            if key in wrong or not _is_over(each, now)
        }
        return tuple(each.problem for each in self._standing.values() if each.told)

    def forgive(self, problem: str) -> None:
        """Begin anew with the problem of this id: somebody has just done something about it."""
        self._standing.pop(problem, None)

    def _see(self, problem: Problem, now: datetime) -> None:
        known = self._standing.get(problem.id)
        if known is None:
            known = _Standing(problem=problem, since=now, seen=now, told=False)
        lasts = now - known.since >= PACES.get(problem.kind, USUAL).patience
        self._standing[problem.id] = replace(
            known, problem=problem, seen=now, told=known.told or lasts
        )


def _is_over(standing: _Standing, now: datetime) -> bool:
    """Whether a problem that is not seen now is over; one that nobody was told of is at once."""
    calm = PACES.get(standing.problem.kind, USUAL).calm
    return not standing.told or now - standing.seen >= calm
