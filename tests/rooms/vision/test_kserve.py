"""A KServe v2 server: what it is sent to the byte, what it answers, and how it fails."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.models import Box
from custom_components.gatehouse.vision import (
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    KServeDetector,
    OnnxDetector,
    kserve_server,
)
from tests.networks import DOG, FAMILIES, HEIGHT, PERSON, WIDTH, Seen, network, picture, yolov8
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import Headers, Triton, shot

OPTIONS = DetectorOptions()
WALKER = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)
HOUND = Seen(DOG, 0.8, 0.5, 0.25, 0.75, 0.75)
SCENE = picture(WIDTH, HEIGHT, "red")
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture
def walker(tmp_path: Path) -> Path:
    """A network that sees one person, whatever it is shown."""
    return network(tmp_path / "walker.onnx", yolov8([WALKER, HOUND]))


@pytest.mark.parametrize("in_json", [False, True], ids=["binary", "JSON"])
@pytest.mark.parametrize("family", FAMILIES)
async def test_every_family_sees_on_a_server_what_it_sees_here(
    family: str, in_json: bool, tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    path = network(tmp_path / "net.onnx", FAMILIES[family]([WALKER, HOUND]))
    triton = Triton(path)
    triton.in_json = in_json
    there = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    here = await OnnxDetector.load(path, OPTIONS)
    seen = await there.detect(lambda: shot(SCENE))
    assert seen.detections == (await here.detect(lambda: shot(SCENE))).detections
    (found,) = seen.detections
    assert (found.label, round(found.score, 3)) == ("person", 0.9)
    assert [round(edge, 2) for edge in found.box] == [0.25, 0.25, 0.5, 0.75]
    await here.close()


@pytest.mark.parametrize("channels_last", [False, True], ids=["planes first", "planes last"])
@pytest.mark.parametrize("datatype", ["FP32", "FP16", "UINT8"])
@pytest.mark.parametrize(("plane", "score"), [(0, 0.9), (2, 0.0)], ids=["red", "blue"])
async def test_a_picture_arrives_in_the_form_that_the_model_takes(
    datatype: str,
    channels_last: bool,
    plane: int,
    score: float,
    tmp_path: Path,
    serve: Serve,
    session: aiohttp.ClientSession,
) -> None:
    path = network(tmp_path / "net.onnx", yolov8([WALKER]), brightness=plane)
    triton = Triton(path, datatype=datatype, channels_last=channels_last)
    options = DetectorOptions(threshold=0.0)
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", options)
    sight = await detector.detect(lambda: shot(picture(WIDTH, HEIGHT, "red", kind="PNG")))
    best = max((found.score for found in sight.detections), default=0.0)
    assert best == pytest.approx(score, abs=0.001)


async def test_a_model_of_any_size_is_shown_640_pixels(
    tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    sides = ("batch", 3, "height", "width")
    path = network(tmp_path / "net.onnx", yolov8([WALKER]), picture=sides, brightness=0)
    triton = Triton(path)
    detector = KServeDetector(
        session, [await serve(triton.answer)], "yolo", DetectorOptions(threshold=0.1)
    )
    assert triton.metadata["inputs"][0]["shape"] == [-1, 3, -1, -1]
    (found,) = (await detector.detect(lambda: shot(picture(640, 640, "white")))).detections
    # A letterbox of this shape is filled, and a box in pixels is one of 640.
    assert found.box.right == pytest.approx(0.5 * WIDTH / 640, abs=0.001)


@pytest.mark.parametrize(
    ("version", "address"), [(None, "/v2/models/yolo"), ("2", "/v2/models/yolo/versions/2")]
)
async def test_a_model_is_learnt_once_and_then_asked(
    version: str | None, address: str, walker: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    triton = Triton(walker)
    url = await serve(triton.answer)
    detector = KServeDetector(session, [url], "yolo", OPTIONS, version=version)
    first, second = await detector.detect(shot), await detector.detect(shot)
    assert first.detections == second.detections
    infer = f"POST {address}/infer"
    # The first of three questions is an empty picture.
    learns = ["GET /v2/health/ready", f"GET {address}", infer, f"GET {address}/config"]
    assert triton.asked == [*learns, infer, infer]


async def test_a_model_that_is_gone_is_told_and_learnt_anew_when_it_is_back(
    walker: Path, tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    now = Triton(walker)

    async def server(request: web.Request) -> web.Response:
        return await now.answer(request)

    detector = KServeDetector(session, [await serve(server)], "yolo", OPTIONS)
    assert (await detector.detect(shot)).detections
    now.loaded = False
    with pytest.raises(DetectorFailed, match="404: Request for unknown model: 'yolo'; check the a"):
        await detector.detect(shot)
    now = Triton(network(tmp_path / "other.onnx", FAMILIES["rtdetr"]([WALKER])))
    (found,) = (await detector.detect(shot)).detections
    assert found.box == Box(0.25, 0.25, 0.5, 0.75)


async def test_a_server_that_is_not_ready_is_told(
    walker: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    triton = Triton(walker)
    triton.ready = False
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    with pytest.raises(DetectorFailed, match="answered 503: still loading; it is busy or not rea"):
        await detector.detect(shot)


async def test_a_bad_picture_says_nothing_against_the_model(
    walker: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    triton = Triton(walker)
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    with pytest.raises(BadPicture, match="cannot be read"):
        await detector.detect(lambda: shot(b"no picture"))
    assert (await detector.detect(shot)).detections
    assert triton.asked.count("GET /v2/models/yolo") == 1


def head(**changes: Any) -> Callable[..., Any]:
    """Spoil the description of the first output."""

    def spoil(text: Any, tensors: bytes, headers: Headers) -> Any:
        text["outputs"][0].update(changes)
        return text, tensors, headers

    return spoil


def data(value: object) -> Callable[..., Any]:
    """Answer with one number of JSON."""
    one = {"name": "output0", "datatype": "FP32", "shape": [1], "data": [value]}
    return lambda *_: ({"outputs": [one]}, b"", {})


SPOILT: dict[str, Callable[..., Any]] = {
    "longer head than answer": lambda text, tensors, _: (text, tensors, {LENGTH: "99999999"}),
    "negative head": lambda text, tensors, _: (text, tensors, {LENGTH: "-1"}),
    "head of no number": lambda text, tensors, _: (text, tensors, {LENGTH: "many"}),
    "no length of the head": lambda text, tensors, _: (text, tensors, {}),
    "short tensor": lambda text, tensors, headers: (text, tensors[:-4], headers),
    "long tensor": lambda text, tensors, headers: (text, tensors + b"more", headers),
    "no outputs": lambda _, tensors, headers: ({}, tensors, headers),
    "no tensors": lambda _, tensors, headers: ({"outputs": []}, b"", headers),
    "outputs of words": lambda _, tensors, headers: ({"outputs": ["a"]}, tensors, headers),
    "parameters of words": head(parameters="large"),
    "sizes of words": head(parameters={"binary_data_size": "large"}),
    "half a number": head(parameters={"binary_data_size": 3}),
    "unknown datatype": head(datatype="FP12"),
    "another datatype": head(datatype="FP64"),
    "another shape": head(shape=[1, 84, 251]),
    "another order": head(shape=[252, 84, 1]),
    "not a number": lambda text, tensors, headers: (text, b"\xff" * len(tensors), headers),
    "infinite": data(1e999),
    "boolean": data(True),
    "word": data("0.9"),
    "nothing": data(None),
    "deep": lambda *_: (json.loads("[" * 900 + "]" * 900), b"", {}),
    "list": lambda *_: ([], b"", {}),
}


@pytest.mark.parametrize("spoil", SPOILT)
async def test_an_answer_without_sense_is_told_and_the_next_one_believed(
    spoil: str, walker: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    triton = Triton(walker)
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    assert (await detector.detect(shot)).detections
    well, triton.spoil = triton.spoil, SPOILT[spoil]
    with pytest.raises(DetectorFailed, match=r"127\.0\.0\.1 answered what is not KServe v2"):
        await detector.detect(shot)
    triton.spoil = well
    assert (await detector.detect(shot)).detections


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, "answered what is not KServe v2"),
        ([], "answered what is not KServe v2"),
        ({"inputs": 3}, "answered what is not KServe v2"),
        ({"inputs": [{"name": "images"}]}, "answered what is not KServe v2"),
        ({"inputs": []}, "not one is the picture"),
        (
            {
                "inputs": [
                    {"name": "a", "datatype": "FP32", "shape": [1, 3, 8, 8]},
                    {"name": "b", "datatype": "FP32", "shape": [1, 3, 8, 8]},
                ]
            },
            "takes 2 inputs",
        ),
        (
            {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1, 1]}]},
            "its input text, BYTES of .* is no picture",
        ),
        (
            {"inputs": [{"name": "images", "datatype": "FP32", "shape": [8, 3, 96, 128]}]},
            "is no picture",
        ),
        (
            {"inputs": [{"name": "images", "datatype": "FP32", "shape": [1, 3, 96, 0]}]},
            "takes pictures of 0 by 96 pixels",
        ),
        (
            {"inputs": [{"name": "images", "datatype": "FP32", "shape": [1, 3, 96, 10**6]}]},
            "pictures of 1000000 by 96",
        ),
        (
            {"inputs": [{"name": "images", "datatype": "FP32", "shape": [1, 3, 96, "w"]}]},
            "pictures of w by 96",
        ),
    ],
)
async def test_a_model_that_takes_no_picture_is_told(
    metadata: Any, words: str, walker: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    triton = Triton(walker)
    triton.metadata = metadata
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    with pytest.raises(DetectorFailed, match=words):
        await detector.detect(shot)


async def test_a_model_that_is_no_detector_is_told(
    tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    answer = {"class": yolov8([WALKER])["output0"][0, 0]}
    triton = Triton(network(tmp_path / "net.onnx", answer))
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    with pytest.raises(DetectorFailed, match=r"cannot be used: this is no detector .*; choose ano"):
        await detector.detect(shot)


async def test_a_model_that_knows_nothing_of_what_is_looked_for_is_told(
    walker: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    options = DetectorOptions(labels=frozenset({"unicorn"}))
    detector = KServeDetector(session, [await serve(Triton(walker).answer)], "yolo", options)
    with pytest.raises(DetectorFailed, match=r"knows nothing of what is looked for \(unicorn\)"):
        await detector.detect(shot)


async def test_tensors_without_an_end_are_cut(
    walker: Path,
    serve: Serve,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kserve_server, "LARGEST", 1 << 14)
    detector = KServeDetector(session, [await serve(Triton(walker).answer)], "yolo", OPTIONS)
    with pytest.raises(DetectorFailed, match="answered more than 16 KB"):
        await detector.detect(shot)
