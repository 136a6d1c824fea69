"""Live pictures to many at once: the agent, beside ustreamer and beside plain sends in C."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from . import compiled
from .harness import Depth, say
from .machine import is_busy
from .results import Missing, Result, came_to
from .servers import agent, limit, pictures, prepare, ustreamer, why_no_ustreamer
from .watchers import Audience, Server, Watched, watch

OURS: Final = "agent"
LIMIT: Final = "limit"
PEER: Final = "ustreamer"
GOALS: Final = ("M1", "M2", "M3")

# What a delivered picture may cost, times what it costs the others, by how many watch.
PEER_TIMES: Final = {10: 0.4, 50: 0.3, 100: 0.35}
LIMIT_TIMES: Final = {10: 2.2, 50: 1.6, 100: 1.3}
FPS: Final = 30
AUDIENCES: Final = (1, 10, 50, 100)
SLOWER_FPS: Final = 15

# What each of so many is owed, whoever stalls beside them.
CROWD: Final = 50
MISSED: Final = 1.0  # of a hundred pictures
AGE_TIMES: Final = 2.0
AGE_MS: Final = 2.0
STALLED_MB: Final = 2.0

# Each round takes three servers.
ROUNDS: Final = 3
SECONDS: Final = 3.0
QUICK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What came of some rounds of one audience, by who served it."""

    audience: Audience
    busy: bool = False
    watched: dict[str, list[Watched]] = field(default_factory=dict)

    def costs(self, server: str) -> list[list[float]]:
        """Return what a picture cost, round by round."""
        return [[each.cost_us] for each in self.watched[server]]

    def age_ms(self, server: str) -> float:
        """Return how old pictures became."""
        return median(each.age_ms for each in self.watched[server])

    def missed(self, server: str) -> list[list[float]]:
        """Return how many of a hundred a viewer lacks."""
        return [[each.missed] for each in self.watched[server]]

    def memory_mb(self, server: str) -> list[float]:
        """Return what the server had in memory."""
        return [each.memory_mb for each in self.watched[server]]


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it; without a C compiler there is nobody who watches."""
    if reason := compiled.why_none():
        return [Missing(name="live pictures", reason=reason, goal=goal) for goal in GOALS]
    results: list[Result | Missing] = []
    if reason := await why_no_ustreamer():
        results.append(Missing(name="beside ustreamer", reason=reason, goal="M1"))
    here = folder / "mjpeg"
    await asyncio.to_thread(prepare, here)
    for fps in (FPS,) if depth.quick else (FPS, SLOWER_FPS):
        async with _servers(here, fps, with_peer=not reason) as servers:
            results += [each async for each in _at(servers, here / "client", fps, depth)]
    return results


async def _at(
    servers: Mapping[str, Server], client: Path, fps: int, depth: Depth
) -> AsyncIterator[Result]:
    """Yield what is measured at so many pictures a second."""
    seconds = QUICK_SECONDS if depth.quick else SECONDS
    rounds = 1 if depth.quick else ROUNDS
    for viewers in (CROWD,) if depth.quick else AUDIENCES:
        audience = Audience(viewers=viewers, seconds=seconds, fps=fps)
        say(f"{_name(audience)} ...")
        alone = await _rounds(servers, client, audience, rounds)
        for result in _costs(alone):
            yield result
        if (viewers, fps) == (CROWD, FPS):
            for result in _owed(alone, "all take them"):
                yield result
            audience = Audience(viewers=viewers, seconds=seconds, fps=fps, stalled=1)
            say(f"{_name(audience)}, and one that stalls ...")
            pair = {name: servers[name] for name in (OURS, LIMIT)}
            beside = await _rounds(pair, client, audience, rounds)
            for result in _owed(beside, "one stalls"):
                yield result
            yield _kept(alone, beside)


async def _rounds(
    servers: Mapping[str, Server], client: Path, audience: Audience, rounds: int
) -> Rounds:
    """Let the servers take turns."""
    busy, watched = False, {name: list[Watched]() for name in servers}
    for _ in range(rounds):
        busy |= is_busy()
        for name, server in servers.items():
            watched[name].append(await watch(client, server, audience))
    return Rounds(audience=audience, busy=busy, watched=watched)


def _costs(rounds: Rounds) -> Iterator[Result]:
    """Yield what a delivered picture costs; goals are for thirty a second."""
    viewers = rounds.audience.viewers
    is_goal = rounds.audience.fps == FPS and viewers in LIMIT_TIMES
    for beside, goal, times in ((PEER, "M1", PEER_TIMES), (LIMIT, "M2", LIMIT_TIMES)):
        if beside in rounds.watched:
            yield came_to(
                f"{_name(rounds.audience)}, {beside}",
                rounds.costs(OURS),
                rounds.costs(beside),
                unit="µs",
                times=times[viewers] if is_goal else None,
                goal=goal if is_goal else None,
                busy=rounds.busy,
                bound=_bound(rounds, beside),
            )
    yield came_to(
        f"{_name(rounds.audience)}, its camera's process",
        [[each.camera_us] for each in rounds.watched[OURS]],
        unit="µs",
        busy=rounds.busy,
    )


def _bound(rounds: Rounds, beside: str) -> str:
    """Return what keeps the agent from costing less: the kernel, or what comes before sending."""
    viewers = rounds.audience.viewers
    if beside == LIMIT:
        return f"{viewers} viewers share what a picture costs before it is sent"
    pairs = zip(rounds.costs(LIMIT), rounds.costs(beside), strict=True)
    least = median(ours / theirs for (ours,), (theirs,) in pairs)
    return f"{viewers} viewers: plain sends alone take {least:.2f} of {beside}'s"


def _owed(rounds: Rounds, how: str) -> Iterator[Result]:
    """Yield what each viewer is owed: all pictures, and soon."""
    yield came_to(
        f"{rounds.audience.viewers} viewers, {how}: missed",
        _median(rounds.missed(OURS)),
        unit="%",
        most=MISSED,
        goal="M3",
        busy=rounds.busy,
    )
    least = rounds.age_ms(LIMIT)
    yield came_to(
        f"{rounds.audience.viewers} viewers, {how}: age",
        [[rounds.age_ms(OURS)]],
        [[least]],
        most=AGE_TIMES * least + AGE_MS,
        goal="M3",
        busy=rounds.busy,
    )


def _kept(alone: Rounds, beside: Rounds) -> Result:
    """Return what the agent keeps for one that stalls."""
    pairs = zip(beside.memory_mb(OURS), alone.memory_mb(OURS), strict=True)
    return came_to(
        "one stalls: memory",
        _median([[more - less] for more, less in pairs]),
        unit="MB",
        most=STALLED_MB,
        goal="M3",
        busy=beside.busy,
    )


def _median(rounds: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the round in the middle: a single one is the machine's doing as often as ours."""
    return [[median(value for each in rounds for value in each)]]


def _name(audience: Audience) -> str:
    return f"{audience.viewers} viewers at {audience.fps} fps"


@asynccontextmanager
async def _servers(folder: Path, fps: int, *, with_peer: bool) -> AsyncIterator[dict[str, Server]]:
    """Run all that are compared."""
    made = pictures(folder)
    runs = {OURS: agent, LIMIT: limit} | ({PEER: ustreamer} if with_peer else {})
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(run(folder, made, fps))
            for name, run in runs.items()
        }
