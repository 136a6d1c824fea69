"""Who finds objects: turns, the newest picture, and what is told when it cannot be done."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from pathlib import Path
import sys
import threading
import time

import numpy as np
import onnxruntime
import pytest

from custom_components.gatehouse.models import Box, Detection, Picture
from custom_components.gatehouse.vision import (
    BadModel,
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    DetectorUnavailable,
    NoDetector,
    OnnxDetector,
    VisionError,
    detector as module,
)
from custom_components.gatehouse.vision.detector import AT_ONCE
from custom_components.gatehouse.vision.families import ModelError
from custom_components.gatehouse.vision.onnx import CPU, Eye, Found, Model, OnnxNetwork
from tests.conftest import Eventually
from tests.networks import FAMILIES, PERSON, Array, Seen, network, picture, yolov8

from .test_ncnn import ONE as COARSE, made

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPTIONS = DetectorOptions()
ONE = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)


def shot(jpeg: bytes = picture()) -> Picture:
    return Picture(jpeg=jpeg, captured=NOON)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return network(tmp_path / "yolox.onnx", FAMILIES["yolox"]([ONE]))


@pytest.fixture
async def detector(model: Path) -> AsyncIterator[OnnxDetector]:
    detector = await OnnxDetector.load(model, OPTIONS)
    yield detector
    await detector.close()


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the network take its time, as a real one does: until it may go on."""
    event = threading.Event()

    def look(*_: object) -> list[Found]:
        event.wait(10)
        return []

    monkeypatch.setattr(Model, "detect", look)
    return event


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_person_is_seen_by_every_family_of_networks(family: str, tmp_path: Path) -> None:
    file = network(tmp_path / "model.onnx", FAMILIES[family]([ONE]))
    detector = await OnnxDetector.load(file, OPTIONS)
    taken = shot()
    sight = await detector.detect(lambda: taken)
    await detector.close()
    assert sight.picture is taken
    (found,) = sight.detections
    assert found == Detection(
        label="person",
        score=pytest.approx(0.9, abs=1e-3),
        box=Box(*map(pytest.approx, (0.25, 0.25, 0.5, 0.75))),
    )


async def test_the_picture_is_asked_for_when_the_turn_comes(
    detector: OnnxDetector, go_on: threading.Event
) -> None:
    old, new = shot(), shot()
    slot = [old]
    looking = [asyncio.create_task(detector.detect(lambda: slot[0])) for _ in range(4)]
    await asyncio.sleep(0)
    slot[0] = new
    go_on.set()
    seen = [sight.picture for sight in await asyncio.gather(*looking)]
    # The second is made ready while the first is looked at.
    assert [picture is new for picture in seen] == [False, False, True, True]


async def test_cameras_take_turns(detector: OnnxDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, run = list[str](), OnnxNetwork.run

    def slow(network: OnnxNetwork, canvas: Array) -> dict[str, Array]:
        time.sleep(0.003)
        return run(network, canvas)

    monkeypatch.setattr(OnnxNetwork, "run", slow)

    def taken_by(camera: str) -> Callable[[], Picture]:
        def newest() -> Picture:
            turns.append(camera)
            return shot()

        return newest

    async def watch(camera: str) -> None:
        for _ in range(10):
            await detector.detect(taken_by(camera))

    await asyncio.gather(*map(watch, "abcd"))
    assert turns[:4] == [*"abcd"]
    # Of two that are looked at, the second may be done first.
    assert all({*turns[start : start + 6]} == {*"abcd"} for start in range(30))


async def test_a_camera_that_goes_away_while_it_waits_holds_up_nobody(
    detector: OnnxDetector, go_on: threading.Event
) -> None:
    cameras = [asyncio.create_task(detector.detect(shot)) for _ in range(3)]
    await asyncio.sleep(0)
    cameras[1].cancel()
    go_on.set()
    await asyncio.gather(*cameras, return_exceptions=True)
    assert [camera.cancelled() for camera in cameras] == [False, True, False]


async def test_a_camera_that_has_no_picture_holds_up_nobody(detector: OnnxDetector) -> None:
    def none() -> Picture:
        raise LookupError("no picture yet")

    with pytest.raises(LookupError):
        await detector.detect(none)
    assert len((await detector.detect(shot)).detections) == 1


async def test_a_broken_picture_is_told_and_the_next_is_looked_at(detector: OnnxDetector) -> None:
    with pytest.raises(BadPicture, match="cannot be read"):
        await detector.detect(lambda: shot(picture()[:100]))
    assert len((await detector.detect(shot)).detections) == 1


async def test_a_network_that_fails_later_is_told(
    detector: OnnxDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelError("out of memory")

    monkeypatch.setattr(Model, "detect", fail)
    with pytest.raises(DetectorFailed, match="out of memory"):
        await detector.detect(shot)


async def test_the_detector_has_two_threads_that_end_with_it(model: Path) -> None:
    detector = await OnnxDetector.load(model, OPTIONS)
    await asyncio.gather(*(detector.detect(shot) for _ in range(5)))
    assert len(threads()) == 2
    await detector.close()
    assert threads() == []


async def test_the_next_picture_is_ready_when_the_network_is_free(
    detector: OnnxDetector, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted, shown, go_on = list[bytes](), list[int](), threading.Event()
    paint, run = Eye.paint, OnnxNetwork.run

    def noted(eye: Eye, jpeg: bytes) -> None:
        paint(eye, jpeg)
        painted.append(jpeg)

    def slow(network: OnnxNetwork, canvas: Array) -> dict[str, Array]:
        shown.append(len(painted))
        go_on.wait(10)
        return run(network, canvas)

    monkeypatch.setattr(Eye, "paint", noted)
    monkeypatch.setattr(OnnxNetwork, "run", slow)
    looking = [asyncio.create_task(detector.detect(shot)) for _ in range(4)]
    await eventually(lambda: len(painted) == 2)
    await asyncio.sleep(0.02)
    assert (len(painted), len(shown)) == (2, 1)
    go_on.set()
    sights = await asyncio.gather(*looking)
    assert [len(sight.detections) for sight in sights] == [1, 1, 1, 1]


async def test_a_truncated_model_is_told_and_leaves_no_thread(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1000])
    with pytest.raises(BadModel, match=r"The model yolox\.onnx cannot be used: .*damaged"):
        await OnnxDetector.load(model, OPTIONS)
    assert threads() == []


async def test_a_load_that_nobody_waits_for_leaves_no_thread(
    model: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(module, "load_onnx", lambda *_, **__: go_on.wait(10))
    loading = asyncio.create_task(OnnxDetector.load(model, OPTIONS))
    await eventually(threads)
    loading.cancel()
    go_on.set()
    await asyncio.wait([loading])
    assert loading.cancelled()
    assert threads() == []


@pytest.mark.parametrize(
    ("outputs", "shape", "sentence"),
    [
        ({"class": np.zeros((1, 1000), np.float32)}, (1, 3, 64, 64), "no detector that is under"),
        (FAMILIES["detr"]([ONE]), (1, 512), "is no picture"),
        (FAMILIES["detr"]([ONE]), (8, 3, 64, 64), "does not run"),
    ],
    ids=["classifier", "words", "batch"],
)
async def test_a_model_of_another_kind_is_told(
    outputs: dict[str, Array], shape: tuple[int, ...], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadModel, match=rf"The model odd\.onnx cannot be used: .*{sentence}"):
        await OnnxDetector.load(network(tmp_path / "odd.onnx", outputs, picture=shape), OPTIONS)


async def test_a_model_finds_what_its_file_names(tmp_path: Path) -> None:
    outputs = yolov8([Seen(1, 0.9, 0.25, 0.25, 0.5, 0.75)], 2)
    file = network(tmp_path / "own.onnx", outputs, names="{0: 'cat', 1: 'postman'}")
    detector = await OnnxDetector.load(file, DetectorOptions(labels=frozenset({"postman"})))
    sight = await detector.detect(shot)
    await detector.close()
    assert [found.label for found in sight.detections] == ["postman"]


async def test_a_model_that_knows_none_of_the_labels_is_told(model: Path) -> None:
    with pytest.raises(BadModel, match=r"\(unicorn\); it knows person, bicycle, "):
        await OnnxDetector.load(model, DetectorOptions(labels=frozenset({"unicorn"})))


async def test_two_may_close_a_detector_that_looks(model: Path) -> None:
    detector = await OnnxDetector.load(model, OPTIONS)
    looking = [asyncio.create_task(detector.detect(shot)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)  # all turns are taken
    async with asyncio.timeout(5):
        await asyncio.gather(detector.close(), detector.close())
    assert all(task.done() for task in looking)


async def test_the_detector_says_what_runs_it(detector: OnnxDetector) -> None:
    assert detector.runtime == f"onnxruntime {onnxruntime.__version__} (CPU)"


async def test_providers_are_tried_in_their_order_and_the_processor_last(model: Path) -> None:
    first, *_ = onnxruntime.get_available_providers()
    detector = await OnnxDetector.load(model, OPTIONS, threads=2, providers=[CPU, first])
    sight = await detector.detect(shot)
    await detector.close()
    assert len(sight.detections) == 1
    assert detector.runtime.endswith(f"({first.removesuffix('ExecutionProvider')}, CPU)")


async def test_a_provider_that_is_not_there_is_told_with_those_that_are(model: Path) -> None:
    with pytest.raises(
        DetectorUnavailable, match=r"has no NpuProvider on this machine; it has .*CPUExecutionPro"
    ):
        await OnnxDetector.load(model, OPTIONS, providers=["NpuProvider"])
    assert threads() == []


async def test_a_runtime_that_goes_missing_is_told(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DetectorUnavailable, match="onnxruntime cannot be used on this machine"):
        await OnnxDetector.load(model, OPTIONS)
    assert threads() == []


# --- machines on which a runtime is missing -------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """What a fresh interpreter finds and says; everything else about it is this machine's."""

    model: Path
    ncnn: Path

    async def try_both(self, *blocked: str) -> dict[str, str]:
        """Load and look by each runtime where some packages cannot be imported."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHILD,
            *map(str, (self.model, self.ncnn)),
            *blocked,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await child.communicate()
        assert child.returncode == 0
        answers: dict[str, str] = json.loads(said)
        return answers


ROOT = Path(__file__).parents[3]

# The room is imported without the integration around it: it has never heard of Home Assistant.
CHILD = """
import asyncio, importlib.abc, json, sys, types
from datetime import UTC, datetime
from pathlib import Path

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in sys.argv[3:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
sys.path.insert(0, ".")
package = types.ModuleType("custom_components.gatehouse")
package.__path__ = ["custom_components/gatehouse"]
sys.modules[package.__name__] = package

from custom_components.gatehouse import vision
from custom_components.gatehouse.models import Picture
from tests.networks import picture

async def look(kind, file):
    try:
        detector = await kind.load(Path(file), vision.DetectorOptions())
    except vision.DetectorUnavailable as error:
        return str(error)
    sight = await detector.detect(lambda: Picture(jpeg=picture(), captured=datetime.now(UTC)))
    await detector.close()
    return f"{sight.detections[0].label} by {detector.runtime.split()[0]}"

async def both():
    onnx = await look(vision.OnnxDetector, sys.argv[1])
    return {"onnx": onnx, "ncnn": await look(vision.NcnnDetector, sys.argv[2])}

print(json.dumps(asyncio.run(both())))
"""


@pytest.fixture
def machine(model: Path, tmp_path: Path) -> Machine:
    return Machine(model, made(tmp_path, "nanodet", COARSE))


async def test_a_machine_with_both_runtimes_uses_either(machine: Machine) -> None:
    said = await machine.try_both("homeassistant")
    assert said == {"onnx": "person by onnxruntime", "ncnn": "person by ncnn"}


async def test_a_machine_without_onnxruntime_says_so_and_sees_by_ncnn(machine: Machine) -> None:
    said = await machine.try_both("homeassistant", "onnxruntime")
    assert said["onnx"] == (
        "onnxruntime cannot be used on this machine (No module named 'onnxruntime');"
        " choose another runtime, detection on an agent, or a detection service"
    )
    assert said["ncnn"] == "person by ncnn"


async def test_a_machine_without_any_runtime_says_what_to_choose_instead(
    machine: Machine,
) -> None:
    said = await machine.try_both("homeassistant", "onnxruntime", "ncnn")
    assert said["onnx"].startswith("onnxruntime cannot be used on this machine (No module named ")
    assert said["ncnn"].startswith("ncnn cannot be used on this machine (No module named ")
    choices = "choose another runtime, detection on an agent, or a detection service"
    assert all(sentence.endswith(choices) for sentence in said.values())


async def test_no_detector_sees_the_newest_picture_and_nothing_in_it() -> None:
    taken = shot()
    sight = await NoDetector().detect(lambda: taken)
    await NoDetector().close()
    assert (sight.picture, sight.detections) == (taken, ())


@pytest.mark.parametrize("error", [BadModel, BadPicture, DetectorFailed, DetectorUnavailable])
def test_all_that_goes_wrong_is_of_one_family(error: type[Exception]) -> None:
    assert issubclass(error, VisionError)


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("gatehouse onnx")]
