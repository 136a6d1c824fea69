"""A detection service: what it is sent, the answers that are understood, and those that are not."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
import json
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image
import pytest

from camera_agent import wire
from camera_agent.config import AgentConfig, DetectorConfig
from camera_agent.detector import Detector as AgentsDetector
from camera_agent.hub import Hub
from camera_agent.server import application
from custom_components.gatehouse.models import Box
from custom_components.gatehouse.vision import (
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    RemoteDetector,
    Sight,
    remote,
)
from tests.networks import DOG as A_DOG, FAMILIES, PERSON as A_PERSON, Seen, network
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import BOX, DOG, JPEG, PERSON, says, shot

OPTIONS = DetectorOptions()
WALKER = Seen(A_PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)
HOUND = Seen(A_DOG, 0.8, 0.5, 0.25, 0.75, 0.75)


async def ask(
    serve: Serve, session: aiohttp.ClientSession, answer: Any, jpeg: bytes = JPEG
) -> Sight:
    """Let a service answer this, and look."""
    detector = RemoteDetector(session, await serve(says(answer)), OPTIONS)
    return await detector.detect(lambda: shot(jpeg))


@pytest.mark.parametrize(
    "answer",
    [
        {"detections": [PERSON], "width": 200, "height": 100},
        {"detections": [PERSON]},
        [PERSON],
        [{"label": "person", "score": 0.9, "box": [50, 25, 100, 75]}],
        {
            "detections": [
                {
                    "class": "person",
                    "confidence": 0.9,
                    "bbox": {"x": 50, "y": 25, "width": 50, "height": 50},
                }
            ],
            "image_width": 200,
            "image_height": 100,
        },
    ],
    ids=["ours", "no size", "list", "edges", "other words"],
)
async def test_the_answers_of_detection_services_are_understood(
    answer: object, serve: Serve, session: aiohttp.ClientSession
) -> None:
    (found,) = (await ask(serve, session, answer)).detections
    assert (found.label, found.score) == ("person", 0.9)
    assert found.box == Box(0.25, 0.25, 0.5, 0.75)


async def test_a_service_that_finds_nothing_is_believed(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    assert (await ask(serve, session, {"detections": []})).detections == ()


async def test_only_what_is_looked_for_counts_and_the_best_comes_first(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    weak, unsure = {**PERSON, "score": 0.5}, {**PERSON, "score": 0.2}
    sight = await ask(serve, session, [weak, DOG, unsure, PERSON])
    assert [found.score for found in sight.detections] == [0.9, 0.5]


async def test_a_box_that_sticks_out_ends_at_the_edge(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    box = {"xmin": -5, "ymin": -5.5, "xmax": 900, "ymax": 101}
    (found,) = (await ask(serve, session, [{**PERSON, "box": box}])).detections
    assert found.box == Box(0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '"person"',
        "7",
        '{"detections": "none"}',
        "[7]",
        "[[]]",
        '["person"]',
        [{**PERSON, "score": "0.9"}],
        [{**PERSON, "score": True}],
        [{**PERSON, "score": 1.5}],
        '[{"label": "person", "score": NaN, "box": [1, 2, 3, 4]}]',
        [{**PERSON, "label": 3}],
        [{**PERSON, "box": [1, 2, 3]}],
        [{**PERSON, "box": [1, 2, 3, 10**400]}],
        [{**PERSON, "box": {**BOX, "xmax": 10}}],
        [{**PERSON, "box": None}],
        [{"label": "person", "score": 0.9}],
        {"detections": [PERSON], "width": 0, "height": 100},
        {"detections": [PERSON], "width": "200", "height": 100},
    ],
)
async def test_an_answer_without_sense_is_told(
    answer: object, serve: Serve, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(DetectorFailed, match=r"127\.0\.0\.1 answered what is no list"):
        await ask(serve, session, answer)


async def test_a_picture_whose_size_nobody_knows_is_told(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(BadPicture, match="cannot be read"):
        await ask(serve, session, [PERSON], b"no picture")


@pytest.mark.parametrize(
    ("given", "asked"),
    [("", "/detect"), ("/", "/detect"), ("/v2/find?key=1", "/v2/find?key=1")],
)
async def test_a_service_is_asked_at_detect_unless_a_path_is_given(
    given: str, asked: str, serve: Serve, session: aiohttp.ClientSession
) -> None:
    requests: list[tuple[str, str, str, bytes]] = []

    async def detect(request: web.Request) -> web.Response:
        body = await request.read()
        requests.append((request.method, request.path_qs, request.content_type, body))
        return web.json_response([])

    await RemoteDetector(session, await serve(detect) + given, OPTIONS).detect(shot)
    assert requests == [("POST", asked, "image/jpeg", JPEG)]


async def test_a_service_that_wants_a_form_gets_one_from_then_on(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    kinds: list[str] = []

    async def detect(request: web.Request) -> web.Response:
        kinds.append(request.content_type)
        if request.content_type != "multipart/form-data":
            return web.json_response({"detail": "file: field required"}, status=422)
        form = await request.post()
        assert isinstance(form["file"], web.FileField)
        with Image.open(BytesIO(form["file"].file.read())) as image:
            assert image.size == (200, 100)
        return web.json_response([PERSON])

    detector = RemoteDetector(session, await serve(detect), OPTIONS)
    assert len((await detector.detect(shot)).detections) == 1
    assert len((await detector.detect(shot)).detections) == 1
    assert kinds == ["image/jpeg", "multipart/form-data", "multipart/form-data"]


async def test_a_service_that_is_away_is_told_and_is_asked_again(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    answers = iter([web.Response(status=500), web.json_response([PERSON])])

    async def detect(request: web.Request) -> web.Response:
        return next(answers)

    detector = RemoteDetector(session, await serve(detect), OPTIONS)
    with pytest.raises(DetectorFailed, match="answered 500: nothing"):
        await detector.detect(shot)
    assert len((await detector.detect(shot)).detections) == 1


async def test_a_service_is_asked_one_thing_at_a_time_about_the_newest_picture(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    working = most = 0

    async def detect(request: web.Request) -> web.Response:
        nonlocal working, most
        working += 1
        most = max(most, working)
        asked.set()
        await go_on.wait()
        working -= 1
        return web.json_response([])

    old, new = shot(), shot()
    slot = [old]
    detector = RemoteDetector(session, await serve(detect), OPTIONS)
    first = asyncio.create_task(detector.detect(lambda: slot[0]))
    second = asyncio.create_task(detector.detect(lambda: slot[0]))
    await asked.wait()
    slot[0] = new
    go_on.set()
    assert [(await each).picture for each in (first, second)] == [old, new]
    assert most == 1
    await detector.close()
    assert not session.closed


@pytest.mark.parametrize(
    ("body", "form", "told"),
    [(400, 415, 400), (422, 400, 400), (415, 422, 415), (422, 422, 422)],
)
async def test_where_neither_body_nor_form_helps_the_plainer_refusal_is_told(
    body: int, form: int, told: int, serve: Serve, session: aiohttp.ClientSession
) -> None:
    kinds: list[str] = []

    async def detect(request: web.Request) -> web.Response:
        kinds.append(request.content_type)
        status = {"image/jpeg": body, "multipart/form-data": form}[request.content_type]
        return web.Response(status=status, text="no such picture")

    detector = RemoteDetector(session, await serve(detect), OPTIONS)
    for _ in range(2):
        with pytest.raises(DetectorFailed, match=f"answered {told}: no such picture; check the"):
            await detector.detect(shot)
    assert kinds == ["image/jpeg", "multipart/form-data"] * 2


@pytest.fixture
async def agent(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[str]:
    """A real agent, whose model sees a person and a dog in everything."""
    model = network(tmp_path / "tiny.onnx", FAMILIES["yolox"]([WALKER, HOUND]))
    config = AgentConfig(
        id="porch", name="Porch", token="a-token", data=tmp_path, announce=False, cameras=()
    )
    looking = AgentsDetector(DetectorConfig(model=model))
    runner = web.AppRunner(application(Hub(config), looking))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_agent_looks_with_the_model_that_is_set_up_there(
    agent: str, session: aiohttp.ClientSession
) -> None:
    detector = RemoteDetector.for_agent(session, agent, "a-token", OPTIONS)
    (found,) = (await detector.detect(shot)).detections
    assert (found.label, round(found.score, 2)) == ("person", 0.9)
    both = DetectorOptions(threshold=0.1, labels=frozenset({"person", "dog"}))
    sight = await RemoteDetector.for_agent(session, agent, "a-token", both).detect(shot)
    assert [each.label for each in sight.detections] == ["person", "dog"]


async def test_what_an_agent_says_against_a_picture_is_not_held_against_it(
    agent: str, session: aiohttp.ClientSession
) -> None:
    detector = RemoteDetector.for_agent(session, agent, "a-token", OPTIONS)
    with pytest.raises(BadPicture, match="cannot read the picture"):
        await detector.detect(lambda: shot(b"no picture"))


@pytest.mark.parametrize(
    ("token", "label", "words"),
    [
        ("other", "person", "answered 401: .*; check the token or key"),
        ("two\nlines", "person", "cannot be asked: "),
        ("a-token", "unicorn", "answered 400: .* no unicorn"),
    ],
)
async def test_what_an_agent_refuses_is_told(
    token: str, label: str, words: str, agent: str, session: aiohttp.ClientSession
) -> None:
    options = DetectorOptions(labels=frozenset({label}))
    detector = RemoteDetector.for_agent(session, agent, token, options)
    with pytest.raises(DetectorFailed, match=words):
        await detector.detect(shot)


def test_the_words_of_the_agent_are_those_of_its_wire() -> None:
    assert remote.AGENT_PATH == wire.DETECT
    assert json.loads(remote.BAD_PICTURE) == wire.ErrorCode.BAD_PICTURE
    assert {wire.QUERY_THRESHOLD, wire.QUERY_LABELS} == {"threshold", "labels"}


async def test_an_agent_is_asked_with_its_token_what_to_look_for(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    requests: list[tuple[str, str, str]] = []

    async def detect(request: web.Request) -> web.Response:
        requests.append((request.method, request.path_qs, request.headers["Authorization"]))
        answer = {"detections": [PERSON, DOG], "width": 200, "height": 100, "milliseconds": 31.4}
        return web.json_response(answer)

    options = DetectorOptions(threshold=0.5, labels=frozenset({"person", "car"}))
    detector = RemoteDetector.for_agent(session, await serve(detect), "a-token", options)
    (found,) = (await detector.detect(shot)).detections
    assert found.box == Box(0.25, 0.25, 0.5, 0.75)
    asked = "/api/v1/detect?threshold=0.5&labels=car,person"
    assert requests == [("POST", asked, "Bearer a-token")]


async def test_an_agent_that_is_busy_is_told(serve: Serve, session: aiohttp.ClientSession) -> None:
    busy = {"error": {"code": "busy", "message": "Four pictures wait already."}}
    url = await serve(says(busy, 503))
    detector = RemoteDetector.for_agent(session, url, "a-token", OPTIONS)
    with pytest.raises(DetectorFailed, match="503: Four pictures wait already; it is busy"):
        await detector.detect(shot)


async def test_a_token_is_in_no_error_and_no_description(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    async def debugs(request: web.Request) -> web.Response:
        return web.Response(status=500, text=f"refused: {request.headers['Authorization']}")

    async def echoes(request: web.Request) -> web.Response:
        return web.json_response([{**PERSON, "score": request.headers["Authorization"]}])

    refused = RemoteDetector.for_agent(session, await serve(debugs), "tell-nobody", OPTIONS)
    with pytest.raises(DetectorFailed, match=r"answered 500: refused: Bearer …; look") as first:
        await refused.detect(shot)
    puzzled = RemoteDetector.for_agent(session, await serve(echoes), "tell-nobody", OPTIONS)
    with pytest.raises(DetectorFailed, match=r"no number: 'Bearer …'") as second:
        await puzzled.detect(shot)
    assert "tell-nobody" not in f"{first.value!r} {second.value!r} {refused!r}"
