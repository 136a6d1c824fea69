"""The server: a model in onnxruntime, what KServe v2 asks about it, and its answers to pictures."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
import json
from pathlib import Path
import time
from typing import Any, Final

from aiohttp import web
import numpy as np
import onnxruntime

HEAD: Final = "Inference-Header-Content-Length"
LARGEST: Final = 64 << 20  # bytes of a request, as Triton's
DATATYPES: Final[dict[str, tuple[str, np.dtype[Any]]]] = {
    "tensor(float)": ("FP32", np.dtype("<f4")),
    "tensor(float16)": ("FP16", np.dtype("<f2")),
    "tensor(uint8)": ("UINT8", np.dtype("u1")),
    "tensor(int32)": ("INT32", np.dtype("<i4")),
    "tensor(int64)": ("INT64", np.dtype("<i8")),
}

Tensors = dict[str, np.ndarray[Any, Any]]


class Program:
    """A model that is ready to run, and how often it did."""

    def __init__(
        self,
        model: Path,
        *,
        batch: int = 1,
        instances: int = 1,
        threads: int = 1,
        pause: float = 0.0,
    ) -> None:
        """A model that takes one picture only gets no more, whatever the batch."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {each.name: each for each in self._session.get_inputs()}
        self._threads = ThreadPoolExecutor(instances)
        wide = all(not isinstance(each.shape[0], int) for each in self._inputs.values())
        self.name = model.stem
        self.batch = batch if wide else 1
        self.instances = instances
        self._pause = pause
        self.pictures = 0
        self.runs = 0

    async def run(self, tensors: Tensors) -> Tensors:
        """Return the answers in their order, when an instance is free."""
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(self._threads, self._run, tensors)
        self.pictures += len(next(iter(tensors.values())))
        self.runs += 1
        names = [each.name for each in self._session.get_outputs()]
        return dict(zip(names, answers, strict=True))

    def read(self, body: bytes, head: str | None) -> Tensors:
        """Return what a request asks about; raises ValueError or LookupError if it is none."""
        length = len(body) if head is None else int(head)
        rest, tensors = memoryview(body)[length:], Tensors()
        for given in json.loads(body[:length])["inputs"]:
            wanted = self._inputs[given["name"]]
            datatype, kind = DATATYPES[wanted.type]
            if given["datatype"] != datatype:
                raise ValueError(f"{wanted.name} is of {datatype}")
            if "data" in given:
                tensor = np.array(given["data"], kind)
            else:
                size = given["parameters"]["binary_data_size"]
                tensor, rest = np.frombuffer(rest[:size], kind), rest[size:]
            tensors[wanted.name] = tensor.reshape(given["shape"])
        self._judge(tensors)
        return tensors

    def _run(self, tensors: Tensors) -> list[Any]:
        time.sleep(self._pause)
        answers: list[Any] = self._session.run(None, tensors)
        return answers

    def _judge(self, tensors: Tensors) -> None:
        if tensors.keys() != self._inputs.keys():
            raise ValueError(f"it takes {', '.join(self._inputs)}")
        for name, tensor in tensors.items():
            most = [self.batch, *self._inputs[name].shape[1:]]
            pairs = zip(tensor.shape, most, strict=True)
            first, *others = [(is_, side) for is_, side in pairs]
            if not 0 < first[0] <= first[1]:
                raise ValueError(f"a batch of {first[0]}, and it takes at most {first[1]}")
            if any(isinstance(side, int) and is_ != side for is_, side in others):
                raise ValueError(f"{name} of {list(tensor.shape)}, and it takes {most}")

    @property
    def metadata(self) -> dict[str, Any]:
        """What KServe v2 tells of a model."""
        return {
            "name": self.name,
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [self._described(each) for each in self._session.get_inputs()],
            "outputs": [self._described(each) for each in self._session.get_outputs()],
        }

    @property
    def config(self) -> dict[str, Any]:
        """What Triton tells of it besides."""
        return {
            "name": self.name,
            "max_batch_size": self.batch,
            "instance_group": [{"name": self.name, "kind": "KIND_CPU", "count": self.instances}],
        }

    @property
    def statistics(self) -> dict[str, Any]:
        """What Triton counts."""
        counted = {"inference_count": self.pictures, "execution_count": self.runs}
        return {"model_stats": [{"name": self.name, "version": "1"} | counted]}

    def _described(self, tensor: Any) -> dict[str, Any]:
        first, *others = [side if isinstance(side, int) else -1 for side in tensor.shape]
        shape = [-1 if self.batch > 1 else first, *others]
        return {"name": tensor.name, "datatype": DATATYPES[tensor.type][0], "shape": shape}


async def serve(program: Program, port: int) -> None:
    """Serve on 127.0.0.1 until cancelled."""
    runner = web.AppRunner(_app(program), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    most = f"{program.batch} at once" if program.batch > 1 else "one by one"
    print(f"gatehouse: {program.name} takes pictures {most} on http://127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()


def _app(program: Program) -> web.Application:
    app = web.Application(client_max_size=LARGEST)
    model = f"/v2/models/{program.name}"

    async def infer(request: web.Request) -> web.Response:
        return await _infer(program, request)

    app.router.add_get("/v2/health/live", _is_well)
    app.router.add_get("/v2/health/ready", _is_well)
    for address in (model, f"{model}/versions/1"):
        app.router.add_get(address, lambda _: _says(program.metadata))
        app.router.add_get(f"{address}/ready", _is_well)
        app.router.add_get(f"{address}/config", lambda _: _says(program.config))
        app.router.add_get(f"{address}/stats", lambda _: _says(program.statistics))
        app.router.add_post(f"{address}/infer", infer)
    app.router.add_route("*", "/{path:.*}", _is_unknown)
    return app


async def _infer(program: Program, request: web.Request) -> web.Response:
    body = await request.read()
    try:
        tensors = program.read(body, request.headers.get(HEAD))
    except (ValueError, LookupError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
    outputs = await program.run(tensors)
    described = [
        {
            "name": name,
            "datatype": next(word for word, kind in DATATYPES.values() if kind == output.dtype),
            "shape": output.shape,
            "parameters": {"binary_data_size": output.nbytes},
        }
        for name, output in outputs.items()
    ]
    head = json.dumps({"model_name": program.name, "outputs": described}).encode()
    answer = b"".join([head, *(output.tobytes() for output in outputs.values())])
    return web.Response(body=answer, headers={HEAD: str(len(head))})


async def _is_well(_: web.Request) -> web.Response:
    return web.Response()


async def _says(what: dict[str, Any]) -> web.Response:
    return web.json_response(what)


async def _is_unknown(request: web.Request) -> web.Response:
    words = f"Request for unknown model or address: {request.path}"
    return web.json_response({"error": words}, status=HTTPStatus.NOT_FOUND)
