"""Real media for the tests of the agent: encoded once, given out as packets and pictures."""

from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import av
from av.video.frame import PictureType
import numpy as np
from PIL import Image

from camera_agent.models import Packet, Picture

FPS = 15
INTERVAL_US = 1_000_000 // FPS
SIZE = (320, 180)


def packets(count: int, began: float, interval_us: int = INTERVAL_US) -> list[Packet]:
    """Return frames in a row, a key frame each 15; frame n is of brightness 16 + 2 (n mod 100)."""
    first_us = round(began * 1_000_000)
    return [
        Packet(data, key, first_us + index * interval_us)
        for index, (data, key) in enumerate(_encoded()[:count])
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
def _jpeg() -> bytes:
    memory = BytesIO()
    Image.new("RGB", SIZE, (40, 90, 20)).save(memory, "JPEG")
    return memory.getvalue()
