"""An MFRC522 by a model of its registers; there is nothing below `xfer2` without a chip."""

import sys
import time
from types import SimpleNamespace

import pytest

from camera_agent.hardware import LineError, Scan, Technology, polling, ports, reader
from camera_agent.hardware.rfid_mfrc522 import MFRC522Reader
from camera_agent.line_config import LineConfig

from .listening import failing, is_silent, listening, reader_config
from .mfrc522_chip import Card, Chip, crc_a
from .watching import Eventually

UIDS = ["04a1b2c3", "04112233445566", "0402030405060708090a"]


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    chip = Chip()
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=lambda: chip))
    return chip


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "PAUSE", 0.005)


def mfrc522(device: str | None = "/dev/spidev0.1", **settings: object) -> MFRC522Reader:
    return MFRC522Reader(reader_config("mfrc522", device=device, **settings))


@pytest.mark.parametrize("uid", UIDS)
async def test_a_card_is_told_with_its_uid(chip: Chip, eventually: Eventually, uid: str) -> None:
    device = reader(reader_config("mfrc522", device="/dev/spidev0.1"))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        before = time.monotonic()
        chip.card = Card(bytes.fromhex(uid))
        await eventually(lambda: ears.heard)
        assert chip.opened == (0, 1)

    scan = ears.heard[0]
    assert isinstance(scan, Scan)
    assert ears.cards[0] == uid
    assert scan.technology is Technology.ISO14443A
    assert before <= scan.at <= time.monotonic()
    assert chip.opened is None


@pytest.mark.parametrize("uid", UIDS)
async def test_a_card_that_is_held_is_told_again_and_again(
    chip: Chip, eventually: Eventually, uid: str
) -> None:
    chip.card = Card(bytes.fromhex(uid))
    async with listening(mfrc522()) as ears:
        await eventually(lambda: len(ears.heard) >= 4)
        assert b"\x50\x00" + crc_a(b"\x50\x00") in chip.sent
        chip.card = Card(bytes.fromhex("deadbeef"))
        await eventually(lambda: ears.cards[-1] == "deadbeef")

    assert set(ears.cards) == {uid, "deadbeef"}


async def test_nothing_is_told_while_no_card_is_there(chip: Chip, eventually: Eventually) -> None:
    async with listening(mfrc522()) as ears:
        await eventually(lambda: len(chip.sent) >= 4)

    assert set(chip.sent) == {b"\x52"}
    assert ears.online == 1
    assert not ears.heard
    assert ears.error is None


@pytest.mark.parametrize(("fault", "said_last"), [("wrong_bcc", 2), ("wrong_crc", 9)])
async def test_a_card_with_a_wrong_check_is_not_believed(
    chip: Chip, eventually: Eventually, fault: str, said_last: int
) -> None:
    chip.card = Card(bytes.fromhex(UIDS[1]))
    setattr(chip.card, fault, True)
    async with listening(mfrc522()) as ears:
        await eventually(lambda: [len(sent) for sent in chip.sent].count(said_last) >= 3)
        assert not ears.heard
        setattr(chip.card, fault, False)
        await eventually(lambda: ears.heard)

    assert set(ears.cards) == {UIDS[1]}


async def test_two_cards_that_speak_at_once_are_none(chip: Chip, eventually: Eventually) -> None:
    chip.card, other = (Card(bytes.fromhex(uid)) for uid in UIDS[:2])
    chip.others = [other]
    async with listening(mfrc522()) as ears:
        await eventually(lambda: ears.online)
        await eventually(lambda: other.state == "ready")
        await eventually(lambda: other.state == "idle")
        assert not ears.heard
        chip.others = []
        await eventually(lambda: ears.heard)

    assert set(ears.cards) == {UIDS[0]}


async def test_a_cascade_without_an_end_is_no_card(chip: Chip, eventually: Eventually) -> None:
    chip.card = Card(bytes(10))
    chip.card.parts = [b"\x88abc"] * 3
    async with listening(mfrc522()) as ears:
        await eventually(lambda: chip.card and chip.card.state == "active")
        chip.card = Card(bytes.fromhex(UIDS[0]))
        await eventually(lambda: ears.heard)

    assert set(ears.cards) == {UIDS[0]}


@pytest.mark.parametrize("level", [0x00, 0xFF])
async def test_a_chip_that_is_not_there_is_told_with_what_to_check(chip: Chip, level: int) -> None:
    chip.floating = level

    told = await failing(mfrc522())

    assert told.startswith("No MFRC522 answers at /dev/spidev0.1: check its wires")
    assert chip.opened is None


async def test_a_chip_that_went_away_is_lost_and_can_be_run_again(
    chip: Chip, eventually: Eventually
) -> None:
    device = mfrc522()
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        chip.floating = 0xFF
        await eventually(lambda: ears.error)
    assert "No MFRC522 answers" in str(ears.error)

    chip.floating, chip.card = None, Card(bytes.fromhex(UIDS[2]))
    chip.power_on()
    async with listening(device) as again:
        await eventually(lambda: again.heard)
    assert set(again.cards) == {UIDS[2]}


async def test_a_chip_that_lost_its_power_for_a_moment_is_set_up_again(
    chip: Chip, eventually: Eventually
) -> None:
    async with listening(mfrc522()) as ears:
        await eventually(lambda: ears.online)
        chip.power_on()
        chip.card = Card(bytes.fromhex(UIDS[0]))
        await eventually(lambda: ears.heard)

    assert chip.resets == 2
    assert ears.error is None


async def test_a_chip_that_ends_nothing_reads_no_card(chip: Chip, eventually: Eventually) -> None:
    chip.card, chip.deaf = Card(bytes.fromhex(UIDS[0])), True
    async with listening(mfrc522()) as ears:
        await eventually(lambda: chip.card and chip.card.state == "ready")
        assert not ears.heard
        chip.deaf = False
        await eventually(lambda: ears.heard)

    assert set(ears.cards) == {UIDS[0]}


@pytest.mark.parametrize("call", ["open", "xfer2"])
async def test_a_bus_that_refuses_is_told_in_a_sentence(
    chip: Chip, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(chip, call, refuse)

    told = await failing(mfrc522())

    assert told == "/dev/spidev0.1 may not be opened: add the agent's user to the group spi."


async def test_a_bus_that_fails_while_it_is_read_is_lost(
    chip: Chip, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(110, "Connection timed out")

    async with listening(mfrc522()) as ears:
        await eventually(lambda: ears.online)
        monkeypatch.setattr(chip, "xfer2", fail)
        await eventually(lambda: ears.error)

    assert ears.error == "/dev/spidev0.1 cannot be used: Connection timed out."


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        (None, "The reader has no device: give it one in agent.toml."),
        ("/dev/ttyS0", "/dev/ttyS0 is no SPI bus: name one like /dev/spidev0.0 in agent.toml."),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(
    chip: Chip, device: str | None, sentence: str
) -> None:
    assert await failing(mfrc522(device)) == sentence


async def test_it_has_nothing_to_show(chip: Chip) -> None:
    await is_silent(mfrc522())


# Its reset line


class FakeLine:
    """Stands for a GPIO line, of which a machine without pins has none."""

    def __init__(self, config: LineConfig, rest: bool) -> None:
        lines.append(self)
        self.config, self.levels, self.is_closed = config, [rest], False

    def set(self, active: bool) -> None:
        if self.config.line == 99:
            raise LineError("There is no line 99.")
        self.levels.append(active)

    def close(self) -> None:
        self.is_closed = True


lines: list[FakeLine] = []


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> list[FakeLine]:
    lines.clear()
    monkeypatch.setattr(ports, "GpioLine", FakeLine)
    return lines


async def test_a_chip_whose_reset_is_wired_is_reset_and_then_held_running(
    chip: Chip, eventually: Eventually, wired: list[FakeLine]
) -> None:
    async with listening(mfrc522(lines=(LineConfig(line=25),))) as ears:
        await eventually(lambda: ears.online)
        (line,) = wired
        assert line.levels == [False, True, False]
        assert line.config.active_low
        assert not line.is_closed

    assert line.is_closed


async def test_a_reset_line_that_cannot_be_used_is_told(chip: Chip, wired: list[FakeLine]) -> None:
    told = await failing(mfrc522(lines=(LineConfig(line=99),)))

    assert told == "There is no line 99."


def test_the_model_of_the_chip_counts_its_crc_as_the_standard_does() -> None:
    assert crc_a(bytes.fromhex("0000")) == bytes.fromhex("a01e")  # ISO 14443-3, annex B
    assert crc_a(bytes.fromhex("1234")) == bytes.fromhex("26cf")
