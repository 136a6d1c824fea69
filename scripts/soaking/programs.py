"""The programs of the soak, each of which may be killed and started again, as systemd would."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import time

from scripts.demonstration.children import Child

type Command = list[str | Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a program uses now."""

    rss: int
    fds: int


class Program:
    """One program, over all its lives."""

    def __init__(
        self,
        name: str,
        command: Command,
        where: Path,
        logs: Path,
        is_up: Callable[[], Awaitable[bool]],
    ) -> None:
        self.name = name
        self.life = 0
        self.began = 0.0
        """When it was up in this life; 0 while it is not."""
        self._command = command
        self._where = where
        self._logs = logs
        self._is_up = is_up
        self.before: Callable[[], None] = lambda: None
        """What is done before each of its lives."""
        self._child: Child | None = None
        self._ended: asyncio.Task[str] | None = None

    @property
    def fell(self) -> str:
        """What there is to say of a program that ended by itself."""
        return self._ended.result() if self._ended and self._ended.done() else ""

    async def start(self, patience: float = 120.0) -> None:
        """Begin a life, and wait until it is up; raises TimeoutError."""
        self.before()
        self.life += 1
        log = self._logs / f"{self.name}-{self.life}.log"
        self._child = await Child.start(self.name, self._command, self._where, log)
        self._ended = asyncio.create_task(self._child.end())
        async with asyncio.timeout(patience):
            while not await self._is_up():
                if self.fell:
                    raise RuntimeError(self.fell)
                await asyncio.sleep(0.2)
        self.began = time.time()

    async def kill(self) -> None:
        """End it as a power cut does, with all that it has started."""
        if self._child and self._ended:
            self.began = 0.0
            ended, self._ended = self._ended, None
            os.killpg(self._child.pid, signal.SIGKILL)
            await ended
            self._child = None

    async def stop(self) -> None:
        """End it politely."""
        self.began = 0.0
        if self._child and self._ended:
            await self._child.stop()
            await self._ended
            self._child = None

    def use(self) -> Use | None:
        """Return what it uses now, None if it is not there."""
        if not (self._child and self.began):
            return None
        about = Path(f"/proc/{self._child.pid}")
        try:
            pages = int((about / "statm").read_text("ascii").split()[1])
            opened = list((about / "fd").iterdir())
        except OSError:
            return None
        return Use(rss=pages * os.sysconf("SC_PAGESIZE"), fds=len(opened))
