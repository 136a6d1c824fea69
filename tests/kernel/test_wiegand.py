"""A Wiegand reader on two lines of the kernel's own, which an emulated hand moves slowly."""

import os
import time

import pytest

from camera_agent.hardware import Technology, reader, rfid_wiegand
from camera_agent.line_config import LineConfig
from tests.agent.listening import failing, listening, reader_config
from tests.waiting import eventually

from .chip import Chip

LINES = (LineConfig(line=17), LineConfig(line=27))
GAP = 0.5  # seconds; an emulated processor may stand still for longer than a reader's pause
SLOWLY = 0.02  # seconds; of two pulses on one wire the kernel loses one if its thread was not quick


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rfid_wiegand, "GAP", GAP)


class Card:
    """What pulls D0 and D1 down in turn."""

    def __init__(self, chip: Chip) -> None:
        self._wires = [chip.wire(line.line) for line in LINES]

    def say(self, bits: str) -> None:
        for bit in bits:
            os.pwrite(self._wires[int(bit)], b"pull-down", 0)
            time.sleep(SLOWLY)
            os.pwrite(self._wires[int(bit)], b"pull-up", 0)

    def show(self, number: str) -> None:
        """Say a number between its two parities."""
        bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(number))
        half = len(bits) // 2
        self.say(f"{bits[:half].count('1') % 2}{bits}{1 - bits[half:].count('1') % 2}")


async def test_cards_of_26_and_of_34_bits_are_read(header: Chip) -> None:
    async with listening(reader(reader_config("wiegand", lines=LINES))) as ears:
        await eventually(lambda: ears.online)
        card = Card(header)
        for number, shown in enumerate(("2a4e61", "04a1b2c3", "000000", "ffffffff"), start=1):
            card.show(shown)
            last = time.monotonic()
            await eventually(lambda number=number: len(ears.heard) == number)
            assert ears.scans[-1].card.hex() == shown
            assert ears.scans[-1].technology is Technology.WIEGAND
            assert last < ears.scans[-1].at < last + 2 * GAP


async def test_cards_that_came_while_the_agent_was_busy_are_told_apart(header: Chip) -> None:
    async with listening(reader(reader_config("wiegand", lines=LINES))) as ears:
        await eventually(lambda: ears.online)
        card = Card(header)
        for shown in ("2a4e61", "04a1b2c3", "2a4e61"):
            card.show(shown)
            time.sleep(1.5 * GAP)
        await eventually(lambda: len(ears.heard) == 3)

    assert ears.cards == ["2a4e61", "04a1b2c3", "2a4e61"]


async def test_keys_and_a_card_are_told_apart(header: Chip) -> None:
    config = reader_config("wiegand", lines=LINES, keypad=True)
    async with listening(reader(config)) as ears:
        await eventually(lambda: ears.online)
        card = Card(header)
        for bits in ("0001", "11010010", "1011"):
            card.say(bits)
            time.sleep(1.5 * GAP)
        card.show("2a4e61")
        await eventually(lambda: ears.cards)

    assert (ears.keys, ears.cards) == ("12#", ["2a4e61"])


async def test_wires_that_are_swapped_are_noticed(
    header: Chip, caplog: pytest.LogCaptureFixture
) -> None:
    config = reader_config("wiegand", lines=LINES[::-1])
    async with listening(reader(config)) as ears:
        await eventually(lambda: ears.online)
        Card(header).show("2a4e61")
        await eventually(lambda: caplog.messages)

    assert ears.heard == []
    assert caplog.messages == ["Reader outside: a card with a wrong parity; are D0 and D1 swapped?"]


async def test_lines_that_are_taken_are_told(header: Chip) -> None:
    config = reader_config("wiegand", lines=LINES)
    async with listening(reader(config)) as ears:
        await eventually(lambda: ears.online)
        told = await failing(reader(config))
    assert told == "The lines 17 and 27 are in use: end the other program, which gpioinfo names."

    async with listening(reader(config)) as again:
        await eventually(lambda: again.online)


async def test_a_chip_that_is_unplugged_is_told() -> None:
    expander = Chip("expander")
    lines = tuple(LineConfig(line=line.line, chip="expander") for line in LINES)
    async with listening(reader(reader_config("wiegand", lines=lines))) as ears:
        await eventually(lambda: ears.online)
        expander.unplug()
        await eventually(lambda: ears.error)

    assert ears.error == "The lines 17 and 27 cannot be used: No such device."


async def test_a_line_that_the_chip_does_not_have_is_told(header: Chip) -> None:
    lines = (LineConfig(line=17), LineConfig(line=40))

    told = await failing(reader(reader_config("wiegand", lines=lines)))

    assert told == "The chip has not that many lines: correct them in agent.toml."
