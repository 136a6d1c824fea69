"""The process that locks the doors when the agent no longer can, as the agent holds it."""

import asyncio
from collections.abc import Sequence
import logging
import os
import signal
import subprocess
from typing import Final

from .hardware.deadman import Allowed, Kept, command

LOGGER: Final = logging.getLogger(__name__)

AGAIN: Final = 2.0  # seconds until one that ended is started again


class Keeper:
    """Has a process of `hardware.deadman` run, and tells it what each relay may do."""

    def __init__(self, relays: Sequence[Kept]) -> None:
        self._relays = relays
        self._allowed: dict[str, Allowed] = {}
        self._pipe: int | None = None

    async def run(self) -> None:
        """Keep it running until cancelled; when that is over it locks the doors, and ends."""
        while self._relays:
            await self._watched()
            LOGGER.error("The keeper of the doors has ended; the next one starts in %g s", AGAIN)
            await asyncio.sleep(AGAIN)
        await asyncio.get_running_loop().create_future()

    def tell(self, door: str, allowed: Allowed) -> None:
        """Say what a relay is about to do, or does no longer; never waits."""
        if any(relay.door == door for relay in self._relays):
            self._allowed[door] = allowed
            self._write(door, allowed)

    async def _watched(self) -> None:
        """Start a keeper, and return when it has ended."""
        input_, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            try:
                process = _started(command(os.getpid(), self._relays), input_)
            finally:
                os.close(input_)
            for door, allowed in self._allowed.items():
                self._write(door, allowed)
            await _ended(process)
        except OSError as error:
            LOGGER.error("The keeper of the doors cannot be started: %s", error)
        finally:
            os.close(self._pipe)
            self._pipe = None

    def _write(self, door: str, allowed: Allowed) -> None:
        if self._pipe is None:
            return
        try:
            os.write(self._pipe, f"{door} {allowed}\n".encode())
        except OSError as error:
            LOGGER.error("The keeper of the doors cannot be told of %s: %s", door, error)


def _started(command: list[str], input_: int) -> subprocess.Popen[bytes]:
    """Start it without asyncio, which would kill it when the loop ends: then it has work to do."""
    # Whoever stops the whole service finds it deaf, before its first line as after it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    try:
        return subprocess.Popen(command, stdin=input_, start_new_session=True)  # noqa: S603 - ours
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _ended(process: subprocess.Popen[bytes]) -> None:
    ended = asyncio.Event()
    file = os.pidfd_open(process.pid)
    loop = asyncio.get_running_loop()
    loop.add_reader(file, ended.set)
    try:
        await ended.wait()
        process.wait()
    finally:
        loop.remove_reader(file)
        os.close(file)
