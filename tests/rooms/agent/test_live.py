"""An agent's stream that is passed on: part by part, in chunks or as it is, until it ends."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.agent import BOUNDARY, AgentGarbled, AgentUnreachable, wire
from tests.rooms.agent.loopback import Loopback, golden, says
from tests.waiting import eventually

STREAM = wire.STREAM.format(camera="front")
IMPATIENT = aiohttp.ClientTimeout(total=None, sock_read=0.05)

type Play = Callable[[web.StreamResponse], Awaitable[object]]


class Endless(web.StreamResponse):
    """An answer whose bytes are what is sent, as an agent's; its end is that of the connection."""

    _length_check = False


def part(number: int) -> bytes:
    """Return one part of a stream, to the boundary after it."""
    return b"Content-Type: image/jpeg\r\nContent-Length: 1\r\n\r\n%d\r\n%s" % (number, BOUNDARY)


@pytest.fixture(params=[Endless, web.StreamResponse], ids=["as it is", "in chunks"])
def stream(request: pytest.FixtureRequest) -> Callable[[Play], web.RouteDef]:
    """Return what makes a camera's stream of what is played."""

    def made(play: Play) -> web.RouteDef:
        async def serve(asked: web.Request) -> web.StreamResponse:
            boundary = BOUNDARY.decode().strip("-\r\n")
            kind = f"multipart/x-mixed-replace;boundary={boundary}"
            response: web.StreamResponse = request.param(headers={"Content-Type": kind})
            response.force_close()
            await response.prepare(asked)
            await response.write(BOUNDARY)
            await play(response)
            return response

        return web.get(STREAM, serve)

    return made


async def test_each_part_is_given_as_it_comes_until_the_agent_ends_it(
    loopback: Loopback, stream: Callable[[Play], web.RouteDef]
) -> None:
    taken: list[bytes] = []

    async def play(response: web.StreamResponse) -> None:
        for number in range(3):
            await response.write(part(number))
            await eventually(lambda n=number: len(taken) == n + 1)
        await response.write(part(3) + part(4) + part(5)[:20])
        await asyncio.sleep(0.05)
        await response.write(part(5)[20:])

    agent = await loopback.agent(stream(play), web.get(wire.INFO, says(golden("info"))))

    await agent.live.follow("front", taken.append)

    assert taken == [part(number) for number in range(6)]
    await agent.info()


async def test_a_stream_that_falls_silent_is_given_up(
    loopback: Loopback,
    stream: Callable[[Play], web.RouteDef],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.agent.live.STREAM", IMPATIENT)
    taken: list[bytes] = []
    over = asyncio.Event()

    async def play(response: web.StreamResponse) -> None:
        await response.write(part(0))
        await over.wait()

    agent = await loopback.agent(stream(play))

    with pytest.raises(AgentUnreachable):
        await agent.live.follow("front", taken.append)
    over.set()
    assert taken == [part(0)]


@pytest.mark.parametrize("at", [0, 1])
async def test_what_is_no_picture_ends_it(
    loopback: Loopback, stream: Callable[[Play], web.RouteDef], at: int
) -> None:
    taken: list[bytes] = []

    async def play(response: web.StreamResponse) -> None:
        for number in range(at):
            await response.write(part(number))
            await eventually(lambda n=number: len(taken) == n + 1)
        await response.write(b"Content-Type: text/html\r\nContent-Length: 1\r\n\r\n<")
        await response.write(part(7))
        await asyncio.sleep(0.05)

    agent = await loopback.agent(stream(play))

    with pytest.raises(AgentGarbled):
        await agent.live.follow("front", taken.append)
    assert len(taken) == at


async def test_who_looks_no_longer_hangs_up(
    loopback: Loopback, stream: Callable[[Play], web.RouteDef], caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[bytes] = []
    left = asyncio.Event()

    async def play(response: web.StreamResponse) -> None:
        try:
            while True:
                await response.write(part(0))
                await asyncio.sleep(0.01)
        finally:
            left.set()

    agent = await loopback.agent(stream(play))
    following = asyncio.create_task(agent.live.follow("front", taken.append))
    await eventually(lambda: len(taken) > 2)

    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following

    async with asyncio.timeout(30):
        await left.wait()
    assert not caplog.records
