"""What the bench of live pictures says of its goals, beside a peer that costs this or that."""

from dataclasses import replace

import pytest

from scripts.benchmarks.fanout import LIMIT, OURS, PEER, Rounds, _costs
from scripts.benchmarks.goals import Row, reached
from scripts.benchmarks.watchers import Audience, Watched

WATCHED = Watched(cost_us=0.0, camera_us=5.0, missed=0.0, age_ms=3.0, memory_mb=100.0)


def told(ours: float, limit: float, peer: float) -> Row:
    """Return what becomes of the first goal when fifty cost so many µs each."""
    costs = {OURS: ours, LIMIT: limit, PEER: peer}
    watched = {name: [replace(WATCHED, cost_us=cost)] * 3 for name, cost in costs.items()}
    audience = Audience(viewers=50, seconds=1.0, fps=30)
    return next(reached({"mjpeg": list(_costs(Rounds(audience=audience, watched=watched)))}))


def test_what_falls_short_says_how_much_of_it_is_the_kernels() -> None:
    row = told(ours=36.0, limit=27.0, peer=100.0)

    assert (row.goal, row.verdict) == ("M1", "falls short")
    assert row.reason == "50 viewers: plain sends alone take 0.27 of ustreamer's"


@pytest.mark.parametrize("ours", [20.0, 29.9])
def test_what_is_reached_needs_no_reason(ours: float) -> None:
    row = told(ours=ours, limit=20.0, peer=100.0)

    assert (row.verdict, row.reason) == ("passes", "")
