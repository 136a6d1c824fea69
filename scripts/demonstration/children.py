"""The processes of the demonstration: none of them outlives it."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
import os
from pathlib import Path
import shutil
import signal
from typing import Final, NoReturn, Self

KILL_AFTER: Final = 20.0
"""Seconds that a process has to end when it is asked to; Home Assistant writes its state then."""


class ChildFailed(Exception):
    """A process ended by itself."""


class Child:
    """One process and its log."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, command: Sequence[str | Path], folder: Path, log: Path) -> Self:
        """Start a process in a folder; it writes all that it says into its log."""
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *_dying_with_parent(),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                start_new_session=True,
            )
        return cls(name, process, log)

    async def end(self) -> str:
        """Wait for the end and return what there is to say of it."""
        code = await self._process.wait()
        return (
            f"{self.name} ended by itself (code {code}). The end of its log, {self._log}:\n"
            + self._last_words()
        )

    async def stop(self) -> None:
        """End the process, politely first, and whatever it left in its group."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), KILL_AFTER)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()

    def _last_words(self, lines: int = 25) -> str:
        text = self._log.read_text("utf-8", errors="replace")
        return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


async def watch(children: Iterable[Child]) -> NoReturn:
    """Watch until one of them ends, which is a failure; raises ChildFailed with its last words."""
    ends = [asyncio.create_task(child.end()) for child in children]
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        raise ChildFailed(done.pop().result())
    finally:
        for end in ends:
            end.cancel()


def _dying_with_parent() -> list[str]:
    """Return what asks the kernel to end a process when the demonstration is gone, however it went.

    A preexec_fn is Python between fork and exec: what is collected there may wait for threads that
    the fork left behind, as the scaler of a film does, and then nothing ever starts.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
