"""What waits goes to a KServe server together, and each camera gets what is in its own picture."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import numpy as np
import pytest

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import (
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    KServeDetector,
    Lineup,
)
from custom_components.gatehouse.vision.served import LARGEST_REQUEST, lanes, most_pictures
from custom_components.gatehouse.vision.tensors import read_inputs
from scripts.kserving.widening import widen
from tests.networks import FAMILIES, PERSON, Seen, network
from tests.rooms.vision.batches import Camera, cameras, wide_network
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import Triton, shot
from tests.rooms.vision.test_accuracy import MEDIA, MODELS, material
from tests.waiting import eventually

OPTIONS = DetectorOptions(threshold=0.1)
EIGHT = {"max_batch_size": 8}


@pytest.fixture
def triton(tmp_path: Path) -> Triton:
    """A server that takes eight pictures at once, as often as it is let."""
    return Triton(wide_network(tmp_path / "wide.onnx"), config=dict(EIGHT))


@pytest.fixture
async def detector(triton: Triton, serve: Serve, session: aiohttp.ClientSession) -> KServeDetector:
    """A detector that has met its server."""
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    await detector.compare()
    triton.batches.clear()
    triton.steps = asyncio.Semaphore(0)
    return detector


async def test_what_waits_while_a_server_looks_is_its_next_request(
    detector: KServeDetector, triton: Triton
) -> None:
    assert triton.steps is not None
    watched = cameras(12)
    async with asyncio.TaskGroup() as group:
        # One is looked at and one more on its way, as long as nobody waits with them.
        for under_way, camera in enumerate(watched[:2], 1):
            group.create_task(camera.ask(detector))
            await eventually(lambda under_way=under_way: triton.pending == under_way)
        for camera in watched[2:]:
            group.create_task(camera.ask(detector))
        await asyncio.sleep(0.05)
        assert [camera.shown for camera in watched] == [1, 1] + [0] * 10
        for _ in range(4):
            triton.steps.release()
    # The small one may overtake the large one on its way.
    assert (triton.batches[:2], sorted(triton.batches[2:])) == ([1, 1], [2, 8])
    assert all(camera.recognised for camera in watched)


async def test_who_comes_in_the_same_moment_goes_together(
    detector: KServeDetector, triton: Triton
) -> None:
    triton.steps = None
    watched = cameras(8)
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    assert triton.batches == [8]
    assert all(camera.recognised for camera in watched)


async def test_under_load_all_requests_are_full_and_no_camera_starves(
    detector: KServeDetector, triton: Triton
) -> None:
    triton.steps = None
    watched = cameras(64)
    await asyncio.gather(*(camera.ask(detector, 5) for camera in watched))
    assert sum(triton.batches) == 320
    assert set(triton.batches) == {8}
    assert all(camera.recognised for camera in watched)


async def test_who_came_first_has_the_first_turn(detector: KServeDetector, triton: Triton) -> None:
    triton.steps = None
    watched, asked, turns = cameras(24), list[Camera](), list[Camera]()

    async def ask(camera: Camera) -> None:
        def newest() -> Picture:
            turns.append(camera)
            return camera.newest()

        for _ in range(4):
            asked.append(camera)
            await detector.detect(newest)

    await asyncio.gather(*map(ask, watched))
    assert turns == asked


async def test_a_camera_gives_its_newest_picture_when_its_request_is_made(
    detector: KServeDetector, triton: Triton
) -> None:
    assert triton.steps is not None
    slot = [shot()]
    first = [asyncio.create_task(camera.ask(detector)) for camera in cameras(1)]
    await eventually(lambda: triton.pending == 1)
    second = [asyncio.create_task(camera.ask(detector)) for camera in cameras(1)]
    await eventually(lambda: triton.pending == 2)
    third = asyncio.create_task(detector.detect(lambda: slot[-1]))
    await asyncio.sleep(0.02)
    slot.append(shot())
    for _ in range(3):
        triton.steps.release()
    assert (await third).picture is slot[-1]
    await asyncio.gather(*first, *second)


async def test_a_lineup_lets_all_cameras_wait_together(
    detector: KServeDetector, triton: Triton
) -> None:
    assert triton.steps is not None
    lineup, watched = Lineup([("kserve", detector)]), cameras(18)
    looking = [asyncio.create_task(camera.ask(lineup)) for camera in watched]
    await eventually(lambda: triton.pending == 2)
    assert lineup.health()[0].waiting == 2
    for _ in range(3):
        triton.steps.release()
    await asyncio.gather(*looking)
    assert triton.batches == [8, 8, 2]
    assert lineup.health()[0].answered == 18


async def test_a_bad_picture_is_told_to_its_camera_and_to_nobody_else(
    detector: KServeDetector, triton: Triton
) -> None:
    triton.steps = None
    watched = cameras(3)
    torn = asyncio.create_task(detector.detect(lambda: shot(b"no picture")))
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    with pytest.raises(BadPicture, match="cannot be read"):
        await torn
    assert triton.batches == [3]
    assert all(camera.recognised for camera in watched)


async def test_who_goes_away_takes_nobody_along(detector: KServeDetector, triton: Triton) -> None:
    assert triton.steps is not None
    watched = cameras(20)
    looking = [asyncio.create_task(camera.ask(detector)) for camera in watched]
    await eventually(lambda: triton.pending == 2)
    for gone in (looking[3], looking[17]):  # in a request, and in the line
        gone.cancel()
    await asyncio.wait([looking[3], looking[17]])
    for _ in range(3):
        triton.steps.release()
    answers = await asyncio.gather(*looking, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 18
    assert triton.batches == [8, 8, 3]
    assert all(camera.recognised for camera in watched)


async def test_a_mistake_of_a_camera_is_raised_and_the_next_picture_looked_at(
    detector: KServeDetector, triton: Triton
) -> None:
    triton.steps = None

    def mistaken() -> Picture:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError, match="a mistake"):
        await detector.detect(mistaken)
    (camera,) = cameras(1)
    await camera.ask(detector)
    assert camera.recognised


async def test_whoever_waits_is_told_when_the_detector_is_closed(
    detector: KServeDetector, triton: Triton
) -> None:
    looking = [asyncio.create_task(camera.ask(detector)) for camera in cameras(20)]
    await eventually(lambda: triton.pending == 2)
    await detector.close()
    answers = await asyncio.gather(*looking, return_exceptions=True)
    assert {str(answer) for answer in answers} == {"The detector was closed."}
    assert {type(answer) for answer in answers} == {DetectorFailed}
    assert triton.steps is not None
    for _ in range(2):
        triton.steps.release()


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_model_for_one_picture_gets_one_at_a_time(
    family: str, tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    seen = [Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)]
    triton = Triton(network(tmp_path / "one.onnx", FAMILIES[family](seen)), config=dict(EIGHT))
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    sights = await asyncio.gather(*(detector.detect(shot) for _ in range(5)))
    assert all(len(sight.detections) == 1 for sight in sights)
    assert set(triton.batches) == {1}


@pytest.mark.parametrize("config", [None, {"max_batch_size": 0}, EIGHT], ids=str)
async def test_a_server_that_does_not_keep_its_word_gets_one_at_a_time(
    config: dict[str, Any] | None, tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    # It says that it takes any number, and answers about one whatever it is shown.
    answer = FAMILIES["yolov8"]([Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)])
    path = network(tmp_path / "net.onnx", answer, picture=("batch", 3, 96, 128))
    triton = Triton(path, config=config)
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    sights = await asyncio.gather(*(detector.detect(shot) for _ in range(5)))
    assert all(len(sight.detections) == 1 for sight in sights)
    assert triton.batches == [1, 2, *[1] * 5]


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 13])
async def test_no_request_is_larger_than_the_server_says(
    limit: int, tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    path = wide_network(tmp_path / "wide.onnx")
    triton = Triton(path, config={"max_batch_size": limit})
    detector = KServeDetector(session, [await serve(triton.answer)], "yolo", OPTIONS)
    await detector.compare()
    triton.batches.clear()
    watched = cameras(40)
    await asyncio.gather(*(camera.ask(detector, 2) for camera in watched))
    assert max(triton.batches) == limit
    assert all(camera.recognised for camera in watched)


PLANES: dict[str, Any] = {"name": "images", "datatype": "FP32", "shape": [-1, 3, 640, 640]}
SIZES: dict[str, Any] = {"name": "sizes", "datatype": "INT64", "shape": [1, 2]}


@pytest.mark.parametrize(
    ("changes", "config", "most"),
    [
        ({}, {"max_batch_size": 4}, 4),
        ({}, {"max_batch_size": 1}, 1),
        ({}, {"max_batch_size": 0}, 8),
        ({}, {"max_batch_size": -3}, 8),
        ({}, {"max_batch_size": "many"}, 8),
        ({}, {}, 8),
        ({}, [], 8),
        ({}, None, 8),
        ({}, {"max_batch_size": 1000}, LARGEST_REQUEST // (640 * 640 * 12)),
        ({"datatype": "UINT8"}, {"max_batch_size": 1000}, LARGEST_REQUEST // (640 * 640 * 3)),
        ({"shape": [-1, 4000, 4000, 3]}, {"max_batch_size": 8}, 1),
        ({"shape": [1, 3, 640, 640]}, {"max_batch_size": 8}, 1),
    ],
)
def test_a_request_has_as_many_pictures_as_the_model_takes_and_as_fit(
    changes: dict[str, Any], config: Any, most: int
) -> None:
    assert most_pictures(read_inputs({"inputs": [{**PLANES, **changes}]}), config) == most


def test_a_model_of_which_one_input_is_for_one_picture_takes_one() -> None:
    assert most_pictures(read_inputs({"inputs": [PLANES, SIZES]}), {"max_batch_size": 8}) == 1


@pytest.mark.parametrize(
    ("groups", "number"),
    [
        (None, 2),
        ([], 2),
        ("many", 2),
        ([{"count": 1, "kind": "KIND_CPU"}], 2),
        ([{"count": 2, "kind": "KIND_GPU", "gpus": [0]}], 3),
        ([{"count": 1, "gpus": [0, 1, 2]}], 4),
        ([{"count": 1, "gpus": []}, {"count": 1, "gpus": [1]}], 3),
        ([{"count": 900}], 5),
        ([{"count": "two"}, 7, {}], 2),
        ([{"count": -2}], 2),
    ],
)
def test_each_instance_of_a_model_has_a_request_and_one_more_is_on_its_way(
    groups: Any, number: int
) -> None:
    assert lanes({"instance_group": groups}) == number


Spoil = Callable[[Any, bytes], tuple[Any, bytes]]


def shaped(first: int, *others: int) -> Spoil:
    """Say another shape, with as many bytes as it needs."""

    def spoil(text: Any, tensors: bytes) -> tuple[Any, bytes]:
        (output,) = text["outputs"]
        shape = [first, *(others or output["shape"][1:])]
        size = int(np.prod(shape)) * 4
        output |= {"shape": shape, "parameters": {"binary_data_size": size}}
        return text, (tensors * (size // len(tensors) + 1))[:size]

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [shaped(0), shaped(1), shaped(7), shaped(9), shaped(84, 8, 252), shaped(8 * 84, 252)],
    ids=["none", "one", "too few", "too many", "turned", "flat"],
)
async def test_an_answer_about_another_number_of_pictures_is_believed_of_none(
    spoil: Spoil, detector: KServeDetector, triton: Triton
) -> None:
    triton.steps = None
    well, triton.spoil = triton.spoil, lambda text, tensors, head: (*spoil(text, tensors), head)
    watched = cameras(8)
    told = await asyncio.gather(
        *(camera.ask(detector) for camera in watched), return_exceptions=True
    )
    assert {type(each) for each in told} == {DetectorFailed}
    assert {"not KServe v2" in str(each) for each in told} == {True}
    triton.spoil = well
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    assert all(camera.recognised for camera in watched)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    shape=st.lists(st.integers(-2, 300), max_size=4),
    size=st.integers(-4, 4 * 84 * 252 * 3),
    datatype=st.sampled_from(["FP32", "FP16", "INT64", "BYTES", 7]),
)
async def test_whatever_an_answer_says_of_its_tensor_it_is_an_answer_or_told(
    shape: list[int], size: int, datatype: Any, detector: KServeDetector, triton: Triton
) -> None:
    triton.steps = None
    output = {"datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}
    well = triton.spoil

    def spoil(text: Any, tensors: bytes, headers: Any) -> Any:
        text["outputs"][0] |= output
        return text, tensors[: max(size, 0)], headers

    watched = cameras(2)
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    triton.spoil = spoil
    answers = await asyncio.gather(
        *(camera.ask(detector) for camera in watched), return_exceptions=True
    )
    triton.spoil = well
    assert {type(answer) for answer in answers} <= {type(None), DetectorFailed}


@material
async def test_a_real_model_sees_in_a_batch_what_it_sees_alone(
    tmp_path: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    path = tmp_path / "wide.onnx"
    widen(MODELS / "yolox_nano.onnx", path)
    triton = Triton(path, config=dict(EIGHT))
    one_by_one = Triton(path, config={"max_batch_size": 1})
    options = DetectorOptions()
    there = KServeDetector(session, [await serve(triton.answer)], "yolo", options)
    singly = KServeDetector(session, [await serve(one_by_one.answer)], "yolo", options)
    shots = [shot(file.read_bytes()) for file in sorted((MEDIA / "images").rglob("*.jpg"))[:16]]
    await there.compare()
    triton.batches.clear()
    together = await asyncio.gather(*(there.detect(lambda one=one: one) for one in shots))
    assert max(triton.batches) == 8
    assert any(sight.detections for sight in together)
    for sight, one in zip(together, shots, strict=True):
        alone = (await singly.detect(lambda one=one: one)).detections
        assert [each.label for each in sight.detections] == [each.label for each in alone]
        for found, expected in zip(sight.detections, alone, strict=True):
            assert found.score == pytest.approx(expected.score, abs=1e-3)
            assert tuple(found.box) == pytest.approx(tuple(expected.box), abs=1e-3)
