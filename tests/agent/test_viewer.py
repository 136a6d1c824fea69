"""The same bytes to many at once: past the transports that hold nothing, with TLS or without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import ssl

from aiohttp import web

from camera_agent.tls import Certificate
from camera_agent.viewer import Viewer, push_to_all
from tests.waiting import eventually

from .meeting import somebody

LARGE = bytes(range(256)) * 40_000  # ten megabytes: more than any connection takes at once
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Room:
    """A server whose viewers just sit there."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []

    @asynccontextmanager
    async def open(self, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        app = web.Application()
        app.router.add_get("/", self._watch, allow_head=False)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def enter(self, port: int, context: ssl.SSLContext | None = None) -> Streams:
        """Watch, and read the head of the answer."""
        seats = len(self.viewers)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(b"GET / HTTP/1.1\r\nHost: agent\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await eventually(lambda: len(self.viewers) > seats)
        return reader, writer

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        viewer = await Viewer.open(request, "text/plain")
        self.viewers.append(viewer)
        try:
            return await viewer.gone()
        finally:
            self.viewers.remove(viewer)


def trusting() -> ssl.SSLContext:
    """Trust whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_all_get_the_bytes_with_tls_and_without(tmp_path: Path) -> None:
    certificate = Certificate.of(somebody(tmp_path))
    assert certificate is not None
    room = Room()
    async with room.open() as plain, room.open(certificate.context()) as secured:
        seats = [await room.enter(plain), await room.enter(secured, trusting())]
        push_to_all(room.viewers, b"one")
        push_to_all(room.viewers, b"two")

        async with asyncio.timeout(30):
            read = [await reader.readexactly(6) for reader, _ in seats]
        for _, writer in seats:
            writer.close()

    assert read == [b"onetwo", b"onetwo"]


async def test_what_is_not_taken_at_once_comes_later_and_in_its_order(tmp_path: Path) -> None:
    certificate = Certificate.of(somebody(tmp_path))
    assert certificate is not None
    room = Room()
    async with room.open() as plain, room.open(certificate.context()) as secured:
        seats = [await room.enter(plain), await room.enter(secured, trusting())]
        push_to_all(room.viewers, LARGE)
        assert room.viewers[0].waiting
        for viewer in room.viewers:
            viewer.push(b"the end")

        async with asyncio.timeout(20):
            read = [await reader.readexactly(len(LARGE) + 7) for reader, _ in seats]
        for _, writer in seats:
            writer.close()

    assert read == [LARGE + b"the end"] * 2


async def test_who_has_left_takes_nothing_from_the_others() -> None:
    room = Room()
    async with room.open() as port:
        seats = [await room.enter(port) for _ in range(5)]
        viewers = room.viewers.copy()
        seats[0][1].transport.abort()  # nobody has noticed yet
        viewers[2].drop()
        push_to_all(viewers, b"one")
        push_to_all(viewers, b"two")

        async with asyncio.timeout(30):
            read = [await seats[n][0].readexactly(6) for n in (1, 3, 4)]
        await eventually(lambda: len(room.viewers) == 3)
        for _, writer in seats:
            writer.close()

    assert read == [b"onetwo"] * 3


async def test_what_took_the_place_of_a_closed_connection_is_sent_nothing() -> None:
    room = Room()
    async with room.open() as port:
        _, leaving = await room.enter(port)
        gone = room.viewers[0]
        number = gone.descriptor
        leaving.close()
        await eventually(lambda: not room.viewers)
        visitor, writer = await room.enter(port)
        assert room.viewers[0].descriptor == number  # the kernel gives the lowest that is free
        push_to_all([gone], b"a stranger's")
        push_to_all(room.viewers, b"ours")

        async with asyncio.timeout(30):
            assert await visitor.readexactly(4) == b"ours"
        writer.close()
