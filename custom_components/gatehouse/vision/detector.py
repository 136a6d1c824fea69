"""Who finds objects in pictures: what every detector promises, and those that work here."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import Final, Protocol, Self

from ..models import Box, Detection, Picture
from .errors import BadModel, BadPicture, DetectorFailed, DetectorUnavailable
from .families import ModelError
from .model import Runtime
from .ncnn import load as load_ncnn
from .onnx import Model, PictureError, load as load_onnx

AT_ONCE: Final = 2  # pictures: one that the network runs for, and the next, made ready meanwhile


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


class LocalDetector:
    """Runs a model file in threads of its own, which make a picture ready while it runs."""

    def __init__(self, model: Model, threads: ThreadPoolExecutor, options: DetectorOptions) -> None:
        """Take a model and the threads that it lives in; `load` of each runtime makes both."""
        self.runtime = model.runtime
        """What runs the model, in words for people."""
        self._model = model
        self._threads = threads
        self._options = options
        self._turns = asyncio.Semaphore(AT_ONCE)  # wakes in the order of asking: no camera starves
        self._closing = asyncio.Lock()  # two who close would each hold a turn, and wait for ever

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        async with self._turns:
            picture = newest()
            looking = asyncio.get_running_loop().run_in_executor(self._threads, self._look, picture)
            return Sight(picture=picture, detections=await looking)

    async def close(self) -> None:
        """Let those who wait have their turn, then end the threads."""
        async with self._closing, self._turns, self._turns:  # each of them
            await asyncio.to_thread(self._threads.shutdown)

    def _look(self, picture: Picture) -> tuple[Detection, ...]:
        try:
            found = self._model.detect(picture.jpeg, self._options.threshold, self._options.labels)
        except PictureError as error:
            raise BadPicture(str(error)) from error
        except ModelError as error:
            raise DetectorFailed(str(error)) from error
        return tuple(
            Detection(label=label, score=score, box=Box(*edges)) for label, score, *edges in found
        )

    @classmethod
    async def _start(
        cls, runtime: Runtime, read: Callable[[], Model], path: Path, options: DetectorOptions
    ) -> Self:
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"gatehouse {runtime}")
        load = partial(_load, runtime, read, path, options)
        loading = asyncio.get_running_loop().run_in_executor(threads, load)
        try:
            return cls(await loading, threads, options)
        except BaseException:
            await asyncio.to_thread(threads.shutdown)  # it may still be loading for nobody
            raise


class OnnxDetector(LocalDetector):
    """Runs an ONNX file by onnxruntime."""

    @classmethod
    async def load(
        cls,
        model: Path,
        options: DetectorOptions,
        *,
        threads: int = 1,
        providers: Sequence[str] = (),
    ) -> Self:
        """Load the file in a new thread; raises DetectorUnavailable or BadModel.

        With 0 threads there is one for each core. The execution providers of onnxruntime are
        tried in their order, the CPU last.
        """
        read = partial(_load_onnx, model, threads, providers)
        return await cls._start(Runtime.ONNXRUNTIME, read, model, options)


class NcnnDetector(LocalDetector):
    """Runs a .param file, and the .bin file beside it, by ncnn."""

    @classmethod
    async def load(cls, model: Path, options: DetectorOptions, *, threads: int = 1) -> Self:
        """Load the files in a new thread; raises DetectorUnavailable or BadModel.

        With 0 threads there is one for each core.
        """
        read = partial(load_ncnn, model, threads=threads)
        return await cls._start(Runtime.NCNN, read, model, options)


def _load(
    runtime: Runtime, read: Callable[[], Model], path: Path, options: DetectorOptions
) -> Model:
    try:
        model = read()
    except ImportError as error:
        raise DetectorUnavailable(
            f"{runtime} cannot be used on this machine ({error}); choose another runtime, detection"
            " on an agent, or a detection service"
        ) from error
    except ModelError as error:
        raise BadModel(f"The model {path.name} cannot be used: {error}") from error
    if options.labels.isdisjoint(model.labels):
        known = shorten(", ".join(model.labels), 200, placeholder=" …")
        raise BadModel(
            f"The model {path.name} knows nothing of what is looked for"
            f" ({', '.join(sorted(options.labels))}); it knows {known}"
        )
    return model


def _load_onnx(path: Path, threads: int, providers: Sequence[str]) -> Model:
    import onnxruntime

    offered = onnxruntime.get_available_providers()
    if missing := [name for name in providers if name not in offered]:
        raise DetectorUnavailable(
            f"onnxruntime has no {', '.join(missing)} on this machine; it has {', '.join(offered)}"
        )
    return load_onnx(path, threads=threads, providers=providers)
