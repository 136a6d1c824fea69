"""Looks at pictures that are sent here, one at a time, and gives way to the cameras."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import os
from textwrap import shorten
import threading
import time
from typing import TYPE_CHECKING, Final

from .errors import Refused
from .wire import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .config import DetectorConfig
    from .messages import Message
    from .onnx import Found, Model

WAITING: Final = 4  # pictures; who comes later is told at once, and has a newer one next time
NICENESS: Final = 10  # a Pi with two cores still has to encode

NONE: Final = (
    "This agent has no detector: give it a model in agent.toml, as [detector] model ="
    ' "yolox_nano.onnx".'
)


class Detector:
    """What the configuration says, loaded when the first picture comes; perhaps none."""

    def __init__(self, config: DetectorConfig | None) -> None:
        self._config = config
        self._model: Model | None = None
        self._asked = 0
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="detector", initializer=_give_way
        )  # the model's own: it is for one thread at a time

    def about(self) -> Message | None:
        """Tell the model, and what runs it once that is known; None without a detector."""
        if self._config is None:
            return None
        runtime = self._model.runtime if self._model else None
        return {"model": self._config.model.name, "runtime": runtime}

    async def detect(
        self, picture: bytes, threshold: float | None, labels: Collection[str]
    ) -> Message:
        """Return what is in the picture; raises Refused. No threshold: the configuration's."""
        if self._config is None:
            raise Refused(ErrorCode.NO_DETECTOR, NONE)
        if self._asked > WAITING:
            sentence = f"{WAITING} pictures are waiting already; ask again in a second."
            raise Refused(ErrorCode.BUSY, sentence)
        least = self._config.threshold if threshold is None else threshold
        loop = asyncio.get_running_loop()
        self._asked += 1
        try:
            return await loop.run_in_executor(
                self._thread, self._look, self._config, picture, least, labels
            )
        finally:
            self._asked -= 1

    async def close(self) -> None:
        """Leave what waits, finish what is being looked at."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    def _look(
        self, config: DetectorConfig, picture: bytes, threshold: float, labels: Collection[str]
    ) -> Message:
        try:
            from .families import ModelError
            from .onnx import PictureError, load, size_of

            self._model = model = self._model or load(config.model, threads=config.threads)
            _know(model, labels)
            began = time.perf_counter()
            found = model.detect(picture, threshold, labels)
            return answer(found, *size_of(picture), time.perf_counter() - began)
        except ImportError as error:
            sentence = f"Pictures cannot be looked at here ({error}): pip install onnxruntime."
            raise Refused(ErrorCode.NO_DETECTOR, sentence) from error
        except ModelError as error:
            sentence = f"The model {config.model} cannot be used: {error}."
            raise Refused(ErrorCode.NO_DETECTOR, sentence) from error
        except PictureError as error:
            raise Refused(ErrorCode.BAD_PICTURE, f"Send a whole JPEG; {error}.") from error


def answer(found: Iterable[Found], width: int, height: int, seconds: float) -> Message:
    """What was found in a picture of that size, in its pixels, and how long that took."""
    detections = [
        {
            "label": one.label,
            "score": round(one.score, 4),
            "box": {
                "xmin": round(one.left * width, 1),
                "ymin": round(one.top * height, 1),
                "xmax": round(one.right * width, 1),
                "ymax": round(one.bottom * height, 1),
            },
        }
        for one in found
    ]
    return {
        "detections": detections,
        "width": width,
        "height": height,
        "milliseconds": round(seconds * 1000, 1),
    }


def _give_way() -> None:
    # Linux counts threads as it counts processes; elsewhere there is no such thread to be found.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _know(model: Model, labels: Collection[str]) -> None:
    if set(labels).isdisjoint(model.labels):
        known = shorten(", ".join(model.labels), 200, placeholder=" …")
        sentence = f"The model knows no {' or '.join(labels)}; it knows {known}."
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
