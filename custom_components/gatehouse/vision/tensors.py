"""The tensors of KServe v2: the picture as a served model wants it, and its answer, to the byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .families import ModelError
from .onnx import FREE_SIZE

if TYPE_CHECKING:
    from .families import Array, Outputs

DATATYPES: Final[Mapping[str, str]] = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
LARGEST_SIDE: Final = 4096  # pixels; no detector is trained with as many


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a model, and what is in it: a canvas of float32 for the picture."""

    name: str
    datatype: str
    value: Array
    channels_last: bool = False
    takes_several: bool = False
    """Whether the model says that it takes any number of pictures at once."""

    @property
    def is_picture(self) -> bool:
        return self.value.ndim == 4

    def tensor(self, value: Array, scale: float) -> Array:
        """Return a value as the server wants it; the scale is that of a canvas's pixels."""
        value = value.transpose(0, 2, 3, 1) if self.channels_last else value
        if self.is_picture and self.datatype == "UINT8":
            value = np.rint(value / scale)
        return np.ascontiguousarray(value, DATATYPES[self.datatype])


def read_inputs(metadata: Any) -> list[Input]:
    """Return a model's inputs, the picture's first, with an empty picture; raises ModelError."""
    inputs = [_input(each) for each in metadata["inputs"]]
    if sum(each.is_picture for each in inputs) != 1:
        raise ModelError(f"it takes {len(inputs)} inputs, of which not one is the picture")
    return sorted(inputs, key=lambda each: not each.is_picture)


def write(
    inputs: Sequence[Input], canvases: Sequence[Array], scale: float = 1.0
) -> tuple[bytes, int]:
    """Return a request about pictures for an answer in binary tensors, and its head's length."""
    described: list[dict[str, Any]] = []
    tensors: list[Array] = []
    for each in inputs:
        values = canvases if each.is_picture else [each.value] * len(canvases)
        parts = [each.tensor(value, scale) for value in values]
        described.append(
            {
                "name": each.name,
                "datatype": each.datatype,
                "shape": (len(parts), *parts[0].shape[1:]),
                "parameters": {"binary_data_size": sum(part.nbytes for part in parts)},
            }
        )
        tensors += parts
    request = {"inputs": described, "parameters": {"binary_data_output": True}}
    head = json.dumps(request).encode()
    return b"".join([head, *(tensor.data for tensor in tensors)]), len(head)


def read_outputs(body: bytes, head: str | None) -> Outputs:
    """Return an answer's tensors; without the length of a head it is JSON as a whole.

    Raises LookupError, TypeError, ValueError or RecursionError if it is no such answer.
    """
    length = len(body) if head is None else int(head)
    if not 0 <= length <= len(body):
        raise ValueError(f"a head of {length} bytes, {len(body)} in all")
    rest = memoryview(body)[length:]
    outputs: Outputs = {}
    for described in json.loads(body[:length])["outputs"]:
        kind = np.dtype(DATATYPES[described["datatype"]])
        match described:
            case {"parameters": {"binary_data_size": int(size)}}:
                tensor, rest = np.frombuffer(_first(rest, size), kind), rest[size:]
            case _:
                tensor = _from_json(described["data"], kind)
        outputs[described["name"]] = tensor.reshape(described["shape"])
    if rest or not outputs:
        raise ValueError(f"{len(outputs)} tensors, and {len(rest)} bytes of none")
    if not all(np.isfinite(tensor).all() for tensor in outputs.values()):
        raise ValueError("numbers that are none")
    return outputs


def _input(described: Any) -> Input:
    name, datatype, channels_last = described["name"], described["datatype"], False
    match datatype, described["shape"]:
        case "FP32" | "FP16" | "UINT8", [-1 | 1 as several, -1 | 3, height, width]:
            value = _canvas(height, width)
        case "FP32" | "FP16" | "UINT8", [-1 | 1 as several, height, width, 3]:
            value, channels_last = _canvas(height, width), True
        case "INT64", [-1 | 1 as several, 2]:  # the size to which some scale their boxes
            value = np.ones((1, 2), np.int64)
        case _, shape:
            raise ModelError(f"its input {name}, {datatype} of {shape}, is no picture")
    return Input(
        name=name,
        datatype=datatype,
        value=value,
        channels_last=channels_last,
        takes_several=several == -1,
    )


def _canvas(height: Any, width: Any) -> Array:
    sides = [FREE_SIZE if side == -1 else side for side in (height, width)]
    if not all(isinstance(side, int) and 0 < side <= LARGEST_SIDE for side in sides):
        raise ModelError(f"it takes pictures of {width} by {height} pixels")
    return np.full((1, 3, *sides), 0.5, np.float32)


def _first(rest: memoryview, size: int) -> memoryview:
    if not 0 <= size <= len(rest):
        raise ValueError(f"{len(rest)} bytes where a tensor has {size}")
    return rest[:size]


def _from_json(data: Any, kind: np.dtype[Any]) -> Array:
    tensor = np.array(data)
    if tensor.dtype.kind not in "iuf":  # booleans and words among them
        raise ValueError("no numbers")
    return tensor.astype(kind)
