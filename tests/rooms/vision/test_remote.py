"""A detection service: what it is sent, the answers that are understood, and those that are not."""

import asyncio
from datetime import UTC, datetime
from io import BytesIO
import json
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image
import pytest

from custom_components.gatehouse.models import Box, Picture
from custom_components.gatehouse.vision import (
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    RemoteDetector,
    Sight,
    remote,
)
from tests.networks import picture
from tests.rooms.vision.conftest import Serve

JPEG = picture(200, 100)
OPTIONS = DetectorOptions()
BOX = {"xmin": 50, "ymin": 25, "xmax": 100, "ymax": 75}
PERSON = {"label": "person", "score": 0.9, "box": BOX}
DOG = {"label": "dog", "score": 0.8, "box": BOX}


def shot(jpeg: bytes = JPEG) -> Picture:
    return Picture(jpeg=jpeg, captured=datetime(2026, 11, 21, 12, tzinfo=UTC))


async def ask(
    serve: Serve, session: aiohttp.ClientSession, answer: Any, jpeg: bytes = JPEG
) -> Sight:
    """Let a service answer this, and look."""

    async def detect(request: web.Request) -> web.Response:
        return web.Response(text=answer if isinstance(answer, str) else json.dumps(answer))

    return await RemoteDetector(session, await serve(detect), OPTIONS).detect(lambda: shot(jpeg))


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


@pytest.mark.parametrize("answer", ["<html>", "", "[" * 100_000], ids=["page", "empty", "deep"])
async def test_an_answer_that_is_no_json_is_told(
    answer: str, serve: Serve, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(DetectorFailed, match="answered no JSON"):
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


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_a_refusal_is_told_with_what_the_service_says(
    status: int, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async def detect(request: web.Request) -> web.Response:
        return web.Response(status=status, text="the model is not loaded")

    detector = RemoteDetector(session, await serve(detect), OPTIONS)
    with pytest.raises(DetectorFailed, match=f"answered {status}: the model is not loaded"):
        await detector.detect(shot)


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


async def test_a_port_where_nobody_listens_is_told(
    session: aiohttp.ClientSession, unused_tcp_port: int
) -> None:
    detector = RemoteDetector(session, f"http://127.0.0.1:{unused_tcp_port}", OPTIONS)
    with pytest.raises(DetectorFailed, match="cannot be asked"):
        await detector.detect(shot)


async def test_a_service_that_falls_silent_is_told(
    serve: Serve, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def detect(request: web.Request) -> web.Response:
        await go_on.wait()
        return web.json_response([])

    monkeypatch.setattr(remote, "TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    with pytest.raises(DetectorFailed, match=r"did not answer in 0\.1 s"):
        await RemoteDetector(session, await serve(detect), OPTIONS).detect(shot)
    go_on.set()


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
