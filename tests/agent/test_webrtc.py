"""H.264 to browsers by WebRTC: two real ends of it, over this machine's own network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
import re
import sys
from typing import Any

from aiohttp import ClientSession
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import VideoFrame
import ifaddr
import pytest

from camera_agent import peer as peer_module, webrtc
from camera_agent.hub import Hub
from camera_agent.live import BEHIND
from camera_agent.models import Packet
from camera_agent.owner import Paired
from camera_agent.peer import Peer
from camera_agent.wire import CameraStatus
from tests.waiting import eventually, within

from .caring import FRONT, Cared, cared, owned, refusal
from .conftest import Configured
from .media import SIZE, packets

WHEP = f"{FRONT}/whep"
AS_SDP = {"Content-Type": "application/sdp"}
BEGAN = 1795000000

LOOPBACK = {"127.0.0.1", ("::1", 0, 0)}
ADDRESSES = {ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips}

pytestmark = pytest.mark.skipif(
    not ADDRESSES - LOOPBACK, reason="no network: WebRTC never goes by the loopback"
)


class Browser:
    """Somebody who watches, as Home Assistant's player does; numbers are those of the frames."""

    def __init__(self, agent: Cared) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("track", self._watch)
        self.numbers: list[int] = []
        self.place = ""
        self.said = ""
        self._agent = agent
        self._watching: list[asyncio.Task[None]] = []

    async def offer(self, *kinds: str) -> str:
        for kind in kinds or ("audio", "video"):
            self.connection.addTransceiver(kind, direction="recvonly")
        await self.connection.setLocalDescription()
        return self.connection.localDescription.sdp

    async def come(self) -> None:
        await self.take(await self.offer())

    async def take(self, offer: str) -> None:
        async with self._agent.session.post(WHEP, data=offer, headers=AS_SDP) as answer:
            assert (answer.status, answer.content_type) == (201, "application/sdp")
            self.place = answer.headers["Location"]
            self.said = await answer.text()
        await self.connection.setRemoteDescription(RTCSessionDescription(self.said, "answer"))

    async def connected(self) -> None:
        await eventually(lambda: self.connection.connectionState == "connected")
        await eventually(lambda: lines(self._agent) > 0)

    async def seen(self, *numbers: int) -> None:
        """Wait for the last of these frames; those that are still in its buffer count as seen."""
        await eventually(lambda: numbers[-1] in self.numbers, what=f"{numbers} in {self.numbers}")
        assert self.numbers == list(numbers)

    async def leave(self) -> None:
        await self.connection.close()
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    def _watch(self, track: MediaStreamTrack) -> None:
        self._watching.append(asyncio.create_task(self._play(track)))

    async def _play(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, VideoFrame)
                self.numbers.append(round((frame.to_ndarray()[: SIZE[1]].mean() - 16) / 2))


Come = Callable[[], Awaitable[Browser]]


@pytest.fixture
async def agent(configured: Configured, tmp_path: Any) -> AsyncIterator[Cared]:
    config = owned(tmp_path, configured(), configured(id="back"))
    async with cared(config) as agent:
        for camera in ("front", "back"):
            agent.turn(camera, status=CameraStatus.ONLINE)
        yield agent


@pytest.fixture
async def browser(agent: Cared) -> AsyncIterator[Browser]:
    browser = Browser(agent)
    yield browser
    await browser.leave()


def lines(agent: Cared) -> int:
    return len(agent.hub.channels["front"].live._players)


def sessions(agent: Cared) -> int:
    return len(agent.hub.webrtc._sessions)


async def film(hub: Hub, frames: list[Packet]) -> None:
    """Give frames at a pace that a decoder keeps up with: aiortc's drops what comes at once."""
    for frame in frames:
        hub.packet("front", frame)
        await asyncio.sleep(0.01)


# --- What is seen ----------------------------------------------------------------------------


async def test_a_browser_sees_at_once_what_is_on_now(agent: Cared, browser: Browser) -> None:
    frames = packets(60, BEGAN)
    await film(agent.hub, frames[:20])
    await browser.come()
    await browser.connected()

    await film(agent.hub, frames[20:40])

    await browser.seen(*range(15, 39))


async def test_a_browser_that_comes_before_the_camera_begins_with_a_key_frame(
    agent: Cared, browser: Browser
) -> None:
    await browser.come()
    await browser.connected()

    await film(agent.hub, packets(40, BEGAN)[3:])

    await browser.seen(*range(15, 39))


async def test_a_clock_that_is_set_back_goes_unnoticed(agent: Cared, browser: Browser) -> None:
    await browser.come()
    await browser.connected()
    await film(agent.hub, packets(15, BEGAN))

    await film(agent.hub, packets(32, BEGAN - 86_400)[15:])

    await browser.seen(*range(31))


async def test_what_is_sent_is_what_was_encoded() -> None:
    frames = packets(20, BEGAN)
    track = peer_module._Track()

    for frame in frames:
        track.put(frame)
    sent = [await track.recv() for _ in frames]

    assert [bytes(packet) for packet in sent] == [frame.data for frame in frames]
    times = [packet.pts for packet in sent]
    assert times == sorted(set(times))
    assert track.waiting == 0


async def test_what_a_browser_cannot_take_waits_in_bounds_and_it_goes_on_with_a_key_frame(
    agent: Cared,
) -> None:
    peer = Peer()
    large = [replace_data(frame) for frame in packets(150, BEGAN)]
    with agent.hub.channels["front"].live.playing(peer):
        for frame in large[:100]:
            agent.hub.packet("front", frame)
        waited = peer.waiting
        while peer.waiting:
            await peer._track.recv()
        for frame in large[100:110]:
            agent.hub.packet("front", frame)
        begins_with = peer.waiting
    await peer.close()

    assert BEHIND <= waited < BEHIND + 2 * len(large[0].data)
    assert begins_with == sum(len(frame.data) for frame in large[105:110])


def replace_data(frame: Packet) -> Packet:
    """The same frame, with 100 kB of filler behind it."""
    return Packet(frame.data + bytes(100_000), frame.key, frame.captured_us)


async def test_the_answer_names_this_machine_and_asks_nobody_outside(
    agent: Cared, browser: Browser
) -> None:
    await browser.come()

    assert re.search(r"^a=candidate:.* typ host", browser.said, re.MULTILINE)
    assert not re.search(r" typ (srflx|relay)", browser.said)
    sections = browser.said.split("m=")[1:]
    assert [section.split()[0] for section in sections] == ["audio", "video"]
    assert "a=inactive" in sections[0]
    assert "a=sendonly" in sections[1]
    assert set(re.findall(r"a=rtpmap:\d+ (\w+)", sections[1])) == {"H264", "rtx"}


async def test_a_browser_that_would_send_is_not_listened_to(agent: Cared, browser: Browser) -> None:
    offer = (await browser.offer()).replace("a=recvonly", "a=sendrecv")

    await browser.take(offer)

    assert "a=sendrecv" not in browser.said
    assert "a=recvonly" not in browser.said


# --- How it ends -----------------------------------------------------------------------------


async def test_who_is_told_to_leave_has_left(agent: Cared, browser: Browser) -> None:
    await browser.come()
    await browser.connected()

    async with agent.session.delete(browser.place) as answer:
        assert answer.status == 204

    assert (sessions(agent), lines(agent)) == (0, 0)
    assert (await refusal(agent.session.delete(browser.place)))[:2] == (404, "not_found")
    await eventually(lambda: browser.connection.connectionState == "closed")


async def test_a_session_is_one_of_its_own_camera(agent: Cared, browser: Browser) -> None:
    await browser.come()

    other = browser.place.replace("/front/", "/back/")

    assert (await refusal(agent.session.delete(other)))[:2] == (404, "not_found")
    assert sessions(agent) == 1


async def test_a_browser_that_leaves_is_forgotten(agent: Cared, browser: Browser) -> None:
    await browser.come()
    await browser.connected()

    await browser.connection.close()

    await eventually(lambda: (sessions(agent), lines(agent)) == (0, 0))


async def test_a_browser_that_never_comes_is_forgotten(
    agent: Cared, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_module, "CONNECTING", 0.2)
    offer = await browser.offer()

    async with agent.session.post(WHEP, data=offer, headers=AS_SDP) as answer:
        assert answer.status == 201

    assert sessions(agent) == 1
    await eventually(lambda: sessions(agent) == 0)


async def test_a_camera_that_becomes_private_is_seen_no_more(
    agent: Cared, browser: Browser
) -> None:
    await browser.come()
    await browser.connected()

    await agent.hide()

    await eventually(lambda: (sessions(agent), lines(agent)) == (0, 0))
    await eventually(lambda: browser.connection.connectionState == "closed")


async def test_what_still_waited_is_not_sent_when_a_camera_becomes_private() -> None:
    peer = Peer()
    peer.send(packets(1, BEGAN)[0])

    peer.drop()

    with pytest.raises(MediaStreamError):
        await peer._track.recv()
    await peer.close()


async def test_nobody_goes_on_to_watch_when_the_agent_changes_hands(
    agent: Cared, browser: Browser
) -> None:
    await browser.come()
    await browser.connected()

    await agent.hub.owner.take(Paired(token="somebody else's"))

    assert (sessions(agent), lines(agent)) == (0, 0)


async def test_everybody_leaves_when_the_agent_ends(agent: Cared, browser: Browser) -> None:
    await browser.come()
    await browser.connected()

    with within(2):
        await agent.hub.close()

    assert (sessions(agent), lines(agent)) == (0, 0)


# --- What is refused -------------------------------------------------------------------------


async def test_only_so_many_may_watch(
    agent: Cared, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webrtc, "MOST", 1)
    offer = await browser.offer()

    async def come() -> int:
        async with agent.session.post(WHEP, data=offer, headers=AS_SDP) as answer:
            return answer.status

    assert sorted(await asyncio.gather(come(), come())) == [201, 429]
    refused = await refusal(agent.session.post(WHEP, data=offer, headers=AS_SDP))
    assert refused[:2] == (429, "too_many")
    assert sessions(agent) == 1


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_nobody_else_may_watch(agent: Cared, browser: Browser, method: str) -> None:
    await browser.come()
    path = {"POST": WHEP, "DELETE": browser.place}[method]

    async with ClientSession(f"http://127.0.0.1:{agent.port}") as stranger:
        refused = await refusal(stranger.request(method, path, data="v=0", headers=AS_SDP))

    assert refused[:2] == (401, "unauthorized")
    assert sessions(agent) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (CameraStatus.PRIVATE, (409, "camera_private")),
        (CameraStatus.OFFLINE, (503, "camera_offline")),
    ],
)
async def test_there_must_be_something_to_see(
    agent: Cared, browser: Browser, status: CameraStatus, code: tuple[int, str]
) -> None:
    agent.turn("front", status=status)
    offer = await browser.offer()

    refused = await refusal(agent.session.post(WHEP, data=offer, headers=AS_SDP))

    assert refused[:2] == code


async def test_an_offer_says_what_it_is(agent: Cared) -> None:
    refused = await refusal(agent.session.post(WHEP, json={"sdp": "v=0"}))

    assert refused[:2] == (415, "bad_request")


SECTION = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\n"


@pytest.mark.parametrize(
    "offer",
    ["", "v=0", "m=video", "\x00\xff", SECTION, f"v=0\r\n{SECTION}", f"v=0\r\n{SECTION}" * 40],
)
async def test_nonsense_is_refused(agent: Cared, offer: str) -> None:
    refused = await refusal(agent.session.post(WHEP, data=offer.encode(), headers=AS_SDP))

    assert refused[:2] == (400, "bad_request")
    assert sessions(agent) == 0


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        (r"a=group:BUNDLE.*\r\n", ""),
        (r"a=group:BUNDLE .*", "a=group:BUNDLE 0"),
        (r"a=group:BUNDLE .*", "a=group:BUNDLE 0 7"),
        (r"a=mid:1", "a=mid:0"),
        (r"a=ice-pwd:.*\r\n", ""),
        (r"a=fingerprint:.*", "a=fingerprint:sha-256"),
        (r"a=rtpmap:.*", "a=rtpmap:9"),
        (r"a=rtcp-mux\r\n", ""),
        (r"a=candidate:.*", "a=candidate:1"),
        (r"m=video \d+", "m=video x"),
        (r"m=video", "m=application"),
    ],
)
async def test_an_offer_that_is_broken_is_refused(
    agent: Cared, browser: Browser, what: str, instead: str
) -> None:
    offer = re.sub(what, instead, await browser.offer())

    refused = await refusal(agent.session.post(WHEP, data=offer, headers=AS_SDP))

    assert refused[:2] == (400, "bad_request")
    assert sessions(agent) == 0


@pytest.mark.parametrize("kinds", [("audio",), ("video", "video"), ("audio", "audio", "video")])
async def test_an_offer_is_for_one_video(
    agent: Cared, browser: Browser, kinds: tuple[str, ...]
) -> None:
    offer = await browser.offer(*kinds)

    refused = await refusal(agent.session.post(WHEP, data=offer, headers=AS_SDP))

    assert refused[:2] == (400, "bad_request")


async def test_a_browser_without_h264_is_told_so(agent: Cared, browser: Browser) -> None:
    video = browser.connection.addTransceiver("video", direction="recvonly")
    codecs = RTCRtpReceiver.getCapabilities("video").codecs
    video.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/VP8"])
    await browser.connection.setLocalDescription()

    offer = browser.connection.localDescription.sdp
    refused = await refusal(agent.session.post(WHEP, data=offer, headers=AS_SDP))

    assert refused[0] == 400
    assert "H.264" in refused[2]


# --- Without what it takes -------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which aiortc is not installed."""
    monkeypatch.setattr(webrtc, "find_spec", lambda name: None)
    webrtc.is_there.cache_clear()
    yield
    webrtc.is_there.cache_clear()


async def told_of_webrtc(agent: Cared) -> bool:
    async with agent.session.get("/api/v1/info") as answer:
        return bool((await answer.json())["webrtc"])


async def test_an_agent_says_whether_it_can(agent: Cared) -> None:
    assert await told_of_webrtc(agent)


async def test_an_agent_without_it_says_what_to_do(without: None, agent: Cared) -> None:
    refused = await refusal(agent.session.post(WHEP, data="v=0", headers=AS_SDP))

    assert not await told_of_webrtc(agent)
    assert refused[:2] == (501, "no_webrtc")
    assert "--with webrtc" in refused[2]


async def test_an_agent_whose_library_is_broken_says_so(
    agent: Cared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webrtc, "is_there", lambda: True)
    monkeypatch.delitem(sys.modules, "camera_agent.peer")
    monkeypatch.setitem(sys.modules, "aiortc", None)

    refused = await refusal(agent.session.post(WHEP, data="v=0", headers=AS_SDP))

    assert refused[:2] == (501, "no_webrtc")
    assert sessions(agent) == 0
