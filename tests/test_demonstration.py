"""The demonstration's processes and its memory; scripts/demo --check shows the whole of it."""

import asyncio
from collections.abc import Callable
import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import time

import pytest

from camera_agent.config import load
from scripts.demonstration.children import Child, ChildFailed, watch
from scripts.demonstration.door import HINTS, command, invitation
from scripts.demonstration.memory import Memory, free_port
from scripts.demonstration.places import PLACES, Assets, address_of, write_agent, write_home

ROOT = Path(__file__).parents[1]

ASSETS = Assets(
    video=Path("vtest.avi"),
    video_kind="vtest",
    model=None,
    model_kind=None,
    threshold=0.35,
    why="nobody is to be detected",
)

OBEDIENT = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEDIENT}"

# A demonstration that says who its child is, and then is killed.
DEMONSTRATION = f"""
import asyncio, sys
from pathlib import Path
from scripts.demonstration.children import Child
async def main():
    here = Path(sys.argv[1])
    child = await Child.start("child", [sys.executable, "-c", {OBEDIENT!r}], here, here / "log")
    print(child.pid, flush=True)
    await child.end()
asyncio.run(main())
"""


async def start(folder: Path, program: str) -> Child:
    child = await Child.start(
        "child", [sys.executable, "-c", program], folder, folder / "child.log"
    )
    await asyncio.to_thread(until, (folder / "child.log").read_text)
    return child


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """A process that is a zombie has ended too; its parent has not asked yet."""
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


async def test_a_child_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    child = await start(tmp_path, OBEDIENT)

    await child.stop()

    assert is_gone(child.pid)


async def test_a_child_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.demonstration.children.KILL_AFTER", 0.1)
    child = await start(tmp_path, STUBBORN)

    await child.stop()

    assert is_gone(child.pid)


async def test_a_child_that_falls_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    steady = await start(tmp_path, OBEDIENT)
    fallen = await Child.start(
        "agent", [sys.executable, "-c", "raise SystemExit('no camera')"], tmp_path, tmp_path / "log"
    )

    with pytest.raises(ChildFailed, match=r"agent ended by itself \(code 1\)[\s\S]*no camera"):
        await watch([steady, fallen])

    await steady.stop()
    await fallen.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_no_child_outlives_a_demonstration_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DEMONSTRATION, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as demonstration:
        assert demonstration.stdout is not None
        child = int(demonstration.stdout.readline())

        os.kill(demonstration.pid, signal.SIGKILL)

    until(lambda: is_gone(child))


def test_the_memory_is_the_owners_and_comes_back_as_it_was(tmp_path: Path) -> None:
    memory = Memory.fresh(["square", "path"]).with_agent("path", port=8467, added=8467)
    file = tmp_path / "memory.json"

    memory.save(file)

    assert Memory.load(file) == memory
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_remembered_before_the_first_run(tmp_path: Path) -> None:
    assert Memory.load(tmp_path / "memory.json") is None


@pytest.mark.usefixtures("socket_enabled")
def test_a_port_that_is_in_use_is_left_to_whoever_uses_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert free_port("127.0.0.1", port) > port
        assert free_port("127.0.0.1", port, frozenset({port + 1})) > port + 1


def test_a_memory_of_a_time_without_a_storage_gets_one(tmp_path: Path) -> None:
    file = tmp_path / "memory.json"
    Memory.fresh(["path"]).save(file)
    saved = json.loads(file.read_text())
    file.write_text(json.dumps({key: saved[key] for key in saved if key != "storage"}))

    memory = Memory.load(file)

    assert memory is not None
    assert len(memory.storage.secret) == 32


def test_an_agent_spools_unless_it_is_told_not_to(tmp_path: Path) -> None:
    memory = Memory.fresh(["path"]).with_agent("path", port=8467).agents["path"]
    place = next(place for place in PLACES if place.agent == "path")

    spooling = load(write_agent(tmp_path, place, memory, ASSETS)).spool.enabled
    silent = load(write_agent(tmp_path, place, memory, ASSETS, spool=False)).spool.enabled

    assert (spooling, silent) == (True, False)


def test_a_door_is_one_that_the_agent_takes_and_its_command_leads_there(tmp_path: Path) -> None:
    memory = Memory.fresh(["path"]).with_agent("path", port=8467).agents["path"]
    place = next(place for place in PLACES if place.door)

    file = write_agent(tmp_path, place, memory, ASSETS)
    (door,) = load(file).doors

    assert door.simulated == str(file.with_name("door.sock"))
    assert [reader.keypad for reader in door.readers] == [True]
    assert command(tmp_path)[-1] == str(file)
    assert all(f"agent {act}" in "".join(invitation(tmp_path)) for act, _ in HINTS)


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:8123"), ("192.0.2.7", "http://192.0.2.7:8123")],
)
def test_links_lead_to_where_home_assistant_listens(
    tmp_path: Path, host: str, address: str
) -> None:
    home = write_home(tmp_path, host, 8123)

    assert address_of(host, 8123) == address
    assert f"external_url: {address}\n" in (home / "configuration.yaml").read_text()
