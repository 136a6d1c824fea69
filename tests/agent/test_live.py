"""H.264 to players."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from io import BytesIO
from itertools import pairwise

import av
import pytest

from camera_agent import viewer
from camera_agent.live import BEHIND, Live
from camera_agent.models import Packet
from camera_agent.ring import Ring
from tests.waiting import eventually, within

from .loopback import Player, serving
from .media import packets

Watch = Callable[[], Awaitable[Player]]


class Camera:
    """A ring and its live stream, fed by hand."""

    def __init__(self) -> None:
        self.ring = Ring(timedelta(seconds=15))
        self.live = Live(self.ring)

    def feed(self, packets: list[Packet]) -> None:
        for packet in packets:
            self.ring.append(packet)
            self.live.packet(packet)

    @property
    def players(self) -> int:
        return len(self.live._players)

    @property
    def waiting(self) -> int:
        return sum(player.line.waiting for player in self.live._players)


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
async def watch(camera: Camera) -> AsyncIterator[Watch]:
    """Open a player that is already served."""
    players: list[Player] = []

    async def open_player() -> Player:
        served = camera.players
        players.append(await Player.open(port))
        await eventually(lambda: camera.players > served)
        return players[-1]

    async with serving(camera.live.watch) as port:
        yield open_player
        for player in players:
            player.close()


def played(stream: bytes) -> list[tuple[float, int]]:
    """The frames of a transport stream: when each is shown, and its number."""
    with av.open(BytesIO(stream), "r", format="mpegts") as container:
        frames = list(container.decode(video=0))
    return [
        (frame.time - frames[0].time, round((frame.to_ndarray()[:180].mean() - 16) / 2))
        for frame in frames
    ]


def numbers(stream: bytes) -> list[int]:
    return [number for _, number in played(stream)]


async def test_the_answer_is_what_every_player_understands(watch: Watch) -> None:
    head = await (await watch()).head()

    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "Content-Type: video/mp2t\r\n" in head
    assert "Connection: close\r\n" in head
    assert "Transfer-Encoding" not in head


async def read_until_quiet(player: Player) -> bytes:
    """Read what has been sent."""
    await player.head()
    return await read_on(player)


async def read_on(player: Player) -> bytes:
    """Read the rest of it."""
    stream = b""
    while more := await player.some(0.2):
        stream += more
    return stream


async def test_a_stream_begins_with_the_newest_key_frame(camera: Camera, watch: Watch) -> None:
    frames = packets(60, 1795000000)
    camera.feed(frames[:20])
    player = await watch()
    camera.feed(frames[20:40])

    assert numbers(await read_until_quiet(player)) == list(range(15, 40))


async def test_frames_are_shown_when_they_were_captured(camera: Camera, watch: Watch) -> None:
    frames = packets(30, 1795000000, interval_us=200_000)
    player = await watch()
    camera.feed(frames)

    times = [moment for moment, _ in played(await read_until_quiet(player))]
    assert times == pytest.approx([0.2 * n for n in range(30)], abs=0.001)


async def test_a_player_that_comes_before_the_camera_waits_for_a_key_frame(
    camera: Camera, watch: Watch
) -> None:
    player = await watch()

    camera.feed(packets(40, 1795000000)[3:])

    assert numbers(await read_until_quiet(player)) == list(range(15, 40))


async def test_a_transport_stream_is_what_its_first_byte_says(camera: Camera, watch: Watch) -> None:
    camera.feed(packets(20, 1795000000))
    player = await watch()

    stream = await read_until_quiet(player)

    assert len(stream) % 188 == 0
    assert set(stream[::188]) == {0x47}


def large(frames: list[Packet]) -> list[Packet]:
    """The same frames, each with 100 kB of filler that decoders pass over."""
    filler = b"\0\0\0\1\x0c" + b"\xff" * 100_000 + b"\x80"
    return [Packet(one.data + filler, one.key, one.captured_us) for one in frames]


async def test_a_slow_player_goes_on_with_a_key_frame(camera: Camera, watch: Watch) -> None:
    frames = large(packets(300, 1795000000))
    slow, fast = await watch(), await watch()
    stream = b""
    await fast.head()
    for frame in frames[:150]:
        camera.feed([frame])
        while more := await fast.some(0.002):
            stream += more

    stream += await read_on(fast)
    behind = await read_until_quiet(slow)
    camera.feed(frames[150:153])
    behind += await read_on(slow)

    assert len(played(stream)) == 150
    seen = numbers(behind)
    gaps = [now for before, now in pairwise(seen) if now != (before + 1) % 100]
    assert len(seen) < 100
    assert gaps == [50]
    assert seen[-3:] == [50, 51, 52]


async def test_a_slow_player_never_delays_the_camera(camera: Camera, watch: Watch) -> None:
    await watch()
    frames = large(packets(300, 1795000000))

    with within(2):
        camera.feed(frames)

    assert BEHIND <= camera.waiting < BEHIND + len(frames[0].data) * 1.1


async def test_a_stalled_player_is_dropped(
    camera: Camera, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "STALLED", 0.2)
    monkeypatch.setattr(viewer, "CHECKED", 0.02)
    await watch()

    camera.feed(large(packets(300, 1795000000)))

    await eventually(lambda: camera.players == 0)


async def test_a_clock_that_is_set_back_lets_players_begin_anew(
    camera: Camera, watch: Watch
) -> None:
    player = await watch()
    await player.head()
    camera.feed(packets(30, 1795000000))
    await eventually(lambda: player.some(1))

    camera.feed(packets(1, 1794990000))

    await eventually(lambda: camera.players == 0)
    again = await watch()
    camera.feed(packets(30, 1794990000)[1:])
    assert numbers(await read_until_quiet(again)) == list(range(30))


async def test_everybody_is_dropped_when_the_agent_ends(camera: Camera, watch: Watch) -> None:
    player = await watch()
    await player.head()

    camera.live.close()

    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await player.read(1)
    await eventually(lambda: camera.players == 0)
