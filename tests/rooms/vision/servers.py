"""Detection services for the tests: real servers on loopback that speak, or break, a protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
import numpy as np
import onnxruntime

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import AwsKey
from tests.networks import picture

JPEG = picture(200, 100)
BOX = {"xmin": 50, "ymin": 25, "xmax": 100, "ymax": 75}
PERSON = {"label": "person", "score": 0.9, "box": BOX}
DOG = {"label": "dog", "score": 0.8, "box": BOX}

KINDS: dict[str, np.dtype[Any]] = {
    "FP32": np.dtype("f4"),
    "FP16": np.dtype("f2"),
    "UINT8": np.dtype("u1"),
    "INT64": np.dtype("i8"),
}

Fault = Callable[[web.Request], Awaitable[None]]
Headers = dict[str, str | None]
Spoil = Callable[[Any, bytes, Headers], tuple[Any, bytes, Headers]]
Wire = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def shot(jpeg: bytes = JPEG) -> Picture:
    return Picture(jpeg=jpeg, captured=datetime(2026, 11, 21, 12, tzinfo=UTC))


def says(answer: Any, status: int = 200) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler that answers this, whatever it is asked."""

    async def answers(request: web.Request) -> web.Response:
        await request.read()
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return web.Response(status=status, text=text)

    return answers


async def drips(request: web.Request) -> web.StreamResponse:
    """Answer a byte now and then, for ever."""
    return await _pour(request, b" ", pause=0.01)


async def floods(request: web.Request) -> web.StreamResponse:
    """Answer without an end, as fast as it goes."""
    return await _pour(request, b" " * 65536, pause=0)


async def _pour(request: web.Request, chunk: bytes, pause: float) -> web.StreamResponse:
    await request.read()
    response = web.StreamResponse()
    await response.prepare(request)
    while request.transport is not None:
        await response.write(chunk)
        await asyncio.sleep(pause)
    return response


async def cuts_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise an answer of a hundred bytes, give some, and hang up."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"detec')
    await writer.drain()
    writer.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hear the question, and go without a word."""
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def talks_of_other_things(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in no HTTP at all."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await writer.drain()
    writer.close()


async def breaks(_: web.Request) -> None:
    """Fail inside."""
    raise web.HTTPInternalServerError(text='{"error": "CUDA out of memory"}')


async def cuts(request: web.Request) -> None:
    """Hang up without a word."""
    assert request.transport is not None
    request.transport.abort()


async def sleeps(request: web.Request) -> None:
    """Answer when nobody waits for it any more."""
    while request.transport is not None:
        await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(wire: Wire) -> AsyncIterator[str]:
    """Serve bare connections, and give their address."""
    server = await asyncio.start_server(wire, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Triton:
    """A KServe v2 server that runs an ONNX file, and is as strict as Triton about requests.

    What it answers can be spoilt on its way out: `spoil` gets head, tensors and headers. It looks
    at one request at a time for each of its instances, and only as often as `steps` lets it.
    """

    def __init__(
        self,
        path: Path,
        *,
        datatype: str = "FP32",
        channels_last: bool = False,
        config: dict[str, Any] | None = None,
    ) -> None:
        """Serve the file as the model yolo; with a config it tells that too, as Triton does."""
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._datatype = datatype
        self._channels_last = channels_last
        self.in_json = False
        self.ready = True
        self.loaded = True
        self.asked: list[str] = []
        self.config = config
        self.batches: list[int] = []
        """How many pictures each request has had that it looked at."""
        self.pending = 0
        """How many requests have come that it has not answered."""
        self.steps: asyncio.Semaphore | None = None
        self.fault: Fault | None = None
        self.metadata: dict[str, Any] = {
            "name": "yolo",
            "versions": ["1", "2"],
            "platform": "onnxruntime_onnx",
            "inputs": [self._input(each) for each in self._session.get_inputs()],
            "outputs": [
                {"name": each.name, "datatype": "FP32", "shape": each.shape}
                for each in self._session.get_outputs()
            ],
        }
        self.spoil: Spoil = lambda head, tensors, headers: (head, tensors, headers)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        path = request.path.replace("/versions/2", "")
        self.asked.append(f"{request.method} {request.path}")
        body = await request.content.read()
        if not self.ready:
            return web.json_response({"error": "still loading"}, status=503)
        match request.method, path:
            case "GET", "/v2/health/ready":
                return web.Response()
            case "GET", "/v2/models/yolo" if self.loaded:
                return web.json_response(self.metadata)
            case "GET", "/v2/models/yolo/config" if self.loaded and self.config is not None:
                return web.json_response(self.config)
            case "POST", "/v2/models/yolo/infer" if self.loaded:
                return await self._in_turn(request, body)
        return web.json_response({"error": "Request for unknown model: 'yolo'"}, status=404)

    async def _in_turn(self, request: web.Request, body: bytes) -> web.Response:
        self.pending += 1
        try:
            if self.steps is not None:
                await self.steps.acquire()
            if self.fault is not None:
                await self.fault(request)
            return self._infer(request, body)
        finally:
            self.pending -= 1

    def _input(self, wanted: Any) -> dict[str, Any]:
        shape = [side if isinstance(side, int) else -1 for side in wanted.shape]
        if len(shape) != 4:
            return {"name": wanted.name, "datatype": "INT64", "shape": [-1, 2]}
        if self._channels_last:
            shape = [shape[0], shape[2], shape[3], shape[1]]
        return {"name": wanted.name, "datatype": self._datatype, "shape": shape}

    def _infer(self, request: web.Request, body: bytes) -> web.Response:
        length = int(request.headers["Inference-Header-Content-Length"])
        asked, rest = json.loads(body[:length]), body[length:]
        feeds = {}
        for given, wanted in zip(asked["inputs"], self.metadata["inputs"], strict=True):
            size = given["parameters"]["binary_data_size"]
            assert (given["name"], given["datatype"]) == (wanted["name"], wanted["datatype"])
            tensor = np.frombuffer(rest[:size], KINDS[given["datatype"]]).reshape(given["shape"])
            pairs = zip(tensor.shape, wanted["shape"], strict=True)
            assert all(is_ in (may, -may * is_) for is_, may in pairs)
            rest = rest[size:]
            feeds[given["name"]] = self._as_trained(tensor)
        assert not rest
        self.batches.append(len(next(iter(feeds.values()))))
        if self.config is not None and self.batches[-1] > self.config["max_batch_size"] > 0:
            return web.json_response({"error": "batch-size must be less"}, status=400)
        assert asked["parameters"] == {"binary_data_output": True}
        return self._answer(self._session.run(None, feeds))

    def _as_trained(self, tensor: Any) -> Any:
        if tensor.ndim == 4 and self._channels_last:
            tensor = tensor.transpose(0, 3, 1, 2)
        if tensor.dtype == np.uint8:
            return tensor.astype(np.float32) / 255
        return tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor

    def _answer(self, outputs: list[Any]) -> web.Response:
        described: list[dict[str, Any]] = []
        tensors = b""
        for output, of in zip(outputs, self._session.get_outputs(), strict=True):
            kind = next(kind for kind, dtype in KINDS.items() if output.dtype == dtype)
            one: dict[str, Any] = {"name": of.name, "datatype": kind, "shape": output.shape}
            if self.in_json:
                one["data"] = output.ravel().tolist()
            else:
                one["parameters"] = {"binary_data_size": output.nbytes}
                tensors += output.tobytes()
            described.append(one)
        text = {"model_name": "yolo", "model_version": "2", "outputs": described}
        headers: Headers = {} if self.in_json else {"Inference-Header-Content-Length": None}
        head, tensors, headers = self.spoil(text, tensors, headers)
        written = json.dumps(head).encode()
        sent = {name: value or str(len(written)) for name, value in headers.items()}
        return web.Response(body=written + tensors, headers=sent)


class Function:
    """A function of AWS Lambda at its address, which lets in whom its key has signed for.

    The signature is made again from what arrived, by the code of AWS's own library.
    """

    def __init__(
        self, answer: Any, key: AwsKey | None = None, region: str = "eu-central-1"
    ) -> None:
        self._says = answer
        self._key = key
        self._region = region
        self.requests: list[dict[str, Any]] = []
        self.sizes: list[int] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        body = await request.content.read()
        if self._key and not self._is_signed(self._key, request, body):
            words = "The request signature we calculated does not match the one you provided."
            token = request.headers.get("X-Amz-Security-Token")
            return web.json_response({"message": f"{words} Token: {token}"}, status=403)
        self.sizes.append(len(body))
        self.requests.append(json.loads(body))
        return web.json_response(self._says)

    def _is_signed(self, key: AwsKey, request: web.Request, body: bytes) -> bool:
        given = request.headers.get("Authorization", "")
        signed = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        headers = {name: request.headers[name] for name in signed if name in request.headers}
        again = AWSRequest(request.method, str(request.url), headers, body)
        again.context["timestamp"] = headers.get("x-amz-date", "")
        credentials = Credentials(key.access_key, key.secret_key, key.session_token)
        signer = SigV4Auth(credentials, "lambda", self._region)
        text = signer.string_to_sign(again, signer.canonical_request(again))
        scope = f"Credential={signer.scope(again)}"
        return scope in given and given.endswith(f"Signature={signer.signature(text, again)}")
