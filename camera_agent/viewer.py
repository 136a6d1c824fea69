"""One HTTP answer without an end, written straight to its connection and never waited for."""

import asyncio
from contextlib import suppress
import socket
from typing import Final

from aiohttp import web

STALLED: Final = 10.0  # seconds; a phone that changes its network takes less
CHECKED: Final = 1.0  # seconds between two looks at whether a viewer is still there
# What the kernel may hold back of one viewer: about one picture. More would be a past that a slow
# line has to carry before it sees the present.
HELD: Final = 128 * 1024


class Viewer:
    """A client that watches; `waiting` bytes of what it was sent have not left yet."""

    def __init__(self, response: web.StreamResponse, transport: asyncio.Transport) -> None:
        self._response = response
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pushed = self._loop.time()
        self._dropped = asyncio.Event()

    @classmethod
    async def open(cls, request: web.Request, content_type: str) -> "Viewer":
        """Answer a request with an endless body, neither chunked nor kept alive."""
        headers = {"Content-Type": content_type, "Cache-Control": "no-store", "Pragma": "no-cache"}
        response = _Endless(headers=headers)
        response.force_close()
        await response.prepare(request)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("The viewer left before the first byte.")
        _hold_little(transport)
        return cls(response, transport)

    @property
    def waiting(self) -> int:
        return self._transport.get_write_buffer_size()

    def push(self, data: bytes) -> None:
        """Send bytes now, or let the connection keep what it cannot take at once."""
        if not self._transport.is_closing():  # else each would be a line in the log until `gone`
            self._pushed = self._loop.time()
            self._transport.write(data)

    async def gone(self) -> web.StreamResponse:
        """Return the answer when its viewer left; one that took nothing for 10 s is dropped."""
        while not self._transport.is_closing():
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECKED):
                    await self._dropped.wait()
            if self.waiting and self._loop.time() - self._pushed > STALLED:
                self.drop()
        return self._response

    def drop(self) -> None:
        """Cut the connection."""
        self._transport.abort()
        self._dropped.set()


class _Endless(web.StreamResponse):
    """A response that lasts as long as its connection: many players cannot read chunks."""

    _length_check = False


def _hold_little(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, HELD)
