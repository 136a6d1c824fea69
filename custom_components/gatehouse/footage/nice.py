"""Runs modules of this room as programs that give way to all others and end with their parent."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
import os
from pathlib import Path
import shutil
import sys
from typing import Final

LAUNCHER: Final = Path(__file__).with_name("program.py")

# What a program says in one line.
LONGEST_LINE: Final = 1024 * 1024


class ProgramFailed(Exception):
    """A program ended otherwise than it should."""


async def run(
    module: Path, *arguments: str, hear: Callable[[str], None] = lambda line: None
) -> None:
    """Run a module's `main` with these arguments; `hear` is told each line that it prints.

    Whoever is cancelled meanwhile leaves no process behind. Raises ProgramFailed.
    """
    process = await asyncio.create_subprocess_exec(
        *await asyncio.to_thread(command, module),
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LONGEST_LINE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        await _succeeded(process, hear)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def command(module: Path) -> list[str]:
    """Return how to run a module; it is nice by itself, but not to the disk."""
    ionice = shutil.which("ionice")
    nice = [ionice, "-c", "3"] if ionice else []
    # Its folder is ours: what is in it is not to be found by the libraries that it imports.
    return [*nice, sys.executable, "-P", str(LAUNCHER), str(module)]


async def _succeeded(process: Process, hear: Callable[[str], None]) -> None:
    """Wait for the end of a process; its input stays open, or it would end itself."""
    said, _ = await asyncio.gather(_all(process.stderr), _each(process.stdout, hear))
    if await process.wait():
        lines = said.decode(errors="replace").strip().splitlines()
        raise ProgramFailed(f"it ended with {process.returncode}: {lines[-1:]}")


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


async def _each(stream: asyncio.StreamReader | None, hear: Callable[[str], None]) -> None:
    while stream and (line := await stream.readline()):
        hear(line.decode())
