"""A USB reader that types, on the kernel's own input devices."""

import asyncio
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from camera_agent.hardware import reader
from camera_agent.reader_config import CardFormat
from camera_agent.readers import Reader, ReaderListener
from tests.agent.listening import Ears, failing, listening, reader_config
from tests.waiting import eventually

from .keyboard import Keyboard


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    keyboard = Keyboard(tmp_path / "usb-Sycreader-event-kbd")
    yield keyboard
    if keyboard.link.is_symlink():
        keyboard.unplug()


async def test_cards_are_read_as_digits_of_either_kind(keyboard: Keyboard) -> None:
    for format_, typed, card in [
        (CardFormat.HEX, "04A1B2C3D4E5F6#", "04a1b2c3d4e5f6"),
        (CardFormat.DECIMAL, "0012345678#", "00bc614e"),
    ]:
        config = reader_config("hid", device=str(keyboard.link), format=format_)
        async with listening(reader(config)) as ears:
            await eventually(lambda ears=ears: ears.online)
            await keyboard.type(typed)
            await keyboard.type("#")
            await keyboard.type(typed, pause=0.01)
            await eventually(lambda ears=ears: len(ears.heard) == 2)
        assert ears.cards == [card, card]


async def test_what_is_typed_at_once_is_a_card_and_what_a_hand_types_is_a_pin(
    keyboard: Keyboard,
) -> None:
    config = reader_config("hid", device=str(keyboard.link), keypad=True)
    async with listening(reader(config)) as ears:
        await eventually(lambda: ears.online)
        keyboard.dump("00123456#")
        await keyboard.type("8273#", pause=0.1)
        await eventually(lambda: len(ears.heard) == 6)

    assert (ears.cards, ears.keys) == (["00123456"], "8273#")


async def test_nobody_else_hears_the_card(keyboard: Keyboard) -> None:
    config = reader_config("hid", device=str(keyboard.link))
    with keyboard.heard_by_another() as other:
        await keyboard.type("1")
        assert list(other.read())
        async with listening(reader(config)) as ears:
            await eventually(lambda: ears.online)
            await keyboard.type("ABCD#")
            await eventually(lambda: ears.heard)
            with pytest.raises(BlockingIOError):
                list(other.read())
        await keyboard.type("1")
        assert list(other.read())


async def test_a_reader_that_somebody_else_has_is_told(keyboard: Keyboard) -> None:
    with keyboard.heard_by_another() as other:
        other.grab()
        told = await failing(reader(reader_config("hid", device=str(keyboard.link))))

    sentence = "is in use: end the other program, or keep it from this reader."
    assert told == f"{keyboard.link} {sentence}"


async def test_a_card_of_which_the_kernel_lost_the_beginning_is_none(keyboard: Keyboard) -> None:
    config = reader_config("hid", device=str(keyboard.link))
    async with listening(reader(config)) as ears:
        await eventually(lambda: ears.online)
        for offset in range(11):  # wherever in a card the kernel, which keeps 64 events, begins
            keyboard.dump("#" * offset + "0123456789#" * 4)
            await keyboard.type("#", pause=0.05)  # of which a part may be lost, too
            await keyboard.type("#ABCD#")
            await eventually(lambda: "abcd" in ears.cards)
            assert set(ears.cards) <= {"0123456789", "abcd"}
            ears.heard.clear()


async def test_a_reader_that_is_unplugged_comes_back(keyboard: Keyboard) -> None:
    ears, states = Ears(), list[tuple[bool, str | None]]()
    listener = ReaderListener(heard=ears.hear, changed=lambda *state: states.append(state))
    config = reader_config("hid", device=str(keyboard.link))
    kept = Reader(config, reader(config), listener, lambda: repeat(0.1))
    story = asyncio.create_task(kept.run())
    try:
        await eventually(lambda: kept.online)
        await keyboard.type("12")
        keyboard.unplug()
        await eventually(lambda: len(states) == 3)
        keyboard.plug()
        await eventually(lambda: kept.online)
        await keyboard.type("ABCD#")
        await eventually(lambda: ears.heard)
    finally:
        story.cancel()
        await asyncio.gather(story, return_exceptions=True)

    absent = "is not there: plug the reader in, or correct its device in agent.toml."
    assert states == [
        (True, None),
        (False, f"{keyboard.link} is gone: plug the reader in again."),
        (False, f"{keyboard.link} {absent}"),
        (True, None),
    ]
    assert ears.cards == ["abcd"]
