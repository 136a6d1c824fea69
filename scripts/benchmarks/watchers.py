"""Many who watch a server of pictures, and what that costs the server and them."""

import asyncio
from asyncio.subprocess import PIPE
from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Final

WARM_S: Final = 0.5  # until new connections carry a picture at once
RUN_WITHIN: Final = 60.0  # seconds, beside what is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server of one camera's pictures."""

    port: int
    path: str
    pid: int
    authorization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """How many watch for how long, and how many of them take nothing."""

    viewers: int
    seconds: float
    fps: int
    stalled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of it."""

    cost_us: float
    """What the server spent of the processors on each picture that was delivered."""
    camera_us: float
    """What the process of its camera spent, if that is another one."""
    missed: float
    """How much of a hundred pictures the viewer lacks who got the fewest."""
    age_ms: float
    """How old a picture is when it is there whole, the 99th percentile."""
    memory_mb: float
    """Of the server, at the end."""


async def watch(client: Path, server: Server, audience: Audience) -> Watched:
    """Let an audience watch; pictures count that were captured while all of it did."""
    figures = (audience.viewers, audience.stalled, WARM_S, audience.seconds)
    command = [str(client), str(server.port), server.path, *map(str, figures)]
    environment = {**os.environ, "AUTHORIZATION": server.authorization}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment)
    try:
        async with asyncio.timeout(audience.seconds + RUN_WITHIN):
            await _hear(process, "START")
            family = _family(server.pid)
            before = [spent_ns(each) for each in family]
            await _hear(process, "END")
            own, *others = (
                spent_ns(each) - then for each, then in zip(family, before, strict=True)
            )
            memory = sum(map(memory_mb, family))
            told = json.loads(await _line(process))
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # Where the span begins and ends, a picture more or less was captured in it.
    delivered = max(told["delivered"], 1)
    captured = max(told["most"], int(audience.seconds * audience.fps) - 1)
    return Watched(
        cost_us=own / 1000 / delivered,
        camera_us=sum(others) / 1000 / delivered,
        missed=100 * (1 - told["least"] / captured),
        age_ms=told["age_p99"],
        memory_mb=memory,
    )


async def unwatched_us(pid: int, seconds: float) -> float:
    """Return what a server spends of the processors in a second in which nobody watches."""
    before = spent_ns(pid)
    await asyncio.sleep(seconds)
    return (spent_ns(pid) - before) / 1000 / seconds


def spent_ns(pid: int) -> int:
    """Return what all threads of a process have had of the processors."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text("ascii").split()[0]) for path in files)


def memory_mb(pid: int) -> float:
    """Return what a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def _family(pid: int) -> list[int]:
    """Return a process and its children."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(each) for path in found for each in path.read_text("ascii").split()]
    return [pid, *children]


async def _hear(process: asyncio.subprocess.Process, word: str) -> None:
    if (said := await _line(process)) != word:
        raise RuntimeError(f"Those who watch say {said!r} instead of {word}: they cannot.")


async def _line(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        return ""
    return (await process.stdout.readline()).decode().strip()
