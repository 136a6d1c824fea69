"""A tiny YOLOX of convolutions, as real ones are: whoever is red is a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 256
STRIDES = (8, 16, 32)


def convolving(path: Path, *, height: int = SIDE, width: int = SIDE) -> Path:
    """Write a network that says of each square of 32 pixels whether it is red.

    Red is bright in the last plane, as YOLOX is shown pictures, and dark in the first. The squares
    of other strides are nobody's.
    """
    nodes, constants, parts = [], [], []
    for stride in STRIDES:
        weights = np.zeros((85, 3, stride, stride), np.float32)
        if stride == STRIDES[-1]:
            weights[4, :] = np.array([-1, 0, 1]).reshape(3, 1, 1) / (255 * stride**2)
        bias = np.zeros(85, np.float32)
        bias[:2], bias[5] = 0.5, 1.0
        shape = np.array([1, 85, -1], np.int64)
        for name, value in (("weights", weights), ("bias", bias), ("shape", shape)):
            constants.append(numpy_helper.from_array(value, f"{name}{stride}"))
        inputs = ["images", f"weights{stride}", f"bias{stride}"]
        nodes += [
            helper.make_node("Conv", inputs, [f"map{stride}"], strides=[stride, stride]),
            helper.make_node("Reshape", [f"map{stride}", f"shape{stride}"], [f"part{stride}"]),
        ]
        parts.append(f"part{stride}")
    nodes += [
        helper.make_node("Concat", parts, ["columns"], axis=2),
        helper.make_node("Transpose", ["columns"], ["output"], perm=[0, 2, 1]),
    ]
    places = sum(height // stride * (width // stride) for stride in STRIDES)
    graph = helper.make_graph(
        nodes,
        "convolutions",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, height, width))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, places, 85))],
        constants,
    )
    opset = helper.make_opsetid("", 17)
    save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path
