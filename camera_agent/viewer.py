"""One HTTP answer without an end, written straight to its connection and never waited for."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat
import os
import socket
from typing import Final

from aiohttp import web

STALLED: Final = 10.0  # seconds; a phone that changes its network takes less
CHECKED: Final = 1.0  # seconds between two looks at whether a viewer is still there
# What the kernel may hold back of one viewer: about one picture. More would be a past that a slow
# line has to carry before it sees the present.
HELD: Final = 128 * 1024
NOWHERE: Final = -1


class Viewer:
    """A client that watches; `waiting` bytes of what it was sent have not left yet."""

    def __init__(self, response: web.StreamResponse, transport: asyncio.Transport) -> None:
        self._response = response
        self._transport = transport
        self._descriptor = _descriptor(transport)
        self._loop = asyncio.get_running_loop()
        self._pushed = self._loop.time()
        self._left: asyncio.Future[None] = self._loop.create_future()

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

    def push(self, data: bytes | memoryview) -> None:
        """Send bytes now, or let the connection keep what it cannot take at once."""
        if not self._transport.is_closing():  # else each would be a line in the log until `gone`
            self._pushed = self._loop.time()
            self._transport.write(data)

    @property
    def descriptor(self) -> int:
        """What may be written to while nothing waits; one that takes nothing if that is not so."""
        return NOWHERE if self._transport.is_closing() else self._descriptor

    async def gone(self) -> web.StreamResponse:
        """Return the answer when its viewer left; one that took nothing for 10 s is dropped."""
        self._look()
        try:
            await self._left
        finally:
            self._next_look.cancel()
        return self._response

    def drop(self) -> None:
        """Cut the connection."""
        self._transport.abort()
        if not self._left.done():
            self._left.set_result(None)

    def _look(self) -> None:
        """See whether the viewer is there; all viewers are looked at in the same moment."""
        now = self._loop.time()
        is_stalled = self.waiting and now - self._pushed > STALLED
        if is_stalled or self._transport.is_closing():
            self.drop()
        self._next_look = self._loop.call_at((now // CHECKED + 1) * CHECKED, self._look)


class _Endless(web.StreamResponse):
    """A response that lasts as long as its connection: many players cannot read chunks."""

    _length_check = False


def push_to_all(viewers: Sequence[Viewer], data: bytes) -> None:
    """Send the same bytes to many for whom nothing waits."""
    taken_each = _write([viewer.descriptor for viewer in viewers], data)
    for viewer, taken in zip(viewers, taken_each, strict=True):
        if taken < len(data):
            viewer.push(memoryview(data)[taken:])


def _write(descriptors: Sequence[int], data: bytes) -> Iterable[int]:
    """Write to each; return how much it took.

    No Python runs between two of them: the kernel's copy of a picture has just driven it out of
    the processor's cache, and to fetch it again for each viewer took a fifth of all time.
    """
    taken: deque[int] = deque()
    writing = map(os.write, descriptors, repeat(data))
    while len(taken) < len(descriptors):
        try:
            taken.extend(writing)
        except OSError:  # it is full, or gone, which its transport finds out
            taken.append(0)
    return taken


def _descriptor(transport: asyncio.Transport) -> int:
    """Return the descriptor of a connection that carries its bytes as they are."""
    connection = transport.get_extra_info("socket")
    if connection is None or transport.get_extra_info("sslcontext"):
        return NOWHERE
    descriptor: int = connection.fileno()
    return descriptor


def _hold_little(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, HELD)
