"""A model that takes one picture, written as one that takes any number of them."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper
import onnxruntime

TRIED: Final = 3  # pictures at once, which have to give what each gives alone
NEAR: Final = 1e-3


def widen(model: Path, wide: Path) -> None:
    """Write the model with a first side of any size; exits with words where that is not the same.

    A file says in two places that it takes one: in the shapes of what goes in and out, and in the
    shapes into which it lays out what comes in between. There a 0 means: as many as come.
    """
    tree = onnx.load(model)
    known = {constant.name for constant in tree.graph.initializer}
    for tensor in (*tree.graph.input, *tree.graph.output):
        if tensor.name not in known:
            tensor.type.tensor_type.shape.dim[0].dim_param = "batch"
    layouts = {node.input[1] for node in tree.graph.node if node.op_type == "Reshape"}
    for constant in tree.graph.initializer:
        shape = numpy_helper.to_array(constant)
        if constant.name in layouts and shape[0] == 1:
            free = np.concatenate([[0], shape[1:]]).astype(shape.dtype)
            constant.CopyFrom(numpy_helper.from_array(free, constant.name))
    del tree.graph.value_info[:]
    onnx.save(tree, wide)
    if not _agree(model, wide):
        wide.unlink()
        raise SystemExit(f"gatehouse: {model.name} is made for one picture; export it for more")
    print(f"gatehouse: {wide} takes any number of pictures at once")


def _agree(model: Path, wide: Path) -> bool:
    """Return whether several pictures at once give what each of them gives alone."""
    one, many = _session(model), _session(wide)
    (taken,) = one.get_inputs()
    shape = [side if isinstance(side, int) else 640 for side in taken.shape[1:]]
    pictures = np.random.default_rng(1).uniform(0, 255, (TRIED, *shape)).astype(np.float32)
    alone = [one.run(None, {taken.name: picture[None]}) for picture in pictures]
    try:
        together = many.run(None, {taken.name: pictures})
    except RuntimeError:
        return False
    return all(
        found.shape[0] == TRIED and np.allclose(found, np.concatenate(singly), NEAR, NEAR)
        for found, *singly in zip(together, *alone, strict=True)
    )


def _session(model: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
