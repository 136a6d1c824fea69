"""Many cameras on one site, of which few see somebody: how soon, how fairly, at what cost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles
import time
from typing import Final

from custom_components.gatehouse.incidents import IncidentOptions

from .harness import Depth
from .machine import is_busy
from .results import Result, came_to
from .sightings import Bare, Material
from .sites import Camera, Site, opened

# What must hold.
SERVED_TIMES: Final = 1 / 0.95  # of the bare model's time
FAIR: Final = 1.2  # the most served by the least
IDLE_PERCENT: Final = 0.01  # of a core, each camera

SITES: Final = (16, 64)
ACTIVE: Final = 4
# How sure a model is of one picture is not what is measured.
OPTIONS: Final = IncidentOptions(certainty=0.1)
# More than any detector takes, so that it always has something to look at.
FLOOD_FPS: Final = 60.0
WARM_S: Final = 0.3
ROUNDS: Final = 3
SECONDS: Final = 3.0
QUICK_SECONDS: Final = 0.5
ARRIVALS: Final = 40
QUICK_ARRIVALS: Final = 3

type Play = Callable[[Path, Scene, Depth], Awaitable[list[Result]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A model, beside which it is measured, and what the active cameras show it."""

    material: Material
    bare: Bare
    person: bytes


async def arriving(folder: Path, scene: Scene, depth: Depth) -> list[Result]:
    """One after the other, somebody comes at a camera, and at no other."""
    cameras = _cameras(QUICK_ARRIVALS if depth.quick else ARRIVALS, scene)
    busy, took = is_busy(), list[float]()
    bare_ms = await asyncio.to_thread(scene.bare.wall_ms, _seconds(depth) / 2)
    async with opened(folder, scene.material, cameras, OPTIONS) as site:
        for camera in cameras:
            took += await site.arrivals_ms([camera])
            await site.rest([camera])
    return [
        came_to(
            "one active: first frame to person, p95",
            [[_percentile_95(took)]],
            most=OPTIONS.needed * 1000 / OPTIONS.fps + 2 * bare_ms,
            goal="D5",
            busy=busy,
        )
    ]


async def idling(folder: Path, scene: Scene, depth: Depth) -> list[Result]:
    """Nothing moves at any camera."""
    cameras = _cameras(SITES[-1], scene)
    async with opened(folder, scene.material, cameras, OPTIONS):
        await asyncio.sleep(WARM_S)
        began, before = time.perf_counter(), time.process_time()
        await asyncio.sleep(_seconds(depth))
        spent, lasted = time.process_time() - before, time.perf_counter() - began
    given = sum(camera.given for camera in cameras)
    percent = 100 * spent / lasted / len(cameras)
    return [
        came_to("an idle camera: pictures", [[given]], unit="B", most=0, goal="D4"),
        came_to("an idle camera: of a core", [[percent]], unit="%", most=IDLE_PERCENT, goal="D4"),
    ]


async def crowded(folder: Path, scene: Scene, depth: Depth) -> list[Result]:
    """Somebody comes at four of many cameras, and stays."""
    results: list[Result] = []
    for number in SITES[-1:] if depth.quick else SITES:
        name = f"{ACTIVE} active of {number}"
        cameras = _cameras(number, scene)
        async with opened(folder, scene.material, cameras, OPTIONS) as site:
            took = await site.arrivals_ms(cameras[:ACTIVE])
        results.append(came_to(f"{name}: first frame to person", [took]))
        flood = replace(OPTIONS, fps=FLOOD_FPS)
        cameras = _cameras(number, scene)
        async with opened(folder, scene.material, cameras, flood) as site:
            results += await _flooded(name, site, scene.bare, depth)
    return results


SCENES: Final[Mapping[str, Play]] = {
    "somebody who comes": arriving,
    "cameras at which nothing moves": idling,
    "many cameras, four of them active": crowded,
}


async def _flooded(name: str, site: Site, bare: Bare, depth: Depth) -> list[Result]:
    """Let the active ones have more pictures than can be looked at, in turn with the bare model."""
    active, seconds = site.cameras[:ACTIVE], _seconds(depth)
    busy, ours, theirs, fair = False, [], [], []
    for _ in range(1 if depth.quick else ROUNDS):
        busy |= is_busy()
        await site.stir(active)
        await asyncio.sleep(WARM_S)
        served = await site.served_in(seconds)
        await site.rest(active)
        ours.append([1000 * seconds / max(served.total(), 1)])
        theirs.append([await asyncio.to_thread(bare.wall_ms, seconds)])
        counts = [served[camera.key] for camera in active]
        # Whose turn is next when the time is up has one picture less.
        fair.append([max(max(counts) - 1, min(counts)) / max(min(counts), 1)])
    return [
        came_to(f"{name}: a picture", ours, theirs, times=SERVED_TIMES, goal="D6", busy=busy),
        came_to(f"{name}: most by least served", fair, unit="x", most=FAIR, goal="D6", busy=busy),
    ]


def _cameras(number: int, scene: Scene) -> list[Camera]:
    return [Camera(each, scene.person) for each in range(number)]


def _seconds(depth: Depth) -> float:
    return QUICK_SECONDS if depth.quick else SECONDS


def _percentile_95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]
