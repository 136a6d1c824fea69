"""Networks in ncnn's files (NanoDet-Plus, YOLOX): ncnn has wheels where onnxruntime has none."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from .families import YOLOX, Family, ModelError, cells, labels_of, whole
from .onnx import STEP, Model

if TYPE_CHECKING:
    from .families import Array, EdgesOf, Outputs

SIZE: Final = 416  # pixels each way: both were trained with it, and their files do not say

# The two layers at the top, by which a network shows what it is to be fed. Published YOLOX files
# have one between them that ncnn does not know: `_split` does its work.
TOP: Final = re.compile(
    r"7767517\s+(?P<layers>\d+) (?P<blobs>\d+)\s+"
    r"Input +\S+ +0 1 (?P<input>\S+)[^\n]*\n"
    r"(?P<focus>YoloV5Focus +\S+ +1 1 (?P=input) (?P<split>\S+)[^\n]*\n)?"
    r"Convolution +\S+ +1 1 \S+ \S+ 0=(?P<filters>\d+) 1=(?P<kernel>\d+) "
    r"[^\n]*?\b6=(?P<weights>\d+)"
)

# What ImageNet's pixels are like, blue first: NanoDet-Plus has seen them centred and scaled.
MEAN: Final = np.array([103.53, 116.28, 123.675], np.float32).reshape(3, 1, 1)
SPREAD: Final = np.array([57.375, 57.12, 58.395], np.float32).reshape(3, 1, 1)
BINS: Final = np.arange(8, dtype=np.float32)


def load(path: Path, *, threads: int = 1) -> Model:
    """Load a .param file and the .bin beside it; raises ModelError. 0 threads: one a core."""
    return Model(NcnnNetwork(path, threads))


class NcnnNetwork:
    """A network of one of the kinds that are known, which runs once to prove it."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load both files; raises ModelError."""
        text, channels = _described(path)
        self._kind = KINDS[channels]
        self._net, self.runtime = _open(path, text, threads)
        (self._input,), (self._output, *_) = self._net.input_names(), self._net.output_names()
        self.size: tuple[int, ...] = SIZE, SIZE
        self._fed = np.zeros(3 * SIZE * SIZE, np.float32)
        self.family = self._kind.family
        self.labels = labels_of(self._classes(path, *self.size))
        self.step = 0
        with suppress(ModelError):
            self._classes(path, STEP, SIZE)
            self.step = STEP

    def run(self, canvas: Array) -> Outputs:
        from ncnn import Mat

        fed = self._fed[: canvas.size].reshape(self._kind.shape(*canvas.shape[2:]))
        self._kind.feed(canvas[0], fed)
        borrowed = Mat(fed)  # both have to live until the answer is there
        extractor = self._net.create_extractor()
        extractor.input(self._input, borrowed)
        status, answer = extractor.extract(self._output)
        if status:
            raise ModelError(f"the model does not run: ncnn answers {status}")
        return {"output": np.array(answer)[None]}

    def _classes(self, path: Path, height: int, width: int) -> int:
        """Run once for a picture of that size; return how many classes are told apart."""
        shape = self.run(np.zeros((1, 3, height, width), np.float32))["output"].shape
        places = self._kind.places(height, width)
        match shape:
            case (1, said, values) if said == places and values > self._kind.beside:
                return int(values) - self._kind.beside
        raise ModelError(f"{path.name} {_NOT_UNDERSTOOD}: it gives {list(shape[1:])}")


def _normalise(planes: Array, fed: Array) -> None:
    np.subtract(planes, MEAN, out=fed)
    np.divide(fed, SPREAD, out=fed)


def _split(planes: Array, fed: Array) -> None:
    """Make four small pictures of one: of every second pixel, beginning at each of four corners."""
    for part, (row, column) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        fed[3 * part : 3 * part + 3] = planes[:, row::2, column::2]


def _read_nanodet(outputs: Outputs, wanted: Array, size: tuple[int, ...]) -> tuple[Array, EdgesOf]:
    """Rows of scores, and for each side eight weights of how many strides away it is."""
    (rows,) = outputs["output"]

    def edges_of(boxes: Array) -> Array:
        x, y, stride = cells(*size, NANODET.strides)[:, boxes]
        weights = rows[boxes, -4 * BINS.size :].reshape(-1, 4, BINS.size)
        weights = np.exp(weights - weights.max(axis=2, keepdims=True))
        reach = weights @ BINS / weights.sum(axis=2) * stride[:, None]
        corners = np.stack([x, y], axis=1) * stride[:, None]
        edges: Array = np.concatenate([corners - reach[:, :2], corners + reach[:, 2:]], axis=1)
        return edges / whole(size)

    return rows[:, wanted], edges_of


class _Kind(NamedTuple):
    """How a network is fed, and how its answer reads."""

    fold: int
    """So many rows and columns of the picture are one of what it is fed."""
    feed: Callable[[Array, Array], None]
    family: Family
    strides: tuple[int, ...]
    beside: int
    """The values of each place that are no classes."""

    @property
    def channels(self) -> int:
        return 3 * self.fold**2

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Return the shape of what it is fed for a picture of that size."""
        return self.channels, height // self.fold, width // self.fold

    def places(self, height: int, width: int) -> int:
        return int(cells(height, width, self.strides).shape[1])


NANODET: Final = _Kind(
    fold=1,
    feed=_normalise,
    family=Family(_read_nanodet, bgr=True, scale=1.0),
    strides=(8, 16, 32, 64),
    beside=4 * BINS.size,
)
FOCUSED: Final = _Kind(
    fold=2,
    feed=_split,
    family=YOLOX,
    strides=(8, 16, 32),
    beside=5,
)
KINDS: Final = {kind.channels: kind for kind in (NANODET, FOCUSED)}
_NOT_UNDERSTOOD: Final = "is no detector that is understood (NanoDet-Plus, YOLOX)"


def _described(path: Path) -> tuple[str, int]:
    """Return the network's description as ncnn can take it, and how many channels it is fed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path.name} cannot be read: {error}") from error
    top = TOP.match(text)
    if top is None:
        raise ModelError(f"{path.name} {_NOT_UNDERSTOOD}, or no description by ncnn (.param)")
    channels = int(top["weights"]) // max(1, int(top["filters"]) * int(top["kernel"]) ** 2)
    if channels not in KINDS:
        raise ModelError(f"{path.name} {_NOT_UNDERSTOOD}: it takes {channels} channels")
    return (_without_focus(text, top) if top["focus"] else text), channels


def _without_focus(text: str, top: re.Match[str]) -> str:
    layers, blobs = int(top["layers"]) - 1, int(top["blobs"]) - 1
    head = f"7767517\n{layers} {blobs}\nInput picture 0 1 {top['split']}\n"
    return head + text[top.end("focus") :]


def _open(path: Path, text: str, threads: int) -> tuple[Any, str]:
    """Return the network, and what runs it in words for people."""
    import ncnn

    net = ncnn.Net()
    if threads:
        net.opt.num_threads = threads
    if net.load_param_mem(text):
        raise ModelError(f"{path.name} is damaged, or has layers that ncnn does not know")
    weights = path.with_suffix(".bin")
    if net.load_model(str(weights)):
        raise ModelError(f"{weights.name}, which belongs beside {path.name}, is missing or damaged")
    return net, f"ncnn {ncnn.__version__}"
