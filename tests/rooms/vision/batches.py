"""A network that takes any number of pictures and tells them apart, and cameras that show them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
import signal
import sys

import aiohttp
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import Detector, Sight
from tests.networks import HEIGHT, PERSON, WIDTH, Seen, picture, yolov8
from tests.rooms.vision.servers import shot
from tests.waiting import eventually

SCRIPT = Path(__file__).parents[3] / "scripts" / "kserve"
DARKEST, BRIGHTEST = 100, 227


def wide_network(path: Path, width: int = WIDTH) -> Path:
    """Write a network that sees in each picture one person, as surely as the picture is bright."""
    batch = ["batch", 3, HEIGHT, width]
    answer = yolov8([Seen(PERSON, 1.0, 0.25, 0.25, 0.5, 0.75)])["output0"]
    brightness = np.zeros_like(answer)
    brightness[:, 4:] = 1
    constants = {
        "boxes": np.where(brightness, 0, answer),
        "scores": np.where(brightness, answer, 0),
        "sides": np.array([1, 2, 3]),
        "flat": np.array([-1, 1, 1]),
    }
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "flat"], ["means"]),
        helper.make_node("Mul", ["scores", "means"], ["bright"]),
        helper.make_node("Add", ["bright", "boxes"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "wide",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, batch)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", *answer.shape[1:]])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, path)
    return path


@cache
def grey(brightness: int) -> bytes:
    """Return a picture that fills the network's input, and that no other camera has."""
    return picture(WIDTH, HEIGHT, f"rgb({brightness},{brightness},{brightness})", kind="PNG")


@dataclass(eq=False)
class Camera:
    """Shows pictures of its own brightness, and keeps what came of them."""

    brightness: int
    seen: list[Sight] = field(default_factory=list)
    shown: int = 0

    def newest(self) -> Picture:
        """Show a picture."""
        self.shown += 1
        return shot(grey(self.brightness))

    async def ask(self, detector: Detector, times: int = 1) -> None:
        """Have so many pictures looked at, one after another."""
        for _ in range(times):
            self.seen.append(await detector.detect(self.newest))

    @property
    def recognised(self) -> bool:
        """Whether every answer is about this camera's picture, and no other's."""
        scores = [detection.score for sight in self.seen for detection in sight.detections]
        assert len(scores) == len(self.seen)
        return all(round(score * 255) == self.brightness for score in scores)


def cameras(number: int) -> list[Camera]:
    """Return so many that can be told apart."""
    assert number <= BRIGHTEST - DARKEST
    return [Camera(DARKEST + each) for each in range(number)]


@asynccontextmanager
async def process(model: Path, port: int, *options: str) -> AsyncIterator[int]:
    """Run scripts/kserve, and give its process's number when it is ready; it may end before."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.kserving", "serve", str(port), str(model), *options,
        cwd=SCRIPT.parents[1], stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            await eventually(lambda: _ready(session, port), 30, "the server")
        yield program.pid
    finally:
        if program.returncode is None:
            program.send_signal(signal.SIGKILL)
        await program.wait()


async def _ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/v2/health/ready") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False
