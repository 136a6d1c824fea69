"""Those that serve the same pictures: the agent, ustreamer, a loop of sends and a relay in C."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
import secrets
from typing import Any, Final

import aiohttp
import av
import numpy as np

from camera_agent import wire
from scripts.demonstration.children import Child
from scripts.demonstration.memory import AgentMemory, free_port
from scripts.demonstration.places import ROOT

from . import compiled
from .agent_config import beginning
from .watchers import Server

LOCAL: Final = "127.0.0.1"
FIRST_PORT: Final = 8667
UP_WITHIN: Final = 60.0  # seconds
CAMERA: Final = "yard"
SIZE: Final = (1280, 720)
PICTURES: Final = 30
NOISE: Final = 23  # levels of grey, so that a picture takes about 100 kB
USTREAMER: Final = ROOT / "scripts" / "ustreamer"

_CAMERA: Final = f"""
[[cameras]]
id = "{CAMERA}"
source = "video"
path = "{{pictures}}"
width = {SIZE[0]}
height = {SIZE[1]}
fps = {{fps}}
jpeg_fps = {{fps}}
"""


def pictures(folder: Path) -> Path:
    """Return a folder of JPEGs, the same on each machine; made at the first time."""
    made = folder.resolve() / f"pictures-{SIZE[1]}"
    if not made.exists():
        part = made.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for number in range(PICTURES):
            (part / f"{number:02}.jpg").write_bytes(_jpeg(number))
        part.rename(made)
    return made


@asynccontextmanager
async def agent(folder: Path, pictures: Path, fps: int) -> AsyncIterator[Server]:
    """Run the agent; its camera is simulated, all behind that is its own."""
    port = free_port(LOCAL, FIRST_PORT)
    known = AgentMemory(id="bench", token=secrets.token_hex(16), port=port)
    config = folder / f"agent-{fps}.toml"
    camera = _CAMERA.format(pictures=pictures, fps=fps)
    config.write_text(beginning(known) + camera, "utf-8")
    python = ROOT / ".venv-agent" / "bin" / "python"
    command: list[str | Path] = [python, "-m", "scripts.benchmarks.filmed", "--config", config]
    async with _running("agent", command, folder, port) as pid:
        await _until_seen(port, known.token)
        path = wire.STREAM.format(camera=CAMERA)
        yield Server(port=port, path=path, pid=pid, authorization=f"Bearer {known.token}")


@asynccontextmanager
async def limit(folder: Path, pictures: Path, fps: int) -> AsyncIterator[Server]:
    """Run the loop in C."""
    port = free_port(LOCAL, FIRST_PORT + 100)
    command: list[str | Path] = [folder / "limit", str(port), str(fps), pictures]
    async with _running("limit", command, folder, port) as pid:
        yield Server(port=port, path="/", pid=pid)


@asynccontextmanager
async def relay(folder: Path, server: int, path: str, token: str) -> AsyncIterator[Server]:
    """Run the program that passes on to one viewer what the agent at this port serves."""
    port = free_port(LOCAL, FIRST_PORT + 300)
    command: list[str | Path] = [folder / "relay", str(port), str(server)]
    async with _running("relay", command, folder, port) as pid:
        yield Server(port=port, path=path, pid=pid, authorization=f"Bearer {token}")


@asynccontextmanager
async def ustreamer(folder: Path, pictures: Path, fps: int) -> AsyncIterator[Server]:
    """Run ustreamer with a camera that is preloaded."""
    port = free_port(LOCAL, FIRST_PORT + 200)
    preloaded = f"LD_PRELOAD={folder / 'fakev4l2.so'}"
    camera = ["env", preloaded, f"FAKE_FRAMES={pictures}", f"FAKE_FPS={fps}"]
    where = ["--device=/dev/video0", f"--host={LOCAL}", f"--port={port}"]
    how = ["--format=MJPEG", "--encoder=HW", "--resolution={}x{}".format(*SIZE)]
    pace = [f"--desired-fps={fps}", "--persistent", "--slowdown"]
    command: list[str | Path] = [*camera, USTREAMER, "run", *where, *how, *pace]
    async with _running("ustreamer", command, folder, port) as pid:
        yield Server(port=port, path="/stream", pid=pid)


async def why_no_ustreamer() -> str | None:
    """Fetch ustreamer; return why there is none, if that is so."""
    process = await asyncio.create_subprocess_exec(
        USTREAMER, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        return "no ustreamer is to be had (scripts/ustreamer says why)"
    return None


def prepare(folder: Path) -> None:
    """Compile what is in C."""
    for name in ("client", "limit"):
        compiled.program(folder, name)
    compiled.library(folder, "fakev4l2")


@asynccontextmanager
async def _running(
    name: str, command: Sequence[str | Path], folder: Path, port: int
) -> AsyncIterator[int]:
    child = await Child.start(name, command, ROOT, folder / f"{name}.log")
    try:
        async with asyncio.timeout(UP_WITHIN):
            while not await _answers(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        yield child.pid
    finally:
        await child.stop()


async def _until_seen(port: int, token: str) -> None:
    """Wait until the agent's camera gives pictures."""
    address = f"http://{LOCAL}:{port}{wire.SNAPSHOT.format(camera=CAMERA)}"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.request("GET", address, headers=headers, raise_for_status=True) as response:
        await response.read()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOCAL, port)
    except OSError:
        return False
    writer.close()
    return True


def _jpeg(number: int) -> bytes:
    """Draw something that goes from left to right before a wall, with a sensor's noise."""
    wide, high = SIZE
    random = np.random.default_rng(number)
    wall = np.broadcast_to(np.linspace(40, 160, wide, dtype=np.uint8), (high, wide))
    picture = wall + random.integers(0, NOISE, wall.shape, np.uint8)
    left = number * 37 % (wide - 80)
    picture[200:500, left : left + 80] = 200
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = wide, high, "yuvj420p"
    codec.time_base = Fraction(1, 30)
    codec.options = {"qmin": "5", "qmax": "5"}
    frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode()])
