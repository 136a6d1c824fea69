"""Small real films of a bright figure in a dark yard, and a detector that finds it."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

import av
import numpy as np
from PIL import Image

from custom_components.gatehouse.models import Box, Detection, Picture
from custom_components.gatehouse.vision import Sight

WIDTH, HEIGHT, FPS = 160, 120, 10
BRIGHT = 160


class Stay(NamedTuple):
    """From when to when a figure is there, how far it walks meanwhile, and how large it is."""

    since: float
    until: float
    left: float = 0.1
    walks: float = 0.5
    size: float = 0.25


@cache
def film(seconds: float, *stays: Stay) -> bytes:
    """Return an MP4 of so many seconds in which figures come and go."""
    with NamedTemporaryFile(suffix=".mp4") as made, av.open(made.name, "w") as file:
        stream: Any = file.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = FPS
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(_scene(number / FPS, stays), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        file.close()
        return Path(made.name).read_bytes()


class Spotter:
    """A detector that finds whatever is bright, and calls it by one name."""

    def __init__(self, label: str = "person", score: float = 0.9) -> None:
        self.label = label
        self.score = score
        self.seen: list[Picture] = []
        self.errors: list[Exception] = []
        self.before: Callable[[], None] = lambda: None
        """What happens before each look."""

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        self.before()
        picture = newest()
        self.seen.append(picture)
        if self.errors:
            raise self.errors.pop(0)
        return Sight(picture=picture, detections=self._found(picture.jpeg))

    async def close(self) -> None:
        pass

    def _found(self, jpeg: bytes) -> tuple[Detection, ...]:
        rows, columns = np.nonzero(np.asarray(Image.open(BytesIO(jpeg)).convert("L")) > BRIGHT)
        if not rows.size:
            return ()
        edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        sides = (WIDTH, HEIGHT, WIDTH, HEIGHT)
        box = Box(*(float(edge / side) for edge, side in zip(edges, sides, strict=True)))
        return (Detection(label=self.label, score=self.score, box=box),)


def _scene(at: float, stays: Sequence[Stay]) -> np.ndarray[Any, Any]:
    scene = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    for stay in stays:
        if stay.since <= at < stay.until:
            walked = stay.walks * (at - stay.since) / (stay.until - stay.since)
            left = round((stay.left + walked) * WIDTH)
            top, side = round(0.3 * HEIGHT), round(stay.size * WIDTH)
            scene[top : top + 2 * side, left : left + side] = 230
    return scene
