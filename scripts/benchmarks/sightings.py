"""Pictures of people and a model that finds them: what is measured of detection is done with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
import os
from pathlib import Path
import time
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from custom_components.gatehouse.models import Box, Detection
from custom_components.gatehouse.vision.onnx import CPU, Eye, OnnxNetwork
from scripts.demonstration.places import DEMO, ROOT, Assets

SIZE: Final = (1280, 720)
# Makes about 100 kB of such a picture, as cameras do.
QUALITY: Final = 60
STRIDE: Final = 40  # of a video's frames, from one to the next
MOST: Final = 8
THRESHOLD: Final = 0.35
# Who is as sure as this is found by the tenth part of a pixel more or less, too.
SURE: Final = 0.5
ALIKE: Final = 0.9
FREE_SIZE: Final = 640
DTYPES: Final = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A model, the score from which on it means it, and large pictures for it."""

    model: Path
    threshold: float
    pictures: tuple[bytes, ...]
    """JPEGs of SIZE."""


def material() -> Material | None:
    """Return what there is: models and media beside the repository, else what the demo fetched."""
    place = Path(os.environ.get("GATEHOUSE_MATERIAL") or ROOT.parent / "shared")
    model, images = place / "models" / "yolox_nano.onnx", place / "media" / "images"
    if model.is_file() and images.is_dir():
        found = map(Image.open, sorted(images.glob("*.jpg")))
        return Material(model=model, threshold=THRESHOLD, pictures=_large(found))
    assets = Assets.load(DEMO / "assets.json") if (DEMO / "assets.json").is_file() else None
    if assets and assets.model:
        return Material(
            model=assets.model, threshold=assets.threshold, pictures=_large(_frames(assets.video))
        )
    return None


class Bare:
    """A session of onnxruntime with one thread, and nothing around it."""

    def __init__(self, model: Path) -> None:
        """Load the file, and make what it takes."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        feeds = {each.name: _filled(each.shape, each.type) for each in session.get_inputs()}
        names = [each.name for each in session.get_outputs()]
        *_, high, wide = next(iter(feeds.values())).shape
        self.size = wide, high
        """The width and height that it takes."""
        self.run: Callable[[], object] = lambda: session.run(names, feeds)

    def wall_ms(self, seconds: float) -> float:
        """Return how long a run takes, by as many as there is time for."""
        began, runs = time.perf_counter(), 0
        while time.perf_counter() < began + seconds:
            self.run()
            runs += 1
        return 1000 * (time.perf_counter() - began) / runs


def fitted(model: Path, jpeg: bytes) -> Callable[[], object]:
    """Return a run of the model for as much of its input as the product needs for a picture."""
    network = OnnxNetwork(model, 1, [CPU])
    canvas = np.empty((1, 3, *network.size), np.float32)
    eye = Eye(canvas, network.family, network.labels, network.step)
    eye.paint(jpeg)
    return lambda: network.run(eye.canvas)


def small(jpeg: bytes, size: tuple[int, int]) -> bytes:
    """Return the picture as a camera gives it that was asked for what fits into the size."""
    image = Image.open(BytesIO(jpeg))
    image.thumbnail(size, Image.Resampling.BOX, reducing_gap=None)
    return _written(image, "JPEG")


def whole(jpeg: bytes) -> bytes:
    """Return the same pixels as a PNG: there is no such thing as the half of one."""
    return _written(Image.open(BytesIO(jpeg)), "PNG")


def are_alike(one: Iterable[Detection], other: Iterable[Detection]) -> bool:
    """Return whether who is surely in one is at the same place in the other, and the reverse."""
    return _holds(one, other) and _holds(other, one)


def _holds(one: Iterable[Detection], other: Iterable[Detection]) -> bool:
    there = tuple(other)
    return all(
        any(shared(each.box, box.box) >= ALIKE for box in there)
        for each in one
        if each.score > SURE
    )


def shared(one: Box, other: Box) -> float:
    """Return what two boxes share of the area of both."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(across, 0.0) * max(down, 0.0)
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def _large(images: Iterable[Image.Image]) -> tuple[bytes, ...]:
    found = (each.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC) for each in images)
    return tuple(_written(each, "JPEG") for each in islice(found, MOST))


def _frames(video: Path) -> Iterable[Image.Image]:
    """Yield some frames of a video."""
    with av.open(str(video)) as container:
        frames: Iterable[Any] = container.decode(video=0)
        yield from (frame.to_image() for frame in islice(frames, 0, None, STRIDE))


def _written(image: Image.Image, kind: str) -> bytes:
    written = BytesIO()
    image.save(written, kind, quality=QUALITY, compress_level=1)
    return written.getvalue()


def _filled(shape: list[int | str | None], kind: str) -> NDArray[Any]:
    """Return something for an input; where it takes any size, the size of most."""
    free = [1, 3, FREE_SIZE, FREE_SIZE]
    sizes = [each if isinstance(each, int) else free[axis] for axis, each in enumerate(shape)]
    return np.ones(sizes, DTYPES[kind])
