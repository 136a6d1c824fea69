"""Somebody at the simulated door of an agent, with cards."""

import asyncio
from typing import Final, cast

from .residents import card

ANSWERED_WITHIN: Final = 10.0  # seconds


class Doorstep(asyncio.Protocol):
    """Where cards are presented to the simulated door, and its relay is seen."""

    def __init__(self, cards: int) -> None:
        self.cards = cards
        self.next = 0
        """Which of the cards is shown next."""
        self._half = b""
        self._opened: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Look whether the relay is switched on."""
        *lines, self._half = (self._half + data).split(b"\n")
        if self._opened and not self._opened.done() and b'{"relay": true}' in lines:
            self._opened.set_result(None)

    def present(self) -> None:
        """Show the next card."""
        shown = card(self.next % self.cards)
        self.next += 1
        self._transport.write(b'{"present": "%s"}\n' % shown.encode())

    async def enter(self) -> None:
        """Show the next card, and wait until the relay is switched."""
        self._opened = asyncio.get_running_loop().create_future()
        self.present()
        async with asyncio.timeout(ANSWERED_WITHIN):
            await self._opened

    def leave(self) -> None:
        """Go."""
        self._transport.close()
