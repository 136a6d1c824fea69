"""CodeProject.AI and DeepStack: what they are sent, and what they answer."""

from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.models import Box
from custom_components.gatehouse.vision import CodeProjectDetector, DetectorFailed, DetectorOptions
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import JPEG, says, shot

OPTIONS = DetectorOptions(threshold=0.4)
PERSON = {"label": "person", "confidence": 0.9, "x_min": 50, "y_min": 25, "x_max": 100, "y_max": 75}


async def test_a_server_is_sent_the_picture_and_the_score_and_is_believed(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    asked: list[Any] = []

    async def server(request: web.Request) -> web.Response:
        form = await request.post()
        assert isinstance(form["image"], web.FileField)
        image = form["image"]
        asked.append((request.path, form["min_confidence"], image.content_type, image.file.read()))
        found = [{**PERSON, "label": "dog"}, {**PERSON, "confidence": 0.5}, PERSON]
        return web.json_response({"success": True, "predictions": found, "code": 200})

    sight = await CodeProjectDetector(session, await serve(server), OPTIONS).detect(shot)
    assert asked == [("/v1/vision/detection", "0.4", "image/jpeg", JPEG)]
    assert [(each.label, each.score) for each in sight.detections] == [
        ("person", 0.9),
        ("person", 0.5),
    ]
    assert sight.detections[0].box == Box(0.25, 0.25, 0.5, 0.75)


async def test_a_custom_model_is_asked_by_its_path(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    paths: list[str] = []

    async def server(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.json_response({"success": True, "predictions": []})

    url = await serve(server) + "/v1/vision/custom/night"
    assert (await CodeProjectDetector(session, url, OPTIONS).detect(shot)).detections == ()
    assert paths == ["/v1/vision/custom/night"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"success": False, "error": "No model", "code": 500}, "could not look: No model; look"),
        ({"success": False}, "could not look: nothing; look whether object detection"),
        ({"success": True}, "what is no list of detections"),
        ({"success": True, "predictions": [{**PERSON, "x_min": True}]}, "what is no list"),
        ({"success": True, "predictions": [{**PERSON, "confidence": 7}]}, "what is no list"),
        ('{"success": true, "predictions": [{"label": "person", "confidence": NaN}]}', "no list"),
    ],
)
async def test_an_answer_without_detections_is_told(
    answer: object, words: str, serve: Serve, session: aiohttp.ClientSession
) -> None:
    detector = CodeProjectDetector(session, await serve(says(answer)), OPTIONS)
    with pytest.raises(DetectorFailed, match=words):
        await detector.detect(shot)
