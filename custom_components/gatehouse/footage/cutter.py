"""A live stream cut into pieces, each of which may be the beginning of a file."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
import time
from typing import Any, Final

import av

from .tape import Material, Piece

# What is written is there at once, and may be the beginning of a file.
OUTPUT: Final = {
    "mpegts_flags": "resend_headers+pat_pmt_at_frames",
    "flush_packets": "1",
    "muxdelay": "0",
    "max_interleave_delta": "500000",
}

PIECE: Final = 0.5  # seconds
GAP: Final = 0.1  # seconds between the last picture before a break and the first after it

# From one packet to the next, beyond the time that has passed. Streams in segments come in bursts,
# but what is in them follows each other.
LEAP: Final = 10.0


class Timeline:
    """The time in what is written, which goes on from one connection to the next."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.reached = 0.0

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    @property
    def next(self) -> float:
        return max(self.elapsed, self.reached + GAP)


class Cutter:
    """Cuts one connection's packets into pieces of a transport stream; it begins at a key frame."""

    def __init__(self, streams: list[Any], timeline: Timeline, now: Callable[[], datetime]) -> None:
        self._timeline = timeline
        self._now = now
        self._sink = BytesIO()
        self._output = av.open(
            _Unseekable(self._sink), "w", format="mpegts", container_options=OUTPUT
        )
        self._copies = {
            stream.index: self._output.add_stream_from_template(stream) for stream in streams
        }
        self._shift: float | None = None
        self._at = now()
        self._began = 0.0
        self._is_key = False

    @property
    def ahead(self) -> float:
        """How far what came is ahead of time."""
        return 0.0 if self._shift is None else self._timeline.reached - self._timeline.elapsed

    def leaps(self, packet: av.Packet[Any]) -> bool:
        """Whether a packet is of a time to come: the clock that it goes by was set."""
        if self._shift is None or packet.dts is None:
            return False
        return _moment(packet) + self._shift > self._timeline.next + LEAP

    def add(self, packet: av.Packet[Any]) -> Piece | None:
        """Write a packet; returns the piece that it ends."""
        is_key = packet.stream.type == "video" and packet.is_keyframe
        if packet.dts is None or (self._shift is None and not is_key):
            return None
        moment = _moment(packet)
        if self._shift is None:
            self._shift = self._timeline.next - moment
        piece = self._cut(is_key) if is_key or time.monotonic() - self._began > PIECE else None
        ticks = round(self._shift / packet.time_base)
        packet.dts += ticks
        packet.pts = packet.dts if packet.pts is None else packet.pts + ticks
        packet.stream = self._copies[packet.stream.index]
        self._output.mux(packet)
        self._timeline.reached = max(self._timeline.reached, moment + self._shift)
        return piece

    def close(self) -> None:
        self._output.close()

    def _cut(self, is_key: bool) -> Piece | None:
        """End the piece that was written, if there is one, and begin the next."""
        data = self._sink.getvalue()
        piece = Piece(at=self._at, material=Material.STREAM, data=data, is_key=self._is_key)
        self._sink.seek(0)
        self._sink.truncate()
        self._at, self._began, self._is_key = self._now(), time.monotonic(), is_key
        return piece if data else None


def _moment(packet: av.Packet[Any]) -> float:
    return float((packet.dts or 0) * packet.time_base)


class _Unseekable:
    """The part of a file that a stream needs."""

    def __init__(self, sink: BytesIO) -> None:
        self.write = sink.write
