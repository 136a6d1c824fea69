"""Runs the agent or Home Assistant with a clock that is ahead, and decisions that fail on demand.

A folder says what is wanted: the file `ahead` by how many seconds, `damage` (if it is there) that
the next decisions break off. An agent reads them whenever it matters; Home Assistant, which starts
anew after each absence, reads once what time it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
import runpy
import sys
import time
from typing import Any


def run_agent(wanted: Path) -> None:
    """Run the agent; all of it asks `time.time`."""
    right = time.time
    time.time = lambda: right() + float((wanted / "ahead").read_text())  # type: ignore[assignment]
    from camera_agent import identification

    identification.judge = breaking(wanted, identification.judge)
    runpy.run_module("camera_agent", run_name="__main__", alter_sys=True)


def run_home_assistant(wanted: Path) -> None:
    """Run Home Assistant; all of it, and ours, asks these modules what time it is."""
    sys.path.insert(0, sys.argv[sys.argv.index("-c") + 1])  # where it looks for integrations
    ahead = float((wanted / "ahead").read_text())
    right, later = time.time, clock_ahead(timedelta(seconds=ahead))
    time.time = lambda: right() + ahead  # type: ignore[assignment]
    from homeassistant.util import dt as dt_util

    dt_util.utcnow = partial(later.now, UTC)
    dt_util.now = lambda zone=None: later.now(zone or dt_util.DEFAULT_TIME_ZONE)
    import jwt.api_jwt  # for it, logins of the future are none

    jwt.api_jwt.datetime = later  # type: ignore[attr-defined]
    from custom_components.gatehouse.access import checkpoint
    from custom_components.gatehouse.agent import clock

    clock.datetime = later  # type: ignore[attr-defined]
    checkpoint.decide = breaking(wanted, checkpoint.decide)
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)


def clock_ahead(span: timedelta) -> type[datetime]:
    """Return a datetime for which it is later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + span

    return Later


def breaking(wanted: Path, decide: Callable[..., Any]) -> Callable[..., Any]:
    """Return what decides, or else fails and tells all that it was given."""

    def decided(*given: Any, **more: Any) -> Any:
        if (wanted / "damage").exists():
            raise RuntimeError(f"The decision broke off: {given!r}, {more!r}")
        return decide(*given, **more)

    return decided


if __name__ == "__main__":
    program, folder = sys.argv.pop(1), Path(sys.argv.pop(1))
    run_agent(folder) if program == "agent" else run_home_assistant(folder)
