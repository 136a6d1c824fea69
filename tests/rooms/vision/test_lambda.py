"""A function of AWS Lambda: what it is sent, who may ask it, and how large a picture may be."""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
import json
import socket
import sys
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from PIL import Image
import pytest

from custom_components.gatehouse.models import Box
from custom_components.gatehouse.vision import (
    AwsKey,
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    DetectorUnavailable,
    LambdaDetector,
    aws_lambda,
)
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import DOG, JPEG, PERSON, Function, says, shot

OPTIONS = DetectorOptions(threshold=0.4, labels=frozenset({"person", "car"}))
FOUND = {"detections": [DOG, PERSON], "width": 200, "height": 100}
KEY = AwsKey(access_key="AKIDEXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG", region="eu-central-1")


async def test_a_function_is_sent_the_picture_and_what_to_look_for(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    function = Function(FOUND)
    url = await serve(function.answer)
    sight = await LambdaDetector(session, url, OPTIONS).detect(shot)
    ((asked),) = function.requests
    assert b64decode(asked.pop("image")) == JPEG
    assert asked == {"threshold": 0.4, "labels": ["car", "person"]}
    (found,) = sight.detections
    assert (found.label, found.score, found.box) == ("person", 0.9, Box(0.25, 0.25, 0.5, 0.75))


async def test_the_form_in_which_functions_answer_a_gateway_is_understood(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    function = Function({"statusCode": 200, "body": json.dumps(FOUND)})
    detector = LambdaDetector(session, await serve(function.answer), OPTIONS)
    assert len((await detector.detect(shot)).detections) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"statusCode": 500, "body": '{"message": "no model"}'}, "answered 500: no model; look"),
        ({"statusCode": 200, "body": "<html>"}, "answered no JSON: <html>"),
        ({"statusCode": 200, "body": {}}, "no list of detections"),
        ({"errorMessage": "no model", "errorType": "KeyError"}, "no list of .*no model"),
        ({"detections": [{**PERSON, "score": True}]}, "no list of detections"),
        ('{"detections": [{"label": "person", "score": NaN, "box": [1, 2, 3, 4]}]}', "no list"),
    ],
)
async def test_a_function_that_fails_inside_is_told(
    answer: Any, words: str, serve: Serve, session: aiohttp.ClientSession
) -> None:
    detector = LambdaDetector(session, await serve(says(answer)), OPTIONS)
    with pytest.raises(DetectorFailed, match=words):
        await detector.detect(shot)


@pytest.mark.parametrize("path", ["", "/", "/detect/me?model=large&night=1"])
@pytest.mark.parametrize("token", [None, "a-session-token"])
async def test_a_signature_lets_in(
    token: str | None, path: str, serve: Serve, session: aiohttp.ClientSession
) -> None:
    key = replace(KEY, session_token=token)
    function = Function(FOUND, key)
    detector = LambdaDetector(session, await serve(function.answer) + path, OPTIONS, key)
    assert len((await detector.detect(shot)).detections) == 1


@pytest.mark.parametrize(
    "key",
    [
        replace(KEY, secret_key="wrong", session_token="a-session-token"),
        replace(KEY, access_key="AKIDOTHER", session_token="a-session-token"),
        replace(KEY, region="us-east-1", session_token="a-session-token"),
    ],
    ids=["secret", "access key", "region"],
)
async def test_a_key_that_does_not_fit_is_told_without_its_secrets(
    key: AwsKey, serve: Serve, session: aiohttp.ClientSession
) -> None:
    function = Function(FOUND, replace(KEY, session_token="a-session-token"))
    detector = LambdaDetector(session, await serve(function.answer), OPTIONS, key)
    words = r"answered 403: The request signature .* …; check access key, secret and region"
    with pytest.raises(DetectorFailed, match=words) as told:
        await detector.detect(shot)
    assert function.requests == []
    shown = f"{told.value!r} {detector!r} {key!r}"
    assert key.secret_key not in shown
    assert "a-session-token" not in shown


async def test_a_function_that_wants_a_signature_says_so(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    detector = LambdaDetector(session, await serve(Function(FOUND, KEY).answer), OPTIONS)
    with pytest.raises(DetectorFailed, match="it wants signed requests: give an access key and"):
        await detector.detect(shot)


class Everywhere(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Hold nothing."""


@pytest.fixture
async def anywhere(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that finds every host on this machine."""
    connector = aiohttp.TCPConnector(resolver=Everywhere())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def test_the_region_is_read_from_the_address(
    serve: Serve, anywhere: aiohttp.ClientSession
) -> None:
    key = replace(KEY, region=None)
    function = Function(FOUND, key, region="ap-southeast-2")
    port = (await serve(function.answer)).rpartition(":")[2]
    url = f"http://abc123.lambda-url.ap-southeast-2.on.aws:{port}/"
    assert len((await LambdaDetector(anywhere, url, OPTIONS, key).detect(shot)).detections) == 1


async def test_an_address_that_tells_no_region_is_told(session: aiohttp.ClientSession) -> None:
    detector = LambdaDetector(session, "http://127.0.0.1", OPTIONS, replace(KEY, region=None))
    with pytest.raises(DetectorFailed, match="does not tell its AWS region; give the region"):
        await detector.detect(shot)


async def test_a_machine_that_cannot_sign_is_told(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    detector = LambdaDetector(session, "http://127.0.0.1", OPTIONS, KEY)
    with pytest.raises(DetectorUnavailable, match=r"cannot be signed .* install botocore"):
        await detector.detect(shot)


async def test_a_picture_that_is_too_large_is_sent_smaller(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    written = BytesIO()
    Image.effect_noise((3200, 2400), 200).convert("RGB").save(written, "JPEG", quality=95)
    assert len(written.getvalue()) > aws_lambda.LARGEST
    box = {"xmin": 400, "ymin": 300, "xmax": 800, "ymax": 900}
    function = Function([{**PERSON, "box": box}])
    detector = LambdaDetector(session, await serve(function.answer), OPTIONS)
    (found,) = (await detector.detect(lambda: shot(written.getvalue()))).detections
    assert function.sizes[0] < 6 << 20
    with Image.open(BytesIO(b64decode(function.requests[0]["image"]))) as sent:
        assert sent.size == (1600, 1200)
    assert found.box == Box(0.25, 0.25, 0.5, 0.75)


async def test_what_is_large_and_no_picture_is_told(session: aiohttp.ClientSession) -> None:
    detector = LambdaDetector(session, "http://127.0.0.1", OPTIONS)
    with pytest.raises(BadPicture, match="cannot be read"):
        await detector.detect(lambda: shot(bytes(aws_lambda.LARGEST + 1)))


async def test_a_function_that_is_asked_too_often_is_told(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    busy = says({"message": "Rate Exceeded."}, HTTPStatus.TOO_MANY_REQUESTS)
    detector = LambdaDetector(session, await serve(busy), OPTIONS)
    with pytest.raises(DetectorFailed, match="answered 429: Rate Exceeded; allow more requests"):
        await detector.detect(shot)
