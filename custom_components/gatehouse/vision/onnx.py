"""A picture in, detections out, by a network of any common family of detectors; ONNX runs here.

This file is a twin: the agent's copy leads, the integration carries it byte for byte.
"""

from __future__ import annotations

import ast
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

    Array = NDArray[Any]
    Outputs = dict[str, Array]
    EdgesOf = Callable[[Array], Array]

COCO: Final = tuple(
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,"
    "stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,"
    "backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,"
    "baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,"
    "banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,"
    "oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,"
    "toothbrush".split(",")
)
FORMATS: Final = ("JPEG", "PNG", "WEBP")
MOST_PIXELS: Final = 64_000_000  # that are unpacked at once, to 192 MB; no camera's JPEG needs more
GREY: Final = 114  # what every YOLO saw around its pictures in training
OVERLAP: Final = 0.45  # boxes that share more than this are one object: the figure of YOLOX
MOST: Final = 300  # objects in a picture; the search for doubles costs the square of them
FREE_SIZE: Final = 640  # what models that take any size are trained with
CPU: Final = "CPUExecutionProvider"


class ModelError(Exception):
    """The model cannot be used, and why."""


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
    """What runs: an input that is written to in place, and an answer of a known family."""

    canvas: Array
    """The input: one picture, three planes of float32."""
    family: Family
    labels: tuple[str, ...]
    runtime: str
    """What runs it, in words for people."""

    def run(self) -> Outputs:
        """Answer to what is on the canvas; raises ModelError."""


def load(path: Path, *, threads: int = 1, providers: Iterable[str] = ()) -> Model:
    """Load an ONNX file; raises ModelError.

    The providers of onnxruntime are tried in their order, the CPU last. Two threads cost twice the
    work for 1.5 times the speed; 0 takes a thread for every core.
    """
    return Model(OnnxNetwork(path, threads, [*(name for name in providers if name != CPU), CPU]))


class Model:
    """A network that finds objects; for one thread at a time, because its canvas is used again."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._eye = Eye(network.canvas, network.family, network.labels)
        self.labels = network.labels
        self.runtime = network.runtime

    def detect(self, picture: bytes, threshold: float, labels: Collection[str]) -> list[Found]:
        """Return the objects that have one of the labels and at least the score, best first."""
        self._eye.paint(picture)
        return self._eye.read(self._network.run(), threshold, labels)


class Eye:
    """Puts pictures on a canvas and reads what its network answers, wherever that runs."""

    def __init__(self, canvas: Array, family: Family, labels: tuple[str, ...]) -> None:
        self._canvas = canvas
        self._family = family
        self._labels = labels
        self._painted = (0, 0)
        self._filled = (1.0, 1.0, 1.0, 1.0)

    def paint(self, picture: bytes) -> None:
        """Put the picture on the canvas; raises PictureError."""
        family, (height, width) = self._family, self._canvas.shape[2:]
        image = _decode(picture, width, height, keep_shape=family.letterbox)
        if image.size != self._painted:
            self._canvas.fill(GREY * family.scale)
            self._painted = image.size
        planes = np.asarray(image).transpose(2, 0, 1)[:: -1 if family.bgr else 1]
        part = self._canvas[0, :, : image.height, : image.width]
        np.multiply(planes, np.float32(family.scale), out=part)
        across, down = image.width / width, image.height / height
        self._filled = (across, down, across, down)

    def read(self, outputs: Outputs, threshold: float, labels: Collection[str]) -> list[Found]:
        """Return what the network found in the picture on the canvas, best first."""
        wanted = np.array([i for i, label in enumerate(self._labels) if label in labels], np.intp)
        scores, edges_of = self._family.read(outputs, wanted, self._canvas.shape[2:])
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
        self.canvas = next(iter(self._feeds.values()))
        self.family, classes = family_of(self._feeds, self.run(), self.canvas.shape[2:])
        names = self._session.get_modelmeta().custom_metadata_map.get("names")
        self.labels = labels_of(classes, names)
        self.runtime = _runtime(self._session)

    def run(self) -> Outputs:
        names = [output.name for output in self._session.get_outputs()]
        try:
            return dict(zip(names, self._session.run(names, self._feeds), strict=True))
        except _runtime_errors() as error:
            raise ModelError(f"the model does not run: {_brief(error)}") from error


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


def labels_of(classes: int | None, names: str | None = None) -> tuple[str, ...]:
    """Return the names that a file carries, as YOLOv8 and later do, else those of COCO.

    Raises ModelError unless they are as many as the classes that show in the network's answers.
    """
    labels = COCO[:1] if classes == 1 else COCO
    if names:
        try:
            labels = tuple(map(str, dict(ast.literal_eval(names)).values()))
        except (ValueError, SyntaxError, TypeError) as error:
            raise ModelError(f"its names of classes cannot be read: {names:.60}") from error
    if classes not in (None, len(labels)):
        raise ModelError(f"it tells {classes} classes apart, but has names for {len(labels)}")
    return labels


@cache
def cells(height: int, width: int, strides: tuple[int, ...] = (8, 16, 32)) -> Array:
    """Return column, row and stride of each place at which a network looks, as three rows."""
    grids = []
    for stride in strides:
        y, x = np.mgrid[: -(-height // stride), : -(-width // stride)].reshape(2, -1)
        grids.append([x, y, np.full_like(x, stride)])
    places: Array = np.concatenate(grids, axis=1).astype(np.float32)
    return places


def whole(size: tuple[int, ...]) -> Array:
    """Return what turns edges in pixels of the input into fractions of it."""
    height, width = size
    return np.array([width, height, width, height], np.float32)


class Family(NamedTuple):
    """What differs between detectors: how their answer reads, and how they want the picture.

    `read` takes the outputs, the wanted classes and the input's height and width; it returns a row
    of scores per box, a column per wanted class, and what gives the edges of some of the boxes as
    fractions of the input: most are nobody's.
    """

    read: Callable[[Outputs, Array, tuple[int, ...]], tuple[Array, EdgesOf]]
    letterbox: bool = True
    bgr: bool = False
    scale: float = 1 / 255
    doubles: bool = True


def _read_yolox(outputs: Outputs, wanted: Array, size: tuple[int, ...]) -> tuple[Array, EdgesOf]:
    (rows,) = next(iter(outputs.values()))

    def edges_of(boxes: Array) -> Array:
        x, y, stride = cells(*size)[:, boxes]
        centres = (rows[boxes, :2] + np.stack([x, y], axis=1)) * stride[:, None]
        sizes = np.exp(rows[boxes, 2:4]) * stride[:, None]
        return _edges(np.concatenate([centres, sizes], axis=1)) / whole(size)

    return rows[:, 4:5] * rows[:, 5 + wanted], edges_of


def _read_yolov8(outputs: Outputs, wanted: Array, size: tuple[int, ...]) -> tuple[Array, EdgesOf]:
    (columns,) = next(iter(outputs.values()))
    return columns[4 + wanted].T, lambda boxes: _edges(columns[:4, boxes].T) / whole(size)


def _read_final(outputs: Outputs, wanted: Array, size: tuple[int, ...]) -> tuple[Array, EdgesOf]:
    """Rows of left, top, right, bottom, score and class, without doubles (YOLOv10, YOLO26)."""
    (rows,) = next(iter(outputs.values()))
    scores = _columns(rows[:, 5], rows[:, 4], wanted)
    return scores, lambda boxes: rows[boxes, :4] / whole(size)


def _read_detr(outputs: Outputs, wanted: Array, _: tuple[int, ...]) -> tuple[Array, EdgesOf]:
    logits = outputs["logits"][0][:, wanted]
    sigmoids = 0.5 + 0.5 * np.tanh(0.5 * logits)  # the exponential of a sure no would overflow
    return sigmoids, lambda boxes: _edges(outputs["pred_boxes"][0][boxes])


def _read_named(outputs: Outputs, wanted: Array, _: tuple[int, ...]) -> tuple[Array, EdgesOf]:
    scores = _columns(outputs["labels"][0], outputs["scores"][0], wanted)
    return scores, lambda boxes: outputs["boxes"][0][boxes]


YOLOX: Final = Family(_read_yolox, bgr=True, scale=1.0)
YOLOV8: Final = Family(_read_yolov8)
FINAL: Final = Family(_read_final, doubles=False)
DETR: Final = Family(_read_detr, letterbox=False, doubles=False)
NAMED: Final = Family(_read_named, letterbox=False, doubles=False)


def family_of(feeds: Outputs, outputs: Outputs, size: tuple[int, ...]) -> tuple[Family, int | None]:
    """Return the family that gives such outputs, and how many classes it has if they show it."""
    if outputs.keys() >= {"labels", "boxes", "scores"}:
        return NAMED, None
    if outputs.keys() >= {"logits", "pred_boxes"}:
        return DETR, outputs["logits"].shape[-1]
    match [np.shape(output) for output in outputs.values()]:
        case [(1, boxes, values)] if boxes == cells(*size).shape[1] and values > 5:
            return YOLOX, values - 5
        case [(1, _, 6)]:
            return FINAL, None
        case [(1, values, boxes)] if 4 < values < boxes:
            return YOLOV8, values - 4
    raise ModelError(
        f"this is no detector that is understood (YOLOX, YOLOv8 to YOLO26, RT-DETR, D-FINE): it"
        f" takes {_described(feeds)} and gives {_described(outputs)}"
    )


def _open(path: Path, threads: int, providers: list[str]) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; some good files cause hundreds of warnings
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except _runtime_errors() as error:
        raise ModelError(f"{path.name} is damaged or no ONNX model: {_brief(error)}") from error


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


def _edges(boxes: Array) -> Array:
    """Turn centre and size into edges."""
    centres, halves = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _columns(kinds: Array, scores: Array, wanted: Array) -> Array:
    """Turn one class and score per box into a column of scores per wanted class."""
    return np.where(kinds[:, None] == wanted, scores[:, None], 0.0)


def _described(tensors: Outputs) -> str:
    return ", ".join(f"{name} {list(np.shape(tensor))}" for name, tensor in tensors.items())


def _brief(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _runtime_errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises; its errors have no family of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds = [kind for kind in vars(state).values() if isinstance(kind, type)]
    return tuple(kind for kind in kinds if issubclass(kind, Exception))
