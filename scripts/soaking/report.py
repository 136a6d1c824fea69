"""What came of a soak, for people and for programs."""

from collections import Counter
from dataclasses import asdict, dataclass
import json
from typing import Any

from .evidence import Evidence
from .invariants import INVARIANTS, visits
from .ledger import Ledger
from .steadiness import lateness, most_used

SHOWN = 10
"""So many of what broke an invariant are shown to people; a program is given all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one invariant held, and where it did not."""

    name: str
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole of it."""

    seed: int
    minutes: float
    faults: dict[str, int]
    counts: dict[str, int]
    late_p99_ms: dict[str, float]
    """Of each program's event loop."""
    most_used: dict[str, tuple[int, int]]
    """Bytes and file descriptors of each program."""
    verdicts: tuple[Verdict, ...]
    processors: float = 0.0
    """So many were busy all the time."""

    @property
    def held(self) -> bool:
        """Whether nothing was broken."""
        return not any(each.broken for each in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {"held": self.held, **asdict(self)}

    def as_text(self) -> str:
        """Return it for people."""
        lines = [
            f"seed {self.seed}, {self.minutes:g} minutes",
            f"went wrong: {_listed(self.faults)}",
            f"counted: {_listed(self.counts)}",
            f"used: {self.processors:.2f} processors",
        ]
        for name, (rss, fds) in self.most_used.items():
            late = self.late_p99_ms.get(name, 0.0)
            lines.append(f"{name}: {rss >> 20} MB, {fds} descriptors, {late:.0f} ms late (p99)")
        for verdict in self.verdicts:
            lines.append(f"{'BROKEN' if verdict.broken else 'held  '}  {verdict.name}")
            lines += [f"        {each}" for each in verdict.broken[:SHOWN]]
            if (more := len(verdict.broken) - SHOWN) > 0:
                lines.append(f"        and {more} more")
        return "\n".join(lines)


def judge(seed: int, minutes: float, ledger: Ledger, evidence: Evidence) -> Report:
    """Ask each invariant."""
    return Report(
        seed=seed,
        minutes=minutes,
        faults=dict(Counter(f"{each.target} {each.kind}" for each in ledger.troubles)),
        counts=_counted(ledger, evidence),
        late_p99_ms={name: late * 1000 for name, late in lateness(ledger).items()},
        most_used=most_used(ledger),
        verdicts=tuple(
            Verdict(name=each.__name__.replace("_", " "), broken=tuple(each(ledger, evidence)))
            for each in INVARIANTS
        ),
    )


def history(ledger: Ledger) -> str:
    """Return all that was seen, for whoever looks for the reason."""
    known = asdict(ledger) | {"announced": [asdict(each) for each in ledger.announced.values()]}
    return json.dumps(known, indent=1)


def _counted(ledger: Ledger, evidence: Evidence) -> dict[str, int]:
    answers = Counter(
        f"cards {shown.answer or shown.excuse or 'unanswered'}" for shown in ledger.shown
    )
    return {
        **answers,
        "revoked": len(ledger.revoked),
        "visits": len(list(visits(ledger.sightings))),
        "announced": len(ledger.announced),
        "incidents": len(evidence.incidents),
        "passages": len(evidence.passages),
        **{f"clips {name}": n for name, n in Counter(row.stage for row in evidence.clips).items()},
        "objects": len(evidence.objects),
        **ledger.done,
    }


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} × {name}" for name, number in counts.items()) or "nothing"
