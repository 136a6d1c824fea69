"""A model on a server that speaks KServe v2 by HTTP: Triton, OpenVINO and others."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from ..models import Box, Detection, Picture
from .detector import DetectorOptions, Sight
from .errors import BadPicture
from .onnx import ModelError, PictureError
from .service import Reply, Service, Turns
from .tensors import ServedModel, read_inputs, read_outputs, write

HEAD_LENGTH: Final = "Inference-Header-Content-Length"
LARGEST: Final = 16 << 20  # bytes; a YOLO at 1280 pixels answers with eleven million

ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: "check the model's name, and that the server is ready and has it",
    HTTPStatus.NOT_FOUND: "check the address and the model's name, and that the server has it",
}


class KServeDetector:
    """Asks for inference with `POST /v2/models/{name}/infer`, a picture at a time.

    What the model takes is read from the server, and what it is shows in its first answer: any
    family that OnnxDetector knows. Both are learnt anew after a failure, because models change.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        model: str,
        options: DetectorOptions,
        *,
        version: str | None = None,
    ) -> None:
        """Take the server's address and the model's name there, the server's own version of it."""
        self._service = Service(session, URL(url), advice=ADVICE)
        self._root = URL(url) / "v2"
        self._address = self._root / "models" / model
        if version:
            self._address = self._address / "versions" / version
        self._options = options
        self._turns = Turns(options)
        self._model: ServedModel | None = None

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        return await self._turns.look(newest, self._find)

    async def close(self) -> None:
        """Hold nothing; the session is its maker's."""

    async def _find(self, jpeg: bytes) -> list[Detection]:
        model, self._model = self._model, None  # unless it answers
        if model is None:
            model = await self._meet()
        try:
            request = await self._apart(model.request, jpeg)
        except BadPicture:
            self._model = model
            raise
        reply = await self._infer(*request)
        found = await self._apart(
            model.read,
            reply.body,
            reply.headers.get(HEAD_LENGTH),
            self._options.threshold,
            self._options.labels,
        )
        self._model = model
        return [
            Detection(label=label, score=score, box=Box(*edges)) for label, score, *edges in found
        ]

    async def _meet(self) -> ServedModel:
        """Learn what the model is, with an empty picture."""
        ready = await self._service.request("GET", self._root / "health" / "ready")
        if ready.status != HTTPStatus.OK:
            raise self._service.refused(ready)
        metadata = self._service.answer(await self._service.request("GET", self._address))
        inputs = await self._apart(read_inputs, metadata)
        reply = await self._infer(*await self._apart(write, inputs))
        outputs = await self._apart(read_outputs, reply.body, reply.headers.get(HEAD_LENGTH))
        return await self._apart(ServedModel, inputs, outputs, self._options.labels)

    async def _infer(self, body: bytes, head: int) -> Reply:
        reply = await self._service.request(
            "POST",
            self._address / "infer",
            data=body,
            headers={"Content-Type": "application/octet-stream", HEAD_LENGTH: str(head)},
            largest=LARGEST,
        )
        if reply.status != HTTPStatus.OK:
            raise self._service.refused(reply)
        return reply

    async def _apart[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Work on pixels in a thread; what is wrong with the server leaves as DetectorFailed."""
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except PictureError as error:
            raise BadPicture(str(error)) from error
        except ModelError as error:
            raise self._service.failed(
                f"serves a model that cannot be used: {error}; choose another one"
            ) from error
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise self._service.failed(
                f"answered what is not KServe v2 ({error!r:.120}); check the address and the model"
            ) from error
