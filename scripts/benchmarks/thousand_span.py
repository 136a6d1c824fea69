"""What a while at a site of very many cameras was like, and whether everything held."""

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from .thousand_watch import Delays

# What must hold, at a busy day and as far beyond it as it goes.
LATE_MS: Final = 50.0  # a tick of the loop, p99
DELAY_MS: Final = 1000.0  # p95
FULL_PERCENT: Final = 95.0  # of a core, the thread of the loop

ENOUGH: Final = 3  # delays of a kind, to say anything of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How Home Assistant started."""

    started_s: float
    met_s: float
    """Until it listened to all agents."""
    entities: int
    unavailable: int
    memory_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a while was like."""

    pace: float
    core: float
    """Of a core, in percent: all threads."""
    loop: float
    """The one thread that all of them wait for."""
    agents_core: float
    """What all simulated agents take together."""
    memory_mb: float
    late_p99: float
    late_max: float
    delays: Delays
    received: float
    """Kilobytes a second, by one dashboard."""
    states: float
    """A second, shown by it."""
    written: float
    """Kilobytes a second, to disk."""
    rows: float
    """Of Home Assistant's recorder, a second."""
    incidents: float
    """Confirmed, a second."""
    looks: float
    """A second."""
    motions: float
    """Begun or ended, a second."""

    @property
    def wall(self) -> str | None:
        """Return which bound is broken first; None if all of them hold."""
        late = {
            "a state": percentile_95(self.delays.state),
            "an incident": percentile_95(self.delays.row),
            "a passage": percentile_95(self.delays.passage),
        }
        if self.loop > FULL_PERCENT:
            return f"the loop's thread has {self.loop:.0f} % of a core"
        if self.late_p99 > LATE_MS:
            return f"the loop is late by {self.late_p99:.0f} ms (p99)"
        slow = [f"{what} by {ms:.0f} ms" for what, ms in late.items() if ms > DELAY_MS]
        return f"{', '.join(slow)} late (p95)" if slow else None


def percentile_95(values: list[float]) -> float:
    """Return the 95th percentile; 0 if there are too few to tell."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) >= ENOUGH else 0.0


def line(span: Span) -> str:
    """Return all of it in a line."""
    late = span.delays
    medians = [median(each) if each else 0.0 for each in (late.state, late.row, late.passage)]
    ends = [percentile_95(each) for each in (late.state, late.row, late.passage)]
    return (
        f"x{span.pace:g} core {span.core:.1f} loop {span.loop:.1f} %"
        f" agents {span.agents_core:.1f} % {span.memory_mb:.0f} MB"
        f" late {span.late_p99:.1f}/{span.late_max:.0f} ms"
        f" state/row/passage p50 {medians[0]:.1f}/{medians[1]:.0f}/{medians[2]:.1f}"
        f" p95 {ends[0]:.1f}/{ends[1]:.0f}/{ends[2]:.1f} ms"
        f" (n {len(late.state)}/{len(late.row)}/{len(late.passage)}, owed {late.owed})"
        f" board {span.received:.0f} kB/s {span.states:.0f}/s disk {span.written:.0f} kB/s"
        f" rows {span.rows:.0f}/s incidents {span.incidents:.2f}/s looks {span.looks:.0f}/s"
        f" motions {span.motions:.1f}/s wall: {span.wall}"
    )
