"""What hangs is ended and begun anew, for whoever has the token."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
import sys
import time

from aiohttp import ClientSession
import pytest

from camera_agent import power
from camera_agent.cameras import Camera, Patience
from camera_agent.power import RESTART_CODE
from camera_agent.wire import CameraStatus
from tests.ports import free_port
from tests.waiting import eventually, within

from .caring import BEARER, FRONT, TOKEN, Cared, cared, owned, refusal
from .conftest import Configured
from .media import spans
from .watching import process

REBOOT = "/api/v1/reboot"
RESTART = "/api/v1/restart"
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


@pytest.fixture
async def agent(configured: Configured, tmp_path: Path) -> AsyncIterator[Cared]:
    async with cared(owned(tmp_path, configured())) as agent:
        yield agent


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a stand-in for systemd's command: this machine shall not reboot."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "systemctl"


def does(systemctl: Path, script: str) -> None:
    systemctl.write_text(f"#!/bin/sh\n{script}\n")
    systemctl.chmod(0o755)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", f"{FRONT}/privacy"),
        ("POST", f"{FRONT}/restart"),
        ("POST", RESTART),
        ("POST", REBOOT),
    ],
)
async def test_nobody_else_may_do_any_of_it(agent: Cared, method: str, path: str) -> None:
    async with ClientSession(f"http://127.0.0.1:{agent.port}") as stranger:
        refused = await refusal(stranger.request(method, path, json={"private": True}))

    assert refused[:2] == (401, "unauthorized")
    assert not agent.hub.channels["front"].is_private
    assert not agent.hub.power._is_wanted.is_set()


async def test_a_camera_is_begun_anew(configured: Configured, tmp_path: Path) -> None:
    async with cared(owned(tmp_path, configured()), Camera) as agent:
        camera = agent.camera()
        await eventually(lambda: camera.state.status is CameraStatus.ONLINE, 30)
        worked = process(camera)

        async with agent.session.post(f"{FRONT}/restart") as answer:
            assert answer.status == 202
            assert (await answer.json())["status"] == "starting"

        await eventually(lambda: camera.state.status is CameraStatus.ONLINE, 30)
        assert process(camera) != worked
        assert not Path(f"/proc/{worked}").exists()
        assert (camera.state.restarts, camera.state.error) == (0, None)


async def test_a_camera_that_waits_after_a_failure_need_not_wait(
    configured: Configured, tmp_path: Path
) -> None:
    config = configured("video", path=str(tmp_path / "missing.mp4"))
    patient = partial(Camera, patience=Patience(first_retry=300, last_retry=300))
    async with cared(owned(tmp_path, config), patient) as agent:
        camera = agent.camera()
        await eventually(lambda: camera.state.restarts == 1, 30)

        async with agent.session.post(f"{FRONT}/restart") as answer:
            assert answer.status == 202

        await eventually(lambda: camera.process, 30)


async def test_a_private_camera_is_not_begun_anew(agent: Cared) -> None:
    await agent.hide()

    refused = await refusal(agent.session.post(f"{FRONT}/restart"))

    assert refused[:2] == (409, "camera_private")


async def test_an_unknown_camera_is_not_found(agent: Cared) -> None:
    refused = await refusal(agent.session.post("/api/v1/cameras/yard/restart"))

    assert refused == (404, "not_found", "There is no camera 'yard' on this agent; it has: front.")


async def test_the_agent_ends_with_its_code_and_its_recordings_are_whole(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "agent.toml").write_text(CONFIG.format(token=TOKEN, port=port))
    command = [sys.executable, "-m", "camera_agent", "--config", "agent.toml"]
    agent = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)}
    )
    try:
        async with ClientSession(f"http://127.0.0.1:{port}", headers=BEARER) as session:
            await eventually(lambda: records(session), 30)
            async with session.post(RESTART) as answer:
                assert (answer.status, await answer.json()) == (202, {})
        async with asyncio.timeout(30):
            assert await agent.wait() == RESTART_CODE == 75
    finally:
        if agent.returncode is None:
            agent.kill()
            await agent.wait()
    (film,) = tmp_path.glob("data/recordings/front/*.mp4")
    assert '"status": "complete"' in film.with_suffix(".json").read_text()
    assert spans(film)[0] > 0


async def test_a_restart_is_wanted_once_it_is_asked_for(agent: Cared) -> None:
    wanted = asyncio.create_task(agent.hub.power.wanted())
    async with agent.session.post(RESTART) as answer:
        assert answer.status == 202

    with within(5):
        await wanted


async def records(session: ClientSession) -> bool:
    """Begin a recording, once there is a picture."""
    try:
        async with session.get(f"{FRONT}/snapshot") as answer:
            if answer.status != 200:
                return False
    except OSError:
        return False
    span = {"since": time.time() - 1, "until": time.time() + 60}
    async with session.post(f"{FRONT}/recordings", json=span) as answer:
        return answer.status == 201


async def test_the_machine_reboots_at_most_once_a_minute(
    agent: Cared, systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(systemctl, f'echo "$@" >> {tmp_path}/asked')

    async with agent.session.post(REBOOT) as answer:
        assert (answer.status, await answer.json()) == (202, {"said": "systemctl said nothing"})
    async with agent.session.post(REBOOT) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert (tmp_path / "asked").read_text() == "--no-ask-password reboot\n"

    monkeypatch.setattr(power, "PAUSE", 0.0)
    async with agent.session.post(REBOOT) as answer:
        assert answer.status == 202


async def test_a_machine_that_may_not_be_rebooted_says_why(agent: Cared, systemctl: Path) -> None:
    does(
        systemctl, 'echo "Call to Reboot failed: Interactive authentication required." >&2; exit 1'
    )

    refused = await refusal(agent.session.post(REBOOT))

    assert refused[:2] == (403, "not_allowed")
    assert refused[2].startswith(
        "The machine does not reboot: Call to Reboot failed: Interactive authentication required. "
        "Allow the agent's user org.freedesktop.login1.reboot by a rule of polkit"
    )
    does(systemctl, 'echo "See you."')
    async with agent.session.post(REBOOT) as answer:
        assert (answer.status, await answer.json()) == (202, {"said": "See you"})


async def test_a_machine_without_systemd_cannot_be_rebooted(agent: Cared, systemctl: Path) -> None:
    assert not systemctl.exists()

    refused = await refusal(agent.session.post(REBOOT))

    assert refused[:2] == (403, "not_allowed")
    assert "systemctl cannot be run (No such file or directory)." in refused[2]


async def test_a_systemd_that_does_not_answer_is_given_up(
    agent: Cared, systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "PATIENCE", 0.1)
    does(systemctl, "exec /bin/sleep 60")

    refused = await refusal(agent.session.post(REBOOT))

    assert refused[:2] == (403, "not_allowed")
    assert "systemctl did not answer within 0.1 s." in refused[2]
