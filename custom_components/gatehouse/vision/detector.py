"""Who finds objects in pictures: what every detector promises, and the one that works here."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Protocol, Self

from ..models import Box, Detection, Picture
from .errors import BadModel, BadPicture, DetectorFailed, DetectorUnavailable

if TYPE_CHECKING:
    from .onnx import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorOptions:
    """What to look for, and the score from which on it counts."""

    threshold: float = 0.35
    labels: frozenset[str] = frozenset({"person"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A picture and what was found in it, best first."""

    picture: Picture
    detections: tuple[Detection, ...] = ()


class Detector(Protocol):
    """Finds objects; cameras take turns, and each gives its newest picture when its turn comes."""

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        """Wait for a turn, then look at the newest picture; raises BadPicture, DetectorFailed."""

    async def close(self) -> None:
        """Let go of what the detector holds."""


class NoDetector:
    """Finds nothing, at once."""

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        return Sight(picture=newest())

    async def close(self) -> None:
        """Hold nothing, let go of nothing."""


class OnnxDetector:
    """Runs a model file, a picture at a time, in a thread of its own."""

    def __init__(self, model: Model, thread: ThreadPoolExecutor, options: DetectorOptions) -> None:
        """Take a model and the thread that it lives in; `load` makes both."""
        self._model = model
        self._thread = thread
        self._options = options
        self._turn = asyncio.Lock()  # wakes in the order of asking, so that no camera starves

    @classmethod
    async def load(cls, model: Path, options: DetectorOptions) -> Self:
        """Load the file in a new thread; raises DetectorUnavailable or BadModel."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="gatehouse onnx")
        loading = asyncio.get_running_loop().run_in_executor(thread, _load, model, options)
        try:
            return cls(await loading, thread, options)
        except BaseException:
            await asyncio.to_thread(thread.shutdown)  # it may still be loading for nobody
            raise

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        async with self._turn:
            picture = newest()
            looking = asyncio.get_running_loop().run_in_executor(self._thread, self._look, picture)
            return Sight(picture=picture, detections=await looking)

    async def close(self) -> None:
        """Let those who wait have their turn, then end the thread."""
        async with self._turn:
            await asyncio.to_thread(self._thread.shutdown)

    def _look(self, picture: Picture) -> tuple[Detection, ...]:
        from .onnx import ModelError, PictureError

        try:
            found = self._model.detect(picture.jpeg, self._options.threshold, self._options.labels)
        except PictureError as error:
            raise BadPicture(str(error)) from error
        except ModelError as error:
            raise DetectorFailed(str(error)) from error
        return tuple(
            Detection(label=label, score=score, box=Box(*edges)) for label, score, *edges in found
        )


def _load(path: Path, options: DetectorOptions) -> Model:
    try:
        import onnxruntime  # noqa: F401 - and numpy with it: neither is there on every machine

        from .onnx import Model, ModelError
    except ImportError as error:
        raise DetectorUnavailable(
            f"onnxruntime cannot be used on this machine ({error}); choose a detection service"
        ) from error
    try:
        model = Model(path)
    except ModelError as error:
        raise BadModel(f"The model {path.name} cannot be used: {error}") from error
    if options.labels.isdisjoint(model.labels):
        known = shorten(", ".join(model.labels), 200, placeholder=" …")
        raise BadModel(
            f"The model {path.name} knows nothing of what is looked for"
            f" ({', '.join(sorted(options.labels))}); it knows {known}"
        )
    return model
