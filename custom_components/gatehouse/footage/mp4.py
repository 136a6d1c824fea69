"""What was recorded, made an MP4 that every phone and browser plays; blocks, for threads."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
import hashlib
from itertools import islice
import logging
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from .codec import video_of
from .decoder import decoder_of
from .errors import NotPlayable
from .jpeg import Jpegs
from .sound import Packet, Sound

_LOGGER = logging.getLogger(__name__)

# The second is what libav calls the first when a camera uses the full range of luma.
PIXELS: Final = frozenset({"yuv420p", "yuvj420p"})
PROFILES: Final = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})

# What the index has of one picture and of one sound, in bytes, if their times are irregular.
INDEX_OF: Final = {"video": 24, "audio": 16}
INDEX: Final = 4096

# The index comes to the front by writing everything once more.
TWICE: Final = {"movflags": "faststart"}
FROM_ZERO: Final = {"avoid_negative_ts": "make_zero"}

POSTER_SIDE: Final = 1280
CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a playable file holds."""

    duration: timedelta
    width: int
    height: int
    codec: str
    size: int
    """Bytes."""
    sha256: str
    md5: str
    poster: bytes = field(repr=False)
    """The key picture in its middle, as a JPEG."""


def remux(source: Path, target: Path) -> Clip:
    """Write a recording anew with its index in front, as it was encoded; may raise NotPlayable.

    An OSError of the disk comes through.
    """
    with _judging(source):
        keys = copy(source, target)
    return _checked(target, keys)


def copy(source: Path, target: Path) -> list[float]:
    """Copy pictures and sound, and return when the key pictures are."""
    with av.open(str(source)) as incoming:
        index = _index(incoming)
        if index is None:
            return _mux(incoming, target, TWICE)
        try:
            return _mux(incoming, target, {"moov_size": str(index)})
        except av.ArgumentError as error:
            _LOGGER.debug("%s bytes for the index of %s? %s", index, source.name, error)
    with av.open(str(source)) as incoming:
        return _mux(incoming, target, TWICE)


def inspect(path: Path) -> Clip:
    """Return what a file holds, having read all of it and looked at some of its pictures."""
    with _judging(path), av.open(str(path)) as container:
        reel = _Reel(_video(container))
        for packet in container.demux(reel.stream):
            reel.take(packet)
    return _checked(path, reel.keys)


def _index(incoming: InputContainer) -> int | None:
    """Return how much room the index needs in front of the rest, None if nobody knows."""
    streams = (*incoming.streams.video[:1], *incoming.streams.audio[:1])
    if not all(stream.frames for stream in streams):
        return None
    return INDEX + sum(INDEX_OF[stream.type] * stream.frames for stream in streams)


def _mux(incoming: InputContainer, target: Path, options: dict[str, str]) -> list[float]:
    reel = _Reel(_video(incoming))
    with av.open(str(target), "w", format="mp4", options=options | FROM_ZERO) as outgoing:
        pictures = outgoing.add_stream_from_template(reel.stream)
        sound = Sound(incoming, outgoing)
        for packet in incoming.demux(reel.stream, *sound.streams):
            if packet.stream is not reel.stream:
                sound.take(packet)
            elif reel.take(packet):
                packet.stream = pictures
                outgoing.mux(packet)
                outgoing.mux(sound.heard(reel.began, reel.reached))
        outgoing.mux(sound.heard(reel.began, reel.reached))
        if not reel.keys:
            raise NotPlayable(f"{target.name} has no pictures in it.")
    return reel.keys


class _Reel:
    """The pictures of a stream as they pass by, from its first key picture on."""

    def __init__(self, stream: VideoStream) -> None:
        self.stream = stream
        self.keys: list[float] = []
        """When the key pictures are, in seconds after the first."""
        self.began = self.reached = 0.0
        """When the first picture is shown, and until when the last one is so far."""
        self._tick = float(stream.time_base or 0)
        self._last: int | None = None

    def take(self, packet: Packet) -> bool:
        """Whether a packet belongs to the clip; its times are put in order."""
        if not packet.size or not (self.keys or packet.is_keyframe):
            return False
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None:
            raise NotPlayable("It has pictures of no known time, and so no duration.")
        if self._last is not None:
            dts = max(dts, self._last + 1)
        packet.dts = self._last = dts
        packet.pts = dts if packet.pts is None else max(packet.pts, dts)
        if not self.keys:
            self.began = packet.pts * self._tick
        if packet.is_keyframe:
            self.keys.append(packet.pts * self._tick - self.began)
        self.reached = max(self.reached, (packet.pts + (packet.duration or 0)) * self._tick)
        return True


def _checked(path: Path, keys: Sequence[float]) -> Clip:
    """Return what a file holds if that plays, by its head and a few of its key pictures."""
    with _judging(path), av.open(str(path)) as container:
        stream = _video(container)
        codec = stream.codec_context
        if codec.name != "h264" or codec.pix_fmt not in PIXELS or codec.profile not in PROFILES:
            what = f"{codec.name} {codec.profile} {codec.pix_fmt}"
            raise NotPlayable(f"{path.name} is {what}, not H.264 of at most High, yuv420p.")
        duration = float((stream.duration or 0) * (stream.time_base or 0))
        if not keys or duration <= 0:
            raise NotPlayable(f"{path.name} has no key picture, or no duration.")
        some = sorted({keys[0], keys[len(keys) // 2], keys[-1]})
        pictures = list(_pictures(container, stream, some))
        poster = Jpegs(stream, POSTER_SIDE).encode(pictures[len(pictures) // 2])
    size, sha256, md5 = _sums(path)
    return Clip(
        duration=timedelta(seconds=duration),
        width=codec.width,
        height=codec.height,
        codec=codec.name,
        size=size,
        sha256=sha256,
        md5=md5,
        poster=poster,
    )


def _pictures(
    container: InputContainer, stream: VideoStream, moments: Iterable[float]
) -> Iterator[av.VideoFrame]:
    """Decode the key pictures of some moments, and nothing else."""
    decoder = decoder_of(stream)
    decoder.thread_count = 1  # one picture is no work for several
    for at in moments:
        # Rounded to another tick, it must not be the key picture before.
        container.seek(round((at + 0.001) / (stream.time_base or 1)), stream=stream)
        packets = (*islice(container.demux(stream), 1), None)
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
        decoder.flush_buffers()
        if not frames or frames[0].is_corrupt:
            raise NotPlayable(f"{Path(container.name).name} has pictures that cannot be decoded.")
        yield frames[0]


def _sums(path: Path) -> tuple[int, str, str]:
    """Return the size of a file, its SHA-256 and its MD5, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
        return file.tell(), sha256.hexdigest(), md5.hexdigest()


def _video(container: InputContainer) -> VideoStream:
    return video_of(container, Path(container.name).name)


@contextmanager
def _judging(path: Path) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        # Some of libav's errors are the disk's, and are told as such.
        if isinstance(error, OSError):
            raise
        raise NotPlayable(f"{path.name} cannot be read as video: {error}") from error
