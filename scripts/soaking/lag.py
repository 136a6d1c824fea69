"""How late an event loop is, told to the soak once a second; runs inside the programs, on 3.11 too.

What the loop waited for a processor that others had is not its fault, and is taken off.
"""

import asyncio
import json
import os
from pathlib import Path
import socket
import time
from typing import Final

PERIOD: Final = 0.02
WAITED: Final = Path("/proc/self/schedstat")  # of the main thread, where the loop is


class Probe:
    """Ticks in a loop, and tells by how much each tick was late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, program: str, told: str) -> None:
        self._loop, self._program, self._told = loop, program, told
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._late: list[float] = []
        self._tell_at = time.monotonic() + 1
        self._expect()

    def _expect(self) -> None:
        self._waited = _waited()
        self._due = time.monotonic() + PERIOD
        self._loop.call_later(PERIOD, self._tick)

    def _tick(self) -> None:
        late = time.monotonic() - self._due
        self._late.append(max(0.0, late - (_waited() - self._waited)))
        if time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + 1
            self._tell()
        self._expect()

    def _tell(self) -> None:
        said = {"lag": self._program, "late": [round(each, 4) for each in self._late]}
        self._late = []
        try:
            self._socket.sendto(json.dumps(said).encode(), self._told)
        except OSError:
            self._tell_at += 1  # nobody listens any more, or he is busy


def attend(loop: asyncio.AbstractEventLoop) -> None:
    """Tell of this loop from now on."""
    Probe(loop, os.environ["SOAK_PROGRAM"], os.environ["SOAK_TOLD"])


def _waited() -> float:
    """Return for how many seconds the main thread was ready to run, and did not."""
    try:
        return int(WAITED.read_text(encoding="ascii").split()[1]) / 1e9
    except OSError:
        return 0.0
