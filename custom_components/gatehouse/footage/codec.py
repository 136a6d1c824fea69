"""What the streams of a stranger's file or camera are made of, as far as anybody knows."""

from typing import Any, Final

from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from .errors import NotPlayable

UNKNOWN: Final = "unknown"


def codec_of(stream: Stream) -> str:
    """Return the name of a stream's codec, UNKNOWN of one that libav has never heard of."""
    context: Any = stream.codec_context
    return UNKNOWN if context is None else context.name


def video_of(container: InputContainer, name: str) -> VideoStream:
    """Return the pictures of a file of this name; raises NotPlayable if nobody can read any."""
    if not container.streams.video:
        raise NotPlayable(f"{name} has no video in it.")
    stream = container.streams.video[0]
    if codec_of(stream) == UNKNOWN:
        raise NotPlayable(f"{name} has pictures of an unknown kind in it.")
    return stream
