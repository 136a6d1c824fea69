"""A USB reader that types, played through a pipe that carries the kernel's own events."""

from collections.abc import Iterator
import fcntl
import os
from pathlib import Path
import struct
import time

import pytest

from camera_agent.hardware import reader
from camera_agent.hardware.rfid_hid import HIDReader, Wedge
from camera_agent.reader_config import CardFormat

from .listening import Ears, failing, is_silent, listening, percentile, reader_config
from .watching import Eventually

ENTER, PAD_ENTER, TAB = 28, 96, 15
CODES = dict(zip("1234567890", range(2, 12), strict=True)) | {
    "A": 30, "B": 48, "C": 46, "D": 32, "E": 18, "F": 33, "G": 34, "*": 55,
}  # fmt: skip
PAD = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))


class Typist:
    """Presses and releases keys as a keyboard's driver tells them: with scan codes and reports."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def event(self, kind: int, code: int, value: int) -> bytes:
        seconds, rest = divmod(self.now, 1)
        return struct.pack("llHHi", int(seconds), int(rest * 1e6), kind, code, value)

    def press(self, code: int, pause: float = 0.008) -> bytes:
        self.now += pause
        down = self.event(4, 4, 458782) + self.event(1, code, 1) + self.event(0, 0, 0)
        self.now += pause
        return down + self.event(1, code, 2) + self.event(1, code, 0) + self.event(0, 0, 0)

    def type(self, text: str, enter: int = ENTER, pause: float = 0.008) -> bytes:
        codes = [CODES[character] for character in text]
        return b"".join(self.press(code, pause) for code in (*codes, enter))

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Plug:
    """A pipe in the place of an input device."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._end: int | None = os.open(path, os.O_RDWR)

    def say(self, events: bytes) -> None:
        assert self._end is not None
        os.write(self._end, events)

    def unplug(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            self.path.unlink()
            os.close(end)


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    plug = Plug(tmp_path / "usb-Sycreader-event-kbd")
    yield plug
    plug.unplug()


@pytest.fixture
def typist() -> Typist:
    return Typist()


async def test_a_card_is_heard_when_its_line_ends(
    plug: Plug, typist: Typist, eventually: Eventually
) -> None:
    config = reader_config("hid", device=str(plug.path), format=CardFormat.DECIMAL)
    async with listening(reader(config)) as ears:
        await eventually(lambda: ears.online)
        before = time.monotonic()
        plug.say(typist.type("0012345678"))
        plug.say(typist.type("4294967295", enter=PAD_ENTER))
        await eventually(lambda: len(ears.heard) == 2)

    assert ears.cards == ["00bc614e", "ffffffff"]
    assert before <= ears.heard[0].at <= time.monotonic()


async def test_a_card_is_heard_at_once(plug: Plug, typist: Typist, eventually: Eventually) -> None:
    delays = []
    async with listening(HIDReader(reader_config("hid", device=str(plug.path)))) as ears:
        await eventually(lambda: ears.online)
        for number in range(200):
            events = typist.type(f"{number:010X}".replace("0", "A"))
            complete = time.monotonic()
            plug.say(events)
            await eventually(lambda expected=number: len(ears.heard) > expected)
            delays.append(ears.moments[-1] - complete)

    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    print(f"events complete -> heard: p50 {p50 * 1000:.3f} ms, p99 {p99 * 1000:.3f} ms")


async def test_a_reader_that_is_unplugged_is_lost_and_can_be_run_again(
    plug: Plug, typist: Typist, eventually: Eventually
) -> None:
    device = HIDReader(reader_config("hid", device=str(plug.path)))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        plug.say(typist.type("1234")[: 24 * 6])
        plug.unplug()
        await eventually(lambda: ears.error)
    assert ears.error == f"{plug.path} is gone: plug the reader in again."

    back = Plug(plug.path)
    async with listening(device) as again:
        await eventually(lambda: again.online)
        back.say(typist.type("ABCD"))
        await eventually(lambda: again.heard)
    back.unplug()
    assert again.cards == ["abcd"]


def iow(group: str, number: int, argument: str) -> int:
    """Make the number of an ioctl that writes, as the kernel's _IOW does."""
    return (1 << 30) | (struct.calcsize(argument) << 16) | (ord(group) << 8) | number


async def test_the_reader_is_kept_from_everybody_else(
    plug: Plug, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(fcntl, "ioctl", lambda *request: asked.append(request[1:]))
    async with listening(HIDReader(reader_config("hid", device=str(plug.path)))) as ears:
        await eventually(lambda: ears.online)

    assert asked == [(iow("E", 0x90, "i"), 1)]


async def test_a_reader_that_somebody_else_has_is_told(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(fcntl, "ioctl", refuse)

    told = await failing(HIDReader(reader_config("hid", device=str(plug.path))))

    assert told == f"{plug.path} is in use: end the other program, or keep it from this reader."


async def test_it_has_nothing_to_show() -> None:
    await is_silent(HIDReader(reader_config("hid")))


# What is typed


def heard_of(events: bytes, **settings: object) -> Ears:
    ears = Ears()
    for one in Wedge(reader_config("hid", **settings)).feed(events, 5.0):
        ears.hear(one)
    return ears


def test_digits_of_the_number_pad_count_like_the_others(typist: Typist) -> None:
    events = b"".join(typist.press(PAD[digit]) for digit in "1234567890") + typist.press(PAD_ENTER)

    assert heard_of(events).cards == ["1234567890"]


def test_keys_that_are_of_no_number_are_passed_over(typist: Typist) -> None:
    shift, dash = typist.event(1, 42, 1), typist.press(12)

    assert heard_of(shift + dash + typist.type("AB") + typist.press(TAB)).cards == ["ab"]


def test_an_empty_line_is_nothing(typist: Typist, caplog: pytest.LogCaptureFixture) -> None:
    assert heard_of(typist.type("") + typist.type("12") + typist.type("")).cards == ["12"]
    assert not caplog.messages


def test_what_is_no_number_is_told_without_it(
    typist: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    ears = heard_of(typist.type("12FE") + typist.type("77"), format=CardFormat.DECIMAL)

    assert ears.cards == ["0000004d"]
    assert caplog.messages == [
        "Reader outside: The reader typed what is no decimal number: correct its format."
    ]


def test_a_line_that_never_ends_is_no_card(
    typist: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    assert heard_of(typist.type("12" * 1000) + typist.type("34")).cards == ["34"]
    assert "does it end each with Enter?" in caplog.text


def test_a_card_of_which_the_kernel_lost_a_part_is_none(typist: Typist) -> None:
    dropped = typist.press(CODES["1"]) + typist.event(0, 3, 0)

    assert heard_of(dropped + typist.type("2345") + typist.type("ABCD")).cards == ["abcd"]


def test_a_card_after_one_of_which_the_end_was_lost_is_heard(typist: Typist) -> None:
    dropped = typist.press(CODES["1"]) + typist.event(0, 3, 0)
    typist.wait(2)

    assert heard_of(dropped + typist.type("ABCD")).cards == ["abcd"]


def test_a_card_that_was_broken_off_does_not_spoil_the_next(typist: Typist) -> None:
    broken = typist.press(CODES["1"]) + typist.press(CODES["2"])
    typist.wait(2)

    assert heard_of(broken + typist.type("ABCD")).cards == ["abcd"]


# A keypad beside it


def test_what_a_hand_types_are_keys(typist: Typist) -> None:
    ears = heard_of(typist.type("1*234", pause=0.1), keypad=True)

    assert (ears.keys, ears.cards) == ("1*234#", [])
    assert {one.at for one in ears.heard} == {5.0}


def test_what_a_reader_types_beside_a_keypad_is_a_card(typist: Typist) -> None:
    ears = heard_of(typist.type("0012345678"), keypad=True, format=CardFormat.DECIMAL)

    assert (ears.keys, ears.cards) == ("", ["00bc614e"])


def test_two_keys_at_once_are_still_of_a_hand(typist: Typist) -> None:
    ears = heard_of(typist.type("12", pause=0.01), keypad=True)

    assert ears.keys == "12#"


def test_a_card_after_keys_that_nobody_ended_is_a_card(typist: Typist) -> None:
    keys = typist.press(CODES["7"], 0.1) + typist.press(CODES["8"], 0.1)
    typist.wait(1)

    ears = heard_of(keys + typist.type("ABCD"), keypad=True)

    assert (ears.keys, ears.cards) == ("78", ["abcd"])


def test_enter_alone_is_the_key_that_ends_a_pin(typist: Typist) -> None:
    assert heard_of(typist.type(""), keypad=True).keys == "#"


def test_what_a_hand_types_where_there_is_no_keypad_is_never_a_key(typist: Typist) -> None:
    ears = heard_of(typist.type("1234", pause=0.1))

    assert (ears.keys, ears.cards) == ("", ["1234"])
