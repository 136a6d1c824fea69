"""A private camera does not look: not for a moment more, and not after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
import io
import json
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

from aiohttp import ClientSession
from PIL import Image
import pytest

from camera_agent import privacy as module, running as one_recording, spool as spool_module
from camera_agent.cameras import Camera
from camera_agent.config import SpoolConfig
from camera_agent.ledger import Spooled
from camera_agent.wire import CameraStatus
from tests.ports import free_port
from tests.waiting import eventually, within

from .caring import BEARER, FRONT, TOKEN, Cared, StillCamera, cared, owned, refusal
from .conftest import Configured
from .loopback import Player
from .media import packets, picture, spans
from .watching import process

WIRE = Path(__file__).parents[1] / "wire"
AUTHORIZED = f"Authorization: {BEARER['Authorization']}\r\n"
DARK = 60  # what the sign shows is darker, and the pattern's slope is lighter
CONFIG = """
[agent]
id = "porch"
token = "{token}"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[[cameras]]
id = "front"
source = "pattern"
width = 320
height = 180
"""


def corner(jpeg: bytes) -> int:
    """How light a picture of the right size is, where neither the square nor the eye ever is."""
    with Image.open(io.BytesIO(jpeg)) as shown:
        assert shown.size == (320, 180)
        brightness = shown.convert("L").getpixel((300, 20))
    assert isinstance(brightness, int)
    return brightness


@pytest.fixture
async def agent(configured: Configured, tmp_path: Path) -> AsyncIterator[Cared]:
    """An agent with a true camera, which is online."""
    async with cared(owned(tmp_path, configured()), Camera) as agent:
        await eventually(lambda: status(agent) is CameraStatus.ONLINE, 30)
        yield agent


@pytest.fixture
async def still(configured: Configured, tmp_path: Path) -> AsyncIterator[Cared]:
    async with cared(owned(tmp_path, configured())) as agent:
        yield agent


def status(agent: Cared) -> CameraStatus:
    return agent.camera().state.status


async def test_a_private_camera_gives_nothing_from_then_on(agent: Cared, tmp_path: Path) -> None:
    worked = process(agent.camera())
    recorded = await agent.record(60.0)

    with within(1.0):
        state = await agent.hide()

    example = json.loads((WIRE / "privacy.json").read_text())
    assert state == example | {"restarts": 0}
    assert not Path(f"/proc/{worked}").exists()
    assert agent.camera().process is None
    for path in ("snapshot", "live.ts"):
        refused = await refusal(agent.session.get(f"{FRONT}/{path}"))
        assert refused[:2] == (409, "camera_private")
    span = {"since": time.time() - 5, "until": time.time() + 5}
    refused = await refusal(agent.session.post(f"{FRONT}/recordings", json=span))
    assert refused[:2] == (409, "camera_private")
    assert agent.hub.channels["front"].ring.newest() == []

    (kept,) = await eventually(lambda: complete(agent))
    assert kept["id"] == recorded["id"]
    assert kept["error"] is None
    assert spans(tmp_path / "recordings" / "front" / f"{kept['id']}.mp4")[0] > 0


async def complete(agent: Cared) -> list[dict[str, Any]]:
    return [one for one in await agent.recordings() if one["status"] == "complete"]


async def test_who_watches_sees_a_closed_eye_and_then_the_camera_again(agent: Cared) -> None:
    viewer = await Player.open(agent.port, f"{FRONT}/stream", AUTHORIZED)
    await viewer.head()
    assert corner((await viewer.part())[1]) > DARK

    await agent.hide()
    with within(1.0):
        while corner((await viewer.part())[1]) > DARK:
            pass
    stamps = []
    for _ in range(2):
        headers, jpeg = await viewer.part()
        assert corner(jpeg) < DARK
        stamps.append(float(headers["X-Timestamp"]))
    assert stamps[1] - stamps[0] > 0.9  # no more than one a second
    assert stamps[-1] == pytest.approx(time.time(), abs=5)

    await agent.hide(private=False)
    with within(20):
        while corner((await viewer.part())[1]) < DARK:
            pass
    async with agent.session.get(f"{FRONT}/snapshot") as answer:
        assert corner(await answer.read()) > DARK
    viewer.close()


async def test_who_plays_the_video_is_cut_off(agent: Cared) -> None:
    player = await Player.open(agent.port, f"{FRONT}/live.ts", AUTHORIZED)
    await player.head()
    assert await player.some(5.0)

    await agent.hide()

    await eventually(lambda: not agent.hub.channels["front"].live._players)
    player.close()


async def test_a_camera_that_hangs_is_hidden_too(agent: Cared) -> None:
    hung = process(agent.camera())
    os.kill(hung, signal.SIGSTOP)

    with within(1.5):
        await agent.hide()

    assert not Path(f"/proc/{hung}").exists()


async def test_a_camera_that_is_just_being_replaced_is_hidden_too(agent: Cared) -> None:
    hung = process(agent.camera())
    os.kill(hung, signal.SIGSTOP)
    agent.camera().restart()

    await agent.hide()

    assert status(agent) is CameraStatus.PRIVATE
    await eventually(lambda: not Path(f"/proc/{hung}").exists())
    assert agent.camera().process is None


async def test_who_waits_for_a_picture_is_refused(still: Cared) -> None:
    waiting = asyncio.create_task(refusal(still.session.get(f"{FRONT}/snapshot")))
    await eventually(lambda: still.hub.channels["front"].pictures._askers)

    await still.hide()

    assert (await waiting)[:2] == (409, "camera_private")


async def test_the_sign_is_no_snapshot_of_a_camera_that_is_shown_again(still: Cared) -> None:
    await still.hide()
    await still.hide(private=False)
    waiting = asyncio.create_task(still.hub.channels["front"].pictures.snapshot())
    await asyncio.sleep(0)
    real = picture(time.time())
    still.hub.picture("front", real)

    assert await waiting == real


async def test_what_moves_is_over_when_it_becomes_private(still: Cared) -> None:
    async with still.session.ws_connect("/api/v1/feed") as feed:
        assert (await feed.receive_json())["type"] == "state"
        still.turn("front", status=CameraStatus.ONLINE, moving=True, motion=0.3)
        still.hub.motion("front", 0.3, True, 1_795_000_003_500_000)
        told = [await feed.receive_json() for _ in range(2)]
        assert told[1]["moving"]

        await still.hide()

        motion, camera = [await feed.receive_json() for _ in range(2)]
    assert (motion["type"], motion["moving"], motion["score"]) == ("motion", False, 0.0)
    assert (camera["type"], camera["state"]["status"]) == ("camera", "private")
    assert camera["state"]["frame_age_s"] is None


async def test_nothing_of_a_private_camera_is_spooled_and_nothing_counts_as_lost(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "PATIENCE", 0.0)
    monkeypatch.setattr(spool_module, "LOOKED", 0.01)
    monkeypatch.setattr(one_recording, "LATE", 0.1)
    config = owned(tmp_path, configured(), spool=SpoolConfig(), ring=timedelta(seconds=15))
    async with cared(config) as agent:
        for packet in packets(60, time.time() - 4):
            agent.hub.packet("front", packet)
        agent.hub.motion("front", 0.3, True, round(time.time() * 1e6))
        await eventually(agent.recordings)

        await agent.hide()

        (clip,) = await eventually(lambda: complete(agent))
        assert clip["origin"] == "spool"
        looks = await counted(agent, monkeypatch)
        await eventually(lambda: len(looks) > 5)
        assert len(await agent.recordings()) == 1
        assert agent.hub.spool.spooled() == Spooled(
            clips=1, bytes=clip["bytes"], lost=0, readings=0
        )


async def test_a_booking_ends_a_part_and_waits_for_a_camera_that_is_private(still: Cared) -> None:
    for packet in packets(60, time.time() - 4):
        still.hub.packet("front", packet)
    now = time.time()
    lesson = {"id": "lesson", "camera": "front", "since": now - 3, "until": now + 60}
    plan = {"segment_s": 300, "bookings": [lesson]}
    async with still.session.put("/api/v1/bookings", json=plan) as answer:
        assert answer.status == 200
    await eventually(still.recordings)

    await still.hide()

    (part,) = await eventually(lambda: complete(still))
    assert part["booking"] == "lesson"
    underway = await eventually(lambda: troubled(still))
    assert (underway["error"], underway["recording"]) == ("camera_offline", None)
    assert len(await still.recordings()) == 1


async def troubled(agent: Cared) -> dict[str, Any] | None:
    """The booking, once it has an error."""
    async with agent.session.get("/api/v1/bookings") as answer:
        (booking,) = (await answer.json())["bookings"]
    return booking if booking["error"] else None


async def counted(agent: Cared, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the spool's looks from now on."""
    looks: list[str] = []
    monkeypatch.setattr(agent.hub.spool._clock, "correction", lambda: looks.append("look") or 0.0)
    return looks


@pytest.mark.parametrize("body", [{}, {"private": "yes"}, {"private": 1}, [], {"private": None}])
async def test_what_is_neither_yes_nor_no_changes_nothing(still: Cared, body: object) -> None:
    refused = await refusal(still.session.put(f"{FRONT}/privacy", json=body))

    assert refused[:2] == (400, "bad_request")
    assert status(still) is CameraStatus.STARTING


async def test_an_unknown_camera_cannot_be_hidden(still: Cared) -> None:
    path = "/api/v1/cameras/yard/privacy"
    refused = await refusal(still.session.put(path, json={"private": True}))

    assert refused[:2] == (404, "not_found")


async def test_showing_what_is_shown_disturbs_nobody(still: Cared) -> None:
    still.turn("front", status=CameraStatus.ONLINE)

    assert (await still.hide(private=False))["status"] == "online"


async def test_a_disk_that_does_not_keep_it_leaves_the_camera_private(
    still: Cared, tmp_path: Path
) -> None:
    (tmp_path / "privacy.json").mkdir()
    for private in (True, False):
        body = {"private": private}
        refused = await refusal(still.session.put(f"{FRONT}/privacy", json=body))
        assert refused[:2] == (500, "internal")
        assert status(still) is CameraStatus.PRIVATE


@pytest.mark.parametrize("text", ["", "\0" * 20, "[]", '{"private": "front"}', '{"private"'])
async def test_a_file_that_cannot_be_read_hides_every_camera(
    configured: Configured, tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "privacy.json").write_text(text)
    config = owned(tmp_path, configured(), configured(id="back"))
    async with cared(config) as agent:
        assert {one.is_private for one in agent.hub.channels.values()} == {True}
        await agent.hide(private=False)
    assert "does not tell who is private, so all cameras are" in caplog.text
    assert json.loads((tmp_path / "privacy.json").read_text()) == {"private": ["back"]}


async def test_a_folder_in_the_place_of_the_file_hides_every_camera(
    configured: Configured, tmp_path: Path
) -> None:
    (tmp_path / "privacy.json").mkdir()
    async with cared(owned(tmp_path, configured())) as agent:
        assert status(agent) is CameraStatus.PRIVATE


async def test_a_private_camera_that_comes_back_later_is_still_private(
    configured: Configured, tmp_path: Path
) -> None:
    async with cared(owned(tmp_path, configured())) as agent:
        await agent.hide()
    async with cared(owned(tmp_path, configured(id="back"))) as agent:
        assert not agent.hub.channels["back"].is_private
    async with cared(owned(tmp_path, configured())) as agent:
        assert status(agent) is CameraStatus.PRIVATE
        assert isinstance(agent.camera(), StillCamera)


async def test_the_sign_is_drawn_once(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def closed_eye(*size: int) -> bytes:
        drawn.append(size)
        time.sleep(0.1)  # whoever comes meanwhile waits for it
        return b"sign"

    monkeypatch.setattr(module, "closed_eye", closed_eye)
    monkeypatch.setattr(module, "SHOWN", 0.01)
    async with cared(owned(tmp_path, configured())) as agent:
        await agent.hide()
        shown = agent.hub.channels["front"].pictures
        first = shown._latest
        await eventually(lambda: shown._latest is not first)
    assert drawn == [(320, 180)]


@asynccontextmanager
async def living(folder: Path, port: int) -> AsyncIterator[tuple[ClientSession, int]]:
    """Run the agent as its owner does, until it is killed."""
    command = [sys.executable, "-m", "camera_agent", "--config", "agent.toml"]
    with (folder / "log").open("ab") as log:
        agent = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env={"PYTHONPATH": ":".join(sys.path)}, stderr=log
        )
    try:
        async with ClientSession(f"http://127.0.0.1:{port}", headers=BEARER) as session:
            await eventually(lambda: answers(session), 30)
            yield session, agent.pid
    finally:
        with suppress(ProcessLookupError):
            agent.kill()
        await agent.wait()


async def answers(session: ClientSession) -> bool:
    try:
        async with session.get("/health/live") as answer:
            return answer.status == 200
    except OSError:
        return False


async def sees(session: ClientSession) -> bool:
    async with session.get(f"{FRONT}/snapshot") as answer:
        return answer.status == 200


def children(parent: int) -> list[str]:
    """What runs for a process, by the kernel."""
    found = Path(f"/proc/{parent}/task").glob("*/children")
    return [child for tasks in found for child in tasks.read_text().split()]


async def test_an_agent_that_is_killed_never_looks_with_a_private_camera_again(
    tmp_path: Path,
) -> None:
    port = free_port()
    (tmp_path / "agent.toml").write_text(CONFIG.format(token=TOKEN, port=port))
    async with living(tmp_path, port) as (session, agent):
        await eventually(lambda: sees(session), 30)
        assert children(agent)
        async with session.put(f"{FRONT}/privacy", json={"private": True}) as answer:
            assert answer.status == 200

    async with living(tmp_path, port) as (session, agent):
        viewer = await Player.open(port, f"{FRONT}/stream", AUTHORIZED)
        await viewer.head()
        shown = [corner((await viewer.part())[1]) for _ in range(3)]
        viewer.close()
        async with session.ws_connect("/api/v1/feed") as feed:
            state = await feed.receive_json()
        ran = children(agent)
        refused = await refusal(session.get(f"{FRONT}/snapshot"))

    assert max(shown) < DARK
    assert ran == []
    assert state["cameras"]["front"]["status"] == "private"
    assert refused[:2] == (409, "camera_private")
