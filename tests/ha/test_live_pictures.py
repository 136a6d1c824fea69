"""Live pictures to many through Home Assistant: the agent is asked once, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
import pytest
import pytest_asyncio

from custom_components.gatehouse.agent import BOUNDARY, AgentUnreachable
from custom_components.gatehouse.live_pictures import LivePictures
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("socket_enabled")

LARGE = b"x" * 4_000_000


class Stream:
    """An agent's stream that gives what it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.running = 0
        self._parts = asyncio.Queue[bytes]()

    def give(self, part: bytes) -> None:
        self._parts.put_nowait(part + b"\r\n" + BOUNDARY)

    def end(self) -> None:
        self._parts.put_nowait(b"")

    async def follow(self, take: Callable[[bytes], None]) -> None:
        self.asked += 1
        self.running += 1
        try:
            while part := await self._parts.get():
                take(part)
            raise AgentUnreachable("gone")
        finally:
            self.running -= 1


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest_asyncio.fixture
async def watch(
    stream: Stream,
) -> AsyncIterator[Callable[[], Awaitable[web.StreamResponse]]]:
    """Return what lets somebody look."""
    live = LivePictures(stream.follow, asyncio.create_task)

    async def show(request: web.Request) -> web.StreamResponse:
        return await live.show(request) or web.Response(status=502)

    app = web.Application()
    app.router.add_get("/", show)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0.1)
    async with TestClient(server) as client:
        yield lambda: client.get("/")


async def test_an_agent_is_asked_once_for_all_who_look_and_no_longer_than_somebody_does(
    stream: Stream, watch: Callable[[], Awaitable[web.StreamResponse]]
) -> None:
    stream.give(b"first")
    one, other = await watch(), await watch()
    for viewer in (one, other):
        assert (await viewer.content.readuntil(b"first\r\n" + BOUNDARY)).startswith(BOUNDARY)

    stream.give(b"second")
    for viewer in (one, other):
        await viewer.content.readuntil(b"second\r\n" + BOUNDARY)
    assert (stream.asked, stream.running) == (1, 1)

    one.close()
    stream.give(b"third")
    await other.content.readuntil(b"third\r\n" + BOUNDARY)
    assert stream.running == 1
    other.close()
    await eventually(lambda: stream.running == 0)

    stream.give(b"fourth")
    await (await watch()).content.readuntil(b"fourth\r\n" + BOUNDARY)
    assert stream.asked == 2


async def test_who_takes_nothing_misses_pictures_and_delays_nobody(
    stream: Stream, watch: Callable[[], Awaitable[web.StreamResponse]]
) -> None:
    stream.give(b"first")
    stalled, other = await watch(), await watch()
    await other.content.readuntil(b"first\r\n" + BOUNDARY)

    for number in range(5):
        stream.give(LARGE + b"%d" % number)
        async with asyncio.timeout(5):
            received = b""
            while not received.endswith(b"%d\r\n" % number + BOUNDARY):
                received += await other.content.readany()

    stream.end()
    async with asyncio.timeout(5):
        missed = await stalled.content.read()
    assert len(missed) < 2 * len(LARGE)


async def test_when_the_agent_ends_its_stream_it_ends_for_all_and_who_comes_then_asks_anew(
    stream: Stream, watch: Callable[[], Awaitable[web.StreamResponse]]
) -> None:
    stream.give(b"first")
    viewers = [await watch(), await watch()]

    stream.end()

    for viewer in viewers:
        async with asyncio.timeout(5):
            await viewer.content.read()
    stream.give(b"second")
    await (await watch()).content.readuntil(b"second\r\n" + BOUNDARY)
    assert stream.asked == 2


async def test_without_a_first_picture_there_is_no_stream(
    stream: Stream, watch: Callable[[], Awaitable[web.StreamResponse]]
) -> None:
    stream.end()

    assert (await watch()).status == 502
