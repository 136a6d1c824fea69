"""A camera that is a file in a loop, a V4L2 device, or a network stream, read through FFmpeg."""

from collections.abc import Iterator
import math
import time
from typing import Any, Final, TypeAlias, cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange

from ..camera_config import CameraConfig
from . import CameraError, Emit, Opened, Wanted, without_secrets
from .encode import MICROSECONDS, Encoder
from .sound import Soundtrack
from .timing import Pace, Rate, SoundClock

# To open and to read; a network camera that wakes up needs some seconds for the first.
TIMEOUTS: Final = (15.0, 10.0)
_Film: TypeAlias = Iterator[tuple[float, av.VideoFrame]]


class VideoCamera:
    """Plays in real time; a file is played over and over without a gap."""

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._path = config.path or ""
        self._shown = without_secrets(self._path)
        self._sound_clock = SoundClock()
        self._sounds = Soundtrack((), self._sound_clock)

    def run(self, emit: Emit, wanted: Wanted) -> None:
        config = self._config
        encoder, fit = Encoder(config, emit, wanted), Fit(config)
        container = self._open()
        emit(Opened(width=config.width, height=config.height, fps=self._fps(container)))
        live = self._path.startswith("/dev/") or ("://" in self._path and not container.duration)
        pace, rate = Pace(), Rate()
        film = self._stream(container) if live else self._loop(container, emit)
        for moment, frame in film:
            if not rate.takes(round(moment * 1e6), config.fps):
                continue
            if (captured_us := pace.wait(moment)) is None:
                continue
            if frame.time is not None:
                for sound in self._sounds.until(frame.time, captured_us):
                    emit(sound)
            encoder.encode(fit.fit(frame), captured_us)

    def _open(self) -> InputContainer:
        device = self._path.startswith("/dev/video")
        options = {"rtsp_transport": "tcp"} if self._path.startswith("rtsp") else {}
        if device:
            options["video_size"] = f"{self._config.width}x{self._config.height}"
            options["framerate"] = f"{self._config.fps:g}"
        try:
            container = av.open(
                self._path, format="v4l2" if device else None, options=options, timeout=TIMEOUTS
            )
        except av.FFmpegError as error:
            raise CameraError(f"Cannot open {self._shown}: {error.strerror}.") from error
        if not container.streams.video:
            raise CameraError(f"There is no picture in {self._shown}.")
        # PyAV has no context of a codec that nobody has heard of.
        if cast("CodecContext | None", container.streams.video[0].codec_context) is None:
            raise CameraError(f"The pictures in {self._shown} are of an unknown kind.")
        return container

    def _fps(self, container: InputContainer) -> float:
        rate = container.streams.video[0].average_rate
        return min(self._config.fps, float(rate or math.inf))

    def _stream(self, container: InputContainer) -> _Film:
        began = time.monotonic()
        for frame in self._decode(container):
            yield time.monotonic() - began, frame
        raise CameraError(f"{self._shown} ended.")

    def _loop(self, container: InputContainer, emit: Emit) -> _Film:
        moment = 0.0
        while True:
            began, last = moment, None
            for at, frame in self._section(container):
                moment, last = began + at, frame
                yield moment, frame
            if last is None:
                raise CameraError(f"{self._shown} has no pictures from start to end.")
            shown = 1 / self._rate(container)
            moment += shown
            for sound in self._sounds.finish((last.time or 0.0) + shown):
                emit(sound)
            container.close()
            container = self._open()

    def _rate(self, container: InputContainer) -> float:
        return float(container.streams.video[0].average_rate or self._config.fps)

    def _section(self, container: InputContainer) -> _Film:
        """Yield the frames between start and end; times count from the first of them."""
        stream = container.streams.video[0]
        zero = float((stream.start_time or 0) * (stream.time_base or 1))
        start, end = self._config.start, self._config.end or math.inf
        if start:
            container.seek(round((zero + start) * 1e6))
        origin = math.inf
        for frame in self._decode(container):
            at = (frame.time or zero) - zero
            if at >= end:
                return
            if at >= start:
                origin = min(origin, at)
                yield at - origin, frame

    def _decode(self, container: InputContainer) -> Iterator[av.VideoFrame]:
        """Yield the frames of the pictures; the sounds between them wait in the soundtrack."""
        heard = container.streams.audio if self._config.audio else ()
        self._sounds = Soundtrack(heard, self._sound_clock)
        streams = [container.streams.video[0], *self._sounds.streams]
        try:
            for packet in container.demux(streams):
                if packet.stream in self._sounds.streams:
                    self._sounds.take(packet)
                else:
                    yield from _pictures(packet)
        except av.FFmpegError as error:
            raise CameraError(f"Cannot read {self._shown}: {error.strerror}.") from error


def _pictures(packet: Any) -> Iterator[av.VideoFrame]:
    try:
        yield from packet.decode()
    except av.InvalidDataError:
        return  # a damaged packet costs its own frames, not the camera


class Fit:
    """Cuts out the wanted part of a frame and fits it into the configured size, as yuv420p."""

    def __init__(self, config: CameraConfig) -> None:
        self._crop = config.crop
        self._size = (config.width, config.height)
        self._source: tuple[int, int, str] | None = None
        self._graph = Graph()

    def fit(self, frame: av.VideoFrame) -> av.VideoFrame:
        source = (frame.width, frame.height, frame.format.name)
        narrow = frame.color_range != ColorRange.JPEG
        if source == (*self._size, "yuv420p") and not self._crop and narrow:
            return frame
        if source != self._source:
            self._graph = self._filters(source)
            self._source = source
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _filters(self, source: tuple[int, int, str]) -> Graph:
        """Return crop, scale, pad: a picture of another shape gets edges and is not stretched."""
        x, y, wide, high = self._crop or (0, 0, *source[:2])
        if x + wide > source[0] or y + high > source[1]:
            raise CameraError(f"The crop reaches out of the picture of {source[0]}x{source[1]}.")
        width, height = self._size
        chain = {
            "crop": f"{wide}:{high}:{x}:{y}",
            "scale": f"{width}:{height}:force_original_aspect_ratio=decrease:out_range=limited",
            "pad": f"{width}:{height}:-1:-1",
            "format": "yuv420p",
        }
        graph = Graph()
        last = graph.add_buffer(
            width=source[0],
            height=source[1],
            format=VideoFormat(source[2]),
            time_base=MICROSECONDS,
        )
        for name, arguments in chain.items():
            step = graph.add(name, arguments)
            last.link_to(step)
            last = step
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph
