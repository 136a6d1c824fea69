"""Pictures to any number of viewers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import time

from aiohttp import web
import pytest

from camera_agent import broadcast, viewer
from camera_agent.broadcast import Broadcast, stamp
from camera_agent.errors import Refused
from camera_agent.wire import ErrorCode
from tests.waiting import eventually, within

from .loopback import Player, serving
from .media import picture

Watch = Callable[..., Awaitable[Player]]
Part = tuple[dict[str, str], bytes]


class Demands(list[float]):
    """What a camera was asked for, the last at the end."""

    @property
    def now(self) -> float:
        return self[-1] if self else 0.0


@pytest.fixture
def demands() -> Demands:
    return Demands()


@pytest.fixture
def pictures(demands: Demands) -> Broadcast:
    return Broadcast(15.0, demands.append)


@pytest.fixture
async def port(pictures: Broadcast) -> AsyncIterator[int]:
    async def watch(request: web.Request) -> web.StreamResponse:
        fps = request.query.get("fps")
        return await pictures.watch(request, float(fps) if fps else None)

    async with serving(watch) as port:
        yield port


@pytest.fixture
async def watch(port: int, demands: Demands) -> AsyncIterator[Watch]:
    """Open a player that the broadcast already knows."""
    players: list[Player] = []

    async def open_player(fps: float | None = None) -> Player:
        known = len(demands)
        players.append(await Player.open(port, f"/?fps={fps}" if fps else "/"))
        await eventually(lambda: len(demands) > known)
        await players[-1].head()
        return players[-1]

    yield open_player
    for player in players:
        player.close()


def moment(part: Part) -> float:
    return float(part[0]["X-Timestamp"])


async def test_every_viewer_gets_every_picture(pictures: Broadcast, watch: Watch) -> None:
    players = [await watch() for _ in range(20)]
    shown = [picture(1795000000 + n / 15, kilobytes=80) for n in range(15)]

    async def show() -> None:
        for one in shown:
            pictures.publish(one)
            await asyncio.sleep(1 / 60)

    async def see(player: Player) -> list[bytes]:
        return [(await player.part())[1] for _ in shown]

    _, *seen = await asyncio.gather(show(), *map(see, players))

    assert seen == [[one.jpeg for one in shown]] * 20


async def test_a_part_tells_its_kind_length_and_time(pictures: Broadcast, watch: Watch) -> None:
    player = await watch()

    pictures.publish(picture(1795000003.5))

    headers, body = await player.part()
    assert headers == {
        "Content-Type": "image/jpeg",
        "Content-Length": str(len(body)),
        "X-Timestamp": "1795000003.500000",
    }


async def test_the_next_boundary_comes_with_the_picture_so_that_browsers_show_it_at_once(
    pictures: Broadcast, watch: Watch
) -> None:
    player = await watch()

    pictures.publish(picture(1795000000))

    await player.part()
    assert await player.read(13) == b"--gatehouse\r\n"


async def test_the_answer_is_what_every_player_understands(port: int) -> None:
    player = await Player.open(port)

    head = await player.head()
    player.close()

    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "Content-Type: multipart/x-mixed-replace;boundary=gatehouse\r\n" in head
    assert "Connection: close\r\n" in head
    assert "Cache-Control: no-store\r\n" in head
    assert "Transfer-Encoding" not in head


async def test_a_new_viewer_sees_a_fresh_picture_at_once(pictures: Broadcast, watch: Watch) -> None:
    pictures.publish(picture(1795000000))

    assert moment(await (await watch()).part()) == 1795000000


async def test_a_new_viewer_is_not_shown_the_past(
    pictures: Broadcast, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "FRESH", 0.0)
    pictures.publish(picture(1795000000))
    player = await watch()

    pictures.publish(picture(1795000010))

    assert moment(await player.part()) == 1795000010


async def test_each_viewer_has_its_own_rate(pictures: Broadcast, watch: Watch) -> None:
    slow, fast = await watch(fps=5), await watch(fps=15)

    for n in range(31):
        pictures.publish(picture(1795000000 + n / 15))
        await fast.part()

    pictures.publish(picture(1795000009))
    seen: list[float] = []
    while not seen or seen[-1] < 1795000009:
        seen.append(moment(await slow.part()))
    assert len(seen) == pytest.approx(2 * 5 + 2, abs=1)


async def test_a_rate_stands_on_average_though_frames_jitter(
    pictures: Broadcast, watch: Watch
) -> None:
    slow, fast = await watch(fps=10), await watch()

    for n in range(150):
        pictures.publish(picture(1795000000 + n / 15 + 0.02 * (n % 3)))
        await fast.part()

    pictures.publish(picture(1795000019))
    seen: list[float] = []
    while not seen or seen[-1] < 1795000019:
        seen.append(moment(await slow.part()))
    assert len(seen) == pytest.approx(101, abs=2)


async def test_a_clock_that_is_set_back_stops_no_viewer(pictures: Broadcast, watch: Watch) -> None:
    player = await watch(fps=5)
    pictures.publish(picture(1795000000))
    await player.part()

    pictures.publish(picture(1794990000))

    assert moment(await player.part()) == 1794990000


async def test_the_camera_is_asked_for_what_the_most_eager_viewer_wants(
    watch: Watch, demands: Demands
) -> None:
    five = await watch(fps=5)
    assert demands.now == 5
    ten = await watch(fps=10)
    assert demands.now == 10
    everything = await watch(fps=100)
    assert demands.now == 15

    everything.close()
    await eventually(lambda: demands.now == 10)
    ten.close()
    await eventually(lambda: demands.now == 5)
    five.close()
    await eventually(lambda: demands.now == 0)


async def test_a_slow_viewer_never_delays_the_others(pictures: Broadcast, watch: Watch) -> None:
    await watch()  # who never reads
    player = await watch()

    with within(40 * 0.1):
        for n in range(40):
            pictures.publish(picture(1795000000 + n / 15, kilobytes=200))
            assert moment(await player.part()) == pytest.approx(1795000000 + n / 15, abs=1e-5)


async def test_a_slow_viewer_goes_on_with_the_present(pictures: Broadcast, watch: Watch) -> None:
    slow, fast = await watch(), await watch()

    for n in range(100):
        pictures.publish(picture(1795000000 + n, kilobytes=200))
        await fast.part()

    seen: list[float] = []
    while not seen or seen[-1] < 1795000200:
        pictures.publish(picture(1795000200))
        await fast.part()
        seen.append(moment(await slow.part()))

    assert len(seen) < 10


async def test_a_stalled_viewer_is_dropped(
    pictures: Broadcast, watch: Watch, demands: Demands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "STALLED", 0.3)
    monkeypatch.setattr(viewer, "CHECKED", 0.02)
    stalled = await watch()

    def is_dropped() -> bool:
        pictures.publish(picture(time.time(), kilobytes=500))
        return demands.now == 0

    await eventually(is_dropped)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await stalled.read(10_000_000)


async def test_who_has_left_is_sent_nothing_that_would_fill_the_log(
    pictures: Broadcast, watch: Watch, demands: Demands, caplog: pytest.LogCaptureFixture
) -> None:
    player = await watch()
    player.close()

    def is_gone() -> bool:
        pictures.publish(picture(time.time(), kilobytes=500))
        return demands.now == 0

    await eventually(is_gone)
    assert "exception" not in caplog.text


async def test_a_viewer_of_a_silent_camera_just_waits(
    pictures: Broadcast, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "STALLED", 0.1)
    monkeypatch.setattr(viewer, "CHECKED", 0.02)
    player = await watch()
    pictures.publish(picture(1795000000))
    await player.part()

    await asyncio.sleep(0.4)
    pictures.publish(picture(1795000060))

    assert moment(await player.part()) == 1795000060


async def test_everybody_is_dropped_when_the_agent_ends(
    pictures: Broadcast, watch: Watch, demands: Demands
) -> None:
    player = await watch()

    pictures.close()

    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await player.read(100)
    await eventually(lambda: demands.now == 0)


async def test_a_snapshot_is_taken_when_somebody_asks(
    pictures: Broadcast, demands: Demands
) -> None:
    asking = asyncio.create_task(pictures.snapshot())
    await eventually(lambda: demands.now == 15)
    shown = picture(1795000000)

    pictures.publish(shown)

    assert await asking is shown
    assert demands.now == 0


async def test_many_who_ask_share_one_picture(pictures: Broadcast, demands: Demands) -> None:
    asking = [asyncio.create_task(pictures.snapshot()) for _ in range(10)]
    await eventually(lambda: demands.now == 15)
    shown = picture(1795000000)

    pictures.publish(shown)
    pictures.publish(picture(1795000001))

    assert [await one for one in asking] == [shown] * 10


async def test_a_picture_of_this_second_is_a_snapshot(
    pictures: Broadcast, demands: Demands
) -> None:
    shown = picture(1795000000)
    pictures.publish(shown)

    assert await pictures.snapshot() is shown
    assert demands == []


async def test_a_snapshot_of_a_silent_camera_is_refused(
    pictures: Broadcast, demands: Demands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "PATIENCE", 0.05)

    with pytest.raises(Refused, match=r"no picture within 0.05 s") as refused:
        await pictures.snapshot()

    assert refused.value.code is ErrorCode.CAMERA_OFFLINE
    assert demands.now == 0


async def test_a_snapshot_does_not_take_from_the_viewers(
    pictures: Broadcast, watch: Watch, demands: Demands
) -> None:
    await watch(fps=5)
    asking = asyncio.create_task(pictures.snapshot())
    await eventually(lambda: demands.now == 15)

    pictures.publish(picture(1795000000))

    await asking
    assert demands.now == 5


@pytest.mark.parametrize(
    ("captured_us", "text"),
    [(1_795_000_003_500_000, "1795000003.500000"), (1_795_000_003_000_001, "1795000003.000001")],
)
def test_a_moment_is_written_exactly(captured_us: int, text: str) -> None:
    assert stamp(captured_us) == text
