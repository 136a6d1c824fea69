"""How much of a stream must have come before anybody is woken for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import socket
from typing import Final

import aiohttp

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
