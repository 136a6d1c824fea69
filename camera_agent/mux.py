"""Encoded packets into a container, never encoded again: MP4 files and MPEG transport streams."""

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
import os
from pathlib import Path
from typing import Final

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from .models import Packet

MICROSECOND: Final = Fraction(1, 1_000_000)
TICK: Final = Fraction(1, 90_000)  # what both containers count in

# A hybrid file loses only its last group of pictures if the power fails, and is an ordinary MP4
# once it is closed. Before FFmpeg 7.1 it has to stay in fragments.
HYBRID: Final = av.library_versions["libavformat"] >= (61, 7, 0)
MP4: Final = {
    "movflags": "+hybrid_fragmented+frag_keyframe"
    if HYBRID
    else "+frag_keyframe+empty_moov+default_base_moof",
    "flush_packets": "1",  # a finished group is on its way to the disk
}
LARGE: Final = bytes((0, 0, 0, 1))  # the size of a box that has its size in 64 bits
TRANSPORT_STREAM: Final = {
    "mpegts_flags": "resend_headers+pat_pmt_at_frames",
    "flush_packets": "1",
    "muxdelay": "0",
}


class Mp4File:
    """A recording being written; its time begins at 0 with the first packet, a key frame."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._muxer: _Muxer | None = None
        self._held: Packet | None = None
        self._shown_us = 0

    def write(self, packets: Iterable[Packet]) -> None:
        """Add packets; the last one is held until it is known how long it is shown."""
        for packet in packets:
            if self._muxer is None:
                self._muxer = _Muxer(str(self._path), "mp4", MP4, packet)
            if self._held:
                self._shown_us = max(1, packet.captured_us - self._held.captured_us)
                self._muxer.write(self._held, self._shown_us)
            self._held = packet

    def close(self) -> None:
        """Write what is held and the index, through to the disk; without packets, nothing."""
        if self._muxer is None or self._held is None:
            return
        self._muxer.write(self._held, self._shown_us)
        self._muxer.close()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())


def mend(path: Path) -> None:
    """Cut off what an interrupted writer left behind the last whole fragment of an MP4."""
    whole = end = 0
    size = path.stat().st_size
    with path.open("r+b") as file:
        while end < size:
            file.seek(end)
            head = file.read(16).ljust(16, b"\0")
            length = int.from_bytes(head[:4]) if head[:4] != LARGE else int.from_bytes(head[8:])
            end += length or size
            if end <= size and head[4:8] != b"moof":  # whose pictures come in the box after it
                whole = end
        file.truncate(whole)


class TransportStream:
    """An endless stream for one viewer, beginning at a key frame."""

    def __init__(self, first: Packet) -> None:
        self._sink = BytesIO()
        self._muxer = _Muxer(_Unseekable(self._sink), "mpegts", TRANSPORT_STREAM, first)

    def write(self, packet: Packet) -> bytes:
        """Return the bytes that carry a packet."""
        self._muxer.write(packet)
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return data


class _Muxer:
    def __init__(
        self, target: "str | _Unseekable", container: str, options: dict[str, str], first: Packet
    ) -> None:
        self._output: OutputContainer = av.open(
            target, "w", format=container, container_options=options
        )
        self._stream = self._add_stream(first)
        self._first_us = first.captured_us
        self._last = -1

    def write(self, packet: Packet, shown_us: int = 0) -> None:
        ticks = round((packet.captured_us - self._first_us) * MICROSECOND / TICK)
        self._last = max(ticks, self._last + 1)
        coded = av.Packet(packet.data)
        coded.stream = self._stream
        coded.time_base = TICK
        coded.pts = coded.dts = self._last
        coded.duration = round(shown_us * MICROSECOND / TICK)
        coded.is_keyframe = packet.key
        self._output.mux(coded)

    def close(self) -> None:
        self._output.close()

    def _add_stream(self, first: Packet) -> VideoStream:
        """Describe the stream by its first key frame, which carries SPS and PPS."""
        with av.open(BytesIO(first.data), format="h264") as source:
            stream = self._output.add_stream_from_template(source.streams.video[0])
        stream.time_base = TICK
        return stream


class _Unseekable:
    """The part of a file that a stream needs."""

    def __init__(self, sink: BytesIO) -> None:
        self.write = sink.write
