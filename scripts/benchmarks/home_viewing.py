"""Live pictures through Home Assistant: by our camera, and by its own one of the same stream."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from camera_agent import wire
from scripts.demonstration.dashboard import Entities
from scripts.demonstration.gatehouse import ENTRIES
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.memory import AgentMemory
from scripts.demonstration.places import LOCAL

from . import compiled
from .harness import Depth, say
from .home_agents import agents, resting
from .homes import NOTHING, Home, Running, settle, spoken_to
from .machine import is_busy
from .results import Missing, Result, bounded, came_to
from .servers import SIZE, pictures, relay
from .watchers import Audience, Server, Watched, unwatched_us, watch

NAME: Final = "viewing"
LONG: Final = "Home Assistant has to be started (not with --quick)"
OURS: Final = "Gatehouse"
CORE: Final = "mjpeg"
LEAST: Final = "a relay in C"
FPS: Final = 15
CAMERA: Final = "camera0"
TIMES: Final = {1: 0.8, 10: 0.65}
"""What a delivered picture may cost, times what it costs with Home Assistant's own camera."""

ROUNDS: Final = 5
SECONDS: Final = {1: 16.0, 10: 4.0}
"""How long so many watch: what Home Assistant does by itself is small beside what they see."""
SETTLED_S: Final = 10.0
KNOWN_WITHIN: Final = 60.0  # seconds


async def measured(folder: Path, here: Path, depth: Depth) -> list[Result | Missing]:
    """Measure both sides in one Home Assistant; nobody watches without a C compiler."""
    if reason := compiled.why_none():
        return [Missing(name=NAME, reason=reason, goal="H1")]
    if depth.quick:
        return [Missing(name=NAME, reason=LONG, goal="H1")]
    client = await asyncio.to_thread(compiled.program, here, "client")
    await asyncio.to_thread(compiled.program, here, "relay")
    play = resting(await asyncio.to_thread(pictures, here), SIZE, FPS)
    results: list[Result | Missing] = []
    async with (
        agents(folder / "agents", [play], 1) as reached,
        Home.made(folder / "home").running() as home,
    ):
        async with spoken_to(home, new=True) as owner:
            servers = await _servers(owner, home, reached)
        await asyncio.sleep(SETTLED_S)
        for viewers in TIMES:
            say(f"{viewers} who watch through Home Assistant ...")
            async with _with_the_least(servers, reached, here, viewers) as compared:
                results += await _beside(compared, client, viewers)
    return results


async def _beside(servers: Mapping[str, Server], client: Path, viewers: int) -> list[Result]:
    """Let all of them take turns."""
    seconds = SECONDS[viewers]
    audience = Audience(viewers=viewers, seconds=seconds, fps=FPS)
    busy, watched = False, {name: list[Watched]() for name in servers}
    alone: list[float] = []
    for _ in range(ROUNDS):
        busy |= is_busy()
        alone.append(await unwatched_us(servers[OURS].pid, seconds))
        for name, server in servers.items():
            watched[name].append(await watch(client, server, audience))
    return list(_results(viewers, watched, alone, busy=busy))


def _results(
    viewers: int, watched: Mapping[str, list[Watched]], alone: list[float], *, busy: bool
) -> Iterator[Result]:
    # Both cameras are of one Home Assistant, and so is what it does when nobody watches.
    idle = median(alone) / (viewers * FPS)
    core = _costs(watched[CORE], idle)
    ours = came_to(
        f"{viewers} viewers at {FPS} fps, core's mjpeg",
        _costs(watched[OURS], idle),
        core,
        unit="µs",
        times=TIMES[viewers],
        goal="H1",
        busy=busy,
    )
    if LEAST in watched:
        costs = _costs(watched[LEAST], 0)
        least = came_to(f"the same by {LEAST}", costs, core, unit="µs", busy=busy)
        yield from bounded([ours, least], ours.name, least.name, f"{LEAST} alone")
    else:
        yield ours
    yield came_to("not counted: nobody watches, a second of it", [[us] for us in alone], unit="µs")
    yield came_to(
        f"{viewers} viewers: age, the 99th percentile",
        [[each.age_ms] for each in watched[OURS]],
        [[each.age_ms] for each in watched[CORE]],
        busy=busy,
    )
    yield came_to(
        f"{viewers} viewers: missed",
        [[each.missed] for each in watched[OURS]],
        unit="%",
        busy=busy,
    )


def _costs(watched: list[Watched], idle_us: float) -> list[list[float]]:
    return [[each.cost_us - idle_us] for each in watched]


@asynccontextmanager
async def _with_the_least(
    servers: Mapping[str, Server], reached: dict[str, AgentMemory], folder: Path, viewers: int
) -> AsyncIterator[Mapping[str, Server]]:
    """Let one who watches alone also do so without any Home Assistant between."""
    if viewers > 1:
        yield servers
        return
    (agent,) = reached.values()
    stream = wire.STREAM.format(camera=CAMERA)
    async with relay(folder, agent.port, stream, agent.token) as least:
        yield {**servers, LEAST: least}


async def _servers(
    owner: HomeAssistant, home: Running, reached: dict[str, AgentMemory]
) -> dict[str, Server]:
    """Have Home Assistant know the camera twice; return where each is watched."""
    (agent,) = reached.values()
    await _know_by_itself(owner, agent)
    await settle(owner, reached, NOTHING)
    port = int(owner.url.rpartition(":")[2])
    async with asyncio.timeout(KNOWN_WITHIN):
        while not (found := await _cameras(owner, agent)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    return {
        name: Server(
            port=port,
            path=f"/api/camera_proxy_stream/{entity}",
            pid=home.pid,
            authorization=f"Bearer {owner.token}",
        )
        for name, entity in found.items()
    }


async def _know_by_itself(owner: HomeAssistant, agent: AgentMemory) -> None:
    """Add the stream as everybody adds a camera of which there is nothing but an address."""
    address = f"http://{LOCAL}:{agent.port}{wire.STREAM.format(camera=CAMERA)}"
    answer = {"mjpeg_url": address, "username": "bench", "password": agent.token}
    step = await owner.post(f"{ENTRIES}/flow", {"handler": "mjpeg"})
    made = await owner.post(
        f"{ENTRIES}/flow/{step['flow_id']}", {"name": CORE, "verify_ssl": True, **answer}
    )
    if made["type"] != "create_entry":
        raise RuntimeError(f"Home Assistant does not take the stream: {made}")


async def _cameras(owner: HomeAssistant, agent: AgentMemory) -> dict[str, str]:
    """Return both cameras' entities, nothing while one gives no pictures."""
    registry: list[dict[str, Any]] = await owner.ask("config/entity_registry/list")
    own = [each["entity_id"] for each in registry if each["platform"] == CORE]
    try:
        found = {OURS: Entities(registry).of(agent.id, CAMERA, "camera"), CORE: own[0]}
    except KeyError, IndexError:
        return {}
    for entity in found.values():
        status, body = await owner.fetch(f"/api/camera_proxy/{entity}")
        if status != 200 or not body.startswith(b"\xff\xd8"):
            return {}
    return found
