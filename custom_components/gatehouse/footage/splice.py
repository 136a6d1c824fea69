"""H.264 out of one or more files into one MP4, never encoded again; blocks, for threads."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer, OutputContainer

from .codec import codec_of
from .errors import FULL, NotPlayable
from .frames import CONTAINERS
from .sound import PLAYABLE as SOUNDS
from .tape import MICROSECOND

SECOND: Final = timedelta(seconds=1)
BEFORE: Final = Fraction(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A file, when it begins, and which time of it is wanted: all of it if nobody says."""

    path: Path
    began: datetime
    since: datetime | None = None
    until: datetime | None = None
    containers: str = CONTAINERS
    """What kinds of file are read."""


def splice(takes: Iterable[Take], film: Path, *, movflags: str = "") -> datetime:
    """Write what takes show, from the key frame before it on; returns when that was.

    A take that is encoded in another way than those before it is left out. Raises NotPlayable if
    there is no H.264 in any; a full disk comes through as an OSError.
    """
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(film), "w", format="mp4", options=options) as output:
        splicer = _Splicer(output)
        for take in takes:
            with _opened(take) as container:
                splicer.add(take, container)
        if splicer.began is None:
            raise NotPlayable("There is no H.264 in it.")
    return splicer.began


class _Splicer:
    """Puts takes behind each other, each at its time."""

    def __init__(self, output: OutputContainer) -> None:
        self.began: datetime | None = None
        """When the key frame was that it all begins with."""
        self._output = output
        self._copies: dict[str, Any] = {}
        self._form: object = None
        self._reached: dict[str, Fraction] = {}

    def add(self, take: Take, container: InputContainer) -> None:
        streams = self._accepted(container)
        if not streams:
            return
        zero = (streams[0].start_time or 0) * streams[0].time_base
        if take.since is not None:
            start = max(Fraction(0), _seconds(take.since - take.began)) + zero
            container.seek(round(start / streams[0].time_base), stream=streams[0])
        has_begun = False
        for packet in container.demux(*streams):
            if packet.dts is None:
                continue
            moment = take.began + float(packet.dts * packet.time_base - zero) * SECOND
            has_begun = has_begun or self._may_begin(packet, moment)
            if has_begun and (take.until is None or moment < take.until):
                self._mux(packet, moment - (self.began or moment))

    def _accepted(self, container: InputContainer) -> list[Any]:
        """Return the streams that are to be copied: the video comes first."""
        videos = [each for each in container.streams.video if codec_of(each) == "h264"]
        sounds = [each for each in container.streams.audio if codec_of(each) in SOUNDS]
        if not videos:
            return []
        streams: list[Any] = [*videos[:1], *sounds[:1]]
        codec = streams[0].codec_context
        form = (codec.width, codec.height, codec.extradata)
        if not self._copies:
            self._form = form
            self._copies = {
                each.type: self._output.add_stream_from_template(each) for each in streams
            }
        return [each for each in streams if each.type in self._copies and form == self._form]

    def _may_begin(self, packet: av.Packet[Any], moment: datetime) -> bool:
        """Whether what is shown can go on with this packet."""
        if packet.stream.type != "video" or not packet.is_keyframe:
            return False
        self.began = self.began or moment
        return self._reached.get("video", BEFORE) < _seconds(moment - self.began)

    def _mux(self, packet: Any, at: timedelta) -> None:
        """Write a packet at its time, or right behind the picture before it."""
        kind, tick = packet.stream.type, packet.time_base
        ticks = round(_seconds(at) / tick)
        least = floor(self._reached.get(kind, -tick) / tick) + 1
        if kind == "audio" and ticks < least:
            return
        shown_later = 0 if packet.pts is None else packet.pts - packet.dts
        packet.dts = max(ticks, least)
        packet.pts = packet.dts + shown_later
        self._reached[kind] = packet.dts * tick
        packet.stream = self._copies[kind]
        self._output.mux(packet)


def _seconds(span: timedelta) -> Fraction:
    return Fraction(span // MICROSECOND, 1_000_000)


@contextmanager
def _opened(take: Take) -> Iterator[InputContainer]:
    """Open a take by its content; what its name says is nothing to FFmpeg."""
    try:
        options = {"format_whitelist": take.containers}
        with take.path.open("rb") as file, av.open(file, "r", options=options) as container:
            yield container
    except (av.FFmpegError, OSError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise NotPlayable(f"{take.path.name!r} cannot be read as video: {error}") from error
