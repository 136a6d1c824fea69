"""A stranger's video, taken apart into pictures; blocks, for threads."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from .codec import video_of
from .decoder import decoder_of
from .errors import NotPlayable
from .jpeg import Jpegs

# Nothing that names other files or addresses (a playlist, a script) is read as a video.
CONTAINERS: Final = "mov,mp4,avi,matroska,webm"

MOST_PIXELS: Final = 64_000_000

# A header's idea of how long a video is may be off by so much of it, and by so many seconds.
OFF_BY_SHARE: Final = 0.05
OFF_BY: Final = 0.5


def length_of(path: Path) -> timedelta:
    """Return how long an MP4, AVI or MKV plays; raises NotPlayable if its end is missing too."""
    with opened(path) as (container, stream):
        reached, pictures = 0.0, 0
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise NotPlayable(f"{path.name!r} ends in the middle of a picture.")
            if packet.size:
                pictures += 1
                reached = max(reached, _ends(packet, stream, pictures))
        if not pictures:
            raise NotPlayable(f"{path.name!r} has no pictures in it.")
        if reached + OFF_BY < _promised(container, stream) * (1 - OFF_BY_SHARE):
            raise NotPlayable(f"{path.name!r} ends before it should.")
        return timedelta(seconds=reached)


def frames_of(
    path: Path, fps: float, *, since: timedelta, until: timedelta
) -> Generator[tuple[timedelta, bytes]]:
    """Yield when each picture between two moments of a video is, and its JPEG.

    There are at most so many a second, none larger than a screen; raises NotPlayable.
    """
    due = since.total_seconds()
    with opened(path) as (container, stream):
        jpegs = Jpegs(stream)
        for at, frame in _from(container, stream, due):
            if at >= until.total_seconds():
                return
            if at >= due:
                yield timedelta(seconds=at), jpegs.encode(frame)
                due += (1 + (at - due) * fps // 1) / fps


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video, and find its pictures; raises NotPlayable, also for what is done with it."""
    # FFmpeg is given the file and not its name, which may be a pattern or an address to it.
    with path.open("rb") as file:
        try:
            options = {"format_whitelist": CONTAINERS}
            with av.open(file, "r", options=options) as container:
                yield container, _stream(path, container)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise NotPlayable(f"{path.name!r} cannot be read as video: {error}") from error


def _from(
    container: InputContainer, stream: VideoStream, since: float
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield every picture from the key picture before that moment on."""
    start = float((stream.start_time or 0) * (stream.time_base or 0))
    # A video that cannot be wound forward is read from where it begins.
    if since and stream.time_base:
        container.seek(round((since + start) / stream.time_base), stream=stream)
    decoder = decoder_of(stream)
    frames = (frame for packet in container.demux(stream) for frame in decoder.decode(packet))
    for number, frame in enumerate(frames):
        at = number / _rate(stream) if frame.pts is None else frame.time - start
        yield max(0.0, at), frame


def _ends(packet: av.Packet[VideoStream], stream: VideoStream, pictures: int) -> float:
    """Return the moment at which a packet's picture has been shown."""
    if packet.pts is None or packet.time_base is None:
        return pictures / _rate(stream)
    shown = packet.pts - (stream.start_time or 0)
    lasts = (packet.duration or 0) * packet.time_base or 1 / _rate(stream)
    return float(shown * packet.time_base + lasts)


def _promised(container: InputContainer, stream: VideoStream) -> float:
    return max((container.duration or 0) / av.time_base, stream.frames / _rate(stream))


def _rate(stream: VideoStream) -> float:
    return float(stream.average_rate or stream.guessed_rate or 25)


def _stream(path: Path, container: InputContainer) -> VideoStream:
    stream = video_of(container, repr(path.name))
    width, height = stream.codec_context.width, stream.codec_context.height
    if not 0 < width * height <= MOST_PIXELS:
        raise NotPlayable(f"{path.name!r} has pictures of {width}×{height} pixels.")
    return stream
