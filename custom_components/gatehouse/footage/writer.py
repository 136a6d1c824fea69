"""A movie as it is written: pictures at a constant rate, and sound as it was recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import av
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorRange

from .frames import opened
from .plan import MergeOptions
from .player import Colours, Packet, Scene
from .screen import PIXELS

KEY_FRAMES_S: Final = 2

# With more pictures to look ahead, two of 1080p side by side would take more than 300 MB of memory.
X264: Final = {
    "preset": "veryfast",
    "crf": "23",
    "profile": "high",
    "rc-lookahead": "4",
    "sc_threshold": "0",
}

# What the index takes at most: by itself, and of each picture and each piece of sound. It is given
# that room in front, or a movie of an hour would be written twice.
INDEX: Final = 65_536
INDEX_OF_EACH: Final = 32
SAMPLES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What kind of movie is written."""

    size: tuple[int, int]
    rate: int
    """Pictures a second."""
    count: int
    """How many pictures it has."""
    colours: Colours
    heard: Scene | None
    """A scene that sounds as the movie does."""
    options: MergeOptions

    @property
    def index(self) -> int:
        """Return how many bytes the index takes at most."""
        sound = self.heard.sound if self.heard else None
        pieces = self.count / self.rate * sound.rate / SAMPLES if sound else 0
        return INDEX + INDEX_OF_EACH * ceil(self.count + pieces)


class Writer:
    """Takes one picture after the other, and what is heard meanwhile."""

    def __init__(self, output: OutputContainer, form: Format) -> None:
        """Write into a container that has no streams yet."""
        self._output = output
        self._encoder = _encoder(output, form)
        self._sound = _sound(output, form.heard.part.path) if form.heard else None
        self._length = form.count / form.rate
        self._pictures = 0
        self._heard = -1

    def show(self, picture: av.VideoFrame) -> None:
        """Add the next picture."""
        picture.pts, picture.time_base = self._pictures, self._encoder.codec_context.time_base
        # Kept, the kinds of the old pictures would be forced upon the new ones.
        picture.pict_type = PictureType.NONE
        self._pictures += 1
        self._mux(self._encoder.encode(picture))

    def play(self, at: float, packet: Packet) -> None:
        """Add a packet of sound, unless it is heard before or after all pictures or out of turn."""
        ticks = round(at / packet.time_base)
        if ticks > self._heard and at < self._length and self._sound is not None:
            packet.pts = packet.dts = self._heard = ticks
            packet.stream = self._sound
            self._output.mux(packet)

    def end(self) -> None:
        """Write what the encoder still holds back."""
        self._mux(self._encoder.encode())

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = 1  # the encoder forgets it
            self._output.mux(packet)


@contextmanager
def written(target: Path, form: Format) -> Iterator[Writer]:
    """Have a movie written with its index in front, whole when this is left. Raises OSError."""
    options = {"moov_size": str(form.index)}
    with av.open(str(target), "w", format="mp4", options=options) as output:
        writer = Writer(output, form)
        yield writer
        writer.end()


def _encoder(output: OutputContainer, form: Format) -> Any:
    bits = form.options.bitrate
    most = {"maxrate": str(bits), "bufsize": str(2 * bits)}
    encoder: Any = output.add_stream("libx264", rate=form.rate, options=X264 | most)
    encoder.width, encoder.height = form.size
    encoder.pix_fmt = PIXELS
    codec = encoder.codec_context
    codec.time_base = 1 / codec.framerate
    codec.color_range = ColorRange.MPEG
    codec.colorspace, codec.color_primaries, codec.color_trc = form.colours
    codec.gop_size = KEY_FRAMES_S * form.rate
    # With pictures out of order an MP4 does not know how long the last of them is shown.
    codec.max_b_frames = 0
    codec.thread_count = form.options.threads
    return encoder


def _sound(output: OutputContainer, path: Path) -> Any:
    with opened(path) as (container, _):
        return output.add_stream_from_template(container.streams.audio[0])
