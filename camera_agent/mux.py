"""What is encoded into a container, never encoded again: MP4 files and MPEG transport streams."""

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
import os
from pathlib import Path
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from .models import Packet, Sound

MICROSECOND: Final = Fraction(1, 1_000_000)
TICK: Final = Fraction(1, 90_000)  # what both containers count in

# A hybrid file loses only its last group of pictures if the power fails, and is an ordinary MP4
# once it is closed. Before FFmpeg 7.1 it has to stay in fragments. Its head waits for the first of
# them, which tells how long after the pictures the sound begins.
HYBRID: Final = av.library_versions["libavformat"] >= (61, 7, 0)
MP4: Final = {
    "movflags": "+frag_keyframe+delay_moov"
    + ("+hybrid_fragmented" if HYBRID else "+default_base_moof"),
    "flush_packets": "1",  # a finished group is on its way to the disk
    "max_interleave_delta": "1000000",  # so that pictures do not wait for a microphone that failed
}
# Sounds that come closer than this are one too many: the shortest frame of AAC lasts 10 ms.
CLOSEST_US: Final = 1_000
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
        self._first: list[Packet | Sound] = []
        self._pictures = _Lasting()
        self._sounds = _Lasting()

    def write(self, items: Iterable[Packet | Sound]) -> None:
        """Add items; the last of each kind is held until it is known how long it lasts.

        So is the first group of pictures until it is whole, for it tells whether there is sound.
        """
        for item in items:
            if self._muxer is None and self._first and isinstance(item, Packet) and item.key:
                self._muxer = self._begin()
            if self._muxer is None:
                self._first.append(item)
            else:
                self._add(self._muxer, item)

    def close(self) -> None:
        """Write what is held and the index, through to the disk; without packets, nothing."""
        if self._muxer is None:
            if not self._first:
                return
            self._muxer = self._begin()
        for lasting in (self._pictures, self._sounds):
            if lasting.item:
                self._muxer.write(lasting.item, lasting.span_us)
        self._muxer.close()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())

    def _begin(self) -> "_Muxer":
        picture = next(item for item in self._first if isinstance(item, Packet))
        heard = (item for item in self._first if isinstance(item, Sound))
        in_time = (one for one in heard if one.captured_us >= picture.captured_us)
        sound = next(filter(_is_readable, in_time), None)
        muxer = _Muxer(str(self._path), "mp4", MP4, picture, sound)
        for item in self._first:
            self._add(muxer, item)
        self._first.clear()
        return muxer

    def _add(self, muxer: "_Muxer", item: Packet | Sound) -> None:
        lasting = self._pictures if isinstance(item, Packet) else self._sounds
        if before := lasting.follow(item):
            muxer.write(before, lasting.span_us)


class _Lasting:
    """The newest picture or sound, which lasts until the next, and how long the one before did."""

    def __init__(self) -> None:
        self.item: Packet | Sound | None = None
        self.span_us = 0

    def follow(self, item: Packet | Sound) -> Packet | Sound | None:
        before, self.item = self.item, item
        if before:
            self.span_us = max(1, item.captured_us - before.captured_us)
        return before


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
        self,
        target: "str | _Unseekable",
        container: str,
        options: dict[str, str],
        first: Packet,
        sound: Sound | None = None,
    ) -> None:
        """First is a key frame, which carries SPS and PPS; without a sound there is no track."""
        self._output: OutputContainer = av.open(
            target, "w", format=container, container_options=options
        )
        with av.open(BytesIO(first.data), format="h264") as source:
            self._pictures = self._output.add_stream_from_template(source.streams.video[0])
        self._pictures.time_base = TICK
        self._sounds = self._add_sounds(sound) if sound else None
        self._first_us = first.captured_us
        self._last = -1
        self._last_sound_us = -CLOSEST_US

    def write(self, item: Packet | Sound, span_us: int = 0) -> None:
        """Write a picture, or a sound that is neither before the first one nor too close."""
        after_us = item.captured_us - self._first_us
        if isinstance(item, Packet):
            coded = av.Packet(item.data)
            coded.stream = self._pictures
            coded.time_base = TICK
            self._last = max(round(after_us * MICROSECOND / TICK), self._last + 1)
            coded.pts = coded.dts = self._last
            coded.duration = round(span_us * MICROSECOND / TICK)
            coded.is_keyframe = item.key
            self._output.mux(coded)
        elif self._sounds and after_us >= max(0, self._last_sound_us + CLOSEST_US):
            if not (frame := _frame(item)):
                return
            coded = av.Packet(frame)
            coded.stream = self._sounds
            coded.time_base = MICROSECOND
            coded.pts = coded.dts = self._last_sound_us = after_us
            coded.duration = span_us
            coded.is_keyframe = True
            self._output.mux(coded)

    def close(self) -> None:
        self._output.close()

    def _add_sounds(self, sound: Sound) -> AudioStream:
        with av.open(BytesIO(sound.data), format="aac") as source:
            stream = self._output.add_stream_from_template(source.streams.audio[0])
        stream.codec_context.extradata = _description(sound)
        stream.time_base = MICROSECOND
        return stream


def _is_readable(sound: Sound) -> bool:
    """Whether a frame is whole enough to describe the track."""
    try:
        with av.open(BytesIO(sound.data), format="aac") as source:
            return source.streams.audio[0].codec_context.sample_rate > 0
    except (av.FFmpegError, IndexError):
        return False


def _description(sound: Sound) -> bytes:
    """Return what an MP4 says of AAC (ISO 14496-3, 1.6.2.1), out of a frame's ADTS header."""
    header = int.from_bytes(sound.data[:7])
    profile, rate, channels = header >> 38 & 3, header >> 34 & 15, header >> 30 & 7
    return (profile + 1 << 11 | rate << 7 | channels << 3).to_bytes(2)


def _frame(sound: Sound) -> bytes:
    """Return AAC as an MP4 has it, without its header; nothing if it is broken."""
    has_checksum = int.from_bytes(sound.data[1:2]) & 1 == 0
    frame = sound.data[9 if has_checksum else 7 :]
    return b"" if frame.startswith(b"\xff") else frame  # which is what an end begins with


class _Unseekable:
    """The part of a file that a stream needs."""

    def __init__(self, sink: BytesIO) -> None:
        self.write = sink.write
