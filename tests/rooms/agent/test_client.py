"""One agent over real sockets: what it says, and every way in which it can fail to."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import json

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from custom_components.gatehouse.agent import (
    Agent,
    AgentGarbled,
    AgentIncompatible,
    AgentRefused,
    AgentUnauthorized,
    AgentUnreachable,
    CameraChanged,
    Message,
    MotionChanged,
    NotAnAgent,
    State,
    mjpeg,
    wire,
)
from custom_components.gatehouse.models import Picture
from tests.rooms.agent.loopback import TOKEN, Loopback, golden, says

ROOM = "custom_components.gatehouse.agent"
SNAPSHOT = wire.SNAPSHOT.format(camera="front")
STREAM = wire.STREAM.format(camera="front")
IMPATIENT = aiohttp.ClientTimeout(total=None, sock_read=0.05)


def part(number: int) -> bytes:
    """Return one part of a stream; the next boundary follows it at once."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: 1\r\nX-Timestamp: {number}.500000\r\n\r\n"
    return head.encode() + str(number).encode() + b"\r\n--frame\r\n"


async def stream(request: web.Request) -> web.StreamResponse:
    """Begin a stream."""
    response = web.StreamResponse(
        headers={"Content-Type": "multipart/x-mixed-replace; boundary=frame"}
    )
    await response.prepare(request)
    await response.write(b"--frame\r\n")
    return response


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes came of a stream each time that somebody was woken for them."""
    sizes: list[int] = []
    feed = mjpeg.PictureParser.feed

    def counting(parser: mjpeg.PictureParser, data: bytes) -> Iterator[Picture]:
        sizes.append(len(data))
        return feed(parser, data)

    monkeypatch.setattr(mjpeg.PictureParser, "feed", counting)
    return sizes


async def test_an_agent_tells_who_it_is(loopback: Loopback) -> None:
    agent = await loopback.agent(web.get(wire.INFO, says(golden("info"))))

    info = await agent.info()

    assert (info.id, info.name, [camera.id for camera in info.cameras]) == (
        "9f2c41d07ab3",
        "Porch",
        ["front"],
    )


async def test_a_wrong_token_is_told_apart(loopback: Loopback) -> None:
    agent = await loopback.agent(
        web.get(wire.INFO, says(golden("info"))), web.get(wire.FEED, says({})), token="guessed"
    )

    with pytest.raises(AgentUnauthorized, match="refuses our token"):
        await agent.info()
    with pytest.raises(AgentUnauthorized, match="refuses our token"):
        await anext(agent.feed())


async def test_an_agent_that_is_off_is_unreachable(loopback: Loopback) -> None:
    agent = loopback.nobody()

    for asking in (agent.info(), anext(agent.feed()), anext(agent.pictures("front"))):
        with pytest.raises(AgentUnreachable, match="cannot be reached"):
            await asking


async def test_an_agent_that_never_answers_is_unreachable(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def think(_: web.Request) -> web.Response:
        await loopback.forever.wait()
        return web.Response()

    monkeypatch.setattr(f"{ROOM}.connection.ANSWER", aiohttp.ClientTimeout(total=0.05))
    agent = await loopback.agent(web.get(wire.INFO, think), web.get(wire.FEED, think))

    for asking in (agent.info(), anext(agent.feed())):
        with pytest.raises(AgentUnreachable, match=r"cannot be reached: .+"):
            await asking


async def test_an_agent_that_was_alone_for_long_has_much_to_tell(loopback: Loopback) -> None:
    state, recording = golden("state"), golden("recording")["recording"]
    state["recordings"] = [{**recording, "id": f"{number:016x}"} for number in range(40_000)]

    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(state)
        await socket.receive()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))

    told = await anext(agent.feed())

    assert isinstance(told, State)
    assert len(told.recordings) == 40_000


@pytest.mark.parametrize(
    ("body", "status"), [("<html>", 200), ("[1]", 200), ("Not Found", 404), ("Moved", 302)]
)
async def test_another_web_server_is_not_an_agent(
    loopback: Loopback, body: str, status: int
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, status=status, headers={"Location": "http://127.0.0.1/"})

    agent = await loopback.agent(web.get(wire.INFO, answer))

    with pytest.raises(NotAnAgent):
        await agent.info()


async def test_another_product_or_version_is_told_apart(loopback: Loopback) -> None:
    other = await loopback.agent(web.get(wire.INFO, says({"product": "octoprint"})))
    newer = await loopback.agent(web.get(wire.INFO, says(golden("info") | {"api": 2})))

    with pytest.raises(NotAnAgent):
        await other.info()
    with pytest.raises(AgentIncompatible, match="version 2"):
        await newer.info()


async def test_a_refusal_carries_the_agents_own_words(loopback: Loopback) -> None:
    agent = await loopback.agent(web.get(SNAPSHOT, says(golden("error"), 404)))

    with pytest.raises(AgentRefused, match="no camera 'back'") as caught:
        await agent.snapshot("front")

    assert caught.value.code == wire.ErrorCode.NOT_FOUND


async def test_a_snapshot_knows_when_it_was_taken(loopback: Loopback) -> None:
    async def snapshot(_: web.Request) -> web.Response:
        headers = {wire.CAPTURED_HEADER: "1795000003.500000"}
        return web.Response(body=b"jpeg", content_type="image/jpeg", headers=headers)

    agent = await loopback.agent(web.get(SNAPSHOT, snapshot))

    picture = await agent.snapshot("front")

    assert picture.jpeg == b"jpeg"
    assert picture.captured == datetime.fromtimestamp(1795000003.5, UTC)


async def test_a_snapshot_that_is_no_jpeg_or_has_no_time_is_garbled(loopback: Loopback) -> None:
    async def timeless(_: web.Request) -> web.Response:
        return web.Response(body=b"jpeg", content_type="image/jpeg")

    with pytest.raises(AgentGarbled, match=r"text/html|application/json"):
        await (await loopback.agent(web.get(SNAPSHOT, says({})))).snapshot("front")
    with pytest.raises(AgentGarbled, match=wire.CAPTURED_HEADER):
        await (await loopback.agent(web.get(SNAPSHOT, timeless))).snapshot("front")


async def test_pictures_come_until_the_stream_ends(loopback: Loopback) -> None:
    asked = []

    async def serve(request: web.Request) -> web.StreamResponse:
        asked.append(request.query_string)
        response = await stream(request)
        for chunk in (part(1)[:20], part(1)[20:] + part(2), part(3)[:-3]):
            await response.write(chunk)
        return response

    agent = await loopback.agent(web.get(STREAM, serve))

    assert [picture.jpeg async for picture in agent.pictures("front", fps=5)] == [b"1", b"2", b"3"]
    assert [picture.captured.timestamp() async for picture in agent.pictures("front", fps=0.5)] == [
        1.5,
        2.5,
        3.5,
    ]
    assert asked == ["fps=5", "fps=0.5"]


async def test_a_stream_without_new_pictures_is_given_up(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stall(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        await response.write(part(1))
        await loopback.forever.wait()
        return response

    monkeypatch.setattr(f"{ROOM}.client.STREAM", IMPATIENT)
    pictures = (await loopback.agent(web.get(STREAM, stall))).pictures("front")

    assert (await anext(pictures)).jpeg == b"1"
    with pytest.raises(AgentUnreachable):
        await anext(pictures)


async def test_a_stream_that_is_cut_is_unreachable(loopback: Loopback) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        await response.write(part(1))
        assert request.transport
        request.transport.abort()
        return response

    pictures = (await loopback.agent(web.get(STREAM, cut))).pictures("front")

    with pytest.raises(AgentUnreachable):
        _ = [picture async for picture in pictures]


@pytest.mark.parametrize("kind", ["image/jpeg", "multipart/x-mixed-replace", "text/html"])
async def test_a_stream_of_something_else_is_garbled(loopback: Loopback, kind: str) -> None:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=b"--frame", headers={"Content-Type": kind})

    agent = await loopback.agent(web.get(STREAM, serve))

    with pytest.raises(AgentGarbled):
        await anext(agent.pictures("front"))


async def test_who_stops_looking_lets_the_connection_go(loopback: Loopback) -> None:
    gone = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        try:
            while True:
                await response.write(part(1))
                await asyncio.sleep(0.001)
        finally:
            gone.set()

    pictures = (await loopback.agent(web.get(STREAM, serve))).pictures("front")
    await anext(pictures)
    await pictures.aclose()

    async with asyncio.timeout(5):
        await gone.wait()


async def test_the_feed_tells_everything_and_then_every_change(loopback: Loopback) -> None:
    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for name in ("state", "camera", "motion"):
            await socket.send_json(golden(name))
        await socket.send_json({"type": "of a newer agent"})
        await socket.close()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))

    messages: list[Message] = [message async for message in agent.feed()]

    assert [type(message) for message in messages] == [State, CameraChanged, MotionChanged]


@pytest.mark.parametrize("text", ["nonsense", '{"type": "motion"}', "[]"])
async def test_nonsense_on_the_feed_ends_it(loopback: Loopback, text: str) -> None:
    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(text)
        await socket.receive()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))

    with pytest.raises(AgentGarbled):
        await anext(agent.feed())


@pytest.mark.parametrize("frame", [b"\x82\x02\xff\xfe", b"\x8f\x00", b"\x81\x01\xff"])
async def test_frames_that_are_no_text_are_nonsense(loopback: Loopback, frame: bytes) -> None:
    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport
        request.transport.write(frame)
        await socket.receive()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))

    with pytest.raises(AgentGarbled):
        await anext(agent.feed())


async def test_an_agent_that_lost_its_power_is_noticed(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def freeze(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(golden("state"))
        await loopback.forever.wait()
        return socket

    silence = aiohttp.ClientWSTimeout(ws_receive=0.05, ws_close=0.05)
    monkeypatch.setattr(f"{ROOM}.connection.FEED", silence)
    feed = (await loopback.agent(web.get(wire.FEED, freeze))).feed()

    assert isinstance(await anext(feed), State)
    with pytest.raises(AgentUnreachable, match="cannot be reached"):
        await anext(feed)


@pytest.mark.parametrize("change", [{"api": 2}, {"product": "octoprint"}])
async def test_a_feed_of_a_stranger_is_refused(
    loopback: Loopback, change: dict[str, object]
) -> None:
    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        state = golden("state")
        await socket.send_json(state | {"info": state["info"] | change})
        await socket.receive()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))

    with pytest.raises((AgentIncompatible, NotAnAgent)):
        await anext(agent.feed())


async def test_a_feed_that_is_no_websocket_is_garbled(loopback: Loopback) -> None:
    agent = await loopback.agent(web.get(wire.FEED, says({})))

    with pytest.raises(AgentGarbled, match="status 200"):
        await anext(agent.feed())


async def test_an_address_for_a_player_is_signed_and_hides_the_token(loopback: Loopback) -> None:
    agent = await loopback.agent()

    url = URL(agent.live_url("front", timedelta(hours=1)))

    signed = f"{wire.LIVE.format(camera='front')}\n{url.query['expires']}".encode()
    assert url.path == wire.LIVE.format(camera="front")
    assert url.query["auth"] == hmac.new(TOKEN.encode(), signed, hashlib.sha256).hexdigest()
    assert TOKEN not in str(url)


async def test_an_agent_may_have_an_ipv6_address(loopback: Loopback) -> None:
    agent = Agent(loopback.session, "::1", 8467, TOKEN)

    assert agent.live_url("front", timedelta(hours=1)).startswith("http://[::1]:8467/api/v1/")


async def test_an_address_expires_by_the_agents_clock(loopback: Loopback) -> None:
    ahead = timedelta(hours=3)

    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        now = (datetime.now(UTC) + ahead).timestamp()
        await socket.send_str(json.dumps(golden("state") | {"now": now}))
        await socket.receive()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))
    await anext(feed_of := agent.feed())
    await feed_of.aclose()

    expires = int(URL(agent.live_url("front", timedelta(hours=1))).query["expires"])

    assert expires - datetime.now(UTC).timestamp() == pytest.approx(4 * 3600, abs=5)


async def test_an_agent_that_only_pings_is_still_there(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ping(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for _ in range(15):
            await socket.ping()
            await asyncio.sleep(0.1)
        await socket.send_json(golden("state"))
        await socket.close()
        return socket

    silence = aiohttp.ClientWSTimeout(ws_receive=1.0, ws_close=0.05)
    monkeypatch.setattr(f"{ROOM}.connection.FEED", silence)
    agent = await loopback.agent(web.get(wire.FEED, ping))

    assert isinstance(await anext(agent.feed()), State)


async def test_the_clock_is_measured_by_every_word_that_tells_the_time(loopback: Loopback) -> None:
    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for name, ahead in (("state", 40), ("stats", 45), ("stats", 42)):
            now = datetime.now(UTC).timestamp() + ahead
            await socket.send_json(golden(name) | {"now": now})
        older = golden("stats")
        del older["now"]
        await socket.send_json(older)
        await socket.close()
        return socket

    agent = await loopback.agent(web.get(wire.FEED, feed))
    assert agent.clock_ahead == timedelta()

    measured = [agent.clock_ahead.total_seconds() async for _ in agent.feed()]

    assert measured == pytest.approx([40, 45, 45, 45], abs=1)


async def test_what_was_kept_while_nobody_listened_is_told(loopback: Loopback) -> None:
    agent = await loopback.agent(web.get(wire.SPOOL, says(golden("spool"))))

    report = await agent.spool()

    assert (report.spool.clips, report.spool.lost, len(report.readings)) == (2, 1, 1)


async def test_readings_are_forgotten_up_to_a_moment_of_the_agents_clock(
    loopback: Loopback,
) -> None:
    asked = []

    async def forget(request: web.Request) -> web.Response:
        asked.append(float(request.query[wire.QUERY_UNTIL]))
        return web.Response(status=204)

    agent = await loopback.agent(web.delete(wire.SPOOL, forget))

    await agent.forget_readings(datetime.fromtimestamp(1795000060.25, UTC))

    assert asked == [1795000060.25]


async def test_an_agent_without_a_spool_says_so(loopback: Loopback) -> None:
    agent = await loopback.agent()

    with pytest.raises(AgentGarbled, match="status 404"):
        await agent.spool()
    with pytest.raises(AgentGarbled, match="status 404"):
        await agent.forget_readings(datetime.now(UTC))


async def test_nobody_is_woken_for_each_packet_of_a_picture(
    loopback: Loopback, fed: list[int]
) -> None:
    size, packet = 100_000, 2_000

    async def packets(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        head = f"Content-Type: image/jpeg\r\nContent-Length: {size}\r\n\r\n".encode()
        for _ in range(2):
            await response.write(head)
            for _ in range(size // packet):
                await response.write(bytes(packet))
                await asyncio.sleep(0.002)
            await response.write(b"\r\n--frame\r\n")
        return response

    agent = await loopback.agent(web.get(STREAM, packets), web.get(wire.INFO, says(golden("info"))))

    pictures = [picture async for picture in agent.pictures("front")]

    assert [len(picture.jpeg) for picture in pictures] == [size, size]
    assert len(fed) < 12  # of 100 packets
    # The connection is used again, and a short answer is heard at once.
    async with asyncio.timeout(5):
        await agent.info()


async def test_who_waits_for_the_rest_of_a_picture_is_woken_when_the_agent_is_gone(
    loopback: Loopback,
) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = await stream(request)
        await response.write(b"Content-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\nhalf")
        await asyncio.sleep(0.05)
        await response.write(b"of it")
        assert request.transport
        request.transport.abort()
        return response

    agent = await loopback.agent(web.get(STREAM, half))

    async with asyncio.timeout(10):
        with pytest.raises(AgentUnreachable):
            await anext(agent.pictures("front"))
