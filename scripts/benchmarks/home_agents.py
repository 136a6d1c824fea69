"""Agents of a site with many cameras: most of them rest, before some there is always somebody."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import secrets
from typing import Final

import aiohttp

from camera_agent import wire
from scripts.demonstration.children import Child
from scripts.demonstration.memory import AgentMemory, free_port
from scripts.demonstration.places import AGENT_PYTHON, DEMO, LOCAL, ROOT, Assets
from scripts.soaking.film import make_film

from .agent_config import beginning

FIRST_PORT: Final = 8967
UP_WITHIN: Final = 60.0  # seconds
CAMERAS: Final = 4
"""So many has an agent."""

_CAMERA: Final = """
[[cameras]]
id = "camera{number}"
source = "video"
path = "{path}"
width = {width}
height = {height}
fps = {fps}
jpeg_fps = {fps}
bitrate = 400
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What an agent's cameras play, and how."""

    path: Path
    size: tuple[int, int]
    fps: int
    program: str
    """The module that is the agent."""


def resting(pictures: Path, size: tuple[int, int], fps: int = 5) -> Play:
    """Return cameras of pictures that are made already: nothing is encoded, nothing moves."""
    return Play(path=pictures, size=size, fps=fps, program="scripts.benchmarks.filmed")


def moving(folder: Path) -> Play:
    """Return cameras of a film in which people come and go, if there is one; else one is drawn."""
    material = Path(os.environ.get("GATEHOUSE_MATERIAL") or ROOT.parent / "shared")
    film = material / "media" / "clips" / "onebyone_dev.mp4"
    if not film.is_file() and (DEMO / "assets.json").is_file():
        film = Assets.load(DEMO / "assets.json").video
    if not film.is_file():
        film = folder / "film.mp4"
        make_film(film, 1, "bench")
    return Play(path=film, size=(640, 360), fps=5, program="camera_agent")


@asynccontextmanager
async def agents(
    folder: Path, plays: Sequence[Play], cameras: int = CAMERAS
) -> AsyncIterator[dict[str, AgentMemory]]:
    """Run an agent for each play; return how they are reached, by their names."""
    running: dict[str, AgentMemory] = {}
    async with AsyncExitStack() as stack:
        for number, play in enumerate(plays):
            name = f"agent{number}"
            port = free_port(LOCAL, FIRST_PORT, frozenset(each.port for each in running.values()))
            running[name] = AgentMemory(id=f"bench{number}", token=secrets.token_hex(16), port=port)
            where = folder / name
            where.mkdir(parents=True)
            config = where / "agent.toml"
            config.write_text(config_of(running[name], play, cameras), "utf-8")
            command: list[str | Path] = [AGENT_PYTHON, "-m", play.program, "--config", config]
            child = await Child.start(name, command, ROOT, where / "agent.log")
            stack.push_async_callback(child.stop)
        await _until_up(running.values())
        yield running


def config_of(memory: AgentMemory, play: Play, cameras: int) -> str:
    """Return the configuration of an agent whose cameras all play the same."""
    wide, high = play.size
    return beginning(memory) + "".join(
        _CAMERA.format(number=number, path=play.path, width=wide, height=high, fps=play.fps)
        for number in range(cameras)
    )


async def _until_up(running: Iterable[AgentMemory]) -> None:
    """Wait until all of them give pictures."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(UP_WITHIN):
        for agent in running:
            while not await _sees(session, agent):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)


async def _sees(session: aiohttp.ClientSession, agent: AgentMemory) -> bool:
    path = wire.SNAPSHOT.format(camera="camera0")
    headers = {"Authorization": f"Bearer {agent.token}"}
    try:
        async with session.get(f"http://{LOCAL}:{agent.port}{path}", headers=headers) as response:
            return response.ok
    except aiohttp.ClientConnectionError:
        return False
