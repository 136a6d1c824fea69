"""What happens, told to everybody who listens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import time

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
import pytest

from camera_agent import feed as module
from camera_agent.feed import Feed, MotionNews
from camera_agent.messages import Message
from tests.waiting import eventually, within

from .loopback import Player, serving

Listen = Callable[[], Awaitable[ClientWebSocketResponse]]
STATE = {"type": "state", "now": 1795000000.25}
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def motion(score: float, camera: str = "front") -> Message:
    return {"type": "motion", "camera": camera, "score": score, "moving": True, "at": 1795000003.5}


def recording(name: str) -> Message:
    return {"type": "recording", "recording": {"id": name}}


@pytest.fixture
def feed() -> Feed:
    return Feed(lambda: STATE)


@pytest.fixture
async def port(feed: Feed) -> AsyncIterator[int]:
    async with serving(feed.serve) as port:
        yield port


@pytest.fixture
async def listen(port: int) -> AsyncIterator[Listen]:
    async with ClientSession(f"http://127.0.0.1:{port}") as session:

        async def connect() -> ClientWebSocketResponse:
            return await session.ws_connect("/")

        yield connect


async def test_the_state_comes_first(feed: Feed, listen: Listen) -> None:
    listener = await listen()

    assert await listener.receive_json(timeout=30) == STATE


async def test_everybody_hears_what_happens_in_order(feed: Feed, listen: Listen) -> None:
    listeners = [await listen() for _ in range(3)]
    await eventually(lambda: len(feed._listeners) == 3)

    for name in "abc":
        feed.publish(recording(name))

    for listener in listeners:
        heard = [await listener.receive_json(timeout=30) for _ in range(4)]
        assert heard == [STATE, recording("a"), recording("b"), recording("c")]


async def test_a_slow_listener_hears_only_the_newest_of_each_kind(
    feed: Feed, listen: Listen
) -> None:
    listener = await listen()
    await eventually(lambda: feed._listeners)

    for step in range(1000):  # no chance to send in between
        feed.publish(motion(step / 1000))
        feed.publish(motion(step / 500, "back"))
    feed.publish(recording("a"))

    heard = [await listener.receive_json(timeout=30) for _ in range(4)]
    assert heard == [STATE, motion(0.999), motion(1.998, "back"), recording("a")]


async def test_nothing_that_happened_at_a_door_is_dropped_for_something_newer(
    feed: Feed, listen: Listen
) -> None:
    listener = await listen()
    await eventually(lambda: feed._listeners)
    happened: list[Message] = [
        message
        for seq in range(100)  # no chance to send in between
        for message in (
            {"type": "passage", "passage": {"seq": seq, "door": "front"}},
            {"type": "ring", "door": "front", "at": 1795000000.0 + seq},
        )
    ]

    for message in happened:
        feed.publish(message)

    heard = [await listener.receive_json(timeout=30) for _ in range(201)]
    assert heard == [STATE, *happened]


async def test_only_the_newest_state_of_each_door_is_told(feed: Feed, listen: Listen) -> None:
    listener = await listen()
    await eventually(lambda: feed._listeners)

    def door(name: str, *, locked: bool) -> Message:
        return {"type": "door", "door": name, "state": {"locked": locked}}

    for name in ("front", "back"):
        feed.publish(door(name, locked=False))
        feed.publish(door(name, locked=True))

    heard = [await listener.receive_json(timeout=30) for _ in range(3)]
    assert heard == [STATE, door("front", locked=True), door("back", locked=True)]


async def test_a_listener_that_does_not_read_costs_nothing(
    feed: Feed, port: int, listen: Listen
) -> None:
    deaf = await Player.open(port, headers=UPGRADE)
    await deaf.head()
    listener = await listen()
    await eventually(lambda: len(feed._listeners) == 2)
    assert await listener.receive_json(timeout=30) == STATE

    large = {"type": "camera", "camera": "front", "state": "x" * 100_000}
    for _ in range(100):
        feed.publish(large)
        assert await listener.receive_json(timeout=30) == large

    assert max(len(one._pending) for one in feed._listeners) <= 1
    deaf.close()


async def test_a_listener_that_does_not_answer_is_dropped(
    feed: Feed, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.1)
    deaf = await Player.open(port, headers=UPGRADE)
    await deaf.head()
    await eventually(lambda: feed._listeners)

    await eventually(lambda: not feed._listeners)
    deaf.close()


async def test_a_listener_that_answers_stays(
    feed: Feed, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.1)
    listener = await listen()
    assert await listener.receive_json(timeout=30) == STATE
    asyncio.get_running_loop().call_later(0.5, feed.publish, motion(0.5))

    assert await listener.receive_json(timeout=30) == motion(0.5)


async def test_since_when_nobody_listens_is_known(feed: Feed, listen: Listen) -> None:
    began = time.monotonic()
    assert began - 1 < (feed.silent_since or 0) <= began
    listener, other = await listen(), await listen()
    await eventually(lambda: len(feed._listeners) == 2)
    assert feed.silent_since is None

    await listener.close()
    await eventually(lambda: len(feed._listeners) == 1)
    assert feed.silent_since is None
    left = time.monotonic()
    await other.close()
    await eventually(lambda: feed.silent_since)

    assert left <= (feed.silent_since or 0) <= time.monotonic()


async def test_who_does_not_answer_has_left_when_it_last_might_have(
    feed: Feed, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.2)
    deaf = await Player.open(port, headers=UPGRADE)
    await deaf.head()
    await eventually(lambda: feed._listeners)
    came = time.monotonic()

    await eventually(lambda: feed.silent_since)
    deaf.close()

    assert (feed.silent_since or 0) == pytest.approx(came, abs=0.1)


async def test_what_a_listener_says_is_passed_over(feed: Feed, listen: Listen) -> None:
    listener = await listen()
    await listener.send_str("hello")
    await listener.receive_json(timeout=30)

    feed.publish(motion(0.5))

    assert await listener.receive_json(timeout=30) == motion(0.5)


async def test_who_left_is_forgotten(feed: Feed, listen: Listen) -> None:
    listener = await listen()
    await eventually(lambda: feed._listeners)

    await listener.close()

    await eventually(lambda: not feed._listeners)
    feed.publish(motion(0.5))


async def test_the_end_of_the_agent_is_told(feed: Feed, listen: Listen) -> None:
    listener = await listen()
    await listener.receive_json(timeout=30)

    await feed.close()

    assert (await listener.receive(timeout=30)).type is WSMsgType.CLOSE
    assert listener.close_code == 1001


async def test_a_listener_that_does_not_answer_does_not_hold_up_the_end(
    feed: Feed, port: int
) -> None:
    deaf = await Player.open(port, headers=UPGRADE)
    await deaf.head()
    await eventually(lambda: feed._listeners)

    with within(1.5):
        await feed.close()
    deaf.close()


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([(0.0, False)] * 5, []),
        ([(0.004, False), (0.02, False), (0.0, False)], []),
        ([(0.05, True)], [0.05]),
        ([(0.001, True)], [0.001]),
        ([(0.05, True), (0.055, True), (0.045, True)], [0.05]),
        ([(0.05, True), (0.07, True), (0.075, True), (0.09, True)], [0.05, 0.07, 0.09]),
        ([(0.05, True), (0.05, False), (0.0, False), (0.05, True)], [0.05, 0.05, 0.05]),
    ],
)
def test_only_noticeable_motion_is_told(
    scores: list[tuple[float, bool]], told: list[float]
) -> None:
    news = MotionNews()

    assert [score for score, moving in scores if news.has(score, moving)] == told
