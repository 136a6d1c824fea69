"""When somebody is woken for what comes of a stream, and how soon he has it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import socket
from typing import Final

import aiohttp
from aiohttp import hdrs

from .errors import AgentError

# Within the 15 s after which a stream is given up, so much comes over 70 kbit/s.
MOST_BYTES: Final = 128 * 1024


@contextmanager
def woken_for(response: aiohttp.ClientResponse) -> Iterator[Callable[[int], None]]:
    """Let the reader of a stream say how many bytes it misses, to be woken when they are there.

    A picture comes in many packets, and to wake up for each costs more than to read all of it.
    Whoever waits is woken as well when the connection ends.
    """
    transport = response.connection and response.connection.transport
    wakes_at = 1

    def misses(count: int) -> None:
        nonlocal wakes_at
        wanted = min(max(count, 1), MOST_BYTES)
        if wanted == wakes_at or transport is None or transport.is_closing():
            return
        if connected := transport.get_extra_info("socket"):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
        wakes_at = wanted

    try:
        yield misses
    finally:
        misses(1)  # somebody else may ask on the same connection


async def pour(response: aiohttp.ClientResponse, take: Callable[[bytes], None]) -> None:
    """Give the bytes of a stream to `take`, in the very step of the loop in which they come.

    A task that is woken for each of a camera's pictures costs a quarter of what it takes to receive
    them. Chunks, which are a proxy's as agents send none, are put together first. Raises what
    `take` raises of AgentError.
    """
    protocol = response.connection and response.connection.protocol
    if protocol is None or hdrs.TRANSFER_ENCODING in response.headers:
        async for data in response.content.iter_any():
            take(data)
        return
    sink = _Sink(take)
    sink.feed_data(response.content.read_nowait())
    protocol.set_parser(sink, sink.over)
    protocol.start_timeout()
    await sink.over


class _Sink:
    """Is to a stream what aiohttp's parser is to a WebSocket: it is fed by the socket itself."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when nothing comes any more, or what comes makes no sense."""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes; tell whether no more are wanted, and which are left."""
        try:
            self._take(data)
        except AgentError as error:
            if not self.over.done():
                self.over.set_exception(error)
            return True, b""
        return False, b""

    def feed_eof(self) -> None:
        """Take note of the end."""
        if not self.over.done():
            self.over.set_result(None)
