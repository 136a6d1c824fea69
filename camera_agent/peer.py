"""One browser at the other end of a WebRTC connection, over aiortc: H.264 as it was encoded."""

import asyncio
from fractions import Fraction
import logging
from typing import Any, Final

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import SessionDescription
import av

from .models import Packet

MICROSECOND: Final = Fraction(1, 1_000_000)
CONNECTING: Final = 15.0  # seconds until there is a way through the network, or none
CLOSEST_US: Final = 1_000  # between two pictures: those of the past are played at once

# What a browser asks for to see a camera: pictures, and sound if there were any.
OFFERED: Final = (["video"], ["audio", "video"])
# With the pictures goes what sends lost packets again.
CODECS: Final = [
    codec
    for codec in RTCRtpSender.getCapabilities("video").codecs
    if codec.mimeType in ("video/H264", "video/rtx")
]
# What aiortc raises for an offer that makes no sense, or that has nothing in common with us.
GARBLED: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    StopIteration,
    TypeError,
    ValueError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)

# They tell of each address that they try.
logging.getLogger("aioice").setLevel(logging.WARNING)
logging.getLogger("aiortc").setLevel(logging.WARNING)


class BadOffer(Exception):
    """An offer that cannot be answered."""


class Peer:
    """A browser that plays: the line to it. It finds the agent by the addresses in the answer."""

    def __init__(self) -> None:
        # No servers: by itself aiortc would ask one on the internet for this machine's address.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("connectionstatechange", self._follow)
        self._track = _Track()
        self._settled = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def waiting(self) -> int:
        return self._track.waiting

    def send(self, packet: Packet) -> None:
        self._track.put(packet)

    def drop(self) -> None:
        self._track.stop()
        self._settled.set()
        self._over.set()

    async def answer(self, offer: str) -> str:
        """Return the SDP that answers an offer; raises BadOffer."""
        try:
            if not _is_for_one_video(SessionDescription.parse(offer)):
                raise BadOffer
            video = self._connection.addTransceiver(self._track, direction="sendonly")
            video.setCodecPreferences(CODECS)  # before the offer, which else is answered with VP8
            await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            for other in self._connection.getTransceivers():
                if other is not video:
                    other.direction = "inactive"
            await self._connection.setLocalDescription()
        except GARBLED as error:
            raise BadOffer from error
        return str(self._connection.localDescription.sdp)

    async def connected(self) -> bool:
        """Wait until the browser is there, and say whether it is."""
        try:
            async with asyncio.timeout(CONNECTING):
                await self._settled.wait()
        except TimeoutError:
            return False
        return not self._over.is_set()

    async def gone(self) -> None:
        """Wait until the browser has left, was not heard of for half a minute, or was dropped."""
        await self._over.wait()

    async def close(self) -> None:
        await self._connection.close()

    def _follow(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self._settled.set()
            case "failed" | "closed":
                self.drop()


def _is_for_one_video(offer: SessionDescription) -> bool:
    """Whether an offer has the usual parts, all of them over one connection."""
    names = sorted(part.rtp.muxId for part in offer.media)
    bundles = [sorted(group.items) for group in offer.group if group.semantic == "BUNDLE"]
    kinds = sorted(part.kind for part in offer.media)
    return kinds in OFFERED and bundles == [names] and len({*names}) == len(names)


class _Track(MediaStreamTrack):
    """Packets on their way, with the moment at which each left: the camera's clock may be set."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self._packets: asyncio.Queue[av.Packet[Any]] = asyncio.Queue()
        self._newest_us = 0

    def put(self, packet: Packet) -> None:
        now_us = round(asyncio.get_running_loop().time() * 1_000_000)
        self._newest_us = max(now_us, self._newest_us + CLOSEST_US)
        coded = av.Packet(packet.data)
        coded.pts, coded.time_base = self._newest_us, MICROSECOND
        self.waiting += coded.size
        self._packets.put_nowait(coded)

    async def recv(self) -> "av.Packet[Any]":
        packet = await self._packets.get()
        self.waiting -= packet.size
        if self.readyState != "live":
            raise MediaStreamError
        return packet
