"""Films in which somebody comes and goes as the seed says, and pictures that tell whose they are.

Somebody is a bright block that walks, everybody as fast, so that footage which is looked at again
is told by its pace from who is there. Four marks in a corner are the number of the camera, in
binary; they never move, so nothing happens where nobody is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, Final

import av
import numpy as np
from PIL import Image

WIDTH: Final = 640
HEIGHT: Final = 360
FPS: Final = 5
LASTS_S: Final = 150  # then it begins anew

NIGHT: Final = 60
DAY: Final = 225
MARK: Final = 40  # pixels
MARKS: Final = 4
UPLOADS: Final = 14
"""The number of the camera that uploads its pictures."""
BODY: Final = (60, 140)

# Seconds between two visits, and of one; an incident is over after ten.
GAP: Final = (22.0, 34.0)
STAY: Final = (5.0, 9.0)

type Plane = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be seen in a picture."""

    camera: int
    box: tuple[int, int, int, int] | None
    """Where somebody is, in pixels: left, top, right, bottom."""

    @property
    def walked(self) -> float:
        """How far somebody has walked across the picture, from 0 to 1; 0 if nobody is there."""
        return self.box[0] / (WIDTH - BODY[0]) if self.box else 0.0


def visits(seed: str) -> list[tuple[float, float]]:
    """Return when somebody is there, in seconds of the film."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    found, moment = [], random.uniform(8, 20)
    while (until := moment + random.uniform(*STAY)) < LASTS_S - 5:
        found.append((moment, until))
        moment = until + random.uniform(*GAP)
    return found


def draw(camera: int, walked: float | None) -> Plane:
    """Return a picture of a camera; somebody has walked so far across it, from 0 to 1."""
    picture = np.full((HEIGHT, WIDTH), NIGHT, np.uint8)
    for place in range(MARKS):
        if camera >> place & 1:
            left = place * 2 * MARK
            picture[HEIGHT - MARK :, left : left + MARK] = DAY
    if walked is not None:
        width, height = BODY
        left = int(walked * (WIDTH - width))
        picture[80 : 80 + height, left : left + width] = DAY
    return picture


def make_film(file: Path, camera: int, seed: str) -> None:
    """Write the film of a camera."""
    there = visits(seed)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in _pictures(camera, there):
            planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            planes[:HEIGHT] = picture
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def jpeg(camera: int, walked: float | None) -> bytes:
    """Return such a picture as a file."""
    written = BytesIO()
    Image.fromarray(draw(camera, walked)).convert("RGB").save(written, "JPEG")
    return written.getvalue()


def look(picture: bytes) -> Look:
    """Find out whose picture it is, and whether somebody is there; raises OSError if it is none."""
    with Image.open(BytesIO(picture)) as image:
        grey = np.asarray(image.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.NEAREST))
    bright = grey > (NIGHT + DAY) // 2
    middle = MARK // 2
    marks = [bright[HEIGHT - middle, place * 2 * MARK + middle] for place in range(MARKS)]
    camera = sum(1 << place for place, mark in enumerate(marks) if mark)
    rows, columns = np.nonzero(bright[: HEIGHT - 2 * MARK])
    if len(rows) < BODY[0] * BODY[1] // 4:
        return Look(camera=camera, box=None)
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return Look(camera=camera, box=box)


def _pictures(camera: int, there: list[tuple[float, float]]) -> Iterator[Plane]:
    for number in range(LASTS_S * FPS):
        moment = number / FPS
        walked = [(moment - since) / STAY[1] for since, until in there if since <= moment < until]
        yield draw(camera, walked[0] if walked else None)
