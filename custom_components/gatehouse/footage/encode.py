"""Stills made a video that every phone and browser plays; blocks, for threads."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import av
from av.codec.codec import UnknownCodecError
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from .errors import NotPlayable
from .screen import Screen

# Full HD, upright or not: more is for a stream and not for stills.
LONGEST_SIDE: Final = 1920
SHORTEST_SIDE: Final = 1080

MILLISECOND: Final = timedelta(milliseconds=1)
TICK: Final = Fraction(1, 1000)
FPS: Final = 10  # what x264 counts with
LAST: Final = 1000 // FPS  # milliseconds that the last picture of a video is shown

# A still is encoded again for as long as it is shown, so that a player can jump to any second of
# it; that costs next to nothing.
AGAIN: Final = 1000  # milliseconds
KEY_FRAMES: Final = 20  # pictures from one to the next

# But it does not stand for ever for what is there.
STANDS: Final = timedelta(seconds=10)

# Phones of ten years ago play that level, and pictures of that size need no more.
ENCODER: Final = "libx264"
# Half a pixel of motion will do: finer costs a fifth more time and saves a twentieth of the bytes.
X264: Final = {
    "preset": "veryfast",
    "crf": "23",
    "profile": "high",
    "level": "4.1",
    "subq": "1",
}


def encode(stills: Iterable[tuple[datetime, bytes]], until: datetime, film: Path) -> datetime:
    """Write JPEGs as H.264, each shown until the next, the last until the end.

    Returns when the first was taken. Raises NotPlayable if none can be decoded; an OSError of the
    disk comes through.
    """
    pictures = _decoded(stills)
    if (first := next(pictures, None)) is None:
        raise NotPlayable("There is no picture that can be decoded.")
    began, picture = first
    with av.open(str(film), "w", format="mp4") as output:
        projector = _Projector(output, _screen(picture))
        projector.show(picture, 0)
        for moment, picture in pictures:
            projector.show(picture, (moment - began) // MILLISECOND)
        projector.end((until - began) // MILLISECOND)
    return began


class _Projector:
    """Shows pictures on one screen; times are milliseconds from the first one."""

    def __init__(self, output: OutputContainer, screen: tuple[int, int]) -> None:
        self._output = output
        self._screen = Screen(screen)
        self._encoder = _encoder(screen)
        self._film: Any = None
        self._shown: Any = None
        self._since = self._now = -1

    def show(self, picture: av.VideoFrame, at: int) -> None:
        """Show a picture from then on; one that comes out of turn is passed over."""
        if at > self._since:
            self._hold(at)
            self._shown, self._since = self._screen.fit(picture), at
            self._encode(at)

    def end(self, until: int) -> None:
        """Show the last picture until then, or for as long as it stands for what is there."""
        most = self._since + STANDS // MILLISECOND
        last = min(until, most) - LAST
        self._hold(last)
        self._encode(last)
        self._mux(self._encoder.encode())

    def _hold(self, until: int) -> None:
        """Go on with the same picture."""
        while self._since >= 0 and self._now + AGAIN < until:
            self._encode(self._now + AGAIN)

    def _encode(self, at: int) -> None:
        if at > self._now:
            self._now = at
            self._shown.pts, self._shown.time_base = at, TICK
            self._shown.pict_type = PictureType.NONE
            self._mux(self._encoder.encode(self._shown))

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if self._film is None:
                self._film = _described(self._output, bytes(packet))
            packet.stream = self._film
            packet.duration = LAST
            self._output.mux(packet)


def _decoded(stills: Iterable[tuple[datetime, bytes]]) -> Iterator[tuple[datetime, av.VideoFrame]]:
    """Yield those that can be decoded."""
    codec: Any = av.CodecContext.create("mjpeg", "r")
    codec.thread_count = 1
    for moment, jpeg in stills:
        with suppress(av.FFmpegError):
            for picture in codec.decode(av.Packet(jpeg)):
                yield moment, picture


def _screen(picture: av.VideoFrame) -> tuple[int, int]:
    """Return how large the video is: as the picture, unless that is too large, and even."""
    sides = sorted((picture.width, picture.height))
    shrink = min(1.0, SHORTEST_SIDE / sides[0], LONGEST_SIDE / sides[1])
    return _even(picture.width * shrink), _even(picture.height * shrink)


def _even(side: float) -> int:
    return max(2, round(side / 2) * 2)


def _encoder(screen: tuple[int, int]) -> Any:
    """Return an encoder that is no container's: those are freed when the collector comes by."""
    try:
        codec: Any = av.CodecContext.create(ENCODER, "w")
    except UnknownCodecError as error:
        raise NotPlayable("There is no encoder for H.264 here.") from error
    codec.width, codec.height = screen
    codec.pix_fmt = "yuv420p"
    codec.time_base, codec.framerate = TICK, FPS
    codec.color_range, codec.colorspace = ColorRange.MPEG, Colorspace.ITU601
    codec.gop_size = KEY_FRAMES
    codec.max_b_frames = 0
    codec.thread_count = 1
    codec.options = X264
    return codec


def _described(output: OutputContainer, first: bytes) -> Any:
    """Return a stream of what the first packet, which has the parameters in it, tells."""
    with av.open(BytesIO(first), format="h264") as source:
        return output.add_stream_from_template(source.streams.video[0])
