"""The tensors of KServe v2: the picture as a served model wants it, and its answer, to the byte."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .onnx import FREE_SIZE, Eye, Found, ModelError, family_of, labels_of

if TYPE_CHECKING:
    from .onnx import Array, Outputs

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

    @property
    def is_picture(self) -> bool:
        return self.value.ndim == 4

    def tensor(self, scale: float) -> Array:
        """Return the value as the server wants it; the scale is that of the canvas's pixels."""
        value = self.value.transpose(0, 2, 3, 1) if self.channels_last else self.value
        if self.is_picture and self.datatype == "UINT8":
            value = np.rint(value / scale)
        return np.ascontiguousarray(value, DATATYPES[self.datatype])


class ServedModel:
    """A model of a known family on a server; for one picture at a time."""

    def __init__(self, inputs: Sequence[Input], outputs: Outputs, wanted: Collection[str]) -> None:
        """Take what it gave for an empty picture, by which its family shows.

        Raises ModelError, also if it knows nothing of what is wanted.
        """
        canvas = inputs[0].value
        feeds = {each.name: each.value for each in inputs}
        family, classes = family_of(feeds, outputs, canvas.shape[2:])
        labels = labels_of(classes)
        if not set(labels) & set(wanted):
            raise ModelError(
                f"it knows nothing of what is looked for ({', '.join(sorted(wanted))})"
            )
        self._inputs = inputs
        self._scale = family.scale
        self._eye = Eye(canvas, family, labels)

    def request(self, picture: bytes) -> tuple[bytes, int]:
        """Return the picture as `write` does; raises PictureError."""
        self._eye.paint(picture)
        return write(self._inputs, self._scale)

    def read(
        self, body: bytes, head: str | None, threshold: float, labels: Collection[str]
    ) -> list[Found]:
        """Return what an answer says of the picture; raises as `read_outputs` does."""
        return self._eye.read(read_outputs(body, head), threshold, labels)


def read_inputs(metadata: Any) -> list[Input]:
    """Return a model's inputs, the picture's first, with an empty picture; raises ModelError."""
    inputs = [_input(each) for each in metadata["inputs"]]
    if sum(each.is_picture for each in inputs) != 1:
        raise ModelError(f"it takes {len(inputs)} inputs, of which not one is the picture")
    return sorted(inputs, key=lambda each: not each.is_picture)


def write(inputs: Sequence[Input], scale: float = 1.0) -> tuple[bytes, int]:
    """Return a request for an answer in binary tensors, and how long its head is."""
    tensors = [each.tensor(scale) for each in inputs]
    described = [
        {
            "name": each.name,
            "datatype": each.datatype,
            "shape": tensor.shape,
            "parameters": {"binary_data_size": tensor.nbytes},
        }
        for each, tensor in zip(inputs, tensors, strict=True)
    ]
    request = {"inputs": described, "parameters": {"binary_data_output": True}}
    head = json.dumps(request).encode()
    return b"".join([head, *(tensor.tobytes() for tensor in tensors)]), len(head)


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
    name, datatype = described["name"], described["datatype"]
    match datatype, described["shape"]:
        case "FP32" | "FP16" | "UINT8", [-1 | 1, -1 | 3, height, width]:
            return Input(name=name, datatype=datatype, value=_canvas(height, width))
        case "FP32" | "FP16" | "UINT8", [-1 | 1, height, width, 3]:
            value = _canvas(height, width)
            return Input(name=name, datatype=datatype, value=value, channels_last=True)
        case "INT64", [-1 | 1, 2]:  # the size to which some scale their boxes
            return Input(name=name, datatype=datatype, value=np.ones((1, 2), np.int64))
        case _, shape:
            raise ModelError(f"its input {name}, {datatype} of {shape}, is no picture")


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
