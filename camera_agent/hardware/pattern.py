"""A camera that is drawn: a clock, and a square that moves for ten seconds and rests for ten."""

from itertools import count
import time
from typing import Final

import av
import numpy as np

from ..camera_config import CameraConfig
from . import Emit, Opened, Plane, Wanted
from .encode import Encoder
from .timing import Pace

MOVING: Final = 10.0
RESTING: Final = 10.0
CROSSING: Final = 5.0
# Five rows of three dots, one octal digit a row, for 0 to 9 and the colon.
DOTS: Final = {
    "0": "75557", "1": "22222", "2": "71747", "3": "71717", "4": "55711", "5": "74717",
    "6": "74757", "7": "71111", "8": "75757", "9": "75717", ":": "02020",
}  # fmt: skip


class PatternCamera:
    """Needs no device, so it shows whether everything behind a camera works."""

    def __init__(self, config: CameraConfig) -> None:
        self._config = config

    def run(self, emit: Emit, wanted: Wanted) -> None:
        config = self._config
        encoder = Encoder(config, emit, wanted)
        empty = background(config.width, config.height)
        emit(Opened(width=config.width, height=config.height, fps=config.fps))
        pace = Pace()
        for number in count():
            moment = number / config.fps
            if (captured_us := pace.wait(moment)) is not None:
                planes = empty.copy()
                draw(planes[: config.height], moment, time.strftime("%H:%M:%S"))
                encoder.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p"), captured_us)


def background(width: int, height: int) -> Plane:
    """Return a grey slope as the planes of yuv420p, one under the other."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = np.linspace(60, 140, width, dtype=np.uint8)
    return planes


def draw(luma: Plane, moment: float, clock: str) -> None:
    """Draw the square where it is at a moment (in seconds), and the clock in the corner."""
    height, width = luma.shape
    side = height // 4
    x = round(_place(moment) * (width - side))
    luma[height // 2 : height // 2 + side, x : x + side] = 225
    dot = max(1, min(width // 320, height // 180))
    for place, character in enumerate(clock):
        rows = [[int(row) >> bit & 1 for bit in (2, 1, 0)] for row in DOTS[character]]
        glyph = np.kron(np.array(rows, np.uint8), np.full((dot, dot), 175, np.uint8)) + 60
        left = dot * (2 + 4 * place)
        luma[2 * dot : 7 * dot, left : left + 3 * dot] = glyph


def _place(moment: float) -> float:
    """Return how far across the square is, from 0 to 1 and back."""
    rounds, within = divmod(moment, MOVING + RESTING)
    crossings = (rounds * MOVING + min(within, MOVING)) / CROSSING
    return 1 - abs(crossings % 2 - 1)
