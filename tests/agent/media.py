"""Real media for the tests of the agent: encoded once, given out as packets, sounds, pictures."""

from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
from av.video.frame import PictureType
import numpy as np
from PIL import Image

from camera_agent.models import Packet, Picture, Sound

FPS = 15
INTERVAL_US = 1_000_000 // FPS
SIZE = (320, 180)
RATE = 16000
SOUND_US = 64_000  # 1024 samples


def packets(count: int, began: float, interval_us: int = INTERVAL_US) -> list[Packet]:
    """Return frames in a row, a key frame each 15; frame n is of brightness 16 + 2 (n mod 100)."""
    first_us = round(began * 1_000_000)
    return [
        Packet(data, key, first_us + index * interval_us)
        for index, (data, key) in enumerate(_encoded()[:count])
    ]


def sounds(count: int, began: float) -> list[Sound]:
    """Return frames of AAC in a row; each second begins with a beep of 0.1 s."""
    first_us = round(began * 1_000_000)
    return [
        Sound(data, first_us + index * SOUND_US) for index, data in enumerate(_sounding()[:count])
    ]


def picture(captured: float, kilobytes: int = 0) -> Picture:
    """A JPEG, made as large as wanted by a comment behind its end."""
    return Picture(_jpeg() + bytes(kilobytes * 1000), round(captured * 1_000_000))


def brightness(path: Path) -> list[tuple[float, int]]:
    """What a recording shows: the time and the number (mod 100) of each frame."""
    with av.open(str(path)) as container:
        return [
            (float(frame.time or 0.0), round((frame.to_ndarray()[: SIZE[1]].mean() - 16) / 2))
            for frame in container.decode(video=0)
        ]


@cache
def _encoded() -> list[tuple[bytes, bool]]:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height = SIZE
    codec.pix_fmt, codec.time_base, codec.framerate = "yuv420p", Fraction(1, FPS), Fraction(FPS)
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS), "forced-idr": "1"}
    found = []
    for index in range(400):
        planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
        planes[: SIZE[1]] = 16 + 2 * (index % 100)
        frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
        frame.pict_type = PictureType.NONE
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        found += [(bytes(packet), packet.is_keyframe) for packet in codec.encode(frame)]
    return found


@cache
def _sounding() -> list[bytes]:
    """Frames of AAC behind their headers, the first of which begins at 0."""
    sink, frames = BytesIO(), []
    with av.open(sink, "w", format="adts") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        for coded in stream.encode(beeps(26, RATE)):
            sink.seek(0)
            sink.truncate()
            container.mux(coded)
            frames.append(sink.getvalue())
    return frames[1:]  # what the encoder begins with is before 0


def beeps(seconds: float, rate: int) -> av.AudioFrame:
    """Sound whose seconds each begin with a tone of 0.1 s."""
    moments = np.arange(round(seconds * rate)) / rate
    loud = np.where(moments % 1 < 0.1, np.sin(2 * np.pi * 1000 * moments), 0)
    frame = av.AudioFrame.from_ndarray((loud * 20000).astype(np.int16)[None], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def onsets(path: Path) -> list[float]:
    """When the tones of a recording begin."""
    with av.open(str(path)) as container:
        loud = [
            (frame.time or 0.0) + index / frame.sample_rate
            for frame in container.decode(audio=0)
            for index in np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.2)
        ]
    return [moment for before, moment in pairwise([-1.0, *loud]) if moment - before > 0.5]


def spans(path: Path) -> tuple[float, float]:
    """How long the pictures and the sound of a recording last."""
    with av.open(str(path)) as container:
        ends = {"video": 0.0, "audio": 0.0}
        for packet in container.demux():
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                ends[packet.stream.type] = max(ends[packet.stream.type], end)
    return ends["video"], ends["audio"]


@cache
def _jpeg() -> bytes:
    memory = BytesIO()
    Image.new("RGB", SIZE, (40, 90, 20)).save(memory, "JPEG")
    return memory.getvalue()
