"""OSDP between our panel and libosdp's own readers, over a real pseudo terminal, in secret."""

from collections.abc import Iterator
from contextlib import ExitStack
import ctypes
import os
from pathlib import Path
import sys
import threading
import time
import tty
from typing import Any

import pytest

from camera_agent.hardware import (
    Feedback,
    Heard,
    Key,
    ReaderError,
    Scan,
    Tamper,
    Technology,
    reader,
    rfid_osdp,
)
from camera_agent.hardware.osdp_panel import Panel, Port
from camera_agent.hardware.rfid_osdp import OSDPReader
from tests.waiting import slowness, within

from .listening import failing, listening, percentile, reader_config
from .watching import Eventually

osdp_sys: Any = pytest.importorskip("osdp_sys", reason="libosdp is not installed")

KEY = bytes(range(16))
OTHER_KEY = bytes(range(1, 17))
# Function code, level, how many.
CAPABILITIES = [
    (osdp_sys.CAP_CONTACT_STATUS_MONITORING, 1, 2),
    (osdp_sys.CAP_CARD_DATA_FORMAT, 1, 1),
    (osdp_sys.CAP_READER_LED_CONTROL, 1, 1),
    (osdp_sys.CAP_READER_AUDIBLE_OUTPUT, 1, 1),
    (osdp_sys.CAP_COMMUNICATION_SECURITY, 1, 1),
    (osdp_sys.CAP_READERS, 1, 1),
]


class Peripheral:
    """One reader at the bus: libosdp's."""

    def __init__(self, bus: "Bus", address: int, key: bytes | None) -> None:
        self._bus = bus
        self.received = b""
        self.commands: list[dict[str, Any]] = []
        settings = {"name": f"pd {address}", "address": address, "channel": self}
        identity = {"version": 1, "model": 1, "vendor_code": 1, "serial_number": 1}
        secret = {"flags": osdp_sys.FLAG_ENFORCE_SECURE, "scbk": key} if key else {"flags": 0}
        self.device = osdp_sys.PeripheralDevice(
            settings | identity | secret | {"firmware_version": 1},
            capabilities=[
                {"function_code": code, "compliance_level": level, "num_items": items}
                for code, level, items in CAPABILITIES
            ],
        )
        self.device.set_command_callback(self._command)

    def read(self, size: int) -> bytes:
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def write(self, data: bytes) -> int:
        return os.write(self._bus.line, data)

    def flush(self) -> None:
        self.received = b""

    def say(self, event: int, **details: Any) -> None:
        with self._bus.lock:
            self.device.submit_event({"event": event, "reader_no": 0} | details)

    def card(self, bits: int, data: bytes, form: int = osdp_sys.CARD_FMT_RAW_WIEGAND) -> None:
        self.say(osdp_sys.EVENT_CARDREAD, format=form, direction=0, length=bits, data=data)

    def keys(self, data: bytes) -> None:
        self.say(osdp_sys.EVENT_KEYPRESS, data=data)

    def tamper(self, active: bool) -> None:
        local = osdp_sys.STATUS_REPORT_LOCAL
        self.say(osdp_sys.EVENT_STATUS, type=local, nr_entries=2, report=bytes([active, 0]))

    def shown(self, kind: int) -> list[dict[str, Any]]:
        return [one for one in self.commands if one["command"] == kind]

    def _command(self, command: dict[str, Any]) -> tuple[int, None]:
        self.commands.append(dict(command))
        # libosdp gives back one reference too many of what its reader answers.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
        return 0, None


class Bus:
    """A pty as an RS-485 bus: every reader hears everything."""

    def __init__(self, port: Path) -> None:
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.port = port
        self.readers: dict[int, Peripheral] = {}
        self.lock = threading.Lock()
        self.plug()

    def plug(self) -> None:
        self.line, agent = os.openpty()
        tty.setraw(agent)
        os.set_blocking(self.line, False)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(agent))
        self._agent = agent
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="OSDP readers")
        self._thread.start()

    def pause(self) -> None:
        """Read and say nothing any more."""
        self._ended.set()
        self._thread.join()

    def unplug(self) -> None:
        self.pause()
        os.close(self._agent)
        os.close(self.line)
        self.port.unlink()

    def add(self, address: int, key: bytes | None = KEY) -> Peripheral:
        peripheral = Peripheral(self, address, key)
        with self.lock:
            self.readers[address] = peripheral
        return peripheral

    def remove(self, address: int) -> None:
        with self.lock:
            del self.readers[address]

    def _serve(self) -> None:
        while not self._ended.wait(0.002):
            with self.lock:
                heard = self._heard()
                for one in self.readers.values():
                    one.received += heard
                    one.device.refresh()

    def _heard(self) -> bytes:
        try:
            return os.read(self.line, 512)
        except BlockingIOError:
            return b""


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    bus = Bus(tmp_path / "rs485")
    yield bus
    bus.unplug()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rfid_osdp, "PATIENCE", 0.5)


def osdp(bus: Bus, address: int = 5, key: bytes | None = KEY) -> OSDPReader:
    name = key.hex() if key else None
    return OSDPReader(reader_config("osdp", device=str(bus.port), address=address, key=name))


@pytest.mark.parametrize(
    ("bits", "data", "card", "technology"),
    [
        (26, bytes.fromhex("88911980"), "112233", Technology.WIEGAND),
        (34, bytes.fromhex("81091a2b00"), "02123456", Technology.WIEGAND),
        (32, bytes.fromhex("04a1b2c3"), "04a1b2c3", Technology.UNKNOWN),
        (56, bytes.fromhex("04112233445566"), "04112233445566", Technology.UNKNOWN),
        (37, bytes.fromhex("0800000008"), "0100000001", Technology.UNKNOWN),
    ],
)
async def test_a_card_comes_through_the_secure_channel(
    bus: Bus, eventually: Eventually, bits: int, data: bytes, card: str, technology: Technology
) -> None:
    peripheral = bus.add(5)
    device = reader(reader_config("osdp", device=str(bus.port), address=5, key=KEY.hex().upper()))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        assert peripheral.device.is_sc_active()
        before = time.monotonic()
        peripheral.card(bits, data)
        await eventually(lambda: ears.cards)

    (scan,) = [one for one in ears.heard if isinstance(one, Scan)]
    assert ears.cards == [card]
    assert scan.technology is technology
    assert before <= scan.at <= time.monotonic()


async def test_a_card_is_told_within_a_tenth_of_a_second(bus: Bus, eventually: Eventually) -> None:
    peripheral = bus.add(5)
    delays = []
    async with listening(osdp(bus)) as ears:
        await eventually(lambda: ears.online)
        for number in range(5):
            presented = time.monotonic()
            peripheral.card(32, bytes(4))
            await eventually(lambda number=number: len(ears.cards) > number)
            delays.append(ears.heard[-1].at - presented)

    print(f"presented -> read: p50 {percentile(delays, 0.5) * 1000:.0f} ms")
    assert sorted(delays)[2] < 0.15 * slowness()


async def test_keys_are_told_one_by_one(bus: Bus, eventually: Eventually) -> None:
    peripheral = bus.add(5)
    async with listening(osdp(bus)) as ears:
        await eventually(lambda: ears.online)
        peripheral.keys(b"12A")
        peripheral.keys(b"\x7f0\x0d")
        await eventually(lambda: len(ears.keys) == 5)

    assert ears.keys == "12*0#"
    assert "key" not in repr(next(one for one in ears.heard if isinstance(one, Key)))


async def test_a_reader_is_asked_whether_it_is_open_and_says_when_that_changes(
    bus: Bus, eventually: Eventually
) -> None:
    peripheral = bus.add(5)

    def tampers() -> list[bool]:
        return [one.active for one in ears.heard if isinstance(one, Tamper)]

    async with listening(osdp(bus)) as ears:
        await eventually(lambda: tampers() == [False])
        peripheral.tamper(True)
        await eventually(lambda: tampers() == [False, True])
        peripheral.tamper(False)
        await eventually(lambda: tampers() == [False, True, False])


@pytest.mark.parametrize("feedback", list(Feedback))
async def test_who_stands_there_sees_and_hears_it(
    bus: Bus, eventually: Eventually, feedback: Feedback
) -> None:
    peripheral = bus.add(5)
    device = osdp(bus)
    await device.show(feedback)
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        await device.show(feedback)
        await eventually(lambda: peripheral.shown(osdp_sys.CMD_BUZZER))
    await device.show(feedback)

    (lamp,) = peripheral.shown(osdp_sys.CMD_LED)
    assert lamp["temporary"]
    assert lamp["timer_count"] > 0
    assert (
        lamp["on_color"]
        == {
            Feedback.GRANTED: osdp_sys.LED_COLOR_GREEN,
            Feedback.DENIED: osdp_sys.LED_COLOR_RED,
            Feedback.PIN_WANTED: osdp_sys.LED_COLOR_AMBER,
            Feedback.LEARNING: osdp_sys.LED_COLOR_BLUE,
        }[feedback]
    )
    assert len(peripheral.shown(osdp_sys.CMD_BUZZER)) == 1


async def test_several_readers_share_a_bus(bus: Bus, eventually: Eventually) -> None:
    inside, outside = bus.add(1), bus.add(2, OTHER_KEY)
    second = osdp(bus, 2, OTHER_KEY)
    async with listening(osdp(bus, 1)) as in_ears, listening(second) as out_ears:
        await eventually(lambda: in_ears.online and out_ears.online)
        inside.card(32, b"in..")
        outside.card(32, b"out.")
        await second.show(Feedback.GRANTED)
        await eventually(lambda: in_ears.cards and out_ears.cards)
        await eventually(lambda: outside.shown(osdp_sys.CMD_LED))

    assert in_ears.cards == [b"in..".hex()]
    assert out_ears.cards == [b"out.".hex()]
    assert not inside.shown(osdp_sys.CMD_LED)


async def test_a_reader_that_joins_or_leaves_is_no_loss_to_the_others(
    bus: Bus, eventually: Eventually
) -> None:
    inside = bus.add(1)
    bus.add(2)
    async with listening(osdp(bus, 1)) as ears:
        await eventually(lambda: ears.online)
        for _ in range(2):
            async with listening(osdp(bus, 2)) as others:
                await eventually(lambda others=others: others.online)
        inside.card(32, b"in..")
        await eventually(lambda: ears.cards)

    assert ears.online == 1
    assert ears.error is None


async def test_a_dead_reader_is_told_while_the_others_go_on(
    bus: Bus, eventually: Eventually, impatient: None
) -> None:
    inside = bus.add(1)
    async with listening(osdp(bus, 1)) as ears:
        await eventually(lambda: ears.online)
        told = await failing(osdp(bus, 2))
        await eventually(inside.device.is_sc_active)
        inside.card(32, b"in..")
        await eventually(lambda: ears.cards)

    assert told.startswith(f"The OSDP reader with address 2 at {bus.port} does not answer")
    assert ears.error is None


async def test_a_reader_that_comes_late_is_found_when_it_is_run_again(
    bus: Bus, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.add(1)
    late = osdp(bus, 2)
    async with listening(osdp(bus, 1)) as ears:
        await eventually(lambda: ears.online)
        monkeypatch.setattr(rfid_osdp, "PATIENCE", 0.1)
        await failing(late)
        monkeypatch.undo()
        bus.add(2)
        async with listening(late) as again:
            await eventually(lambda: again.online)


async def test_a_wrong_key_opens_no_channel(bus: Bus, impatient: None) -> None:
    bus.add(5, OTHER_KEY)

    told = await failing(osdp(bus))

    assert told.endswith("its address and its baud, and that its key is this one.")
    assert KEY.hex() not in told


async def test_a_reader_without_a_key_is_read_in_the_open(bus: Bus, eventually: Eventually) -> None:
    peripheral = bus.add(5, None)
    async with listening(osdp(bus, key=None)) as ears:
        await eventually(lambda: ears.online)
        peripheral.card(32, bytes(4))
        await eventually(lambda: ears.cards)

    assert not peripheral.device.is_sc_active()


async def test_a_bus_that_is_unplugged_loses_all_its_readers_until_it_is_back(
    bus: Bus, eventually: Eventually
) -> None:
    bus.add(1)
    bus.add(2)
    first, second = osdp(bus, 1), osdp(bus, 2)
    async with listening(first) as ears, listening(second) as others:
        await eventually(lambda: ears.online and others.online)
        bus.unplug()
        await eventually(lambda: ears.error and others.error)
    assert ears.error == others.error == f"{bus.port} is gone: plug the reader in again."

    bus.plug()
    bus.add(1)
    async with listening(first) as again:
        await eventually(lambda: again.online)


async def test_the_last_reader_that_ends_closes_the_port_within_a_second(
    bus: Bus, eventually: Eventually
) -> None:
    bus.add(1)
    bus.add(2)
    before = open_files()
    with ExitStack() as ending:
        async with listening(osdp(bus, 1)) as ears:
            async with listening(osdp(bus, 2)) as others:
                await eventually(lambda: ears.online and others.online)
            assert open_files() > before
            ending.enter_context(within(1.0))

    assert open_files() == before


async def test_two_readers_with_one_address_are_told_apart_from_one(
    bus: Bus, eventually: Eventually
) -> None:
    bus.add(5)
    async with listening(osdp(bus)) as ears:
        await eventually(lambda: ears.online)
        told = await failing(osdp(bus))

    assert told == f"Two readers at {bus.port} have the address 5: give each its own."


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "The reader has no device: give it one in agent.toml."),
        ({"device": "/dev/absent"}, "/dev/absent is not there: plug the reader in"),
        ({"key": "secret"}, "The key of an OSDP reader is 32 hex digits"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    told = await failing(OSDPReader(reader_config("osdp", **settings)))

    assert told.startswith(sentence)
    assert "secret" not in told


async def test_a_missing_library_is_told(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "osdp_sys", None)

    assert "OSDP needs the package libosdp" in await failing(osdp(bus))


async def test_the_library_is_left_no_card_to_keep(
    bus: Bus, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[dict[str, Any]] = []
    translated = Panel._heard

    def note(panel: Panel, event: dict[str, Any], at: float) -> list[Heard]:
        events.append(event)
        return translated(panel, event, at)

    monkeypatch.setattr(Panel, "_heard", note)
    peripheral = bus.add(5)
    async with listening(osdp(bus)) as ears:
        await eventually(lambda: ears.online)
        peripheral.card(32, bytes(4))
        await eventually(lambda: ears.cards)

    assert events
    assert not any(events)


def test_a_port_that_cannot_be_written_is_remembered(bus: Bus) -> None:
    port = Port(str(bus.port), 9600)
    assert port.write(b"to nobody") == -1

    with pytest.raises(ReaderError, match="cannot be used: Bad file descriptor"):
        port.check()


def test_a_port_that_is_full_takes_nothing_and_is_no_loss(bus: Bus) -> None:
    port = Port(str(bus.port), 9600)
    bus.pause()
    port.open()
    written = list(iter(lambda: port.write(bytes(4096)), 0))
    port.check()
    port.close()

    assert written


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
