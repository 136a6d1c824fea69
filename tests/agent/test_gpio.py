"""GPIO lines, over a thin fake of libgpiod: there is no chip in this machine."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
import errno
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from camera_agent.door_config import DoorConfig, Fail
from camera_agent.hardware import LineError, deadman
from camera_agent.hardware.deadman import Kept
from camera_agent.hardware.gpio import GpioLine
from camera_agent.hardware.wiring import kept, wiring
from camera_agent.line_config import LineConfig
from tests.waiting import eventually

HEADER = "pinctrl-bcm2711"


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1

    def __bool__(self) -> bool:
        return self is Value.ACTIVE


class EdgeType(Enum):
    RISING_EDGE = 1
    FALLING_EDGE = 2


@dataclass
class FakeRequest:
    """What libgpiod gives for a line: its edges come by a real file descriptor."""

    chip: str
    line: int
    settings: dict[str, Any]
    consumer: str
    users: dict[tuple[str, int], str]
    active: bool = False
    failure: int = 0
    edges: list[EdgeType] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fd, self._bell = os.pipe()
        self.active = bool(self.settings.get("output_value"))
        self.users[self.chip, self.line] = self.consumer

    def become(self, *levels: bool) -> None:
        for level in levels:
            self.edges.append(EdgeType.RISING_EDGE if level else EdgeType.FALLING_EDGE)
            self.active = level
        os.write(self._bell, b"!")

    def fail(self, number: int) -> None:
        self.failure = number
        os.write(self._bell, b"!")

    def set_value(self, line: int, value: Value) -> None:
        self._check(line)
        self.active = bool(value)

    def get_value(self, line: int) -> Value:
        self._check(line)
        return Value(int(self.active))

    def read_edge_events(self) -> list[SimpleNamespace]:
        os.read(self.fd, 1)
        self._check(self.line)
        edges, self.edges = self.edges, []
        return [SimpleNamespace(event_type=edge) for edge in edges]

    def release(self) -> None:
        os.close(self.fd)
        os.close(self._bell)
        del self.users[self.chip, self.line]

    def _check(self, line: int) -> None:
        assert line == self.line
        if self.failure:
            raise OSError(self.failure, os.strerror(self.failure))


class FakeGpiod(ModuleType):
    """As much of libgpiod's Python as is used: chips by label, and who has which line."""

    def __init__(self, devices: Path) -> None:
        super().__init__("gpiod")
        self.devices = devices
        self.labels: dict[str, str] = {}
        self.users: dict[tuple[str, int], str] = {}
        self.requests: list[FakeRequest] = []
        self.EdgeEvent = SimpleNamespace(Type=EdgeType)
        self.line: Any = ModuleType("gpiod.line")
        self.line.Value = Value
        self.line.Direction = SimpleNamespace(INPUT="in", OUTPUT="out")
        self.line.Edge = SimpleNamespace(BOTH="both")
        self.line.Bias = SimpleNamespace(PULL_UP="up")

    def plug(self, name: str, label: str) -> None:
        (self.devices / name).touch()
        self.labels[str(self.devices / name)] = label

    def Chip(self, path: str) -> Any:  # noqa: N802 - its name there
        return FakeChip(self.labels[path], path, self.users)

    def LineSettings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802
        return settings

    def request_lines(
        self, path: str, config: dict[int, dict[str, Any]], consumer: str
    ) -> FakeRequest:
        ((line, settings),) = config.items()
        if line > 53:
            raise ValueError("line offset of out range")
        if (path, line) in self.users:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.requests.append(FakeRequest(path, line, settings, consumer, self.users))
        return self.requests[-1]


@dataclass
class FakeChip:
    label: str
    path: str
    users: dict[tuple[str, int], str]

    def __enter__(self) -> "FakeChip":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get_info(self) -> Any:
        return SimpleNamespace(label=self.label)

    def get_line_info(self, line: int) -> Any:
        return SimpleNamespace(consumer=self.users[self.path, line])


@pytest.fixture
def gpiod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGpiod:
    """A machine with a pin header whose chip is not the first."""
    fake = FakeGpiod(tmp_path)
    fake.plug("gpiochip0", "raspberrypi-exp-gpio")
    fake.plug("gpiochip4", HEADER)
    monkeypatch.setattr(deadman, "DEVICES", tmp_path)
    monkeypatch.setitem(sys.modules, "gpiod", fake)
    monkeypatch.setitem(sys.modules, "gpiod.line", fake.line)
    return fake


def door(fail: Fail = Fail.SECURE) -> DoorConfig:
    return DoorConfig(
        id="front",
        name="Front door",
        fail=fail,
        relay=LineConfig(line=17, active_low=True),
        contact=LineConfig(line=23),
        led=LineConfig(line=5, chip="expander"),
    )


class TestAnOutput:
    def test_is_found_by_the_label_of_its_chip_and_begins_at_rest(self, gpiod: FakeGpiod) -> None:
        relay = wiring(door()).relay
        assert relay
        relay.set(True)

        (request,) = gpiod.requests
        assert (Path(request.chip).name, request.line, request.consumer) == (
            "gpiochip4",
            17,
            "gatehouse",
        )
        assert request.settings == {
            "direction": "out",
            "active_low": True,
            "output_value": Value.INACTIVE,
        }
        assert request.active
        assert relay.get()

    def test_of_a_lock_that_opens_without_power_begins_with_power(self, gpiod: FakeGpiod) -> None:
        relay = wiring(door(Fail.SAFE)).relay
        assert relay
        assert relay.get()

    def test_may_be_on_another_chip(self, gpiod: FakeGpiod) -> None:
        gpiod.plug("gpiochip9", "expander")
        led = wiring(door()).led
        assert led
        led.set(False)

        (request,) = gpiod.requests
        assert (Path(request.chip).name, request.line) == ("gpiochip9", 5)

    def test_that_failed_is_opened_again(self, gpiod: FakeGpiod) -> None:
        relay = GpioLine(LineConfig(line=17), rest=False)
        relay.set(True)
        gpiod.requests[0].failure = errno.ENODEV

        with pytest.raises(LineError, match=r"Line 17 of the pin header cannot be used: No such"):
            relay.set(False)
        relay.set(False)

        assert [one.active for one in gpiod.requests] == [True, False]

    def test_is_free_for_others_when_it_is_closed(self, gpiod: FakeGpiod) -> None:
        wired = wiring(door())
        assert wired.relay
        wired.relay.set(True)
        wired.close()
        wired.close()

        assert gpiod.users == {}


class TestAnInput:
    async def test_tells_how_it_is_and_every_change(self, gpiod: FakeGpiod) -> None:
        line = GpioLine(LineConfig(line=23, active_low=True, debounce=timedelta(milliseconds=7)))
        changes = line.changes()
        assert await anext(changes) is False

        (request,) = gpiod.requests
        assert request.settings == {
            "direction": "in",
            "edge_detection": "both",
            "bias": "up",
            "active_low": True,
            "debounce_period": timedelta(milliseconds=7),
        }
        for levels, heard in [((True,), [True]), ((False, True), [False, True])]:
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            request.become(*levels)
            assert [await waiting, *[await anext(changes) for _ in heard[1:]]] == heard
        await changes.aclose()  # type: ignore[attr-defined]

    async def test_whose_edges_were_lost_still_tells_how_it_is(self, gpiod: FakeGpiod) -> None:
        changes = GpioLine(LineConfig(line=23)).changes()
        await anext(changes)
        (request,) = gpiod.requests
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        request.active = True
        request.become()

        assert await waiting is True

    async def test_that_is_lost_is_told(self, gpiod: FakeGpiod) -> None:
        changes = GpioLine(LineConfig(line=23)).changes()
        await anext(changes)
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        gpiod.requests[0].fail(errno.ENODEV)

        with pytest.raises(LineError, match=r"Line 23 of the pin header cannot be used"):
            await waiting
        assert gpiod.users == {}


class TestALineThatCannotBeHad:
    def trouble(self, line: int = 17, chip: str | None = None) -> str:
        with pytest.raises(LineError) as caught:
            GpioLine(LineConfig(line=line, chip=chip)).get()
        return str(caught.value)

    def test_names_who_has_it(self, gpiod: FakeGpiod) -> None:
        gpiod.users[str(gpiod.devices / "gpiochip4"), 17] = "spi0 CS0"
        assert self.trouble() == (
            "Line 17 of the pin header is in use by spi0 CS0:"
            " end it, or take another line in agent.toml."
        )

    def test_names_the_chip_that_is_not_there(self, gpiod: FakeGpiod) -> None:
        assert self.trouble(chip="expander").startswith("Line 17 of expander is not there: name")

    def test_names_a_line_that_the_chip_does_not_have(self, gpiod: FakeGpiod) -> None:
        assert (
            self.trouble(99)
            == "Line 99 of the pin header does not exist: correct it in agent.toml."
        )

    def test_names_the_group_that_may(
        self, gpiod: FakeGpiod, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: str) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(gpiod, "Chip", refuse)
        assert "add the agent's user to the group gpio" in self.trouble()

    def test_names_the_library_that_is_missing(
        self, gpiod: FakeGpiod, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "gpiod.line", None)
        assert "libgpiod 2 for Python is missing" in self.trouble()

    def test_because_it_vanishes_meanwhile_is_told_too(
        self, gpiod: FakeGpiod, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gpiod.users[str(gpiod.devices / "gpiochip4"), 17] = "somebody"

        def vanish(*_: object) -> None:
            raise OSError(errno.ENODEV, "No such device")

        monkeypatch.setattr(FakeChip, "get_line_info", vanish)
        assert "is in use by another program" in self.trouble()


class TestTheKeeperOfAnAgentThatIsGone:
    @pytest.fixture
    def holder(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process that is called like a keeper."""
        program = [sys.executable, "-c", "import time; time.sleep(60)", deadman.__file__]
        process = subprocess.Popen(program)
        yield process
        process.kill()
        process.wait()

    async def test_is_asked_to_let_go(
        self, gpiod: FakeGpiod, holder: subprocess.Popen[bytes]
    ) -> None:
        await eventually(lambda: Path(f"/proc/{holder.pid}/cmdline").read_bytes())
        gpiod.users[str(gpiod.devices / "gpiochip4"), 17] = f"gatehouse keeper {holder.pid}"

        with pytest.raises(LineError, match=f"in use by gatehouse keeper {holder.pid}"):
            GpioLine(LineConfig(line=17), rest=False).get()
        assert holder.wait(30) == -signal.SIGTERM

    def test_is_not_confused_with_somebody_else(self, gpiod: FakeGpiod) -> None:
        with subprocess.Popen(["sleep", "60"]) as other:
            gpiod.users[str(gpiod.devices / "gpiochip4"), 17] = f"gatehouse keeper {other.pid}"
            with pytest.raises(LineError):
                GpioLine(LineConfig(line=17), rest=False).get()
            assert other.poll() is None
            other.kill()


class TestAKeeper:
    @pytest.fixture(autouse=True)
    def masked(self) -> Iterator[None]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        yield
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def test_knows_what_the_door_knows(self) -> None:
        assert kept(door(Fail.SAFE)) == Kept(
            door="front", longest=31.0, energised=True, line=17, active_low=True
        )
        assert kept(DoorConfig(id="a", name="A")) is None

    @pytest.mark.parametrize("fail", list(Fail))
    def test_takes_the_line_and_holds_it_as_long_as_that_is_needed(
        self, gpiod: FakeGpiod, fail: Fail
    ) -> None:
        relay = kept(door(fail))
        assert relay
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
        signal.pthread_kill(
            threading.get_ident(), signal.SIGTERM
        )  # whoever waits for it must find it
        deadman.main(0, [relay])

        (request,) = gpiod.requests
        assert request.active is (fail is Fail.SAFE)
        assert request.settings["active_low"]
        assert request.consumer == f"gatehouse keeper {os.getpid()}"
        waited = signal.SIGTERM not in signal.sigpending()
        assert waited is (fail is Fail.SAFE)
        signal.sigtimedwait((signal.SIGTERM,), 0)
