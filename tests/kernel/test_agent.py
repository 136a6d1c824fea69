"""A whole agent at doors that the kernel plays: who opens them, and what locks them in the end."""

import asyncio
from collections.abc import Iterator
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import gpiod
import pytest

from camera_agent.doorway import GRACE
from camera_agent.hardware.deadman import CONSUMER
from tests.agent.admitting import TOKEN, card_hash, credential, policy, signed
from tests.waiting import eventually

from .chip import Chip
from .keyboard import Keyboard

CARD = "04A1B2C3"
RELAY, SAFE_RELAY, CONTACT, EXIT_BUTTON = 17, 5, 23, 24
CONFIG = f"""
[agent]
id = "porch"
token = "{TOKEN}"
host = "127.0.0.1"
port = 8090
data = "data"
announce = false

[tls]
enabled = false

[[doors]]
id = "front"
relay = {RELAY}
contact = {CONTACT}
exit_button = {EXIT_BUTTON}
unlock = 0.5
longest = 1

[[doors.readers]]
id = "outside"
kind = "hid"
device = "DEVICE"

[[doors]]
id = "back"
fail = "safe"
relay = {{ line = {SAFE_RELAY}, active_low = true }}
"""
CHECKOUT = str(Path(__file__).parents[2])
A_MOMENT = 0.25  # seconds for which nobody holds a lock that opens without power
STARTING = 90  # seconds; each of its modules is compiled by an emulated processor


class Agent:
    """One that is started when it is needed, and again after it has ended."""

    def __init__(self, folder: Path, reader: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "agent.toml").write_text(CONFIG.replace("DEVICE", str(reader)))

    async def there(self) -> None:
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-m", "camera_agent", "--config", "agent.toml"]
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    command, cwd=self.folder, stderr=log, env={**os.environ, "PYTHONPATH": CHECKOUT}
                )
        await eventually(self._answers, STARTING, "the agent's health")

    def asks(self, method: str, path: str, **body: Any) -> Any:
        request = Request(f"http://127.0.0.1:8090/api/v1/{path}", method=method)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        data = json.dumps(body).encode() if body else None
        with urlopen(request, data, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def kinds(self) -> list[str]:
        """Return what happened, oldest first."""
        return [one["kind"] for one in self.asks("GET", "passages?limit=1000")["passages"]]

    def state(self, door: str) -> dict[str, Any]:
        return self.asks("POST", f"doors/{door}/lock")

    def ends(self, how: signal.Signals) -> int:
        assert self.process
        self.process.send_signal(how)
        return self.process.wait(30)

    def _answers(self) -> bool:
        try:
            return self.asks("GET", "info") is not None
        except URLError:
            return False


@pytest.fixture(scope="module")
def header() -> Iterator[Chip]:
    """A chip whose wires tell a line that is held at rest from one that is not held at all."""
    header = Chip("pinctrl-bcm2711")
    for relay in (RELAY, SAFE_RELAY):
        header.pull(relay, high=True)
    yield header
    header.unplug()


@pytest.fixture(scope="module")
def keyboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyboard]:
    keyboard = Keyboard(tmp_path_factory.mktemp("by-id") / "usb-Sycreader-event-kbd")
    yield keyboard
    keyboard.unplug()


@pytest.fixture(scope="module")
def any_agent(
    header: Chip, keyboard: Keyboard, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Agent]:
    agent = Agent(tmp_path_factory.mktemp("agent"), keyboard.link)
    yield agent
    if agent.process:
        agent.process.kill()
        agent.process.wait()
    print((agent.folder / "log").read_text())


@pytest.fixture
async def agent(any_agent: Agent, header: Chip) -> Agent:
    """One that runs, at a closed and locked door, with grants that let the card in."""
    await any_agent.there()
    cards = {card_hash(CARD): credential("anna")}
    grants = policy(version=time.time_ns() // 1000, cards=cards)
    document, signature = signed(grants)
    any_agent.asks("PUT", "grants", document=document, signature=signature)
    header.pull(CONTACT, high=False)
    await eventually(lambda: any_agent.state("front")["open"] is False)
    await eventually(lambda: any_agent.state("front")["readers"]["outside"]["online"])
    await eventually(lambda: any_agent.state("front")["error"] is None)
    return any_agent


async def pulse(header: Chip) -> float:
    """Wait until the door was unlocked and locked again; return for how many seconds."""
    await eventually(lambda: header.is_high(RELAY), what="the relay")
    began = time.monotonic()
    await eventually(lambda: not header.is_high(RELAY), what="the relay's rest")
    return time.monotonic() - began


async def test_a_card_unlocks_the_door_for_as_long_as_that_is_wanted(
    agent: Agent, header: Chip, keyboard: Keyboard
) -> None:
    await keyboard.type(f"{CARD}#", pause=0.01)
    assert 0.4 < await pulse(header) < 0.9
    await keyboard.type("FFFFFFFF#", pause=0.01)
    await eventually(lambda: agent.kinds()[-2:] == ["granted", "denied"])
    assert not header.is_high(RELAY)


async def test_nobody_has_it_unlocked_for_longer_than_it_may_be(agent: Agent, header: Chip) -> None:
    agent.asks("POST", "doors/front/unlock", seconds=60)
    assert 0.8 < await pulse(header) < 1.8


async def test_the_exit_button_unlocks_it(agent: Agent, header: Chip) -> None:
    header.pull(EXIT_BUTTON, high=False)
    assert 0.4 < await pulse(header) < 0.9
    header.pull(EXIT_BUTTON, high=True)
    assert agent.kinds()[-1] == "exit"


async def test_a_door_that_is_opened_without_leave_is_forced(agent: Agent, header: Chip) -> None:
    await asyncio.sleep(GRACE)
    header.pull(CONTACT, high=True)
    await eventually(lambda: agent.kinds()[-1] == "forced")
    assert agent.state("front")["forced"]


async def test_a_reader_that_is_unplugged_comes_back(
    agent: Agent, header: Chip, keyboard: Keyboard
) -> None:
    keyboard.unplug()
    await eventually(lambda: not agent.state("front")["readers"]["outside"]["online"])
    keyboard.plug()
    await eventually(lambda: agent.state("front")["readers"]["outside"]["online"], 30)
    await keyboard.type(f"{CARD}#", pause=0.01)
    assert await pulse(header)


async def test_an_agent_that_hangs_while_the_door_is_unlocked_is_ended(
    agent: Agent, header: Chip
) -> None:
    agent.asks("POST", "doors/front/unlock", seconds=1)
    assert agent.process
    agent.process.send_signal(signal.SIGSTOP)
    assert header.is_high(RELAY)
    assert agent.process.wait(10) == -signal.SIGKILL
    await eventually(lambda: not header.is_high(RELAY))


async def test_an_agent_that_is_killed_leaves_locked_doors_to_the_next(
    agent: Agent, header: Chip
) -> None:
    with gpiod.Chip(header.device) as chip:
        agent.asks("POST", "doors/front/unlock", seconds=1)
        assert header.is_high(RELAY)
        agent.ends(signal.SIGKILL)
        await eventually(lambda: users(chip)[0].startswith(CONSUMER))
        await eventually(lambda: users(chip)[0] == users(chip)[1])
        assert (header.is_high(RELAY), header.is_high(SAFE_RELAY)) == (False, False)

        chip.watch_line_info(SAFE_RELAY)
        await agent.there()
        released, requested = chip.read_info_event(), chip.read_info_event()
        assert agent.state("back")["error"] is None
        assert users(chip) == ["gatehouse", "gatehouse"]
        assert (header.is_high(RELAY), header.is_high(SAFE_RELAY)) == (False, False)
    assert released.event_type is gpiod.InfoEvent.Type.LINE_RELEASED
    assert requested.event_type is gpiod.InfoEvent.Type.LINE_REQUESTED
    assert requested.timestamp_ns - released.timestamp_ns < A_MOMENT * 1e9


def users(chip: gpiod.Chip) -> list[str]:
    """Return who holds the relays, nobody being empty."""
    return [chip.get_line_info(line).consumer or "" for line in (RELAY, SAFE_RELAY)]
