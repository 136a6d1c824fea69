"""Tiny ONNX files that answer as each family of detectors does, whatever they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

WIDTH, HEIGHT = 128, 96
PERSON, DOG = 0, 16

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Seen:
    """What a network is to answer: a class, its score, and edges as fractions of the input."""

    kind: int
    score: float
    left: float
    top: float
    right: float
    bottom: float

    def pixels(self) -> tuple[float, float, float, float]:
        """Return the edges in pixels of the input."""
        return self.left * WIDTH, self.top * HEIGHT, self.right * WIDTH, self.bottom * HEIGHT

    def middle(self) -> tuple[float, float, float, float]:
        """Return centre and size as fractions."""
        return (
            (self.left + self.right) / 2,
            (self.top + self.bottom) / 2,
            self.right - self.left,
            self.bottom - self.top,
        )


def yolox(seen: Sequence[Seen], classes: int = 80) -> dict[str, Array]:
    """Answer by the cells of stride 32, which come last."""
    strides = (8, 16, 32)
    rows = np.zeros((1, sum(WIDTH // s * (HEIGHT // s) for s in strides), 5 + classes), np.float32)
    first = rows.shape[1] - WIDTH // 32 * (HEIGHT // 32)
    for cell, one in enumerate(seen):
        column, line = cell % (WIDTH // 32), cell // (WIDTH // 32)
        x, y, width, height = np.array(one.middle()) * [WIDTH, HEIGHT, WIDTH, HEIGHT] / 32
        rows[0, first + cell, :5] = [x - column, y - line, np.log(width), np.log(height), 1.0]
        rows[0, first + cell, 5 + one.kind] = one.score
    return {"output": rows}


def yolov8(seen: Sequence[Seen], classes: int = 80) -> dict[str, Array]:
    """Answer by columns of centre, size and a score for each class."""
    columns = np.zeros((1, 4 + classes, 252), np.float32)
    for column, one in enumerate(seen):
        columns[0, :4, column] = np.array(one.middle()) * [WIDTH, HEIGHT, WIDTH, HEIGHT]
        columns[0, 4 + one.kind, column] = one.score
    return {"output0": columns}


def yolo26(seen: Sequence[Seen]) -> dict[str, Array]:
    """Answer by rows of edges, score and class."""
    rows = np.zeros((1, 300, 6), np.float32)
    for row, one in enumerate(seen):
        rows[0, row] = [*one.pixels(), one.score, one.kind]
    return {"output0": rows}


def detr(seen: Sequence[Seen], classes: int = 80) -> dict[str, Array]:
    """Answer by logits, and centres and sizes as fractions."""
    logits = np.full((1, 300, classes), -200.0, np.float32)
    boxes = np.zeros((1, 300, 4), np.float32)
    for query, one in enumerate(seen):
        logits[0, query, one.kind] = np.log(one.score / (1 - one.score))
        boxes[0, query] = one.middle()
    return {"logits": logits, "pred_boxes": boxes}


def rtdetr(seen: Sequence[Seen]) -> dict[str, Array]:
    """Answer by labels, scores, and boxes scaled to the size that is asked for (here 1 by 1)."""
    labels = np.zeros((1, 300), np.int64)
    boxes = np.zeros((1, 300, 4), np.float32)
    scores = np.zeros((1, 300), np.float32)
    for query, one in enumerate(seen):
        labels[0, query], scores[0, query] = one.kind, one.score
        boxes[0, query] = [one.left, one.top, one.right, one.bottom]
    return {"labels": labels, "boxes": boxes, "scores": scores}


LETTERBOXED: Mapping[str, Callable[[Sequence[Seen]], dict[str, Array]]] = {
    "yolox": yolox,
    "yolov8": yolov8,
    "yolo26": yolo26,
}
STRETCHED: Mapping[str, Callable[[Sequence[Seen]], dict[str, Array]]] = {
    "detr": detr,
    "rtdetr": rtdetr,
}
FAMILIES = {**LETTERBOXED, **STRETCHED}


def network(
    path: Path,
    answer: Mapping[str, Array],
    *,
    picture: Sequence[int | str] = (1, 3, HEIGHT, WIDTH),
    names: str | None = None,
    brightness: int | None = None,
) -> Path:
    """Write a network that gives these outputs.

    With brightness, the first output is multiplied by the mean of that plane of the picture.
    """
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, picture)]
    if "labels" in answer:
        sizes = helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, (1, 2))
        inputs.append(sizes)
    constants = [numpy_helper.from_array(value, f"{name}_is") for name, value in answer.items()]
    nodes = [helper.make_node("Identity", [f"{name}_is"], [name]) for name in answer]
    if brightness is not None:
        plane = numpy_helper.from_array(np.array(brightness), "plane_index")
        constants.append(plane)
        first = next(iter(answer))
        nodes[0:1] = [
            helper.make_node("Gather", ["images", "plane_index"], ["plane"], axis=1),
            helper.make_node("ReduceMean", ["plane"], ["mean"], keepdims=0),
            helper.make_node("Mul", [f"{first}_is", "mean"], [first]),
        ]
    outputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
        )
        for name, value in answer.items()
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names is not None:
        helper.set_model_props(model, {"names": names})
    save(model, path)
    return path


def picture(
    width: int = 128, height: int = 96, colour: str = "grey", mode: str = "RGB", kind: str = "JPEG"
) -> bytes:
    """Return a picture of one colour."""
    written = BytesIO()
    Image.new("RGB", (width, height), colour).convert(mode).save(written, kind)
    return written.getvalue()
