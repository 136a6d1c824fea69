"""Pictures that are sent to the agent are looked at, and what cannot be is refused in words."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
import json
import os
from pathlib import Path
import sys
import threading
from typing import TYPE_CHECKING, Any

from aiohttp import ClientResponse, ClientSession
import pytest

from camera_agent import onnx
from camera_agent.camera_config import CameraConfig
from camera_agent.config import AgentConfig, DetectorConfig
from camera_agent.detector import NICENESS, WAITING, Detector
from camera_agent.hub import Hub
from camera_agent.server import LARGEST_PICTURE, application
from camera_agent.wire import DETECT
from tests.networks import DOG, PERSON, Seen, network, picture, yolov8, yolox
from tests.waiting import eventually

from .loopback import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TOKEN = "correct horse battery staple"
WIRE = Path(__file__).parents[1] / "wire"
JPEG = {"Content-Type": "image/jpeg"}
ONE = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)
FAINT = Seen(PERSON, 0.3, 0.6, 0.1, 0.8, 0.4)
PET = Seen(DOG, 0.7, 0.6, 0.6, 0.8, 0.9)

MATERIAL = Path(os.environ.get("GATEHOUSE_MATERIAL") or Path(__file__).parents[3] / "shared")
NANO = MATERIAL / "models" / "yolox_nano.onnx"
IMAGES = MATERIAL / "media" / "images"


@pytest.fixture
def settings(tmp_path: Path) -> DetectorConfig:
    return DetectorConfig(model=network(tmp_path / "tiny.onnx", yolox([ONE, FAINT, PET])))


@pytest.fixture
async def hub(configured: Callable[..., CameraConfig], tmp_path: Path) -> Hub:
    camera = configured()
    return Hub(
        AgentConfig(
            id="porch", name="Porch", token=TOKEN, data=tmp_path, announce=False, cameras=(camera,)
        )
    )


@pytest.fixture
async def asked(hub: Hub, settings: DetectorConfig) -> AsyncIterator[ClientSession]:
    """Talk to an agent whose detector is a tiny network, which sees three things."""
    async with talking(hub, settings) as session:
        yield session


@asynccontextmanager
async def talking(hub: Hub, settings: DetectorConfig | None) -> AsyncIterator[ClientSession]:
    """Talk to an agent whose detector has these settings."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        serving(application(hub, Detector(settings))) as port,
        ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
    ):
        yield session


async def look(session: ClientSession, body: bytes = picture(), **query: str) -> dict[str, Any]:
    async with session.post(DETECT, data=body, headers=JPEG, params=query) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
    return answer


async def send(session: ClientSession) -> ClientResponse:
    """Send a picture, and return the answer with its body."""
    async with session.post(DETECT, data=picture(), headers=JPEG) as response:
        await response.read()
        return response


async def refusal(
    session: ClientSession, body: bytes = picture(), kind: str = "image/jpeg", **query: str
) -> tuple[int, str, str]:
    """The status, the code and the sentence of a refusal."""
    headers = {"Content-Type": kind}
    async with session.post(DETECT, data=body, headers=headers, params=query) as response:
        error = (await response.json())["error"]
    assert error["message"].endswith(".")
    return response.status, error["code"], error["message"]


# What is found


async def test_a_person_is_told_in_pixels_of_the_picture(asked: ClientSession) -> None:
    answer = await look(asked, picture(512, 384))

    (found,) = answer["detections"]
    assert found["label"] == "person"
    assert found["score"] == pytest.approx(0.9, abs=1e-3)
    box = {"xmin": 128, "ymin": 96, "xmax": 256, "ymax": 288}
    assert found["box"] == pytest.approx(box, abs=0.2)
    assert (answer["width"], answer["height"]) == (512, 384)
    assert 0 < answer["milliseconds"] < 10_000


async def test_an_answer_has_the_shape_of_the_example(asked: ClientSession) -> None:
    answer = await look(asked)

    example = json.loads((WIRE / "detect.json").read_text("utf-8"))
    assert answer.keys() == example.keys()
    assert answer["detections"][0].keys() == example["detections"][0].keys()
    assert answer["detections"][0]["box"].keys() == example["detections"][0]["box"].keys()


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ({}, ["person"]),
        ({"labels": "dog,person"}, ["person", "dog"]),
        ({"labels": "dog"}, ["dog"]),
        ({"threshold": "0.25"}, ["person", "person"]),
        ({"threshold": "0.95"}, []),
    ],
)
async def test_who_asks_may_say_what_counts(
    asked: ClientSession, query: dict[str, str], labels: list[str]
) -> None:
    answer = await look(asked, **query)
    assert [found["label"] for found in answer["detections"]] == labels


async def test_the_threshold_of_the_configuration_counts_unless_another_is_asked_for(
    hub: Hub, settings: DetectorConfig
) -> None:
    async with talking(hub, replace(settings, threshold=0.95)) as session:
        assert (await look(session))["detections"] == []
        assert len((await look(session, threshold="0.5"))["detections"]) == 1


@pytest.mark.skipif(
    not (NANO.is_file() and IMAGES.is_dir()), reason=f"no models and media in {MATERIAL.name}/"
)
async def test_a_real_network_finds_real_people(hub: Hub) -> None:
    truth = json.loads((IMAGES / "ground_truth.json").read_text("utf-8"))["images"]
    clear = [IMAGES / each["file"] for each in truth if each["tier"] == "clear"]
    async with talking(hub, DetectorConfig(model=NANO)) as session:
        answers = [await look(session, file.read_bytes()) for file in clear]
    assert sum(bool(answer["detections"]) for answer in answers) >= 16


# What the agent says of its detector


async def about(session: ClientSession) -> Any:
    async with session.get("/api/v1/info") as response:
        return (await response.json())["detector"]


async def test_the_agent_tells_its_model_and_what_runs_it_once_it_does(
    asked: ClientSession,
) -> None:
    assert await about(asked) == {"model": "tiny.onnx", "runtime": None}
    await look(asked)
    told = await about(asked)
    assert told["runtime"].startswith("onnxruntime ")
    assert told["runtime"].endswith(" (CPU)")


async def test_an_agent_without_a_detector_says_so_and_how_to_give_it_one(hub: Hub) -> None:
    async with talking(hub, None) as session:
        assert await about(session) is None
        status, code, sentence = await refusal(session)
    assert (status, code) == (503, "no_detector")
    assert "[detector] model =" in sentence


# What is refused


async def test_an_agent_without_onnxruntime_says_what_to_install(
    asked: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    status, code, sentence = await refusal(asked)
    assert (status, code) == (503, "no_detector")
    assert sentence.endswith("pip install onnxruntime.")


async def test_a_model_that_cannot_be_used_is_told_and_tried_again(
    asked: ClientSession, settings: DetectorConfig
) -> None:
    good = settings.model.read_bytes()
    settings.model.write_bytes(good[:-1000])
    status, code, sentence = await refusal(asked)
    assert (status, code) == (503, "no_detector")
    assert "tiny.onnx is damaged or no ONNX model" in sentence

    settings.model.write_bytes(good)
    assert len((await look(asked))["detections"]) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", picture()[:300]], ids=["empty", "page", "cut"])
async def test_what_is_no_picture_is_refused_and_the_next_one_is_looked_at(
    asked: ClientSession, body: bytes
) -> None:
    status, code, sentence = await refusal(asked, body)
    assert (status, code) == (400, "bad_picture")
    assert sentence.startswith("Send a whole JPEG; the picture cannot be read")
    assert len((await look(asked))["detections"]) == 1


async def test_only_a_jpeg_is_a_picture(asked: ClientSession) -> None:
    status, _, sentence = await refusal(asked, kind="image/png")
    assert status == 415
    assert sentence.endswith("send a picture as image/jpeg.")


async def test_a_picture_of_any_size_that_a_camera_gives_is_taken(asked: ClientSession) -> None:
    trailing = bytes(LARGEST_PICTURE - len(picture()))
    assert len((await look(asked, picture() + trailing))["detections"]) == 1


async def test_a_picture_that_is_too_large_is_refused(asked: ClientSession) -> None:
    status, code, _ = await refusal(asked, bytes(LARGEST_PICTURE + 1))
    assert (status, code) == (413, "bad_request")


@pytest.mark.parametrize("threshold", ["high", "1.5", "-1", "nan", ""])
async def test_a_threshold_is_a_score(asked: ClientSession, threshold: str) -> None:
    answer = await refusal(asked, threshold=threshold)
    assert answer == (400, "bad_request", "threshold must be a number from 0 to 1.")


async def test_labels_that_the_model_does_not_know_are_told_with_those_that_it_knows(
    hub: Hub, tmp_path: Path
) -> None:
    own = network(tmp_path / "own.onnx", yolov8([ONE], 2), names="{0: 'cat', 1: 'postman'}")
    async with talking(hub, DetectorConfig(model=own)) as session:
        answer = await refusal(session, labels="unicorn,person")
    sentence = "The model knows no unicorn or person; it knows cat, postman."
    assert answer == (400, "bad_request", sentence)


# What it may cost


class Slow:
    """A network that takes as long as it is told, and notes who runs it."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.threads: list[int] = []
        self.niceness: list[int] = []

    def detect(self, *_: object) -> list[onnx.Found]:
        self.threads.append(threading.get_native_id())
        self.niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        self.go_on.wait(30)
        return []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    monkeypatch.setattr(onnx.Model, "detect", slow.detect)
    return slow


async def test_one_is_looked_at_and_four_wait_and_who_comes_then_is_told_to_come_back(
    asked: ClientSession, slow: Slow
) -> None:
    posts = [asyncio.create_task(send(asked)) for _ in range(WAITING + 2)]
    (refused, *others), waiting = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
    response = refused.result()
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert (await response.json())["error"]["code"] == "busy"

    slow.go_on.set()
    assert others == []
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}
    assert (await look(asked))["detections"] == []


async def test_pictures_are_looked_at_by_one_thread_that_gives_way_to_the_cameras(
    asked: ClientSession, slow: Slow
) -> None:
    slow.go_on.set()
    await asyncio.gather(*(look(asked) for _ in range(3)))
    assert len(slow.threads) == 3
    assert len(set(slow.threads)) == 1
    assert set(slow.niceness) == {NICENESS}
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == 0


async def test_others_are_answered_while_a_picture_is_looked_at(
    asked: ClientSession, slow: Slow
) -> None:
    looking = asyncio.create_task(look(asked))
    await eventually(lambda: slow.threads)
    async with asked.get("/health/live") as response:
        assert response.status == 200
    assert not looking.done()
    slow.go_on.set()
    await looking


async def test_the_thread_ends_with_the_agent(hub: Hub, settings: DetectorConfig) -> None:
    async with talking(hub, settings) as session:
        await look(session)
        assert threads()
    assert threads() == []


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("detector")]
