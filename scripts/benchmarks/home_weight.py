"""What Gatehouse adds to a Home Assistant: to its start, to its memory and to its loop's lag."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
import json
from pathlib import Path
from typing import Final

from scripts.demonstration.dashboard import Entities
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.memory import AgentMemory
from scripts.demonstration.places import ROOT, Assets

from .harness import Depth, say
from .home_agents import CAMERAS, agents, moving, resting
from .home_floor import Reasons, model_mb
from .homes import NOTHING, Home, Life, python, settle, spoken_to
from .machine import is_busy
from .results import Missing, Result, came_to
from .servers import SIZE, pictures
from .sightings import material

BARE: Final = "nothing"
FEW: Final = "4 cameras"
MANY: Final = "16 cameras"
MODEL: Final = "16 cameras and a model"
ALIKE: Final = "as many bare entities as 16 cameras"
AGENTS: Final = {FEW: 1, MANY: 4, MODEL: 4}

# What may be added.
START_TIMES: Final = 1.05
MEMORY_MB: Final = {FEW: 10.0, MANY: 10.0, MODEL: 40.0}
LAG_MS: Final = 20.0

ROUNDS: Final = 3
SETTLED_S: Final = 6.0
WATCHED_S: Final = 20.0
KNOWN_WITHIN: Final = 60.0  # seconds
IMPORTS: Final = 3

LONG: Final = "Home Assistant has to be started a dozen times (not with --quick)"
NO_MODEL: Final = "there is no model to load (scripts/demo-assets fetches one)"


async def measured(folder: Path, here: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it; a glance leaves out what needs many starts."""
    results: list[Result | Missing] = [*await _imports(1 if depth.quick else IMPORTS)]
    if depth.quick:
        return [*results, Missing(name="start, memory, loop lag", reason=LONG, goal="H2")]
    found = await asyncio.to_thread(material)
    model = _with_model(found.model, found.threshold) if found else None
    if model is None:
        results.append(Missing(name=MODEL, reason=NO_MODEL, goal="H2"))
    rest = resting(await asyncio.to_thread(pictures, here), SIZE)
    bare_mb = await model_mb(found.model) if found else None
    async with agents(folder / "agents", [rest] * max(AGENTS.values())) as reached:
        homes = await _homes(folder, reached, model)
        results += await _lives(homes, _reasons(results, bare_mb))
    say("the loop's lag while somebody walks before four of sixteen cameras ...")
    plays = [moving(folder), rest, rest, rest]
    async with agents(folder / "moving", plays) as reached:
        home = homes[BARE].copied(folder / "lag")
        results += await _lag(home, reached, model or NOTHING)
    return results


def _with_model(model: Path, threshold: float) -> Assets:
    return Assets(
        video=Path(),
        video_kind="",
        model=model,
        model_kind="yolox_nano",
        threshold=threshold,
        why="",
    )


async def _homes(
    folder: Path, reached: dict[str, AgentMemory], model: Assets | None
) -> dict[str, Home]:
    """Make Home Assistants that know nothing, few, and many cameras."""
    homes = {BARE: Home.made(folder / "bare")}
    async with homes[BARE].running() as running, spoken_to(running, new=True):
        pass
    for number, (kind, count) in enumerate(AGENTS.items()):
        if kind != MODEL or model:
            say(f"a Home Assistant with {kind} ...")
            homes[kind] = homes[BARE].copied(folder / f"home{number}")
            known = dict(list(reached.items())[:count])
            made = await _furnish(homes[kind], known, (kind == MODEL and model) or NOTHING)
            if kind == MANY:
                homes[ALIKE] = homes[BARE].copied(folder / "alike")
                homes[ALIKE].bare_entities = made
                await homes[ALIKE].life(0)
    return homes


async def _furnish(home: Home, known: dict[str, AgentMemory], assets: Assets) -> int:
    """Let one know its agents; return how many entities it has of them."""
    async with home.running() as running, spoken_to(running, new=False) as owner:
        await settle(owner, known, assets)
        await _until_known(owner, known)
        registry = await owner.ask("config/entity_registry/list")
    ours = [each for each in registry if each["platform"] == "gatehouse"]
    return sum(each["disabled_by"] is None for each in ours)


async def _until_known(owner: HomeAssistant, known: dict[str, AgentMemory]) -> None:
    """Wait until each camera is there, and gives pictures."""
    async with asyncio.timeout(KNOWN_WITHIN):
        while not await _is_known(owner, known):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.3)


async def _is_known(owner: HomeAssistant, known: dict[str, AgentMemory]) -> bool:
    entities = Entities(await owner.ask("config/entity_registry/list"))
    try:
        cameras = [
            entities.of(agent.id, f"camera{number}", "camera")
            for agent in known.values()
            for number in range(CAMERAS)
        ]
    except KeyError:
        return False
    states = {each["entity_id"]: each["state"] for each in await owner.get("/api/states")}
    return all(states.get(camera) == "streaming" for camera in cameras)


def _reasons(imports: Sequence[Result | Missing], bare_mb: float | None) -> Reasons:
    cpu_ms, code_mb = (each.p50 for each in imports[:2] if isinstance(each, Result))
    return Reasons(import_ms=cpu_ms, import_mb=code_mb, model_mb=bare_mb)


async def _lives(homes: Mapping[str, Home], reasons: Reasons) -> list[Result]:
    """Start them in turn, after a first round that nobody counts: each was started once."""
    busy, lives = False, {kind: list[Life]() for kind in homes}
    for number in range(ROUNDS):
        for kind, home in homes.items():
            say(f"start {number + 1} of {ROUNDS} with {kind} ...")
            busy |= is_busy()
            lives[kind].append(await home.life(SETTLED_S))
    return list(added(lives, reasons, busy=busy))


def added(lives: Mapping[str, list[Life]], reasons: Reasons, *, busy: bool) -> Iterator[Result]:
    bare, alike = lives[BARE], lives.get(ALIKE)
    for kind in (kind for kind in (*AGENTS, ALIKE) if kind in lives):
        with_it, is_ours = lives[kind], kind != ALIKE
        entities = alike if kind != FEW and is_ours else None
        yield came_to(
            f"start, {kind}",
            _starts(with_it),
            _starts(bare),
            times=START_TIMES if is_ours else None,
            goal="H2" if is_ours else None,
            busy=busy,
            bound=reasons.of_start(_starts(entities) if entities else None, _starts(bare)),
        )
        yield came_to(f"start (CPU), {kind}", _starts_cpu(with_it), _starts_cpu(bare), busy=busy)
        yield came_to(
            f"memory added, {kind}",
            [_median_added(with_it, bare)],
            unit="MB",
            most=MEMORY_MB.get(kind),
            goal="H2" if is_ours else None,
            bound=reasons.of_memory(
                _median_added(entities, bare)[0] if entities else None, with_model=kind == MODEL
            ),
        )


def _starts(lives: list[Life]) -> list[list[float]]:
    return [[1000 * life.start_s] for life in lives]


def _starts_cpu(lives: list[Life]) -> list[list[float]]:
    return [[1000 * life.start_cpu_s] for life in lives]


def _median_added(ours: list[Life], bare: list[Life]) -> list[float]:
    added = sorted(one.memory_mb - other.memory_mb for one, other in zip(ours, bare, strict=True))
    return [added[len(added) // 2]]


async def _lag(home: Home, reached: dict[str, AgentMemory], assets: Assets) -> list[Result]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(home.running(attended=True))
        owner = await stack.enter_async_context(spoken_to(running, new=False))
        await settle(owner, reached, assets)
        await _until_known(owner, reached)
        await asyncio.sleep(SETTLED_S)
        running.late_ms.clear()
        await asyncio.sleep(WATCHED_S)
        late = list(running.late_ms)
    return [
        came_to("loop lag, 16 cameras, 4 moving", [late], most=LAG_MS, goal="H2"),
        came_to("loop lag, the worst", [[max(late)]]),
    ]


async def _imports(runs: int) -> list[Result]:
    """Import Gatehouse in processes in which Home Assistant is loaded already."""
    told = [await _imported() for _ in range(runs)]
    return [
        came_to("import (CPU)", [[each["cpu_ms"]] for each in told]),
        came_to("import: memory", [[each["memory_mb"]] for each in told], unit="MB"),
    ]


async def _imported() -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        python(),
        Path(__file__).with_name("home_imports.py"),
        ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    found: dict[str, float] = json.loads(said)
    return found
