"""Whatever a detection service does, its detector says it in words, and in time."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.vision import (
    CodeProjectDetector,
    Detector,
    DetectorFailed,
    DetectorOptions,
    KServeDetector,
    LambdaDetector,
    RemoteDetector,
    service,
)
from tests.rooms.vision import servers
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import listening, says, shot

Make = Callable[[aiohttp.ClientSession, str], Detector]
OPTIONS = DetectorOptions()

MAKERS: dict[str, Make] = {
    "remote": lambda session, url: RemoteDetector(session, url, OPTIONS),
    "agent": lambda session, url: RemoteDetector.for_agent(session, url, "tell-nobody", OPTIONS),
    "lambda": lambda session, url: LambdaDetector(session, url, OPTIONS),
    "kserve": lambda session, url: KServeDetector(session, [url], "yolo", OPTIONS),
    "codeproject": lambda session, url: CodeProjectDetector(session, url, OPTIONS),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Make:
    return MAKERS[request.param]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after a moment."""
    monkeypatch.setattr(service, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))


async def test_a_service_that_falls_silent_is_told(
    make: Make, serve: Serve, session: aiohttp.ClientSession, soon: None
) -> None:
    go_on = asyncio.Event()

    async def waits(request: web.Request) -> web.Response:
        await go_on.wait()
        return web.Response()

    detector = make(session, await serve(waits))
    with pytest.raises(DetectorFailed, match=r"did not answer in 0\.2 s; check that it runs"):
        await detector.detect(shot)
    go_on.set()


async def test_an_answer_that_drips_is_given_up_in_time(
    make: Make, serve: Serve, session: aiohttp.ClientSession, soon: None
) -> None:
    detector = make(session, await serve(servers.drips))
    with pytest.raises(DetectorFailed, match=r"did not answer in 0\.2 s"):
        await detector.detect(shot)


async def test_an_answer_without_an_end_is_cut(
    make: Make, serve: Serve, session: aiohttp.ClientSession
) -> None:
    detector = make(session, await serve(servers.floods))
    with pytest.raises(DetectorFailed, match="answered more than 1024 KB"):
        await detector.detect(shot)


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (servers.cuts_off, "broke off in the middle of its answer; look into the log"),
        (servers.hangs_up, "cannot be asked: .*; check its address and that it runs"),
        (servers.talks_of_other_things, "cannot be asked: .*; check its address"),
    ],
    ids=["cut", "hung up", "no HTTP"],
)
async def test_a_broken_connection_is_told(
    make: Make, session: aiohttp.ClientSession, wire: servers.Wire, words: str
) -> None:
    async with listening(wire) as url:
        with pytest.raises(DetectorFailed, match=words):
            await make(session, url).detect(shot)


async def test_a_port_where_nobody_listens_is_told(
    make: Make, session: aiohttp.ClientSession, unused_tcp_port: int
) -> None:
    with pytest.raises(DetectorFailed, match=r"127\.0\.0\.1 cannot be asked: .*; check its addr"):
        await make(session, f"http://127.0.0.1:{unused_tcp_port}").detect(shot)


async def test_an_address_that_is_none_is_told(make: Make, session: aiohttp.ClientSession) -> None:
    with pytest.raises(DetectorFailed, match="has no valid address; it starts with http"):
        await make(session, "ftp://127.0.0.1/secret").detect(shot)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "check the token or key that it wants"),
        (404, "check"),
        (405, "check the address"),
        (413, "let the service take larger pictures"),
        (429, "allow more requests there"),
        (500, "look into the log of the service"),
        (502, "look into the log"),
        (503, "it is busy or not ready, and is asked again later"),
        (504, "it takes too long; choose a smaller model there"),
        (507, "check the address, and the log of the service"),
    ],
)
async def test_a_refusal_is_told_with_what_to_do(
    make: Make, serve: Serve, session: aiohttp.ClientSession, status: int, advice: str
) -> None:
    detector = make(session, await serve(says("So\n it is.", status)))
    with pytest.raises(DetectorFailed, match=f"answered {status}: So it is; {advice}"):
        await detector.detect(shot)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "busy", "message": "Others are looked at."}},
        {"error": "Others are looked at."},
        {"errorMessage": "Others are looked at", "errorType": "Busy"},
        {"message": "Others are looked at"},
        {"Message": "Others are looked at"},
        {"detail": "Others are looked at"},
    ],
)
async def test_the_sentence_in_an_error_is_what_is_told(
    make: Make, serve: Serve, session: aiohttp.ClientSession, body: Any
) -> None:
    detector = make(session, await serve(says(body, 503)))
    with pytest.raises(DetectorFailed, match="answered 503: Others are looked at; it is busy"):
        await detector.detect(shot)


@pytest.mark.parametrize("body", ["<html>", "", "[" * 100_000, b"\xff".decode("latin1")])
async def test_an_answer_that_is_no_json_is_told(
    make: Make, serve: Serve, session: aiohttp.ClientSession, body: str
) -> None:
    detector = make(session, await serve(says(body)))
    with pytest.raises(DetectorFailed, match=r"answered no JSON: .*; check the address"):
        await detector.detect(shot)


@pytest.mark.parametrize("depth", [500, 1000, 5000, 20_000])
async def test_an_answer_of_any_depth_is_told(
    make: Make, serve: Serve, session: aiohttp.ClientSession, depth: int
) -> None:
    detector = make(session, await serve(says("[" * depth + "]" * depth)))
    with pytest.raises(DetectorFailed, match="check the address"):
        await detector.detect(shot)


async def test_an_error_without_a_sentence_is_told_as_it_is(
    make: Make, serve: Serve, session: aiohttp.ClientSession
) -> None:
    detector = make(session, await serve(says({"code": 7}, 500)))
    with pytest.raises(DetectorFailed, match=r'answered 500: \{"code": 7\}; look into the log'):
        await detector.detect(shot)


async def test_a_picture_is_not_sent_on_to_another_address(
    make: Make, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("http://other.example/detect")

    detector = make(session, await serve(elsewhere))
    with pytest.raises(DetectorFailed, match=r"answered 307: .* moved to: http://other\.example/"):
        await detector.detect(shot)


async def test_a_closed_detector_leaves_the_session_to_others(
    make: Make, session: aiohttp.ClientSession
) -> None:
    await make(session, "http://127.0.0.1").close()
    assert not session.closed
