"""Ending what runs so that it begins anew: the agent by its supervisor, the machine by systemd."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
import logging
import math
import time
from typing import Final

from .errors import Refused
from .wire import ErrorCode

LOGGER = logging.getLogger(__name__)

# sysexits(3): try again later. Any code but 0 makes systemd start the agent again.
RESTART_CODE: Final = 75
REBOOT: Final = ("systemctl", "--no-ask-password", "reboot")
PATIENCE: Final = 10.0  # seconds for systemd to answer
PAUSE: Final = 60.0  # seconds between two reboots: who asks twice shall not be obeyed twice
LONGEST: Final = 300  # characters of what systemd says

HINT: Final = (
    "Allow the agent's user org.freedesktop.login1.reboot by a rule of polkit, or reboot by hand."
)


class Power:
    """Restarts of the agent and of the machine, as somebody asked for them."""

    def __init__(self) -> None:
        self._is_wanted = asyncio.Event()
        self._rebooted = -math.inf

    async def wanted(self) -> None:
        """Wait until the agent is to be restarted."""
        await self._is_wanted.wait()

    def restart(self) -> None:
        """Have the agent end with RESTART_CODE, after it finished what it records."""
        LOGGER.warning("The agent restarts, for somebody asked for it")
        self._is_wanted.set()

    async def reboot(self) -> str:
        """Reboot the machine; return what systemd said, or raise Refused with it."""
        if (left := self._rebooted + PAUSE - time.monotonic()) > 0:
            sentence = "A reboot was asked for just now; try again in a minute."
            raise Refused(ErrorCode.TOO_MANY, sentence, retry_after=math.ceil(left))
        self._rebooted = time.monotonic()
        LOGGER.warning("The machine reboots, for somebody asked for it")
        code, said = await _run()
        if code:
            self._rebooted = -math.inf
            raise Refused(ErrorCode.NOT_ALLOWED, f"The machine does not reboot: {said}. {HINT}")
        return said


async def _run() -> tuple[int | None, str]:
    """Return the code that systemd's command ended with, and what it said."""
    try:
        process = await asyncio.create_subprocess_exec(
            *REBOOT, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
    except OSError as error:
        return error.errno, f"{REBOOT[0]} cannot be run ({error.strerror})"
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return process.returncode, f"{REBOOT[0]} did not answer within {PATIENCE:g} s"
    words = " ".join(said.decode(errors="replace").split())[:LONGEST].rstrip(".")
    return process.returncode, words or f"{REBOOT[0]} said nothing"
