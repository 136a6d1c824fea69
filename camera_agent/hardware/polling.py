"""Chips that have to be asked whether a card is there."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from . import Heard, Scan
from .own_thread import OwnThread

PAUSE: Final = 0.05  # seconds; with the asking itself a card is seen within a tenth of a second


class Antenna(Protocol):
    """A chip with a field that cards are held into; each call blocks, for a second at most."""

    def open(self) -> None:
        """Make it ready; raises ReaderError."""
        ...

    def find(self) -> Scan | None:
        """Return the card that is there, if there is one; raises ReaderError when it is lost."""
        ...

    def close(self) -> None:
        """Let go of it, as far as it was opened."""
        ...


async def poll(
    antenna: Antenna, online: Callable[[], None], heard: Callable[[Heard], None]
) -> None:
    """Tell a card again and again as long as it is held there, until cancelled."""
    with OwnThread("antenna") as thread:
        try:
            await thread.call(antenna.open)
            online()
            while True:
                if scan := await thread.call(antenna.find):
                    heard(scan)
                await asyncio.sleep(PAUSE)
        finally:
            await thread.call(antenna.close)
