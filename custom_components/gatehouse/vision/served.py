"""A model on a server: pictures painted for it, several at once, and its answer read for each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .errors import BadPicture
from .families import ModelError, family_of, labels_of
from .onnx import Eye, Found, PictureError
from .tensors import DATATYPES, Input, read_outputs, write

if TYPE_CHECKING:
    from .families import Outputs

LARGEST_REQUEST: Final = 60 << 20  # bytes; Triton takes 64 MB unless it is told otherwise
UNSTATED: Final = 8  # pictures at once, where a model takes any number
MOST_INSTANCES: Final = 4  # each has pictures of its own in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What shows of a model, by which it is known again on another server."""

    width: int
    height: int
    answers: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        """Say it to people."""
        shapes = ", ".join("×".join(map(str, shape)) for shape in self.answers)
        return f"pictures of {self.width}×{self.height} pixels, answers of {shapes}"


class ServedModel:
    """A model of a known family on a server."""

    def __init__(self, inputs: Sequence[Input], outputs: Outputs, wanted: Collection[str]) -> None:
        """Take what it gave for an empty picture, by which its family shows.

        Raises ModelError, also if it knows nothing of what is wanted.
        """
        canvas = inputs[0].value
        feeds = {each.name: each.value for each in inputs}
        self._family, classes = family_of(feeds, outputs, canvas.shape[2:])
        self._labels = labels_of(classes)
        if not set(self._labels) & set(wanted):
            raise ModelError(
                f"it knows nothing of what is looked for ({', '.join(sorted(wanted))})"
            )
        self._inputs = inputs
        self._spare: list[Eye] = []
        height, width = canvas.shape[2:]
        answers = tuple(output.shape[1:] for output in outputs.values())
        self.likeness = Likeness(width=width, height=height, answers=answers)

    def lend(self, number: int) -> list[Eye]:
        """Return so many eyes that nobody else has."""
        return [self._spare.pop() if self._spare else self._eye() for _ in range(number)]

    def take_back(self, eyes: Sequence[Eye]) -> None:
        """Take eyes that were lent, so that they are lent again."""
        self._spare += eyes

    def paint(
        self, eyes: Sequence[Eye], jpegs: Sequence[bytes]
    ) -> tuple[list[BadPicture | None], bytes, int]:
        """Return what is wrong with each picture, and a request about the good ones as `write`."""
        troubles = [_paint(eye, jpeg) for eye, jpeg in zip(eyes, jpegs, strict=True)]
        good = [eye.canvas for eye, bad in zip(eyes, troubles, strict=True) if bad is None]
        return troubles, *(write(self._inputs, good, self._family.scale) if good else (b"", 0))

    def read(
        self,
        eyes: Sequence[Eye],
        body: bytes,
        head: str | None,
        threshold: float,
        labels: Collection[str],
    ) -> list[list[Found]]:
        """Return what an answer says of each picture; raises as `read_outputs` does."""
        outputs = read_answers(body, head, len(eyes))
        return [
            eye.read(
                {name: output[place : place + 1] for name, output in outputs.items()},
                threshold,
                labels,
            )
            for place, eye in enumerate(eyes)
        ]

    def _eye(self) -> Eye:
        return Eye(np.empty_like(self._inputs[0].value), self._family, self._labels)


def read_answers(body: bytes, head: str | None, number: int) -> Outputs:
    """Return an answer's tensors for so many pictures; raises as `read_outputs` does."""
    outputs = read_outputs(body, head)
    for name, output in outputs.items():
        if output.shape[:1] != (number,):
            raise ValueError(f"{name} of {list(output.shape)}, for {number} pictures")
    return outputs


def most_pictures(inputs: Sequence[Input], config: Any) -> int:
    """Return how many pictures a request may have, by the model's inputs and Triton's word."""
    if not all(each.takes_several for each in inputs):
        return 1
    match config:
        case {"max_batch_size": int(stated)} if stated > 0:
            most = stated
        case _:
            most = UNSTATED
    picture = inputs[0].value.size * np.dtype(DATATYPES[inputs[0].datatype]).itemsize
    return max(1, min(most, LARGEST_REQUEST // picture))


def lanes(config: Any) -> int:
    """Return how many requests a server may have at once: one for each instance, by Triton's word.

    And one more, which is painted and on its way while the server looks at the others.
    """
    match config:
        case {"instance_group": [*groups]}:
            return 1 + max(1, min(sum(map(_instances, groups)), MOST_INSTANCES))
    return 2


def _instances(group: Any) -> int:
    match group:
        case {"count": int(count), "gpus": [_, *_] as devices}:
            return count * len(devices)
        case {"count": int(count)}:
            return count
    return 0


def _paint(eye: Eye, jpeg: bytes) -> BadPicture | None:
    try:
        eye.paint(jpeg)
    except PictureError as error:
        return BadPicture(str(error))
    return None
