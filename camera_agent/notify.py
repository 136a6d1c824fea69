"""What systemd is told of the agent: that it is there, how it is, and that it lives (sd_notify)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
import logging
import os
import socket
from typing import Final

from .hub import Hub
from .wire import CameraStatus

LOGGER = logging.getLogger(__name__)

LOOKED: Final = 10.0  # seconds between two looks at how the agent is, when nobody asks for more


@asynccontextmanager
async def supervised(
    status: Callable[[], str], environment: Mapping[str, str] = os.environ
) -> AsyncIterator[None]:
    """Tell systemd that the agent is ready, then how it is, and at the end that it stops.

    What feeds the watchdog is the event loop itself: it starves when that hangs. Where nobody
    listens, nothing happens.
    """
    address = environment.get("NOTIFY_SOCKET")
    if not address:
        yield
        return
    with _Line(address) as line:
        telling = asyncio.create_task(_tell(line, status, _pause(environment)), name="notify")
        try:
            yield
        finally:
            telling.cancel()
            line.say("STOPPING=1")


def condition(hub: Hub) -> str:
    """Say in a line how the agent is: "2 of 3 cameras online, paired"."""
    states = [one.camera.state.status for one in hub.channels.values() if not one.is_private]
    online = states.count(CameraStatus.ONLINE)
    of = "" if online == len(states) else f" of {len(states)}"
    noun = "camera" if len(states) == 1 else "cameras"
    owned = "paired" if hub.owner.is_there else "not paired yet: gatehouse-agent pair"
    return f"{online}{of} {noun} online, {owned}"


class _Line:
    """The socket that systemd listens at; a name in the abstract begins with an @."""

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, *words: str) -> None:
        try:
            self._socket.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            LOGGER.warning("systemd cannot be told %s: %s", words[0], error)


async def _tell(line: _Line, status: Callable[[], str], pause: float) -> None:
    line.say("READY=1")  # here and not at once: who is told to stop then already listens to that
    while True:
        line.say("WATCHDOG=1", f"STATUS={status()}")
        await asyncio.sleep(pause)


def _pause(environment: Mapping[str, str]) -> float:
    """Return the seconds between two signs of life: half of what the watchdog waits for."""
    told = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return min(int(told) / 2e6, LOOKED) if is_ours and told.isdecimal() and int(told) else LOOKED
