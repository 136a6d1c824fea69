"""Readers that speak OSDP 2 over RS-485, in a secure channel when they have a key.

Several may share one bus, that is one device: the first of them that is run starts its panel, the
others join it, and the last that ends closes it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import re
import time
from typing import Final

from ..reader_config import ReaderConfig
from . import Feedback, Heard, ReaderError
from .osdp_panel import BAUD, Panel, Turn
from .own_thread import OwnThread
from .ports import device_of

# Seconds without a trustworthy word until a reader is lost; a channel is set up in a tenth of that.
PATIENCE: Final = 3.0
CLOSING: Final = 1.0
KEY: Final = re.compile(r"[0-9A-Fa-f]{32}")


class OSDPReader:
    """A reader with lamp and buzzer, perhaps with a keypad, that tells when it is opened."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config
        self._bus: Bus | None = None

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        key = _key(self._config)
        place = device_of(self._config), self._config.baud or BAUD
        self._bus = _BUSES.setdefault(place, Bus(*place))
        await self._bus.join(self._config.address, Seat(key=key, online=online, heard=heard))

    async def show(self, feedback: Feedback) -> None:
        if self._bus:
            self._bus.show(self._config.address, feedback)


@dataclass(slots=True, kw_only=True)
class Seat:
    """One reader at a bus: its key, who listens to it, and since when it is silent."""

    key: bytes | None
    online: Callable[[], None]
    heard: Callable[[Heard], None]
    lost: asyncio.Future[None] | None = None
    is_online: bool = False
    silent_since: float = 0.0


class Bus:
    """Who sits at one bus, and the story that polls it as long as somebody does."""

    def __init__(self, device: str, baud: int) -> None:
        self._device, self._baud = device, baud
        self._seats: dict[int, Seat] = {}
        self._shown: list[tuple[int, Feedback]] = []
        self._story: asyncio.Task[None] | None = None

    async def join(self, address: int, seat: Seat) -> None:
        """Listen until cancelled; raises ReaderError when the reader is lost, or the bus."""
        if address in self._seats:
            raise ReaderError(
                f"Two readers at {self._device} have the address {address}: give each its own."
            )
        lost = seat.lost = asyncio.get_running_loop().create_future()
        seat.silent_since = time.monotonic()
        self._seats[address] = seat
        if self._story is None or self._story.done():
            self._story = asyncio.create_task(self._run(), name=f"osdp {self._device}")
        try:
            await lost
        finally:
            self._seats.pop(address, None)
            if not self._seats:
                await asyncio.wait({self._story}, timeout=CLOSING)

    def show(self, address: int, feedback: Feedback) -> None:
        """Show it at a reader, if that one is there."""
        if address in self._seats:
            self._shown.append((address, feedback))

    async def _run(self) -> None:
        with OwnThread("osdp") as thread:
            while self._seats:
                await self._serve(thread)

    async def _serve(self, thread: OwnThread) -> None:
        panel = Panel(self._device, self._baud)
        try:
            await thread.call(panel.open)
            while self._seats:
                shown, self._shown = self._shown, []
                wanted = {address: seat.key for address, seat in self._seats.items()}
                self._take(await thread.call(panel.turn, wanted, shown))
        except ReaderError as error:
            for address in list(self._seats):
                self._lose(address, error)
        finally:
            await thread.call(panel.close)

    def _take(self, turn: Turn) -> None:
        now = time.monotonic()
        for address, seat in list(self._seats.items()):
            if address in turn.ready:
                seat.silent_since = now
                if not seat.is_online:
                    seat.is_online = True
                    seat.online()
            elif now - seat.silent_since > PATIENCE:
                self._lose(address, self._silence(address, seat))
        for address, heard in turn.happened:
            if address in self._seats:
                self._seats[address].heard(heard)

    def _lose(self, address: int, error: ReaderError) -> None:
        lost = self._seats.pop(address).lost
        if lost and not lost.done():
            lost.set_exception(error)

    def _silence(self, address: int, seat: Seat) -> ReaderError:
        secret = ", and that its key is this one" if seat.key else ""
        return ReaderError(
            f"The OSDP reader with address {address} at {self._device} does not answer: "
            f"check its wires, its power, its address and its baud{secret}."
        )


_BUSES: Final[dict[tuple[str, int], Bus]] = {}


def _key(config: ReaderConfig) -> bytes | None:
    if config.key is None:
        return None
    if not KEY.fullmatch(config.key):
        raise ReaderError("The key of an OSDP reader is 32 hex digits: correct it in agent.toml.")
    return bytes.fromhex(config.key)
