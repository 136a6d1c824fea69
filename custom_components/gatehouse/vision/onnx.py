"""A picture in, detections out, by a network of any common family of detectors; ONNX runs here.

This file is a twin: the agent's copy leads, the integration carries it byte for byte.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from io import BytesIO
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
from PIL import Image

from .families import YOLOX, ModelError, family_of, labels_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from onnxruntime import InferenceSession

    from .families import Array, Family, Outputs

FORMATS: Final = ("JPEG", "PNG", "WEBP")
MOST_PIXELS: Final = 64_000_000  # that are unpacked at once, to 192 MB; no camera's JPEG needs more
GREY: Final = 114  # what every YOLO saw around its pictures in training
MARGIN: Final = 32  # pixels of it that a picture keeps: with fewer, who stands at its edge fades
OVERLAP: Final = 0.45  # boxes that share more than this are one object: the figure of YOLOX
MOST: Final = 300  # objects in a picture; the search for doubles costs the square of them
FREE_SIZE: Final = 640  # what models that take any size are trained with
STEP: Final = 32  # pixels that become one in the coarsest layer of every YOLO
CPU: Final = "CPUExecutionProvider"


class PictureError(Exception):
    """The picture cannot be read, and why."""


class Found(NamedTuple):
    """One object; the edges are fractions of the picture's width and height (0 to 1)."""

    label: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


class Network(Protocol):
    """What runs: a picture of three planes of float32 in, an answer of a known family out."""

    size: tuple[int, ...]
    """The height and width of the picture."""
    step: int
    """It takes smaller ones, whose sides are multiples of so many pixels; 0 if it takes none."""
    family: Family
    labels: tuple[str, ...]
    runtime: str
    """What runs it, in words for people."""

    def run(self, canvas: Array) -> Outputs:
        """Answer to what is on the canvas; raises ModelError."""


def load(path: Path, *, threads: int = 1, providers: Iterable[str] = ()) -> Model:
    """Load an ONNX file; raises ModelError.

    The providers of onnxruntime are tried in their order, the CPU last. Two threads cost twice the
    work for 1.5 times the speed; 0 takes a thread for every core.
    """
    return Model(OnnxNetwork(path, threads, [*(name for name in providers if name != CPU), CPU]))


class Model:
    """A network that finds objects; while it runs for one thread, others prepare a picture."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._running = Lock()
        self._spare: list[Eye] = []
        self.labels = network.labels
        self.runtime = network.runtime

    def detect(self, picture: bytes, threshold: float, labels: Collection[str]) -> list[Found]:
        """Return the objects that have one of the labels and at least the score, best first."""
        with self._eye() as eye:
            eye.paint(picture)
            with self._running:
                outputs = self._network.run(eye.canvas)
            return eye.read(outputs, threshold, labels)

    @contextmanager
    def _eye(self) -> Iterator[Eye]:
        """Lend an eye that nobody else has now."""
        network = self._network
        try:
            eye = self._spare.pop()
        except IndexError:
            canvas = np.empty((1, 3, *network.size), np.float32)
            eye = Eye(canvas, network.family, network.labels, network.step)
        try:
            yield eye
        finally:
            self._spare.append(eye)


class Eye:
    """Puts pictures on a canvas and reads what its network answers, wherever that runs."""

    def __init__(
        self, canvas: Array, family: Family, labels: tuple[str, ...], step: int = 0
    ) -> None:
        """With a step, as much of the canvas is used as the picture needs, in multiples of it."""
        self.canvas = canvas
        """What the network is to be shown."""
        self._whole = canvas
        self._family = family
        self._labels = labels
        self._step = step
        self._painted = (0, 0)
        self._filled = (1.0, 1.0, 1.0, 1.0)

    def paint(self, picture: bytes) -> None:
        """Put the picture on the canvas; raises PictureError."""
        family, (height, width) = self._family, self._whole.shape[2:]
        image = _decode(picture, width, height, keep_shape=family.letterbox)
        if image.size != self._painted:
            self._prepare(*image.size)
        planes = self.canvas[0, :: -1 if family.bgr else 1, : image.height, : image.width]
        for plane, band in zip(planes, image.split(), strict=True):
            np.multiply(np.asarray(band), np.float32(family.scale), out=plane)

    def _prepare(self, width: int, height: int) -> None:
        """Make a grey canvas for pictures of that size."""
        if self._step:
            up = (-(-(side + MARGIN) // self._step) * self._step for side in (height, width))
            shape = (1, 3, *map(min, up, self._whole.shape[2:]))
            self.canvas = self._whole.reshape(-1)[: prod(shape)].reshape(shape)
        self.canvas.fill(GREY * self._family.scale)
        down, across = self.canvas.shape[2:]
        self._painted = width, height
        self._filled = (width / across, height / down) * 2

    def read(self, outputs: Outputs, threshold: float, labels: Collection[str]) -> list[Found]:
        """Return what the network found in the picture on the canvas, best first."""
        wanted = np.array([i for i, label in enumerate(self._labels) if label in labels], np.intp)
        scores, edges_of = self._family.read(outputs, wanted, self.canvas.shape[2:])
        best = scores.max(axis=1, initial=0.0)
        rows = np.flatnonzero(best >= threshold)
        rows = rows[np.argsort(-best[rows], kind="stable")][:MOST]
        kinds = wanted[scores[rows].argmax(axis=1)] if rows.size else rows
        best, edges = best[rows], np.clip(edges_of(rows) / self._filled, 0.0, 1.0)
        return [
            Found(self._labels[kinds[i]], float(best[i]), *edges[i].tolist())
            for i in (unique(edges, kinds) if self._family.doubles else range(rows.size))
            if (edges[i, :2] < edges[i, 2:]).all()
        ]


class OnnxNetwork:
    """An ONNX file in a session of onnxruntime, which runs once to show its family."""

    def __init__(self, path: Path, threads: int, providers: list[str]) -> None:
        """Load the file; raises ModelError."""
        self._session = _open(path, threads, providers)
        self._feeds = _feeds(self._session)
        self._input, canvas = next(iter(self._feeds.items()))
        self.size = canvas.shape[2:]
        self.family, classes = family_of(self._feeds, self.run(canvas), self.size)
        names = self._session.get_modelmeta().custom_metadata_map.get("names")
        self.labels = labels_of(classes, names)
        self.runtime = _runtime(self._session)
        # Other processors prepare for minutes whatever size they have not met yet.
        self.step = STEP if providers == [CPU] and self._takes_less(path, threads) else 0

    def run(self, canvas: Array) -> Outputs:
        names = [output.name for output in self._session.get_outputs()]
        try:
            answers = self._session.run(names, {**self._feeds, self._input: canvas})
        except _runtime_errors() as error:
            raise ModelError(f"the model does not run: {_brief(error)}") from error
        return dict(zip(names, answers, strict=True))

    def _takes_less(self, path: Path, threads: int) -> bool:
        """Return whether it works without the margin around wide and high pictures."""
        height, width = self.size
        bound = self._session
        with suppress(ModelError):
            if self.family is YOLOX:  # convolutions only: no size but that of the file's word
                unbound = _of_any_size(path.read_bytes(), height, width)
                self._session = _open(path, threads, [CPU], unbound)
            answer = self.run(np.zeros((1, 3, STEP, width), np.float32))
            if family_of(self._feeds, answer, (STEP, width))[0] is self.family:
                return self.family.letterbox
        self._session = bound
        return False


def size_of(picture: bytes) -> tuple[int, int]:
    """Return the width and height of a picture; raises PictureError."""
    with _readable(), Image.open(BytesIO(picture), formats=FORMATS) as image:
        return image.size


def fit(width: int, height: int, into_width: int, into_height: int) -> tuple[int, int]:
    """Return the largest size of the same shape that fits, at least one pixel each way."""
    ratio = min(into_width / width, into_height / height)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def unique(edges: Array, kinds: Array) -> list[int]:
    """Return the indices of the boxes, best first, that double no better box of their kind."""
    sizes = np.maximum(edges[:, 2:] - edges[:, :2], 0.0)
    areas = sizes[:, 0] * sizes[:, 1]
    waiting = np.arange(len(edges))
    kept: list[int] = []
    while waiting.size:
        first, waiting = waiting[0], waiting[1:]
        kept.append(int(first))
        low = np.maximum(edges[first, :2], edges[waiting, :2])
        high = np.minimum(edges[first, 2:], edges[waiting, 2:])
        shared = np.maximum(high - low, 0.0).prod(axis=1)
        doubles = shared > OVERLAP * (areas[first] + areas[waiting] - shared)
        waiting = waiting[~(doubles & (kinds[waiting] == kinds[first]))]
    return kept


def _open(
    path: Path, threads: int, providers: list[str], changed: bytes | None = None
) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; some good files cause hundreds of warnings
    try:
        return onnxruntime.InferenceSession(changed or str(path), options, providers=providers)
    except _runtime_errors() as error:
        raise ModelError(f"{path.name} is damaged or no ONNX model: {_brief(error)}") from error


def _of_any_size(file: bytes, height: int, width: int) -> bytes:
    """Return an ONNX file in which the input's height and width are names and no numbers."""
    # In the file a number of 128 or more is as long as a name of one letter.
    sides = (b"\n\3\b%c%c" % (side & 127 | 128, side >> 7) for side in (height, width))
    picture = b"\n\2\b\1\n\2\b\3"
    return file.replace(picture + b"".join(sides), picture + b"\n\3\x12\1h\n\3\x12\1w")


def _runtime(session: InferenceSession) -> str:
    """Name the runtime, and the providers that are left of those that were asked for."""
    from onnxruntime import __version__

    used = [name.removesuffix("ExecutionProvider") for name in session.get_providers()]
    return f"onnxruntime {__version__} ({', '.join(used)})"


def _feeds(session: InferenceSession) -> Outputs:
    """Return an empty picture, and the size to which models that ask for one scale their boxes."""
    feeds: Outputs = {}
    for wanted in session.get_inputs():
        match wanted.type, wanted.shape:
            case "tensor(float)", [_, 3 | str() | None, height, width] if not feeds:
                size = [n if isinstance(n, int) else FREE_SIZE for n in (height, width)]
                feeds[wanted.name] = np.full((1, 3, *size), 0.5, np.float32)
            case "tensor(int64)", [_, 2] if feeds:
                feeds[wanted.name] = np.ones((1, 2), np.int64)
            case kind, shape:
                raise ModelError(f"its input {wanted.name}, a {kind} of {shape}, is no picture")
    if not feeds:
        raise ModelError("it takes no picture")
    return feeds


def _decode(picture: bytes, width: int, height: int, *, keep_shape: bool) -> Image.Image:
    """Return the picture, scaled to the size or to what fits into it, as RGB."""
    with _readable():
        image = Image.open(BytesIO(picture), formats=FORMATS)
        size = fit(*image.size, width, height) if keep_shape else (width, height)
        image.draft("RGB", size)  # a JPEG decodes to a half or a quarter for less than the whole
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"it has {image.width}×{image.height} pixels; send smaller ones")
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        # Nearly as sharp as bicubic, which models see people by, at the price of bilinear.
        return rgb.resize(size, Image.Resampling.HAMMING)


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what Pillow raises about bad pictures into PictureError."""
    try:
        yield
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"the picture cannot be read: {error}") from error


def _brief(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _runtime_errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises; its errors have no family of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds = [kind for kind in vars(state).values() if isinstance(kind, type)]
    return tuple(kind for kind in kinds if issubclass(kind, Exception))
