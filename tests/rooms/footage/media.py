"""Small real videos, as an agent records them and as it never would."""

from fractions import Fraction
from functools import cache
import io
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import av
import numpy as np

FPS = 15
SIZE = (320, 180)


@cache
def video(
    frames: int = 2 * FPS,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    movflags: str = "frag_keyframe+empty_moov+default_base_moof",
) -> bytes:
    """Return a video whose frames get brighter, a key frame each second."""
    options = {"movflags": movflags} if movflags else {}
    with (
        NamedTemporaryFile(suffix=".mp4") as made,
        av.open(made.name, "w", options=options) as file,
    ):
        stream: Any = file.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pixels
        stream.codec_context.gop_size = FPS
        stream.codec_context.max_b_frames = 0
        for number in range(frames):
            grey = np.full((SIZE[1], SIZE[0], 3), 16 + 4 * (number % 50), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24")
            # A camera's frames are never quite as far apart as they should be.
            frame.pts = number * 1000 + (number % 3) * 20
            frame.time_base = Fraction(1, FPS * 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        file.close()
        return Path(made.name).read_bytes()


@cache
def sound() -> bytes:
    """Return an MP4 in which there is nothing to see."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as file:
        stream: Any = file.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return memory.getvalue()


def boxes(path: Path) -> list[str]:
    """Return the names of an MP4's outermost boxes, in their order."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        found.append(data[at + 4 : at + 8].decode("ascii"))
        at += int.from_bytes(data[at : at + 4])
    return found


def packets(path: Path) -> list[tuple[float, bytes]]:
    """Return the time and the bytes of every encoded frame."""
    with av.open(str(path)) as file:
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in file.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        ]
