"""One server that speaks KServe v2 by HTTP: Triton, OpenVINO and others."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
import json
from typing import Any, Final

import aiohttp
from yarl import URL

from ..models import Box, Detection
from .detector import DetectorOptions
from .errors import BadPicture, DetectorFailed
from .families import ModelError
from .onnx import Eye, Found
from .served import ServedModel, lanes, most_pictures, read_answers
from .service import Reply, Service
from .tensors import Input, read_inputs, read_outputs, write

HEAD_LENGTH: Final = "Inference-Header-Content-Length"
LARGEST: Final = 16 << 20  # bytes for a picture; a YOLO at 1280 pixels answers with eleven million

ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: "check the model's name, and that the server is ready and has it",
    HTTPStatus.NOT_FOUND: "check the address and the model's name, and that the server has it",
}
# What is raised by an answer that is not what KServe v2 says.
SENSELESS: Final = (LookupError, TypeError, ValueError, RecursionError)


class KServeServer:
    """Asks for inference with `POST /v2/models/{name}/infer`.

    What the model takes is read from the server, and what it is shows in its first answer: any
    family that OnnxDetector knows. Both are learnt anew after a failure, because models change.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        model: str,
        options: DetectorOptions,
        *,
        version: str | None = None,
    ) -> None:
        """Take the server's address and the model's name there, the server's own version of it."""
        self.service = Service(session, url, secrets=_secrets(url), advice=ADVICE)
        self._root = url / "v2"
        self._address = self._root / "models" / model
        if version:
            self._address = self._address / "versions" / version
        self._options = options
        self.model: ServedModel | None = None
        """What it serves, None until that is learnt."""
        self.limit = 1
        """How many pictures it looks at in one request."""
        self.lanes = 1
        """How many requests it works on at once."""

    async def meet(self) -> ServedModel:
        """Learn what the model is, with an empty picture; raises DetectorFailed."""
        self.model = None
        ready = await self.service.request("GET", self._root / "health" / "ready")
        if ready.status != HTTPStatus.OK:
            raise self.service.refused(ready)
        metadata = self.service.answer(await self.service.request("GET", self._address))
        inputs = await self._apart(read_inputs, metadata)
        reply = await self._show_nothing(inputs, 1)
        outputs = await self._apart(read_outputs, *_answer(self._answered(reply)))
        model = await self._apart(ServedModel, inputs, outputs, self._options.labels)
        config = await self._config()
        self.limit = await self._limit(inputs, config)
        self.lanes = lanes(config)
        self.model = model
        return model

    async def look(self, jpegs: Sequence[bytes]) -> list[list[Detection] | BadPicture]:
        """Return what is in each picture; raises DetectorFailed, and has to be met anew then."""
        model = self.model or await self.meet()
        eyes = model.lend(len(jpegs))
        try:
            return await self._look(model, eyes, jpegs)
        except DetectorFailed:
            self.model = None
            raise

    async def _look(
        self, model: ServedModel, eyes: Sequence[Eye], jpegs: Sequence[bytes]
    ) -> list[list[Detection] | BadPicture]:
        troubles, body, head = await self._apart(model.paint, eyes, jpegs)
        good = [eye for eye, bad in zip(eyes, troubles, strict=True) if bad is None]
        found: list[list[Found]] = []
        if good:
            reply = self._answered(await self._infer(body, head, len(good)))
            wanted = self._options
            found = await self._apart(
                model.read, good, *_answer(reply), wanted.threshold, wanted.labels
            )
        model.take_back(eyes)
        seen = iter(found)
        return [_detections(next(seen)) if bad is None else bad for bad in troubles]

    async def _config(self) -> Any:
        """Return what Triton tells of the model besides, None from any other server."""
        reply = await self.service.request("GET", self._address / "config")
        try:
            return json.loads(reply.body) if reply.status == HTTPStatus.OK else None
        except ValueError, RecursionError:
            return None

    async def _limit(self, inputs: Sequence[Input], config: Any) -> int:
        """Return how many pictures it takes at once; who cannot keep that word gets them singly."""
        limit = most_pictures(inputs, config)
        if limit == 1:
            return 1
        reply = await self._show_nothing(inputs, 2)
        if reply.status != HTTPStatus.OK:
            return 1
        try:
            await asyncio.to_thread(read_answers, *_answer(reply), 2)
        except SENSELESS:
            return 1
        return limit

    async def _show_nothing(self, inputs: Sequence[Input], pictures: int) -> Reply:
        canvases = [inputs[0].value] * pictures
        return await self._infer(*await self._apart(write, inputs, canvases), pictures)

    async def _infer(self, body: bytes, head: int, pictures: int) -> Reply:
        return await self.service.request(
            "POST",
            self._address / "infer",
            data=body,
            headers={"Content-Type": "application/octet-stream", HEAD_LENGTH: str(head)},
            largest=LARGEST * pictures,
        )

    def _answered(self, reply: Reply) -> Reply:
        if reply.status != HTTPStatus.OK:
            raise self.service.refused(reply)
        return reply

    async def _apart[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Work on pixels in a thread; what is wrong with the server leaves as DetectorFailed."""
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except ModelError as error:
            raise self.service.failed(
                f"serves a model that cannot be used: {error}; choose another one"
            ) from error
        except SENSELESS as error:
            raise self.service.failed(
                f"answered what is not KServe v2 ({error!r:.120}); check the address and the model"
            ) from error


def _answer(reply: Reply) -> tuple[bytes, str | None]:
    return reply.body, reply.headers.get(HEAD_LENGTH)


def _detections(found: Iterable[Found]) -> list[Detection]:
    return [Detection(label=label, score=score, box=Box(*edges)) for label, score, *edges in found]


def _secrets(url: URL) -> list[str]:
    """Return what an address lets its owner in by, also as it is sent."""
    if not url.password:
        return []
    return [url.password, b64encode(f"{url.user or ''}:{url.password}".encode()).decode()]
