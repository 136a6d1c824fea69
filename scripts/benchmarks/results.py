"""What the rounds of a case came to, beside those of its reference, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import median
from typing import Final

# Where rounds differ more than this, the figures say so.
STEADY: Final = 2.0


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


def bounded(results: Sequence[Result], name: str, least: str, what: str) -> list[Result]:
    """Return the results; `name` says also, as its bound, how much of it `least` takes alone."""
    (ratio,) = (each.ratio for each in results if each.name == least)
    said = "" if ratio is None else f"{what} takes {ratio:.2f} times"
    return [
        replace(each, bound="; ".join(filter(None, (each.bound, said))))
        if each.name == name
        else each
        for each in results
    ]


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


def _part_of(taken: float, allowed: float) -> float:
    return taken / allowed if allowed else inf if taken else 0.0


def _percentile(rounds: Sequence[Sequence[float]], percent: int) -> float:
    ranked = sorted(took for measured in rounds for took in measured)
    return ranked[min(len(ranked) * percent // 100, len(ranked) - 1)]
