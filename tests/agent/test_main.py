"""The agent as its owner runs it: a process with a configuration file."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any
import urllib.error
import urllib.request

import av
import pytest

from camera_agent import __version__, listen as listening
from camera_agent.__main__ import main
from camera_agent.cameras import Camera
from camera_agent.config import load
from camera_agent.default import DEFAULT
from camera_agent.hub import Hub
from tests.ports import free_port
from tests.waiting import within

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
Process = subprocess.Popen[bytes]
TOKEN = "correct horse battery staple"
PATTERN = """
[agent]
id = "porch"
name = "Porch"
token = "{token}"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[[cameras]]
id = "front"
name = "Front door"
source = "pattern"
width = 320
height = 180
"""


# A door that needs no hardware: its socket is played at by the command line.
DOOR = """
[[doors]]
id = "hall"
name = "Hall door"
simulated = "hall.sock"
[[doors.readers]]
id = "outside"
kind = "simulated"
"""
WIRED = """
[[doors]]
id = "gate"
relay = 17
[[doors]]
id = "shed"
"""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(PATTERN.format(token=TOKEN, port=port))
    return path


def ask(port: int, path: str, method: str = "GET", body: object = None) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def eventually(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Try until it works; return what it gives."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except (OSError, urllib.error.URLError) as error:
            found = error
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@contextmanager
def running(config: Path, log: Path) -> Iterator[Process]:
    with log.open("wb") as stderr:
        agent = subprocess.Popen(
            [sys.executable, "-m", "camera_agent", "--config", str(config)],
            cwd=ROOT,
            stderr=stderr,
        )
        try:
            yield agent
        finally:
            agent.kill()
            agent.wait()


@pytest.fixture
def agent(config: Path, port: int, tmp_path: Path) -> Iterator[Process]:
    with running(config, tmp_path / "log") as process:
        eventually(lambda: ask(port, "/health/live"))
        yield process


def test_the_default_configuration_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-default"]) == 0
    assert capsys.readouterr().out == DEFAULT


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.strip() == __version__


def test_check_tells_what_is_configured(
    config: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", str(config)]) == 0

    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"Porch (porch) on 127.0.0.1:{port}, data in {config.parent / 'data'}",
        "  plain HTTP, owned by who has the token in agent.toml",
        "  camera front: Front door, pattern, 320x180 at 15 fps",
    ]
    assert told.err == ""
    assert TOKEN not in told.out


def test_check_tells_what_the_doors_are(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text() + DOOR + WIRED)
    assert main(["check", "--config", str(config)]) == 0

    assert capsys.readouterr().out.splitlines()[3:] == [
        "  door hall: Hall door, simulated, reader outside (simulated)",
        "  door gate: Gate, lock",
        "  door shed: Shed, no lock",
    ]


@pytest.mark.parametrize("command", ["check", "run"])
def test_every_mistake_is_told_at_once(
    config: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace("port =", "prot =").replace("320", "33"))

    assert main([command, "--config", str(config)]) == 2

    told = capsys.readouterr().err
    assert "agent.prot: unknown key; did you mean 'port'?" in told
    assert "cameras[0].width: must be an even number" in told


def test_a_missing_configuration_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "agent.toml")]) == 2

    assert "agent.toml: cannot be read: No such file or directory" in capsys.readouterr().err


def test_a_port_that_is_taken_ends_the_agent(
    config: Path, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        assert main(["run", "--config", str(config)]) == 1

    assert "The agent cannot run" in caplog.text
    assert str(port) in caplog.text


def test_data_that_cannot_be_kept_end_the_agent(
    config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (config.parent / "data").write_text("in the way")

    assert main(["run", "--config", str(config)]) == 1

    assert "The agent cannot run" in caplog.text


def test_a_part_that_ends_ends_the_agent(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_: Camera) -> None:
        return

    monkeypatch.setattr(Camera, "run", run)

    with pytest.raises(ExceptionGroup):
        main(["--config", str(config)])


@pytest.mark.parametrize("asked", [b"", b"GET /health HTTP/1.1\r\nHo"])
async def test_a_connection_that_asks_for_nothing_is_cut(
    config: Path, port: int, monkeypatch: pytest.MonkeyPatch, asked: bytes
) -> None:
    monkeypatch.setattr(listening, "IDLE", 0.2)
    agent = load(config)
    server = await listening.listen(Hub(agent), agent, None)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(asked)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
    finally:
        writer.close()
        await server.cleanup()


def test_the_agent_may_have_as_many_files_open_as_the_system_allows(
    config: Path, port: int, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        with running(config, tmp_path / "log") as agent:
            eventually(lambda: ask(port, "/health/live"))
            limits = resource.prlimit(agent.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert limits == (before[1], before[1])


def test_an_agent_that_was_told_to_stop_ended_well(config: Path, port: int) -> None:
    def stop() -> None:
        eventually(lambda: ask(port, "/health/live"))
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop)
    stopper.start()

    assert main(["run", "--config", str(config)]) == 0
    stopper.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_agent_ends_within_two_seconds(
    agent: Process, port: int, number: signal.Signals, tmp_path: Path
) -> None:
    stream = urllib.request.Request(
        f"http://127.0.0.1:{port}/stream", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(stream, timeout=30) as pictures:
        assert pictures.read(1000)
        now = time.time()
        ask(port, "/api/v1/cameras/front/recordings", "POST", {"since": now, "until": now + 60})

        with within(2):
            agent.send_signal(number)
            assert agent.wait(timeout=30) == 0

    (note,) = (tmp_path / "data" / "recordings" / "front").glob("*.json")
    assert json.loads(note.read_text())["status"] == "complete"
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_camera_that_hangs_does_not_hold_up_the_end(agent: Process, port: int) -> None:
    eventually(lambda: ask(port, "/snapshot"))
    (camera,) = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    os.kill(int(camera), signal.SIGSTOP)

    with within(2):
        agent.terminate()
        assert agent.wait(timeout=30) == 0
    assert not Path(f"/proc/{camera}").exists()


def test_a_real_camera_is_seen_and_recorded(agent: Process, port: int, tmp_path: Path) -> None:
    path = "/api/v1/cameras/front"
    assert eventually(lambda: ask(port, f"{path}/snapshot")).startswith(b"\xff\xd8")

    now = time.time()
    body = {"since": now - 1, "until": now + 1.5}
    started = json.loads(ask(port, f"{path}/recordings", "POST", body))

    def complete() -> Any:
        (recording,) = json.loads(ask(port, f"{path}/recordings"))["recordings"]
        return recording["status"] == "complete" and recording

    done = eventually(complete)
    video = tmp_path / "video.mp4"
    video.write_bytes(ask(port, f"{path}/recordings/{done['id']}"))
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))

    assert done["started"] == started["started"]
    assert frames[0].key_frame
    assert frames[0].time == 0
    assert (frames[0].width, frames[0].height) == (320, 180)
    assert done["duration_s"] == pytest.approx(now + 1.5 - done["started"], abs=0.3)
    assert len(frames) == pytest.approx(done["duration_s"] * 15, rel=0.2)


def test_a_simulated_door_is_played_at_and_locked_at_the_end(
    config: Path, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + DOOR)
    relay = tmp_path / "hall.relay"
    with running(config, tmp_path / "log") as agent:
        eventually(lambda: ask(port, "/health/live") and (tmp_path / "hall.sock").exists())
        assert main(["present", "0102030405", "--config", str(config)]) == 1
        assert capsys.readouterr().out == "Denied\n"
        assert relay.read_text() == "0\n"

        assert main(["press", "exit", "--config", str(config)]) == 0
        eventually(lambda: relay.read_text() == "1\n")
        agent.terminate()
        assert agent.wait(timeout=30) == 0

    assert relay.read_text() == "0\n"
    assert "0102030405" not in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_log_has_one_format_and_no_secret(agent: Process, tmp_path: Path) -> None:
    eventually(lambda: "is there: port" in (tmp_path / "log").read_text())

    log = (tmp_path / "log").read_text()
    assert TOKEN not in log
    assert f" INFO    camera_agent: Agent {__version__} of Porch is there: port " in log
