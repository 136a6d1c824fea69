"""The process of one camera as its parent holds it: orders in, messages and last words out."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
import os
import signal
import sys
from typing import Final, Self, cast

from .camera_config import CameraConfig
from .capture import first_line
from .hardware import without_secrets
from .intake import Intake, Take

PROGRAM: Final = (sys.executable, "-m", "camera_agent.capture")
WORDS_LIMIT: Final = 4096


class Child:
    """One process of `camera_agent.capture`; nobody but its owner ends it."""

    def __init__(self, process: Process, intake: Intake) -> None:
        self._process = process
        self._intake = intake
        self._tail = b""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, config: CameraConfig) -> Self:
        """Start a camera's process; raises OSError if the machine has no room for one."""
        from_child, to_parent = os.pipe()
        intake = Intake(from_child)
        try:
            process = await asyncio.create_subprocess_exec(
                *PROGRAM,
                str(to_parent),
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=PIPE,
                pass_fds=(to_parent,),
                start_new_session=True,  # Ctrl-C is for the parent, which ends its children itself
            )
        except BaseException:
            intake.close()
            raise
        finally:
            os.close(to_parent)
        child = cls(process, intake)
        child._write(first_line(config))
        return child

    @property
    def process(self) -> int:
        """The number that the system knows it by."""
        return self._process.pid

    def order(self, fps: float) -> None:
        """Ask for so many JPEGs a second."""
        self._write(b"%g\n" % fps)

    async def pass_on(self, take: Take) -> None:
        """Hand over each message as soon as it is here, until there will be no more."""
        await self._intake.pass_on(take)

    async def exited(self) -> None:
        await self._process.wait()

    async def end(self, patience: float) -> None:
        """End the process if it runs; after patience, in seconds, by force."""
        self._intake.close()
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(patience):
                await self._process.wait()
        except TimeoutError:
            pass  # it hangs
        finally:
            if self._process.returncode is None:
                self._process.kill()
        await self._process.wait()
        await asyncio.wait({self._listening}, timeout=patience)
        self._listening.cancel()

    @property
    def said(self) -> str:
        """The last line that the process, or a library in it, has said."""
        lines = self._tail.decode(errors="replace").split("\n")
        return without_secrets(next((line.strip() for line in reversed(lines) if line.strip()), ""))

    def last_words(self) -> str:
        """Return what an ended process said last, or else how it ended."""
        code, said = self._process.returncode or 0, self.said
        if code < 0:
            return f"The camera's process was killed ({signal.Signals(-code).name}). {said}".strip()
        return said or f"The camera's process ended with code {code}."

    def _write(self, line: bytes) -> None:
        cast("asyncio.StreamWriter", self._process.stdin).write(line)

    async def _listen(self) -> None:
        words = cast("asyncio.StreamReader", self._process.stderr)
        while heard := await words.read(WORDS_LIMIT):
            self._tail = (self._tail + heard)[-WORDS_LIMIT:]
