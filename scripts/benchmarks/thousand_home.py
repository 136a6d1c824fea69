"""A Home Assistant that runs with very many simulated cameras, and is looked at for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
import json
from pathlib import Path
import sqlite3
from statistics import quantiles
import sys
import time
from typing import Any, Final

import aiohttp

from scripts.demonstration.children import Child
from scripts.demonstration.places import ROOT

from .harness import say
from .homes import Home, Running, spoken_to
from .thousand_site import write_site
from .thousand_span import Span, Start, line
from .thousand_watch import Onlooker, Seen, delays
from .thousand_wire import LOCAL, PACE, READY, TOLD
from .watchers import memory_mb, spent_ns

UP_WITHIN: Final = 60.0  # seconds
MET_WITHIN: Final = 120.0
REST_S: Final = 15.0  # what the recorder makes of a start
WARM_S: Final = 11.0  # longer than anything moves
WATCHED_S: Final = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Agents that run, and how they are told what to do."""

    pid: int
    ports: tuple[int, ...]
    control: str
    session: aiohttp.ClientSession

    async def hurry(self, pace: float) -> None:
        """Be so many times as busy as on a busy day from now on."""
        async with self.session.put(f"{self.control}{PACE}", data=str(pace)) as response:
            response.raise_for_status()

    async def told(self) -> dict[str, Any]:
        """Return what they told since the last time."""
        async with self.session.get(f"{self.control}{TOLD}") as response:
            found: dict[str, Any] = await response.json()
            return found


class ThousandSite:
    """A Home Assistant that runs, with all of it."""

    def __init__(
        self, crowd: Crowd, home: Path, running: Running, onlooker: Onlooker, start: Start
    ) -> None:
        self.start = start
        self._crowd = crowd
        self._recorder = home / "config" / "home-assistant_v2.db"
        self._running = running
        self._onlooker = onlooker

    async def warm(self, pace: float) -> None:
        """Let it become so busy."""
        await self._crowd.hurry(pace)
        await asyncio.sleep(WARM_S)

    async def span(self, pace: float) -> Span:
        """Look on for a while."""
        pid, running = self._running.pid, self._running
        await self._crowd.told()
        self._onlooker.seen = Seen()
        running.late_ms.clear()
        rows, written, began = self._rows(), _written(pid), time.perf_counter()
        spent, loop, agents = spent_ns(pid), _loop_ns(pid), spent_ns(self._crowd.pid)
        await asyncio.sleep(WATCHED_S)
        spent, loop = spent_ns(pid) - spent, _loop_ns(pid) - loop
        agents = spent_ns(self._crowd.pid) - agents
        lasted = time.perf_counter() - began
        told, late, seen = await self._crowd.told(), sorted(running.late_ms), self._onlooker.seen
        await asyncio.sleep(1)  # what is on its way
        span = Span(
            pace=pace,
            core=spent / lasted / 1e7,
            loop=loop / lasted / 1e7,
            agents_core=agents / lasted / 1e7,
            memory_mb=memory_mb(pid),
            late_p99=quantiles(late, n=100)[-1],
            late_max=late[-1],
            delays=delays(seen, told),
            received=seen.received / lasted / 1000,
            states=seen.states / lasted,
            written=(_written(pid) - written) / lasted / 1000,
            rows=(self._rows() - rows) / lasted,
            incidents=len(seen.incidents) / lasted,
            looks=told["looks"] / lasted,
            motions=len(told["motions"]) / lasted,
        )
        say(line(span))
        return span

    def _rows(self) -> int:
        with closing(sqlite3.connect(f"file:{self._recorder}?mode=ro", uri=True)) as reader:
            found: int = reader.execute("SELECT coalesce(max(state_id), 0) FROM states").fetchone()[
                0
            ]
        return found


@asynccontextmanager
async def agents(folder: Path, cameras: int) -> AsyncIterator[Crowd]:
    """Run the agents of so many cameras."""
    log = folder / "agents.log"
    command: list[str | Path] = [sys.executable, "-m", "scripts.benchmarks.thousand_wire"]
    child = await Child.start("agents", [*command, str(cameras)], ROOT, log)
    try:
        async with asyncio.timeout(UP_WITHIN):
            while "\n" not in (said := log.read_text("utf-8")):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        where = json.loads(said.removeprefix(READY).splitlines()[0])
        async with aiohttp.ClientSession() as session:
            control = f"http://{LOCAL}:{where['control']}"
            yield Crowd(
                pid=child.pid, ports=tuple(where["ports"]), control=control, session=session
            )
    finally:
        await child.stop()


@asynccontextmanager
async def opened(folder: Path, crowd: Crowd) -> AsyncIterator[ThousandSite]:
    """Have Home Assistant meet them, and start it again: that is how it starts from then on."""
    home = Home.made(folder)
    await write_site(folder / "config", crowd.ports)
    async with home.running() as running:
        await _until_met(crowd, 1)
        async with spoken_to(running, new=True):
            pass
        await asyncio.sleep(REST_S)
    before = len((await crowd.told())["met"])
    began = time.monotonic()
    async with home.running(attended=True) as running:
        met = await _until_met(crowd, before)
        async with spoken_to(running, new=False) as owner:
            token = owner.token
        await asyncio.sleep(REST_S)
        async with Onlooker.of(running.address, token) as onlooker:
            start = Start(
                started_s=running.start_s,
                met_s=met - began,
                entities=onlooker.entities,
                unavailable=onlooker.unavailable,
                memory_mb=memory_mb(running.pid),
            )
            say(f"{start}")
            yield ThousandSite(crowd, folder, running, onlooker, start)


async def _until_met(crowd: Crowd, before: int) -> float:
    """Wait until somebody listens to each agent; return since when."""
    async with asyncio.timeout(MET_WITHIN):
        while True:
            told = await crowd.told()
            if told["listened"] == len(crowd.ports) and len(told["met"]) >= before:
                return float(max(told["met"]))
            await asyncio.sleep(0.1)


def _written(pid: int) -> int:
    lines = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def _loop_ns(pid: int) -> int:
    """Return what the main thread, where the loop is, has had of the processors."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[0])
