"""The agent over HTTP, with cameras that give what they are told."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
import json
import logging
from pathlib import Path
import shutil
import time
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, web
import pytest

from camera_agent import broadcast, hub as hub_module, spool as spool_module
from camera_agent.auth import signature
from camera_agent.camera_config import CameraConfig
from camera_agent.cameras import Camera
from camera_agent.config import AgentConfig, SpoolConfig
from camera_agent.hub import Hub
from camera_agent.messages import Message
from camera_agent.models import Packet, Picture, Sound
from camera_agent.server import AccessLogger, application, is_news
from camera_agent.wire import CameraStatus
from tests.waiting import eventually

from .media import FPS, brightness, packets, picture, sounds, spans

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"anybody:{TOKEN}".encode()).decode()}
FRONT = "/api/v1/cameras/front"
WIRE = Path(__file__).parents[1] / "wire"


class StillCamera(Camera):
    """A camera without a process: it gives what the test feeds, or one picture for each demand."""

    shown: Picture | None = None

    def demand(self, fps: float) -> None:
        if fps and self.shown:
            asyncio.get_running_loop().call_soon(self._listener.picture, self.config.id, self.shown)

    async def run(self) -> None:
        await asyncio.Event().wait()

    def feed(self, packets: list[Packet]) -> None:
        for packet in packets:
            self._listener.packet(self.config.id, packet)

    def sound(self, sounds: list[Sound]) -> None:
        for sound in sounds:
            self._listener.sound(self.config.id, sound)

    def move(self, score: float, moving: bool) -> None:
        self._listener.motion(self.config.id, score, moving, 1_795_000_003_500_000)

    def turn(self, **changes: Any) -> None:
        self._change(**changes)


def still(hub: Hub, camera: str) -> StillCamera:
    found = hub.channels[camera].camera
    assert isinstance(found, StillCamera)
    return found


@pytest.fixture
def config(configured: Callable[..., CameraConfig], tmp_path: Path) -> AgentConfig:
    return AgentConfig(
        id="9f2c41d07ab3",
        name="Porch",
        token=TOKEN,
        data=tmp_path,
        announce=False,
        cameras=(configured(id="front"), configured(id="back", name="Yard")),
    )


@pytest.fixture
async def hub(config: AgentConfig) -> AsyncIterator[Hub]:
    hub = Hub(config, StillCamera)
    running = asyncio.create_task(hub.run())
    await asyncio.sleep(0)
    yield hub
    await hub.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def front(hub: Hub) -> StillCamera:
    return still(hub, "front")


@pytest.fixture
async def address(hub: Hub) -> AsyncIterator[str]:
    runner = web.AppRunner(application(hub), access_log_class=AccessLogger, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def anybody(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address) as session:
        yield session


@pytest.fixture
async def agent(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address, headers=BEARER) as session:
        yield session


async def refusal(answer: AbstractAsyncContextManager[ClientResponse]) -> tuple[int, str]:
    """The status and the code of a refusal, which has a sentence too."""
    async with answer as response:
        error = (await response.json())["error"]
    assert error.keys() == {"code", "message"}
    assert error["message"].endswith(".")
    return response.status, error["code"]


def signed(path: str, lifetime: int = 60) -> str:
    expires = str(int(time.time()) + lifetime)
    return f"{path}?expires={expires}&auth={signature(TOKEN, path, expires)}"


# Who may ask


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/info"),
        ("POST", "/api/v1/detect"),
        ("GET", "/api/v1/feed"),
        ("GET", f"{FRONT}/snapshot"),
        ("GET", f"{FRONT}/stream"),
        ("GET", f"{FRONT}/live.ts"),
        ("GET", f"{FRONT}/recordings"),
        ("POST", f"{FRONT}/recordings"),
        ("GET", f"{FRONT}/recordings/1"),
        ("PATCH", f"{FRONT}/recordings/1"),
        ("DELETE", f"{FRONT}/recordings/1"),
        ("GET", "/api/v1/spool"),
        ("DELETE", "/api/v1/spool?until=1"),
        ("PUT", "/api/v1/bookings"),
        ("GET", "/api/v1/bookings"),
        ("GET", "/stream"),
        ("GET", "/snapshot"),
        ("GET", "/?action=snapshot"),
        ("GET", f"/?action=snapshot&token={TOKEN}"),
        ("GET", "/nowhere"),
    ],
)
async def test_everything_else_needs_the_token(
    anybody: ClientSession, method: str, path: str
) -> None:
    assert await refusal(anybody.request(method, path)) == (401, "unauthorized")


async def test_a_stranger_learns_what_this_is_and_no_more(anybody: ClientSession) -> None:
    async with anybody.get("/api/v1/info") as response:
        told = await response.json()

    assert told["name"] == "Porch"
    assert told["paired"] is True
    assert told.keys() == {"product", "api", "id", "name", "version", "model", "paired"}


async def test_the_owner_learns_all_of_it(agent: ClientSession) -> None:
    async with agent.get("/api/v1/info") as response:
        told = await response.json()

    assert told["paired"] is True
    assert [camera["id"] for camera in told["cameras"]] == ["front", "back"]


async def test_a_wrong_token_is_told_from_none(anybody: ClientSession) -> None:
    wrong = {"Authorization": "Bearer wrong"}

    asking = anybody.get("/api/v1/info", headers=wrong)

    assert await refusal(asking) == (401, "unauthorized")


async def test_who_has_no_token_is_told_how_to_bring_it(anybody: ClientSession) -> None:
    async with anybody.get("/stream") as response:
        assert response.headers["WWW-Authenticate"].startswith("Basic realm=")


async def test_a_form_of_another_page_gains_nothing_by_a_password_that_a_browser_remembers(
    anybody: ClientSession, front: StillCamera
) -> None:
    front.shown = picture(1795000003.5)
    async with anybody.get(f"{FRONT}/snapshot", headers=BASIC) as response:
        assert response.status == 200

    asking = anybody.post(f"{FRONT}/recordings", headers=BASIC, data={"until": "1795000060"})

    assert await refusal(asking) == (401, "unauthorized")


async def said(address: str, request: bytes) -> bytes:
    """Send what no client would, and return the answer's first line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(request)
    try:
        return await reader.readline()
    finally:
        writer.close()


async def test_a_token_of_no_alphabet_is_a_wrong_one(address: str) -> None:
    request = b"GET /api/v1/info HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n\r\n"

    assert b" 401 " in await said(address, request)


@pytest.mark.parametrize("request_line", [b"NONSENSE", b"GET / HTTP/1.1\r\nX: " + b"x" * 9000])
async def test_a_stranger_who_talks_nonsense_does_not_fill_the_log(
    address: str, request_line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(is_news)

    assert b" 400 " in await said(address, request_line + b"\r\n\r\n")

    assert caplog.records == []


async def test_an_error_of_ours_is_news(
    agent: ClientSession,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(is_news)
    monkeypatch.setattr(hub, "info", lambda: 1 / 0)

    async with agent.get("/api/v1/info") as response:
        assert response.status == 500

    assert "ZeroDivisionError" in caplog.text


async def test_a_line_of_the_log_cannot_be_forged(
    agent: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async with agent.get("/nowhere%0A2026 INFO all is well") as response:
        assert response.status == 404

    await eventually(lambda: "GET /nowhere%0A2026" in caplog.text)


async def test_a_signed_address_opens_one_path(anybody: ClientSession, front: StillCamera) -> None:
    front.shown = picture(1795000003.5)

    async with anybody.get(signed(f"{FRONT}/snapshot")) as response:
        assert response.status == 200
    forged = signed(f"{FRONT}/snapshot").replace("front", "back")
    assert await refusal(anybody.get(forged)) == (401, "unauthorized")
    expired = signed(f"{FRONT}/snapshot", lifetime=-1)
    assert await refusal(anybody.get(expired)) == (401, "unauthorized")


async def test_the_log_holds_no_signature(
    anybody: ClientSession, front: StillCamera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    front.shown = picture(1795000003.5)

    async with anybody.get(signed(f"{FRONT}/snapshot")) as response:
        assert response.status == 200

    await eventually(lambda: f"GET {FRONT}/snapshot 200" in caplog.text)
    assert "auth=" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("aiohttp.access")
    )


# What is there


async def test_info_tells_what_the_agent_is(agent: ClientSession) -> None:
    async with agent.get("/api/v1/info") as response:
        info = await response.json()

    example = json.loads((WIRE / "info.json").read_text())
    assert info.keys() == example.keys() | {"detector", "paired"}
    assert info["id"] == "9f2c41d07ab3"
    assert [camera["id"] for camera in info["cameras"]] == ["front", "back"]
    assert info["cameras"][0].keys() == example["cameras"][0].keys()


async def test_a_snapshot_is_a_picture_of_now(agent: ClientSession, front: StillCamera) -> None:
    front.shown = picture(1795000003.5)

    async with agent.get(f"{FRONT}/snapshot") as response:
        assert response.content_type == "image/jpeg"
        assert response.headers["X-Timestamp"] == "1795000003.500000"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.read() == front.shown.jpeg


async def test_a_camera_without_pictures_is_offline(
    agent: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "PATIENCE", 0.05)

    assert await refusal(agent.get(f"{FRONT}/snapshot")) == (503, "camera_offline")


@pytest.mark.parametrize(
    "path", [f"{FRONT}/snapshot", f"{FRONT}/stream", f"{FRONT}/live.ts", "/stream"]
)
async def test_a_camera_that_is_offline_has_nothing_to_watch(
    agent: ClientSession, front: StillCamera, path: str
) -> None:
    front.turn(status=CameraStatus.OFFLINE, error="No frame for 5 s; restarting the camera.")

    async with agent.get(path) as response:
        assert response.status == 503
        assert await response.json() == {
            "error": {
                "code": "camera_offline",
                "message": "No frame for 5 s; restarting the camera.",
            }
        }


async def test_a_stream_shows_pictures(agent: ClientSession, front: StillCamera) -> None:
    front.shown = picture(1795000003.5)

    async with agent.get(f"{FRONT}/stream", params={"fps": "5"}) as response:
        assert response.content_type == "multipart/x-mixed-replace"
        assert await response.content.readuntil(b"\r\n\r\n") == (
            b"--gatehouse\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: %d\r\nX-Timestamp: 1795000003.500000\r\n\r\n"
        ) % len(front.shown.jpeg)
        assert await response.content.readexactly(len(front.shown.jpeg)) == front.shown.jpeg


@pytest.mark.parametrize("fps", ["0", "-1", "nan", "inf", "fast", "", "1e9"])
async def test_an_impossible_rate_is_refused(agent: ClientSession, fps: str) -> None:
    answer = agent.get(f"{FRONT}/stream", params={"fps": fps})

    assert await refusal(answer) == (400, "bad_request")


async def test_a_live_stream_is_a_transport_stream(
    agent: ClientSession, front: StillCamera
) -> None:
    front.feed(packets(20, time.time() - 2))

    async with agent.get(f"{FRONT}/live.ts") as response:
        assert response.content_type == "video/mp2t"
        assert await response.content.readexactly(1) == b"\x47"


async def test_an_unknown_camera_is_told_with_those_that_are_there(agent: ClientSession) -> None:
    async with agent.get("/api/v1/cameras/side/snapshot") as response:
        assert response.status == 404
        assert await response.json() == {
            "error": {
                "code": "not_found",
                "message": "There is no camera 'side' on this agent; it has: front, back.",
            }
        }


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v1/cameras/..%2ffront/snapshot", "/api/v2/info"]
)
async def test_an_unknown_path_is_not_found(agent: ClientSession, path: str) -> None:
    assert await refusal(agent.get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", [f"{FRONT}/stream", f"{FRONT}/live.ts", "/api/v1/feed", "/"])
async def test_what_has_no_end_has_no_head(agent: ClientSession, path: str) -> None:
    async with agent.head(path) as response:
        assert response.status == 405


async def test_a_wrong_method_is_refused(agent: ClientSession) -> None:
    assert await refusal(agent.put(f"{FRONT}/recordings")) == (405, "bad_request")


# What other programs ask for


@pytest.mark.parametrize("path", ["/snapshot", "/?action=snapshot", "/snapshot?camera=front"])
async def test_other_programs_get_a_snapshot(
    anybody: ClientSession, front: StillCamera, path: str
) -> None:
    front.shown = picture(1795000003.5)

    async with anybody.get(path, headers=BASIC) as response:
        assert await response.read() == front.shown.jpeg


@pytest.mark.parametrize("path", ["/stream", "/?action=stream", "/stream?fps=5&camera=front"])
async def test_other_programs_get_a_stream(
    anybody: ClientSession, front: StillCamera, path: str
) -> None:
    front.shown = picture(1795000003.5)

    async with anybody.get(path, headers=BASIC) as response:
        assert response.content_type == "multipart/x-mixed-replace"
        assert await response.content.readuntil(b"\r\n\r\n")


async def test_other_programs_choose_their_camera(agent: ClientSession, hub: Hub) -> None:
    still(hub, "back").shown = picture(1795000007)

    async with agent.get("/snapshot?camera=back") as response:
        assert response.headers["X-Timestamp"] == "1795000007.000000"
    assert await refusal(agent.get("/snapshot?camera=side")) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/?action=dance"])
async def test_an_unknown_action_is_refused(agent: ClientSession, path: str) -> None:
    assert await refusal(agent.get(path)) == (400, "bad_request")


# Recordings


async def start(agent: ClientSession, since: float, until: float) -> dict[str, Any]:
    async with agent.post(f"{FRONT}/recordings", json={"since": since, "until": until}) as response:
        assert response.status == 201
        started: dict[str, Any] = await response.json()
    return started


async def over(agent: ClientSession) -> dict[str, Any]:
    """The only recording, when it is over."""
    async with asyncio.timeout(30):
        while True:
            async with agent.get(f"{FRONT}/recordings") as response:
                (recording,) = (await response.json())["recordings"]
            if recording["status"] != "recording":
                return dict(recording)


async def test_a_recording_from_start_to_end(
    agent: ClientSession, front: StillCamera, tmp_path: Path
) -> None:
    now = time.time()
    front.feed(packets(60, now - 60 / FPS))

    started = await start(agent, now - 2.5, now + 60)
    path = f"{FRONT}/recordings/{started['id']}"
    assert started["status"] == "recording"
    assert started["started"] == pytest.approx(now - 3, abs=0.01)
    assert await refusal(agent.get(path)) == (409, "recording_running")

    async with agent.patch(path, json={"until": now + 90}) as response:
        assert (await response.json())["until"] == pytest.approx(now + 90, abs=0.01)
    front.feed(packets(90, now - 60 / FPS)[60:])
    async with agent.patch(path, json={"until": 0}) as response:
        assert response.status == 200
    done = await over(agent)
    assert done["status"] == "complete"
    assert await refusal(agent.patch(path, json={"until": now})) == (409, "recording_over")

    async with agent.get(path) as response:
        content = await response.read()
        assert response.content_type == "video/mp4"
    assert len(content) == done["bytes"]
    (tmp_path / "fetched.mp4").write_bytes(content)
    assert [number for _, number in brightness(tmp_path / "fetched.mp4")] == list(range(15, 90))

    async with agent.get(path, headers={"Range": "bytes=100-199"}) as response:
        assert response.status == 206
        assert await response.read() == content[100:200]
    async with agent.head(path) as response:
        assert response.content_length == len(content)

    async with agent.delete(path) as response:
        assert response.status == 204
    assert await refusal(agent.get(path)) == (404, "not_found")
    assert await refusal(agent.delete(path)) == (404, "not_found")


async def test_a_running_recording_can_be_deleted(agent: ClientSession, front: StillCamera) -> None:
    front.feed(packets(60, time.time() - 4))
    started = await start(agent, 0, time.time() + 60)

    async with agent.delete(f"{FRONT}/recordings/{started['id']}") as response:
        assert response.status == 204

    async with agent.get(f"{FRONT}/recordings") as response:
        assert await response.json() == {"recordings": []}


async def test_a_recording_has_the_sound_of_its_camera(
    agent: ClientSession, front: StillCamera, tmp_path: Path
) -> None:
    began = time.time() - 4
    for packet, sound in zip(packets(60, began), sounds(60, began), strict=True):
        front.feed([packet])
        front.sound([sound])

    started = await start(agent, 0, time.time() + 60)
    path = f"{FRONT}/recordings/{started['id']}"
    front.feed(packets(75, began)[60:])
    front.sound(sounds(70, began)[60:])
    async with agent.patch(path, json={"until": 0}) as response:
        assert response.status == 200
    await over(agent)

    async with agent.get(path) as response:
        (tmp_path / "fetched.mp4").write_bytes(await response.read())
    shown, heard = spans(tmp_path / "fetched.mp4")
    assert shown == pytest.approx(5, abs=0.1)
    assert heard == pytest.approx(70 * 0.064, abs=0.1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"since",
        b"[]",
        b"null",
        b"{}",
        b'{"since": 1}',
        b'{"since": "1", "until": "2"}',
        b'{"since": true, "until": 1795000000}',
        b'{"since": null, "until": 1795000000}',
        b'{"since": NaN, "until": NaN}',
        b'{"since": 1, "until": Infinity}',
        b'{"since": -1, "until": 1795000000}',
        b'{"since": 1, "until": 1795000000000}',
        b'{"since": 1, "until": 1' + b"0" * 400 + b"}",
        b'{"since": 1, "until": 1' + b"0" * 5000 + b"}",
        b"\xff\xfe",
        b"[" * 60_000,
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(agent: ClientSession, body: bytes) -> None:
    answer = agent.post(f"{FRONT}/recordings", data=body)

    assert await refusal(answer) == (400, "bad_request")


async def test_a_body_that_is_too_large_is_refused(agent: ClientSession) -> None:
    answer = agent.post(f"{FRONT}/recordings", data=b" " * 70_000)

    assert await refusal(answer) == (413, "bad_request")


async def test_an_impossible_time_is_refused(agent: ClientSession) -> None:
    answer = agent.post(f"{FRONT}/recordings", json={"since": 5, "until": 4})

    assert await refusal(answer) == (400, "bad_request")


async def test_a_disk_that_fails_is_told(
    agent: ClientSession, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", broken)

    answer = agent.post(f"{FRONT}/recordings", json={"since": 1, "until": time.time() + 5})
    async with answer as response:
        assert response.status == 500
        assert (await response.json())["error"]["code"] == "internal"
    assert "Input/output error" in caplog.text


# The spool


async def test_what_moves_while_nobody_listens_waits_for_who_comes(
    agent: ClientSession, front: StillCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "PATIENCE", 0.0)
    monkeypatch.setattr(spool_module, "LOOKED", 0.02)
    monkeypatch.setattr(spool_module, "POST_ROLL", 0.3)
    front.feed(packets(60, time.time() - 4))
    front.move(0.07, True)
    await eventually(lambda: front_recordings(agent))
    front.move(0.0, False)

    clip = await over(agent)
    async with agent.get("/api/v1/spool") as response:
        spool = await response.json()
    async with agent.ws_connect("/api/v1/feed") as socket:
        state = await socket.receive_json(timeout=30)

    assert clip["origin"] == "spool"
    assert spool == {"clips": 1, "bytes": clip["bytes"], "lost": 0, "readings": []}
    assert state["spool"] == {**spool, "readings": 0}
    assert state["recordings"] == [clip]


async def front_recordings(agent: ClientSession) -> list[dict[str, Any]]:
    async with agent.get(f"{FRONT}/recordings") as response:
        return list((await response.json())["recordings"])


async def test_the_readings_of_an_absence_are_told_and_forgotten(
    agent: ClientSession,
    hub: Hub,
    config: AgentConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spool_module, "PATIENCE", 0.0)
    monkeypatch.setattr(spool_module, "NOTED", 0.0)
    monkeypatch.setattr(hub_module, "MEASURED", 0.02)
    measuring = asyncio.create_task(hub._measure())
    await eventually(lambda: hub.spool.spooled().readings > 2)
    measuring.cancel()

    async with agent.get("/api/v1/spool") as response:
        readings = (await response.json())["readings"]
    example = json.loads((WIRE / "spool.json").read_text())
    assert readings[0].keys() == example["readings"][0].keys()
    until = readings[1]["at"]
    async with agent.delete("/api/v1/spool", params={"until": str(until)}) as response:
        assert response.status == 204
    async with agent.get("/api/v1/spool") as response:
        left = (await response.json())["readings"]
    assert left == [one for one in readings if one["at"] > until]


@pytest.mark.parametrize("until", ["", "?until=", "?until=now", "?until=-1", "?until=1e12"])
async def test_readings_are_not_forgotten_by_mistake(agent: ClientSession, until: str) -> None:
    assert await refusal(agent.delete(f"/api/v1/spool{until}")) == (400, "bad_request")


async def test_an_agent_without_a_spool_records_and_reads_nothing_by_itself(
    config: AgentConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "PATIENCE", 0.0)
    monkeypatch.setattr(spool_module, "NOTED", 0.0)
    monkeypatch.setattr(spool_module, "LOOKED", 0.01)
    monkeypatch.setattr(hub_module, "MEASURED", 0.01)
    hub = Hub(replace(config, spool=SpoolConfig(enabled=False)), StillCamera)
    told: list[Message] = []
    monkeypatch.setattr(hub.feed, "publish", told.append)
    still(hub, "front").feed(packets(60, time.time() - 4))
    still(hub, "front").move(0.07, True)

    running = asyncio.create_task(hub.run())
    await eventually(lambda: len([one for one in told if one["type"] == "stats"]) > 5)
    running.cancel()

    assert hub.recorder.recordings() == []
    assert hub.spool.spooled().readings == 0


# Appointments


async def test_a_plan_is_told_with_what_runs_for_it(
    agent: ClientSession, hub: Hub, front: StillCamera
) -> None:
    now = time.time()
    front.feed(packets(60, now - 60 / FPS))
    lesson = {"id": "lesson", "camera": "front", "since": now - 1, "until": now + 60}
    match = {"id": "match", "camera": "back", "since": now + 3600, "until": now + 7200}
    told = {"recording": None, "error": None}

    plan = {"segment_s": 60.0, "bookings": [lesson, match]}
    async with agent.put("/api/v1/bookings", json=plan) as response:
        answer = await response.json()
    assert answer == {"segment_s": 60.0, "bookings": [lesson | told, match | told]}
    await eventually(lambda: hub.appointments.booked().running == 1)
    async with agent.get("/api/v1/bookings") as response:
        (first, second) = (await response.json())["bookings"]
    async with agent.get(f"{FRONT}/recordings") as response:
        (part,) = (await response.json())["recordings"]

    assert second == match | told
    assert first == lesson | told | {"recording": part["id"]}
    assert (part["origin"], part["booking"]) == ("booked", "lesson")
    assert part["until"] == pytest.approx(now + 59, abs=0.1)


async def test_an_example_of_a_plan_is_accepted(agent: ClientSession) -> None:
    plan = json.loads((WIRE / "put_bookings.json").read_text())
    example = json.loads((WIRE / "bookings.json").read_text())

    async with agent.put("/api/v1/bookings", json=plan) as response:
        answer = await response.json()

    assert answer["segment_s"] == example["segment_s"]
    assert [one.keys() for one in answer["bookings"]] == [one.keys() for one in example["bookings"]]


async def test_a_thousand_appointments_are_a_plan(agent: ClientSession) -> None:
    plan = {
        "segment_s": 300,
        "bookings": [
            {"id": f"{n:0100}", "camera": "front", "since": 2e9 + n, "until": 2e9 + n + 1}
            for n in range(1000)
        ],
    }

    async with agent.put("/api/v1/bookings", json=plan) as response:
        assert response.status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"segment_s": 1}'])
async def test_a_plan_that_makes_no_sense_is_refused(agent: ClientSession, body: bytes) -> None:
    assert await refusal(agent.put("/api/v1/bookings", data=body)) == (400, "bad_request")


async def test_of_a_plan_what_there_is_a_camera_for_is_planned(agent: ClientSession) -> None:
    front = {"id": "lesson", "camera": "front", "since": 2e9, "until": 2e9 + 1}
    plan = {"segment_s": 300, "bookings": [{**front, "camera": "roof"}, front]}

    async with agent.put("/api/v1/bookings", json=plan) as response:
        planned = (await response.json())["bookings"]

    assert [(one["id"], one["camera"]) for one in planned] == [("lesson", "front")]


# The feed


@pytest.fixture
async def feed(agent: ClientSession) -> AsyncIterator[ClientWebSocketResponse]:
    async with agent.ws_connect("/api/v1/feed") as socket:
        yield socket


async def test_the_feed_begins_with_everything(
    feed: ClientWebSocketResponse, front: StillCamera
) -> None:
    state = await feed.receive_json(timeout=30)

    example = json.loads((WIRE / "state.json").read_text())
    assert state.keys() == example.keys()
    assert state["now"] == pytest.approx(time.time(), abs=5)
    assert state["cameras"].keys() == {"front", "back"}
    assert state["cameras"]["front"].keys() == example["cameras"]["front"].keys()
    assert state["stats"].keys() == example["stats"].keys()


async def test_the_feed_tells_motion_and_its_end(
    feed: ClientWebSocketResponse, front: StillCamera
) -> None:
    await feed.receive_json(timeout=30)

    front.move(0.0, False)
    front.move(0.0731, True)
    front.move(0.0732, True)
    front.move(0.0012, False)

    heard = await feed.receive_json(timeout=30)
    assert heard["type"] == "motion"
    assert (heard["score"], heard["moving"], heard["at"]) == (0.0012, False, 1795000003.5)


async def test_the_feed_tells_what_a_camera_does(
    feed: ClientWebSocketResponse, front: StillCamera
) -> None:
    await feed.receive_json(timeout=30)

    front.turn(status=CameraStatus.OFFLINE, error="Unplugged.", restarts=1)

    heard = await feed.receive_json(timeout=30)
    assert (heard["type"], heard["camera"]) == ("camera", "front")
    assert heard["state"]["status"] == "offline"
    assert heard["state"]["error"] == "Unplugged."


async def test_the_feed_tells_the_steps_of_a_recording(
    agent: ClientSession, feed: ClientWebSocketResponse, front: StillCamera
) -> None:
    await feed.receive_json(timeout=30)
    front.feed(packets(60, time.time() - 4))

    started = await start(agent, 0, time.time() + 60)

    assert await feed.receive_json(timeout=30) == {"type": "recording", "recording": started}


async def test_a_clock_that_is_set_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, config: AgentConfig
) -> None:
    monkeypatch.setattr(hub_module, "GLANCED", 0.01)
    shown = 1_000.0
    monkeypatch.setattr(hub_module, "started", lambda: shown)
    hub = Hub(config, StillCamera)
    told: list[Message] = []
    monkeypatch.setattr(hub.feed, "publish", told.append)
    measuring = asyncio.create_task(hub._measure())
    await asyncio.sleep(0.1)
    assert told == []

    shown += 3_600

    await eventually(lambda: told)
    await asyncio.sleep(0.1)
    measuring.cancel()
    assert [one["type"] for one in told] == ["stats"]


async def test_the_feed_tells_how_the_machine_is(
    agent: ClientSession, monkeypatch: pytest.MonkeyPatch, config: AgentConfig
) -> None:
    monkeypatch.setattr(hub_module, "MEASURED", 0.05)
    hub = Hub(config, StillCamera)
    told: list[Message] = []
    monkeypatch.setattr(hub.feed, "publish", told.append)

    running = asyncio.create_task(hub.run())
    await eventually(lambda: told)
    running.cancel()

    assert told[0]["type"] == "stats"
    assert told[0]["now"] == pytest.approx(time.time(), abs=5)
    example = json.loads((WIRE / "stats.json").read_text())
    assert told[0].keys() == example.keys()
    assert told[0]["cameras"].keys() == {"front", "back"}
    assert told[0]["cameras"]["front"] == example["cameras"]["front"]
    assert told[0]["stats"].keys() == example["stats"].keys()
    assert told[0]["spool"].keys() == example["spool"].keys()
    assert told[0]["bookings"].keys() == example["bookings"].keys()


async def test_a_part_that_ends_ends_the_agent(config: AgentConfig) -> None:
    class Short(StillCamera):
        async def run(self) -> None:
            return

    with pytest.raises(ExceptionGroup) as ended:
        await Hub(config, Short).run()

    assert "ended by itself" in str(ended.value.exceptions[0])
