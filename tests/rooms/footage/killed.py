"""Lives in processes of their own, most of which are killed at any point of what they do."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
import importlib
import inspect
import os
from pathlib import Path
import pickle
from signal import SIGKILL, alarm
import subprocess
import sys
import time
from typing import Any

from tests.eager import EAGER

GATEHOUSE = "custom_components.gatehouse"
ROOT = Path(__file__).parents[3]
PATIENCE_S = 110


@dataclass(frozen=True)
class Cut:
    """When the power goes: before or after the so-manyth turn of a deed."""

    deed: str
    """As `footage.store:FootageStore.move`, below the integration."""
    turn: int
    when: str

    def __str__(self) -> str:
        return f"{self.when} {self.deed.rpartition(':')[2]} {self.turn}"


def cuts(*deeds: tuple[str, int]) -> list[Cut]:
    """Return the moments right before and right after each turn of each deed."""
    return [Cut(deed, turn, when) for deed, turn in deeds for when in ("before", "after")]


async def until_killed(
    cut: Cut, life: Callable[..., Awaitable[object]], *arguments: object
) -> None:
    """Live a life in a process of its own until the power goes; fails if it never does.

    The life is a function of a module, and its arguments can be pickled.
    """
    assert await asyncio.to_thread(_ends, (cut, life, arguments)) == -SIGKILL


async def lived(life: Callable[..., Awaitable[object]], *arguments: object) -> None:
    """Live a life in a process of its own to its end."""
    assert await asyncio.to_thread(_ends, (None, life, arguments)) == 0


async def killed_after(
    seconds: float, life: Callable[..., Awaitable[object]], *arguments: object
) -> None:
    """Live a life in a process of its own for so long, and kill it wherever it is by then."""
    assert await asyncio.to_thread(_ends, (seconds, life, arguments)) == -SIGKILL


def serve() -> None:
    """Live each life that is asked for in a fork of this process, and tell how it ended."""
    vars(importlib.import_module(f"{GATEHOUSE}.footage.nice")).update(LAUNCHER=EAGER)
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a life prints is no answer
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)  # noqa: S301 - what _ends wrote
        except EOFError:
            return
        pid = os.fork()
        if not pid:
            alarm(PATIENCE_S)
            _live(*job)
            os._exit(0)
        if isinstance(job[0], float):
            time.sleep(job[0])
            os.kill(pid, SIGKILL)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


@cache
def _server() -> subprocess.Popen[bytes]:
    """Return a process that has read our modules, so that each fork of it begins at once."""
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _ends(job: object) -> int:
    """Return the code with which the process of a job ended; minus the signal if it was killed."""
    server = _server()
    assert server.stdin
    assert server.stdout
    pickle.dump(job, server.stdin)
    server.stdin.flush()
    return int(server.stdout.readline())


def _live(
    end: Cut | float | None, life: Callable[..., Awaitable[object]], arguments: tuple[object, ...]
) -> None:
    if isinstance(end, Cut):
        _wait_for(end)
    asyncio.run(life(*arguments))


def _wait_for(cut: Cut) -> None:
    """Have the power go at that moment."""
    module, _, path = cut.deed.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(f"{GATEHOUSE}.{module}")
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, _cut(getattr(owner, name), cut))


def _cut(work: Callable[..., Any], cut: Cut) -> Callable[..., Any]:
    turns = iter(range(1, 1_000_000))

    def is_now(moment: str, turn: int) -> None:
        if (moment, turn) == (cut.when, cut.turn):
            os.kill(os.getpid(), SIGKILL)

    async def slow(*arguments: Any, **named: Any) -> Any:
        turn = next(turns)
        is_now("before", turn)
        result = await work(*arguments, **named)
        is_now("after", turn)
        return result

    def quick(*arguments: Any, **named: Any) -> Any:
        turn = next(turns)
        is_now("before", turn)
        result = work(*arguments, **named)
        is_now("after", turn)
        return result

    return slow if inspect.iscoroutinefunction(work) else quick
