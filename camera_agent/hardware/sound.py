"""The sound of a film or a stream: AAC as it is, everything else encoded to it."""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
import math
from typing import Any, Final, TypeAlias, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import OutputContainer

from ..models import Sound
from .timing import SoundClock

# What ADTS has a number for. Any other rate becomes that of speech, and so does telephone's 8000:
# at that one a frame lasts 128 ms, and is as late.
RATES: Final = frozenset({16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})
SPEECH: Final = 16000
BITRATE: Final = 32_000  # for each channel
SAMPLES: Final = 1024  # in a frame of AAC
# Frames that wait for their picture, some seconds of them: more have none.
WAITING: Final = 500
HEADER: Final = 9  # bytes, with the checksum that some have; what is not longer holds nothing
GAP: Final = 0.1  # seconds; more than that is not the jitter of a network

# A moment and a span in seconds of the container's own time, and a frame with its header.
_Frame: TypeAlias = tuple[float, float, bytes]


class Soundtrack:
    """The sounds of one container, given out when the picture of their time has come.

    What cannot be read is passed over: a camera without its sound is still a camera.
    """

    def __init__(self, streams: Iterable[AudioStream], clock: SoundClock) -> None:
        """The first stream that can be read counts, if there is any.

        The clock outlives the container, for a film begins anew without a gap.
        """
        self.streams = [one for one in streams if cast("CodecContext | None", one.codec_context)][
            :1
        ]
        self._frames = _reader(self.streams[0]) if self.streams else None
        self._waiting: deque[_Frame] = deque(maxlen=WAITING)
        self._clock = clock
        self._clock.restart()

    def take(self, packet: Any) -> None:
        """Take the next packet of the stream."""
        try:
            if self._frames:
                self._waiting.extend(self._frames.read(packet))
        except av.FFmpegError:
            if isinstance(self._frames, _Passed):
                self._frames = _Encoded(self.streams[0])  # AAC that ADTS has no word for

    def until(self, moment: float, captured_us: int) -> Iterator[Sound]:
        """Yield the sounds up to a picture's moment, which is in the container's own time."""
        self._clock.follow(moment, captured_us)
        return self._due(moment)

    def finish(self, end: float) -> Iterator[Sound]:
        """Yield the sounds that are left before the end of the film, by more than their half."""
        if self._frames:
            self._waiting.extend(self._frames.finish())
        span = self._waiting[0][1] if self._waiting else 0.0
        return self._due(end - span / 2)

    def _due(self, end: float) -> Iterator[Sound]:
        while self._waiting and self._waiting[0][0] < end:
            moment, span, data = self._waiting.popleft()
            captured_us = self._clock.stamp(moment, span)
            if captured_us is not None:
                yield Sound(data, captured_us)


def _reader(stream: AudioStream) -> "_Passed | _Encoded":
    return _Passed(stream) if stream.codec_context.name == "aac" else _Encoded(stream)


class _Passed:
    """AAC, which only needs a header for each frame."""

    def __init__(self, stream: AudioStream) -> None:
        self._adts = _Adts()
        self._stream = self._adts.output.add_stream_from_template(stream)
        self._span = SAMPLES / stream.codec_context.sample_rate

    def read(self, packet: Any) -> list[_Frame]:
        if packet.pts is None:
            return []
        moment = float(packet.pts * packet.time_base)
        span = float((packet.duration or 0) * packet.time_base) or self._span
        packet.stream = self._stream
        data = self._adts.framed(packet)
        return [(moment, span, data)] if len(data) > HEADER else []

    def finish(self) -> list[_Frame]:
        return []


class _Encoded:
    """Any other codec, decoded and encoded; its time is counted in samples, as encoders ask."""

    def __init__(self, stream: AudioStream) -> None:
        source = stream.codec_context
        rate = source.sample_rate if source.sample_rate in RATES else SPEECH
        layout = "mono" if source.channels == 1 else "stereo"
        self._adts = _Adts()
        self._stream = self._adts.output.add_stream("aac", rate=rate, layout=layout)
        self._stream.codec_context.bit_rate = BITRATE * (1 if layout == "mono" else 2)
        self._stream.codec_context.options = {"aac_coder": "fast"}
        self._span = SAMPLES / rate
        self._origin = -math.inf  # when the first sample was played, by the source
        self._samples = 0

    def read(self, packet: Any) -> list[_Frame]:
        return [coded for frame in packet.decode() for coded in self._encode(frame)]

    def finish(self) -> list[_Frame]:
        return self._coded(None) if self._samples else []

    def _encode(self, frame: AudioFrame) -> list[_Frame]:
        if frame.time is None:
            return []
        origin = frame.time - self._samples / frame.sample_rate
        if abs(origin - self._origin) > GAP:
            self._origin = origin
        frame.pts, frame.time_base = self._samples, Fraction(1, frame.sample_rate)
        self._samples += frame.samples
        return self._coded(frame)

    def _coded(self, frame: AudioFrame | None) -> list[_Frame]:
        return [
            (
                self._origin + float((coded.pts or 0) * coded.time_base),
                self._span,
                self._adts.framed(coded),
            )
            for coded in self._stream.encode(frame)
        ]


class _Adts:
    """Puts a header before each frame."""

    def __init__(self) -> None:
        self._sink = BytesIO()
        self.output: OutputContainer = av.open(
            self._sink, "w", format="adts", container_options={"flush_packets": "1"}
        )

    def framed(self, packet: Any) -> bytes:
        self.output.mux(packet)
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return data
