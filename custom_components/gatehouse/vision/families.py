"""The families of detectors: how their answers read, and how they want the picture.

This file is a twin: the agent's copy leads, the integration carries it byte for byte.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

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


class ModelError(Exception):
    """The model cannot be used, and why."""


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


def _edges(boxes: Array) -> Array:
    """Turn centre and size into edges."""
    centres, halves = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _columns(kinds: Array, scores: Array, wanted: Array) -> Array:
    """Turn one class and score per box into a column of scores per wanted class."""
    return np.where(kinds[:, None] == wanted, scores[:, None], 0.0)


def _described(tensors: Outputs) -> str:
    return ", ".join(f"{name} {list(np.shape(tensor))}" for name, tensor in tensors.items())
