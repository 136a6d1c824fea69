"""What locks the doors when the agent cannot: real processes, and files for relays."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from camera_agent import keeper
from camera_agent.hardware import deadman
from camera_agent.hardware.deadman import Allowed, Kept, Watch
from camera_agent.keeper import Keeper
from tests.waiting import eventually, within

ROOT = Path(__file__).parents[2]
LONGEST = 0.2
# An agent as far as its keeper knows it: it says what it does to its relay, and does no more.
AGENT = """
import asyncio, os, sys, time
from camera_agent import keeper
from camera_agent.hardware.deadman import Allowed, Kept

async def main(file, longest, energised, *words):
    relay = Kept(door="front", longest=float(longest), energised=energised == "1", file=file)
    watched = keeper.Keeper([relay])
    task = asyncio.create_task(watched.run())
    keeper.AGAIN = 0.01
    print("there", flush=True)
    for word in words:
        await asyncio.sleep(0)
        if word == "hang":
            time.sleep(60)
        elif word == "wait":
            await asyncio.to_thread(sys.stdin.readline)
        else:
            watched.tell("front", Allowed(word))
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def relay(tmp_path: Path) -> Path:
    """A relay that is energised, until somebody does something about it."""
    path = tmp_path / "front.relay"
    path.write_text("1\n")
    return path


@contextmanager
def agent(relay: Path, *words: str, energised: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Run an agent that does what the words say, and end it and its keeper."""
    process = subprocess.Popen(
        [sys.executable, "-c", AGENT, str(relay), str(LONGEST), str(int(energised)), *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def children(process: subprocess.Popen[bytes]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(one) for one in listed.split()]


def is_waiting(pid: int) -> bool:
    """Whether a keeper has come so far that it listens."""
    masked = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "SigBlk" in line
    )
    return bool(int(masked.split()[1], 16) & 1 << (signal.SIGTERM - 1))


async def keeper_of(process: subprocess.Popen[bytes]) -> int:
    (pid,) = await eventually(lambda: children(process))
    await eventually(lambda: is_waiting(pid))
    return int(pid)


async def test_a_door_is_locked_when_its_agent_is_killed(relay: Path) -> None:
    with agent(relay, "released", "wait") as process:
        await keeper_of(process)
        process.kill()

        await eventually(lambda: relay.read_text() == "0\n", 5.0)


async def test_a_door_that_is_locked_by_power_gets_it_back(relay: Path) -> None:
    relay.write_text("0\n")
    with agent(relay, "held", "wait", energised=True) as process:
        await keeper_of(process)
        process.kill()

        await eventually(lambda: relay.read_text() == "1\n", 5.0)


async def test_an_agent_that_hangs_while_a_door_is_unlocked_is_ended(relay: Path) -> None:
    with agent(relay, "wait", "released", "hang") as process:
        await keeper_of(process)
        began = time.monotonic()
        with within(LONGEST + 1):
            process.communicate(b"\n", timeout=30)

        assert process.returncode == -signal.SIGKILL
        assert time.monotonic() - began >= LONGEST
        await eventually(lambda: relay.read_text() == "0\n", 5.0)


async def test_an_agent_may_hang_while_no_door_is_unlocked_for_somebody(relay: Path) -> None:
    with agent(relay, "released", "held", "hang") as process:
        await eventually(lambda: children(process))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(4 * LONGEST)

        assert relay.read_text() == "1\n"


async def test_a_keeper_that_is_killed_is_followed_by_one_that_knows_as_much(relay: Path) -> None:
    with agent(relay, "held", "wait", "released", "wait", "hang") as process:
        first = await keeper_of(process)
        os.kill(first, signal.SIGKILL)
        second = await eventually(lambda: {*children(process)} - {first})
        await eventually(lambda: is_waiting(*second))
        process.communicate(b"\n\n", timeout=30)

        assert process.returncode == -signal.SIGKILL
        await eventually(lambda: relay.read_text() == "0\n", 5.0)


async def test_who_stops_all_processes_at_once_does_not_leave_a_door_unlocked(relay: Path) -> None:
    with agent(relay, "held", "wait") as process:
        pid = await keeper_of(process)
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        process.terminate()

        await eventually(lambda: relay.read_text() == "0\n", 5.0)
        await eventually(lambda: not Path(f"/proc/{pid}").exists())


async def test_an_agent_that_ends_leaves_locked_doors_and_no_keeper(relay: Path) -> None:
    watched = Keeper([Kept(door="front", longest=60, energised=False, file=str(relay))])
    watched.tell("front", Allowed.HELD)
    task = asyncio.create_task(watched.run())
    me = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = set(me.read_text().split())
    (pid,) = await eventually(lambda: {*me.read_text().split()} - before)
    await eventually(lambda: is_waiting(int(pid)))
    task.cancel()

    await eventually(lambda: relay.read_text() == "0\n", 5.0)
    assert os.waitpid(int(pid), 0)[1] == 0


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ([], None),
        ([(0, "front released")], 3.0),
        ([(0, "front released"), (2, "front released")], 5.0),
        ([(0, "front released"), (0.5, "back released")], 2.5),
        ([(0, "front released"), (1, "front locked")], None),
        ([(0, "front released"), (1, "front held")], None),
        ([(0, "back released"), (1, "front locked")], 2.0),
        ([(-9, "front released")], 0.0),
    ],
)
def test_only_who_was_let_in_may_take_too_long(
    told: list[tuple[float, str]], left: float | None
) -> None:
    watch = Watch(
        [
            Kept(door="front", longest=3, energised=False, file="front"),
            Kept(door="back", longest=2, energised=False, file="back"),
        ]
    )
    for now, line in told:
        watch.heard(line, now)

    assert watch.left(0) == left


class TestInTheProcess:
    """The keeper's own steps, without a process around them."""

    @pytest.fixture(autouse=True)
    def masked(self) -> Iterator[None]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        yield
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @pytest.fixture
    def sleeper(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(["sleep", "60"])
        yield process
        process.kill()
        process.wait()

    def kept(self, relay: Path, **settings: Any) -> Kept:
        return Kept(
            door="front", **{"longest": 0.1, "energised": False, "file": str(relay)} | settings
        )

    def test_an_agent_that_ended_before_it_was_watched_leaves_locked_doors(
        self, relay: Path
    ) -> None:
        deadman.main(0, [self.kept(relay)])
        assert relay.read_text() == "0\n"

    def test_an_agent_that_hangs_is_ended(
        self, relay: Path, sleeper: subprocess.Popen[bytes], capfd: pytest.CaptureFixture[str]
    ) -> None:
        told, tell = os.pipe()
        os.write(tell, b"front released\nback")
        deadman._watch(sleeper.pid, [self.kept(relay)], told)

        assert sleeper.wait() == -signal.SIGKILL
        assert "it hangs, and is ended" in capfd.readouterr().err

    def test_an_agent_that_lets_go_or_ends_is_watched_no_longer(
        self, relay: Path, sleeper: subprocess.Popen[bytes]
    ) -> None:
        told, tell = os.pipe()
        os.close(tell)
        deadman._watch(sleeper.pid, [self.kept(relay)], told)
        assert sleeper.poll() is None

        told, tell = os.pipe()
        sleeper.kill()
        deadman._watch(sleeper.pid, [self.kept(relay)], told)

    def test_a_relay_that_cannot_be_had_is_told_when_patience_is_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(deadman, "PATIENCE", 0.05)
        deadman.main(0, [self.kept(tmp_path / "no" / "folder")])
        assert "The door front could not be locked: " in capfd.readouterr().err


async def test_a_keeper_that_cannot_be_started_is_tried_again(
    relay: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper, "AGAIN", 0.01)
    monkeypatch.setattr(keeper, "command", lambda *_: ["/nowhere/at/all"])
    watched = Keeper([Kept(door="front", longest=1, energised=False, file=str(relay))])
    task = asyncio.create_task(watched.run())

    await eventually(lambda: caplog.text.count("cannot be started") > 1)
    task.cancel()


async def test_a_keeper_that_does_not_listen_never_holds_up_the_door(
    relay: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper, "command", lambda *_: ["sleep", "1"])
    watched = Keeper([Kept(door="front", longest=1, energised=False, file=str(relay))])
    task = asyncio.create_task(watched.run())
    await asyncio.sleep(0)

    for _ in range(10_000):
        watched.tell("front", Allowed.LOCKED)

    assert "cannot be told of front" in caplog.text
    task.cancel()


async def test_a_door_without_a_relay_is_nobodys_business(relay: Path) -> None:
    watched = Keeper([])
    watched.tell("front", Allowed.RELEASED)
    task = asyncio.create_task(watched.run())
    await asyncio.sleep(0)

    assert not task.done()
    task.cancel()
