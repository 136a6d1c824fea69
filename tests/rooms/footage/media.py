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
LENGTH = 1024  # of one piece of sound


@cache
def video(
    frames: int = 2 * FPS,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    movflags: str = "frag_keyframe+empty_moov+default_base_moof",
    noise: int = 0,
    size: tuple[int, int] = SIZE,
    b_frames: int = 0,
) -> bytes:
    """Return a video whose frames get brighter, a key frame each second; noise makes it large."""
    random = np.random.default_rng(1)
    options = {"movflags": movflags} if movflags else {}
    with (
        NamedTemporaryFile(suffix=".mp4") as made,
        av.open(made.name, "w", options=options) as file,
    ):
        stream: Any = file.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.gop_size = FPS
        stream.codec_context.max_b_frames = b_frames
        for number in range(frames):
            grey = np.full((size[1], size[0], 3), 16 + 4 * (number % 50), np.uint8)
            grey += random.integers(0, noise + 1, grey.shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24")
            # A camera's frames are never quite as far apart as they should be.
            frame.pts = number * 1000 + (number % 3) * 20
            frame.time_base = Fraction(1, FPS * 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        file.close()
        return Path(made.name).read_bytes()


@cache
def talking(
    codec: str = "aac",
    container: str = "mp4",
    rate: int = 48_000,
    since: float = 0.0,
    until: float = 2.0,
) -> bytes:
    """Return two seconds of video with a tone in a span of it."""
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as file:
        pictures: Any = file.add_stream("libx264", rate=FPS)
        pictures.width, pictures.height, pictures.pix_fmt = *SIZE, "yuv420p"
        pictures.codec_context.gop_size = FPS
        pictures.codec_context.max_b_frames = 0
        tone: Any = file.add_stream(codec, rate=rate, layout="mono")
        heard = round(since * rate)
        for number in range(2 * FPS):
            grey = np.full((SIZE[1], SIZE[0], 3), 16 + 4 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(pictures.encode(frame))
            while heard < min(until, (number + 1) / FPS) * rate:
                file.mux(tone.encode(_tone(heard, rate)))
                heard += LENGTH
        while heard < until * rate:
            file.mux(tone.encode(_tone(heard, rate)))
            heard += LENGTH
        file.mux(pictures.encode())
        file.mux(tone.encode())
    return memory.getvalue()


def _tone(at: int, rate: int) -> av.AudioFrame:
    wave = 0.3 * np.sin(2 * np.pi * 440 * (np.arange(LENGTH) + at) / rate)
    frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
    return frame


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


def loudness(path: Path) -> list[tuple[float, float]]:
    """Return when each piece of sound is, and how loud it is."""
    with av.open(str(path)) as file:
        return [
            (frame.time or 0.0, float(np.abs(frame.to_ndarray()).max()))
            for frame in file.decode(audio=0)
        ]


def packets(path: Path, kind: str = "video") -> list[tuple[float, bytes]]:
    """Return the time and the bytes of every encoded frame."""
    with av.open(str(path)) as file:
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in file.demux(**{kind: 0})
            if packet.pts is not None and packet.time_base is not None
        ]


def unheard_of(whole: bytes, kind: bytes = b"avc1") -> bytes:
    """Return an MP4 whose stream of a kind is of one that nobody has ever heard of."""
    head, found, tail = whole.rpartition(kind)
    assert found
    return head + b"zzzz" + tail
