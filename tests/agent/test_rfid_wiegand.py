"""A Wiegand reader, by the moments at which the kernel saw its pulses."""

from dataclasses import dataclass
import errno
import os
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from camera_agent.hardware import Technology, reader, rfid_wiegand
from camera_agent.hardware.rfid_wiegand import GAP, Bits, WiegandReader, payload, pressed
from camera_agent.line_config import LineConfig

from .listening import Ears, failing, is_silent, listening, reader_config
from .watching import Eventually

LINES = (LineConfig(line=17), LineConfig(line=27))


def framed(card: str) -> str:
    """Put both parities around a card, as its reader does."""
    bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(card))
    half = len(bits) // 2
    even, odd = bits[:half].count("1") % 2, 1 - bits[half:].count("1") % 2
    return f"{even}{bits}{odd}"


def heard_of(*frames: str, pause: float = 0.1, spacing: float = 0.001, **settings: Any) -> Ears:
    ears = Ears()
    bits = Bits(reader_config("wiegand", **settings), ears.hear)
    at = 100.0
    for frame in frames:
        for bit in frame:
            bits.pulse(int(bit), at := at + spacing)
        at += pause
    bits.end()
    return ears


@pytest.mark.parametrize(
    ("frame", "card"),
    [
        (framed("2a4e61"), "2a4e61"),
        (framed("000000"), "000000"),
        (framed("ffffff"), "ffffff"),
        (framed("04a1b2c3"), "04a1b2c3"),
        (framed("80000001"), "80000001"),
        (f"{0x2A4E61:024b}", "2a4e61"),
        (f"{0xA1B2C3D4:032b}", "a1b2c3d4"),
        (f"{0x1A1B2C3D4:037b}", "01a1b2c3d4"),
        (f"{0x04A1B2C3D4E5F6:056b}", "04a1b2c3d4e5f6"),
    ],
)
def test_a_card_is_made_of_bits(frame: str, card: str) -> None:
    ears = heard_of(frame)

    assert ears.cards == [card]
    assert ears.scans[0].technology is Technology.WIEGAND


def test_a_well_known_card_has_its_facility_and_its_number() -> None:
    card = bytes.fromhex(heard_of("00010101001001110011000011").cards[0])

    assert (card[0], int.from_bytes(card[1:], "big")) == (42, 20065)


def test_a_card_is_complete_when_no_bit_has_followed_for_a_while() -> None:
    (scan,) = heard_of(framed("2a4e61")).heard

    assert scan.at == pytest.approx(100.0 + 26 * 0.001 + GAP)


@pytest.mark.parametrize("number", range(26))
def test_a_bit_that_was_misread_is_noticed(number: int, caplog: pytest.LogCaptureFixture) -> None:
    frame = framed("2a4e61")
    garbled = f"{frame[:number]}{1 - int(frame[number])}{frame[number + 1 :]}"

    assert heard_of(garbled).heard == []
    assert caplog.messages == ["Reader outside: a card with a wrong parity; are D0 and D1 swapped?"]


def test_bits_that_are_told_in_another_order_are_read_as_they_came() -> None:
    ears = Ears()
    bits = Bits(reader_config("wiegand"), ears.hear)
    told = [(int(bit), 100 + number * 0.001) for number, bit in enumerate(framed("2a4e61"))]
    for number in range(0, len(told), 2):
        for bit, at in reversed(told[number : number + 2]):
            bits.pulse(bit, at)
    bits.end()

    assert ears.cards == ["2a4e61"]


def test_swapped_lines_never_give_another_card(caplog: pytest.LogCaptureFixture) -> None:
    swapped = framed("2a4e61").translate(str.maketrans("01", "10"))

    assert heard_of(swapped).heard == []
    assert "are D0 and D1 swapped?" in caplog.text


@pytest.mark.parametrize("length", [1, 3, 5, 7, 9, 23, 129, 5000])
def test_so_many_bits_are_noise(length: int) -> None:
    assert heard_of("1" * length, framed("2a4e61"), keypad=True).cards == ["2a4e61"]


@pytest.mark.parametrize("spacing", [0.0002, 0.002, 0.0249])
def test_cards_end_by_a_pause_however_fast_their_reader_is(spacing: float) -> None:
    ears = heard_of(framed("2a4e61"), framed("04a1b2c3"), pause=GAP, spacing=spacing)

    assert ears.cards == ["2a4e61", "04a1b2c3"]


@given(st.lists(st.sampled_from([3, 4]).flatmap(lambda n: st.binary(min_size=n, max_size=n))))
def test_every_card_of_a_crowd_is_heard(cards: list[bytes]) -> None:
    assert heard_of(*(framed(card.hex()) for card in cards)).cards == [c.hex() for c in cards]


@given(st.integers(24, 128).flatmap(lambda n: st.text("01", min_size=n, max_size=n)))
def test_a_card_is_as_many_bytes_as_its_bits_need(bits: str) -> None:
    card = payload(bits)

    assert len(card) == (len(bits) - 2 * (len(bits) in (26, 34)) + 7) // 8
    assert bin(int.from_bytes(card, "big"))[2:] in bits or not int.from_bytes(card, "big")


# Keys


def test_four_bits_are_a_key() -> None:
    assert [pressed(f"{code:04b}") for code in range(16)] == [*"0123456789*#", *[None] * 4]


def test_eight_bits_are_a_key_if_half_of_them_is_the_opposite_of_the_others() -> None:
    keys = {code: pressed(f"{code:08b}") for code in range(256)}
    whole = {code: key for code, key in keys.items() if key}

    assert "".join(whole.values()) == "#*9876543210"
    assert all(code >> 4 == ~code & 0b1111 for code in whole)


def test_a_pin_and_a_card_are_told_apart() -> None:
    ears = heard_of("0001", "0010", "11100001", "1011", framed("2a4e61"), "1010", keypad=True)

    assert (ears.keys, ears.cards) == ("121#*", ["2a4e61"])


def test_a_reader_without_keypad_has_no_keys() -> None:
    assert heard_of("0001", "11100001").heard == []


# The lines


@dataclass
class FakeRequest:
    """Stands for gpiod's request of two lines: a pipe is its file, and edges wait in a list."""

    settings: dict[int, Any]
    waiting: list[Any]
    released: bool = False

    def __post_init__(self) -> None:
        self.fd, self._kernel = os.pipe2(os.O_NONBLOCK)

    def pulse(self, line: int, at: float) -> None:
        self.waiting.append(SimpleNamespace(line_offset=line, timestamp_ns=round(at * 1e9)))
        os.write(self._kernel, b".")

    def say(self, bits: str, began: float) -> None:
        for number, bit in enumerate(bits):
            self.pulse((17, 27)[int(bit)], began + number * 0.001)

    def read_edge_events(self) -> list[Any]:
        os.read(self.fd, 1000)
        edges, self.waiting = self.waiting, []
        return edges

    def __enter__(self) -> "FakeRequest":
        return self

    def __exit__(self, *_: object) -> None:
        self.released = True
        os.close(self.fd)
        os.close(self._kernel)


class FakeGpiod(ModuleType):
    """Stands for the module gpiod, as far as a reader asks anything of it."""

    def __init__(self) -> None:
        super().__init__("gpiod")
        self.line = ModuleType("gpiod.line")
        words = SimpleNamespace(INPUT="input", FALLING="falling", PULL_UP="pulled up")
        vars(self.line).update(Bias=words, Direction=words, Edge=words)
        self.requests: list[FakeRequest] = []
        self.trouble: Exception | None = None

    def LineSettings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802 - gpiod's name
        return settings

    def request_lines(
        self, path: str, *, consumer: str, event_buffer_size: int, config: dict[int, Any]
    ) -> FakeRequest:
        if self.trouble:
            raise self.trouble
        self.requests.append(FakeRequest(config, []))
        return self.requests[-1]


@pytest.fixture
def gpiod(monkeypatch: pytest.MonkeyPatch) -> FakeGpiod:
    fake = FakeGpiod()
    monkeypatch.setitem(sys.modules, "gpiod", fake)
    monkeypatch.setitem(sys.modules, "gpiod.line", fake.line)
    monkeypatch.setattr(rfid_wiegand, "chip_of", lambda label: f"/dev/{label}")
    return fake


async def test_a_card_is_heard_from_the_edges_of_two_lines(
    gpiod: FakeGpiod, eventually: Eventually
) -> None:
    async with listening(reader(reader_config("wiegand", lines=LINES))) as ears:
        await eventually(lambda: ears.online)
        (request,) = gpiod.requests
        request.say(framed("2a4e61"), time.monotonic() - 0.026)
        await eventually(lambda: ears.heard)

    assert ears.cards == ["2a4e61"]
    assert ears.heard[0].at <= ears.moments[0]
    assert request.released
    asked = {"direction": "input", "edge_detection": "falling", "bias": "pulled up"}
    assert request.settings == dict.fromkeys((17, 27), asked | {"active_low": False})


async def test_a_loop_that_was_busy_still_tells_two_cards_apart(
    gpiod: FakeGpiod, eventually: Eventually
) -> None:
    async with listening(WiegandReader(reader_config("wiegand", lines=LINES))) as ears:
        await eventually(lambda: ears.online)
        request, now = gpiod.requests[0], time.monotonic()
        request.say(framed("2a4e61"), now - 0.5)
        request.say(framed("04a1b2c3"), now - 0.2)
        await eventually(lambda: len(ears.heard) == 2)

    assert ears.cards == ["2a4e61", "04a1b2c3"]


async def test_a_card_that_was_not_over_is_not_heard_later(
    gpiod: FakeGpiod, eventually: Eventually
) -> None:
    device = WiegandReader(reader_config("wiegand", lines=LINES))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        gpiod.requests[0].say(framed("2a4e61"), time.monotonic() + 60)
        await eventually(lambda: not gpiod.requests[0].waiting)
    async with listening(device) as again:
        await eventually(lambda: again.online)
        gpiod.requests[1].say(framed("04a1b2c3"), time.monotonic() - 0.1)
        await eventually(lambda: again.heard)

    assert ears.heard == []
    assert again.cards == ["04a1b2c3"]


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (OSError(errno.EBUSY, "busy"), "The lines 17 and 27 are in use: end the other program"),
        (OSError(errno.EACCES, "no"), "The lines 17 and 27 may not be used: add the agent's user"),
        (OSError(errno.ENOENT, "no"), "The lines 17 and 27 are not there: name their chip"),
        (OSError(errno.ENOTTY, "Strange"), "The lines 17 and 27 cannot be used: Strange."),
        (ValueError("out of range"), "The chip has not that many lines"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(
    gpiod: FakeGpiod, trouble: Exception, sentence: str
) -> None:
    gpiod.trouble = trouble

    told = await failing(WiegandReader(reader_config("wiegand", lines=LINES)))

    assert told.startswith(sentence)


async def test_a_machine_without_libgpiod_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)

    told = await failing(WiegandReader(reader_config("wiegand", lines=LINES)))

    assert told.startswith("libgpiod 2 for Python is missing: install python3-libgpiod")


async def test_lines_of_two_chips_have_no_common_order() -> None:
    lines = (LineConfig(line=1), LineConfig(line=2, chip="other"))

    told = await failing(WiegandReader(reader_config("wiegand", lines=lines)))

    assert told == "D0 and D1 (1 and 2) are of two chips: wire both to the same one."


async def test_it_has_nothing_to_show() -> None:
    await is_silent(WiegandReader(reader_config("wiegand", lines=LINES)))
