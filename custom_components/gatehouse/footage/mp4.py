"""What the agent recorded, made an MP4 that every phone and browser plays; blocks, for threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from .errors import NotPlayable

# The second is what libav calls the first when a camera uses the full range of luma.
PLAYABLE: Final = ("yuv420p", "yuvj420p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a playable file holds."""

    duration: timedelta
    width: int
    height: int
    codec: str


def remux(source: Path, target: Path) -> Clip:
    """Write a recording anew with its index in front, as it was encoded; may raise NotPlayable.

    An OSError of the disk comes through.
    """
    with _judging(source):
        _copy(source, target)
    return inspect(target)


def inspect(path: Path) -> Clip:
    """Return what a file holds, having decoded its first picture and one near its end."""
    with _judging(path), av.open(str(path)) as container:
        stream = _video(container)
        codec = stream.codec_context
        if codec.name != "h264" or codec.pix_fmt not in PLAYABLE:
            raise NotPlayable(f"{path.name} is {codec.name} {codec.pix_fmt}, not H.264 yuv420p.")
        duration = float((stream.duration or 0) * (stream.time_base or 0))
        if duration <= 0:
            raise NotPlayable(f"{path.name} has no duration.")
        _decode_one(container, stream)
        container.seek(stream.duration or 0, stream=stream)
        _decode_one(container, stream)
        return Clip(
            duration=timedelta(seconds=duration),
            width=codec.width,
            height=codec.height,
            codec=codec.name,
        )


def _copy(source: Path, target: Path) -> None:
    options = {"movflags": "faststart"}
    with (
        av.open(str(source)) as incoming,
        av.open(str(target), "w", format="mp4", options=options) as outgoing,
    ):
        stream = _video(incoming)
        copy = outgoing.add_stream_from_template(stream)
        is_empty = True
        for packet in incoming.demux(stream):
            # The demuxer's last packet is empty and tells a decoder to finish.
            if packet.dts is not None:
                packet.stream = copy
                outgoing.mux(packet)
                is_empty = False
        if is_empty:
            raise NotPlayable(f"{source.name} has no pictures in it.")


def _video(container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise NotPlayable(f"{Path(container.name).name} has no video in it.")
    return container.streams.video[0]


def _decode_one(container: InputContainer, stream: VideoStream) -> None:
    frame = next(container.decode(stream), None)
    if frame is None or frame.is_corrupt:
        raise NotPlayable(f"{Path(container.name).name} has pictures that cannot be decoded.")


@contextmanager
def _judging(path: Path) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        # Some of libav's errors are the disk's, and are told as such.
        if isinstance(error, OSError):
            raise
        raise NotPlayable(f"{path.name} cannot be read as video: {error}") from error
