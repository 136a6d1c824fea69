"""What one camera recorded, file after file, shown at the moments at which it was taken."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from .codec import codec_of
from .decoder import decoder_of
from .errors import NotPlayable
from .frames import opened
from .plan import Part

# For so long a picture stands for what is there.
STANDS: Final = 2.0

# The next picture may be shown when it is nearer than the last: then it is early by that at most,
# and by that share of the time between two.
EARLY: Final = 0.1
EARLY_SHARE: Final = 0.6

# What an MP4 can hold as it is.
SOUND: Final = "aac"

type Packet = av.Packet[Any]
type Colours = tuple[int, int, int]
"""The matrix, the primaries, and the transfer characteristics, as H.264 numbers them."""


class Sound(NamedTuple):
    """Of what form a sound is; packets of the same form can stand behind each other."""

    rate: int
    layout: str
    setup: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A part of which something can be seen."""

    part: Part
    until: datetime
    size: tuple[int, int]
    rate: float
    colours: Colours
    encoding: tuple[object, ...]
    """Pictures of the same encoding can stand behind each other."""
    sound: Sound | None
    """None if it cannot be copied."""


class Shown(NamedTuple):
    """A picture, and when it was taken."""

    at: float
    picture: av.VideoFrame


def look(part: Part) -> Scene | None:
    """Return what is in a part, None if nothing of it can be seen."""
    with suppress(NotPlayable, OSError), opened(part.path) as (container, stream):
        return _scene(part, container, stream, _first(container, stream))
    return None


def first_of(path: Path) -> av.VideoFrame:
    """Return the first picture of a file; raises NotPlayable and OSError."""
    with opened(path) as (container, stream):
        return _first(container, stream)


def rate_of(scenes: Sequence[Scene]) -> float:
    """Return how many pictures a second a camera takes."""
    return median(scene.rate for scene in scenes)


class Player:
    """Shows the scenes of one camera; moments are seconds after `zero` and only go forward."""

    def __init__(self, scenes: Sequence[Scene], zero: datetime, sound: Sound | None = None) -> None:
        """Play sound of one form too, if there is any."""
        self.heard: deque[tuple[float, Packet]] = deque()
        """Each packet of sound and its moment; who plays takes them away."""
        self._zero = zero
        self._sound = sound
        self._early = min(EARLY, EARLY_SHARE / rate_of(scenes))
        self._pictures = self._played(scenes)
        self._last: Shown | None = None
        self._next = next(self._pictures, None)

    def at(self, moment: float) -> Shown | None:
        """Return the picture that was taken nearest to a moment, None if there is none."""
        while self._next and self._next.at <= moment:
            self._last, self._next = self._next, next(self._pictures, None)
        since = moment - self._last.at if self._last else inf
        if self._next and self._next.at - moment < min(since, self._early):
            return self._next
        return self._last if since <= STANDS else None

    def _played(self, scenes: Sequence[Scene]) -> Iterator[Shown]:
        """Yield the pictures of each scene until the next one begins."""
        nexts = [self._seconds(later.part.began) for _, later in pairwise(scenes)]
        for scene, cut in zip(scenes, [*nexts, inf], strict=True):
            # What is left of a file that breaks off is missing like what nobody recorded.
            with suppress(NotPlayable, OSError):
                yield from self._scene(scene, cut)

    def _scene(self, scene: Scene, cut: float) -> Iterator[Shown]:
        began = self._seconds(scene.part.began)
        with opened(scene.part.path) as (container, stream):
            start = float((stream.start_time or 0) * (stream.time_base or 0))
            if began < 0 and stream.time_base:
                container.seek(round((start - began) / stream.time_base), stream=stream)
            decoder = decoder_of(stream)
            decoder.thread_count = 1
            # The sound of a moment may come behind its pictures: the file is read to its end.
            for packet in container.demux(stream, *self._heard(scene, container)):
                if packet.stream.type == "audio":
                    self._take(packet, began - start, cut)
                    continue
                for picture in _decoded(decoder, packet):
                    at = began - start + (picture.time or 0)
                    if at < cut:
                        yield Shown(at, picture)

    def _heard(self, scene: Scene, container: InputContainer) -> list[Any]:
        return [container.streams.audio[0]] if self._sound and scene.sound == self._sound else []

    def _take(self, packet: Packet, shift: float, cut: float) -> None:
        if packet.pts is not None:
            at = shift + float(packet.pts * packet.time_base)
            if at < cut:
                self.heard.append((at, packet))

    def _seconds(self, moment: datetime) -> float:
        return (moment - self._zero).total_seconds()


def _first(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    decoder = decoder_of(stream)
    for packet in container.demux(stream):
        for picture in _decoded(decoder, packet):
            return picture
    raise NotPlayable("There is no picture in it.")


def _decoded(decoder: VideoCodecContext, packet: Packet) -> list[av.VideoFrame]:
    """Return the pictures of a packet, but for those of which something is missing."""
    with suppress(av.FFmpegError):
        return [picture for picture in decoder.decode(packet) if not picture.is_corrupt]
    return []


def _scene(
    part: Part, container: InputContainer, stream: VideoStream, picture: av.VideoFrame
) -> Scene:
    codec: Any = stream.codec_context
    duration = (stream.duration or 0) * (stream.time_base or 0)
    lasts = duration or (container.duration or 0) / av.time_base
    return Scene(
        part=part,
        until=part.began + timedelta(seconds=float(lasts)) if lasts else part.until,
        size=(picture.width, picture.height),
        rate=float(stream.average_rate or stream.guessed_rate or 25),
        colours=(codec.colorspace, codec.color_primaries, codec.color_trc),
        encoding=(codec.name, codec.profile, codec.pix_fmt, *_size(codec), codec.extradata),
        sound=_sound(container),
    )


def _size(codec: Any) -> tuple[int, int]:
    return codec.width, codec.height


def _sound(container: InputContainer) -> Sound | None:
    for stream in container.streams.audio[:1]:
        codec: Any = stream.codec_context
        if codec_of(stream) == SOUND:
            return Sound(codec.sample_rate, codec.layout.name, codec.extradata)
    return None
