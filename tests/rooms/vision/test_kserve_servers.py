"""Several KServe servers share what waits; one that fails costs no picture, and comes back."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from functools import partial
import logging
import os
from pathlib import Path
import signal

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.vision import (
    DetectorFailed,
    DetectorOptions,
    KServeDetector,
    service,
)
from tests.networks import PERSON, WIDTH, Seen, network, yolov8
from tests.rooms.vision import servers
from tests.rooms.vision.batches import Camera, cameras, process, wide_network
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import Fault, Triton, says
from tests.rooms.vision.test_lineup import Clock
from tests.waiting import eventually, within

OPTIONS = DetectorOptions(threshold=0.1)
Detect = Callable[..., Awaitable[KServeDetector]]


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    return wide_network(tmp_path / "wide.onnx")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def detecting(serve: Serve, session: aiohttp.ClientSession, clock: Clock) -> Detect:
    """Return a detector that has met all of the servers."""

    async def detecting(*tritons: Triton) -> KServeDetector:
        urls = [await serve(triton.answer) for triton in tritons]
        detector = KServeDetector(session, urls, "yolo", OPTIONS, clock=clock)
        await detector.compare()
        for triton in tritons:
            triton.batches.clear()
            triton.asked.clear()
        return detector

    return detecting


def pair(path: Path, limit: int = 1) -> tuple[Triton, Triton]:
    return tuple(Triton(path, config={"max_batch_size": limit}) for _ in "ab")  # type: ignore[return-value]


@pytest.mark.parametrize(("number", "looked_at"), [(1, 20), (2, 40), (4, 80)])
async def test_each_server_more_looks_at_as_many_pictures_more(
    number: int, looked_at: int, wide: Path, detecting: Detect
) -> None:
    tritons = [Triton(wide, config={"max_batch_size": 2}) for _ in range(number)]
    detector = await detecting(*tritons)
    for triton in tritons:
        triton.steps = asyncio.Semaphore(0)
    watched = cameras(64)
    looking = [asyncio.create_task(camera.ask(detector, 99)) for camera in watched]
    for _ in range(10):  # each server takes one request in the same time
        await eventually(lambda: all(triton.pending == 2 for triton in tritons))
        for triton in tritons:
            triton.steps.release()
        await eventually(lambda: len({len(triton.batches) for triton in tritons}) == 1)
    await eventually(lambda: sum(len(camera.seen) for camera in watched) == looked_at)
    for task in looking:
        task.cancel()
    await asyncio.wait(looking)
    await detector.close()
    for triton in tritons:
        triton.steps.release()
        triton.steps.release()
    assert all(camera.recognised for camera in watched if camera.seen)


async def test_two_that_are_free_share_what_waits(wide: Path, detecting: Detect) -> None:
    tritons = pair(wide, limit=8)
    detector = await detecting(*tritons)
    watched = cameras(6)
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    assert [triton.batches for triton in tritons] == [[3], [3]]
    assert all(camera.recognised for camera in watched)


async def test_a_picture_goes_to_who_has_least_in_hand(wide: Path, detecting: Detect) -> None:
    busy, free = pair(wide)
    detector = await detecting(busy, free)
    busy.steps = asyncio.Semaphore(0)
    first, *others = cameras(8)
    waiting = asyncio.create_task(first.ask(detector))
    await eventually(lambda: busy.pending == 1)
    for camera in others:
        await camera.ask(detector)
    assert (len(busy.batches), len(free.batches)) == (0, 7)
    busy.steps.release()
    await waiting


FAULTS: dict[str, Fault] = {
    "broken": servers.breaks,
    "cut": servers.cuts,
    "slow": servers.sleeps,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_other_looks_at_the_pictures_of_one_that_fails(
    fault: str,
    wide: Path,
    detecting: Detect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(service, "TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    bad, good = pair(wide, limit=4)
    detector = await detecting(bad, good)
    bad.fault = FAULTS[fault]
    watched = cameras(16)
    await asyncio.gather(*(camera.ask(detector, 3) for camera in watched))
    assert all(len(camera.seen) == 3 and camera.recognised for camera in watched)
    # What it could not do was shown once: to the other goes the same picture.
    assert [camera.shown for camera in watched] == [3] * 16
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len([each for each in warnings if "other servers look" in each.message]) == 1


async def test_one_that_answers_nonsense_is_left_out(wide: Path, detecting: Detect) -> None:
    bad, good = pair(wide, limit=4)
    detector = await detecting(bad, good)
    bad.spoil = lambda text, tensors, head: (text, tensors[:-4], head)
    watched = cameras(8)
    await asyncio.gather(*(camera.ask(detector, 2) for camera in watched))
    assert all(len(camera.seen) == 2 and camera.recognised for camera in watched)
    assert len(bad.batches) <= 2


async def test_one_that_failed_rests_longer_each_time_and_shows_first_that_it_is_ready(
    wide: Path, detecting: Detect, clock: Clock
) -> None:
    bad, good = pair(wide)
    detector = await detecting(bad, good)
    bad.ready = False
    asked = list[float]()
    began = clock.now
    (camera,) = cameras(1)
    for _ in range(4 * 70):
        before = len(bad.asked)
        await camera.ask(detector)
        await eventually(lambda: not detector.is_meeting)
        if len(bad.asked) > before:
            asked.append(clock.now - began)
        clock.now += 0.5
    assert asked == [0, 2, 6, 14, 30, 62, 122]
    # A picture was lent once; from then on it was only asked whether it is ready.
    assert bad.asked == ["POST /v2/models/yolo/infer"] + ["GET /v2/health/ready"] * 6
    bad.ready = True
    clock.now += 60
    await camera.ask(detector)
    await eventually(lambda: not detector.is_meeting)
    looked_at = len(bad.batches)
    await camera.ask(detector)
    assert len(bad.batches) == looked_at + 1
    assert camera.recognised


async def test_where_all_fail_the_first_is_told_and_all_are_tried_with_the_next_picture(
    wide: Path, detecting: Detect
) -> None:
    first, second = pair(wide)
    detector = await detecting(first, second)
    first.ready = second.ready = False
    watched = cameras(9)
    for _ in range(3):
        told = await asyncio.gather(
            *(camera.ask(detector) for camera in watched), return_exceptions=True
        )
        assert {type(each) for each in told} == {DetectorFailed}
        assert len({str(each) for each in told}) == 1
        assert "answered 503: still loading; it is busy or not ready" in str(told[0])
        assert len({id(each) for each in told}) == 9
    second.ready = True
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    assert all(camera.recognised for camera in watched)


async def test_a_server_that_is_away_from_the_beginning_delays_nobody(
    wide: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    never = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    there = Triton(wide)
    urls = [await serve(silent), await serve(there.answer)]
    detector = KServeDetector(session, urls, "yolo", OPTIONS)
    (camera,) = cameras(1)
    with within(2):
        await camera.ask(detector, 5)
    assert camera.recognised
    await detector.close()
    never.set()


@pytest.mark.timeout(120)
async def test_a_server_that_is_killed_costs_no_picture_and_is_used_again_when_it_is_back(
    wide: Path,
    session: aiohttp.ClientSession,
    unused_tcp_port_factory: Callable[[], int],
    clock: Clock,
) -> None:
    ports = [unused_tcp_port_factory() for _ in "ab"]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    detector = KServeDetector(session, urls, "wide", OPTIONS, clock=clock)
    watched, options = cameras(32), ("--batch", "4", "--pause", "0.01")
    async with process(wide, ports[0], *options) as doomed, process(wide, ports[1], *options):
        await detector.compare()
        looking = [asyncio.create_task(camera.ask(detector, 12)) for camera in watched]
        await eventually(lambda: all(camera.seen for camera in watched), 30)
        os.kill(doomed, signal.SIGKILL)
        await asyncio.gather(*looking)
        assert all(len(camera.seen) == 12 and camera.recognised for camera in watched)
        assert await pictures(session, urls[1]) > 32 * 12 / 2

        async with process(wide, ports[0], *options):
            clock.now += 60
            await asyncio.gather(*(camera.ask(detector, 12) for camera in watched))
            assert all(len(camera.seen) == 24 and camera.recognised for camera in watched)
            assert await pictures(session, urls[0]) > 32
        await detector.close()


async def pictures(session: aiohttp.ClientSession, url: str) -> int:
    """Return how many pictures a server has looked at since it began."""
    async with session.get(f"{url}/v2/models/wide/stats") as response:
        (stats,) = (await response.json())["model_stats"]
    found: int = stats["inference_count"]
    return found


async def test_servers_of_the_same_model_are_taken(wide: Path, detecting: Detect) -> None:
    halves = Triton(wide, datatype="FP16", config={"max_batch_size": 2})
    detector = await detecting(Triton(wide), halves)
    watched = cameras(4)
    await asyncio.gather(*(camera.ask(detector) for camera in watched))
    assert halves.batches


@pytest.mark.parametrize("other", ["size", "classes"])
async def test_servers_of_different_models_are_told_apart(
    other: str, wide: Path, tmp_path: Path, detecting: Detect
) -> None:
    path = tmp_path / "other.onnx"
    if other == "size":
        wide_network(path, WIDTH * 2)
        words = r"pictures of 256×96 pixels, answers of 84×252\) than .*pictures of 128×96 pixels"
    else:
        network(path, yolov8([Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)], classes=1))
        words = r"answers of 5×252\) than 127\.0\.0\.1:\d+ \(.*answers of 84×252\); let all"
    with pytest.raises(DetectorFailed, match=rf"127\.0\.0\.1:\d+ serves another model \(.*{words}"):
        await detecting(Triton(wide), Triton(path))


async def test_a_server_that_is_given_twice_is_one(
    wide: Path, serve: Serve, session: aiohttp.ClientSession
) -> None:
    triton = Triton(wide)
    url = await serve(triton.answer)
    detector = KServeDetector(session, [url, url, f"{url}/"], "yolo", OPTIONS)
    await detector.compare()
    assert triton.asked.count("GET /v2/health/ready") == 1


def test_a_detector_without_a_server_is_refused(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ValueError, match="needs the address of a server"):
        KServeDetector(session, [], "yolo", OPTIONS)


async def test_the_password_in_an_address_is_sent_and_never_told(
    wide: Path,
    serve: Serve,
    session: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sent = "Basic " + b64encode(b"gate:keep-this-quiet").decode()
    heard = list[str | None]()

    async def repeats(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Authorization"))
        return await says({"error": f"keep-this-quiet is wrong: {heard[-1]}"}, 401)(request)

    triton = Triton(wide)
    urls = [
        (await serve(each)).replace("//", "//gate:keep-this-quiet@")
        for each in (repeats, triton.answer)
    ]
    detector = KServeDetector(session, urls, "yolo", OPTIONS)
    with pytest.raises(DetectorFailed, match=r"127\.0\.0\.1:\d+ answered 401: … is wrong") as told:
        await detector.compare()
    (camera,) = cameras(1)
    for _ in range(2):
        await camera.ask(detector)
        await eventually(lambda: not detector.is_meeting)
    assert set(heard) == {sent}
    assert triton.batches
    for text in (str(told.value), caplog.text):
        assert "keep-this-quiet" not in text
        assert sent.partition(" ")[2] not in text


async def test_servers_that_come_and_go_in_turn_cost_no_picture(
    wide: Path, detecting: Detect, clock: Clock
) -> None:
    tritons = pair(wide, limit=8)
    detector = await detecting(*tritons)
    watched = cameras(24)

    async def come_and_go() -> None:
        for turn in range(12):
            sick = tritons[turn % 2]
            sick.fault = servers.cuts
            await asyncio.sleep(0.02)
            sick.fault = None
            asked = [len(camera.seen) for camera in watched]
            await eventually(partial(looks_again, sick, len(sick.batches)))
            # What was cut is told by now, and has gone to the other, before that is cut.
            await eventually(partial(have_seen_more, asked))

    def have_seen_more(asked: list[int]) -> bool:
        return all(len(each.seen) > before for each, before in zip(watched, asked, strict=True))

    def looks_again(triton: Triton, before: int) -> bool:
        clock.now += 61  # what was cut may be told only now: it rests from then on
        return len(triton.batches) > before + 2  # two are about an empty picture

    async def ask(camera: Camera) -> None:
        while not changes.done():
            await camera.ask(detector)

    changes = asyncio.create_task(come_and_go())
    await asyncio.gather(changes, *map(ask, watched))
    assert all(camera.seen and camera.recognised for camera in watched)
    assert all(camera.shown == len(camera.seen) for camera in watched)
    assert all(len(triton.batches) > 3 for triton in tritons)
