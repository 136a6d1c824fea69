"""Very many cameras on one site, and no pixels to speak of: where the first wall is."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .harness import Depth, say
from .machine import is_busy
from .results import Missing, Result, came_to
from .thousand_home import agents, opened
from .thousand_span import DELAY_MS, FULL_PERCENT, LATE_MS, Span, Start, percentile_95

SIZES: Final = (16, 64, 256, 1000)
STEPS: Final = (1, 2, 4, 8, 16, 32, 64)
"""How many times as busy as a busy day."""


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure sites of several sizes, each as busy as it bears."""
    if depth.quick:
        return [Missing(name="a thousand cameras", reason="takes minutes")]
    results: list[Result | Missing] = []
    for cameras in SIZES:
        results += await sized(cameras, STEPS)
    return results


async def sized(cameras: int, steps: tuple[float, ...]) -> list[Result | Missing]:
    """Measure one site."""
    say(f"a site of {cameras} cameras ...")
    busy, spans = is_busy(), list[Span]()
    with TemporaryDirectory(prefix="gatehouse-") as name:
        here = Path(name)
        async with agents(here, cameras) as crowd, opened(here / "home", crowd) as site:
            spans.append(await site.span(0))
            for pace in steps:
                await site.warm(pace)
                spans.append(await site.span(pace))
                if spans[-1].wall:
                    break
            start = site.start
    return list(_results(cameras, start, spans, busy=busy))


def _results(
    cameras: int, start: Start, spans: list[Span], *, busy: bool
) -> Iterator[Result | Missing]:
    idle, day, *_ = spans

    def one(what: str, value: float, unit: str, most: float | None = None) -> Result:
        return came_to(f"{cameras}: {what}", [[value]], unit=unit, most=most, busy=busy)

    yield one("entities", start.entities, "")
    yield one("until started", start.started_s, "s")
    yield one("until all are met", start.met_s, "s")
    yield one("memory", day.memory_mb, "MB")
    yield one("idle, of a core", idle.core, "%")
    yield one("a busy day, of a core", day.core, "%")
    yield one("the loop of it", day.loop, "%", FULL_PERCENT)
    yield one("loop late, p99", day.late_p99, "ms", LATE_MS)
    yield one("loop late, most", day.late_max, "ms")
    yield one("motion to state, p95", percentile_95(day.delays.state), "ms", DELAY_MS)
    yield one("motion to incident's row, p95", percentile_95(day.delays.row), "ms", DELAY_MS)
    yield one("passage to event, p95", percentile_95(day.delays.passage), "ms", DELAY_MS)
    yield one("to a dashboard", day.received, "kB/s")
    yield one("to disk", day.written, "kB/s")
    yield one("recorder's rows", day.rows, "/s")
    holds = [span.pace for span in spans if not span.wall]
    yield one("busy days at once that hold", max(holds, default=0), "x")
    if broken := next((span for span in spans if span.wall), None):
        reason = f"at x{broken.pace:g} {broken.wall}"
        yield Missing(name=f"{cameras}: busier than that", reason=reason)
