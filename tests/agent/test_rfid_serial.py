"""An RDM6300 on a real pseudo terminal, with noise on its line and a plug that comes out."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from operator import xor
import os
from pathlib import Path
import pty
import random
import termios
import time

from hypothesis import given, strategies as st
import pytest

from camera_agent.hardware import Heard, Technology, reader
from camera_agent.hardware.device_file import watch
from camera_agent.hardware.rfid_serial import Frames, RDM6300Reader

from .listening import failing, is_silent, listening, percentile, reader_config
from .watching import Eventually

CARD = bytes.fromhex("2a00bc614e")


def frame(card: bytes) -> bytes:
    return b"\x02%s%02X\x03" % (card.hex().upper().encode(), reduce(xor, card))


class Port:
    """The module's end of a serial line; the agent's is a device file."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.plug_in()

    def plug_in(self) -> None:
        self.module, agent = pty.openpty()
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(agent))
        os.close(agent)

    def unplug(self) -> None:
        self.link.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self.module)

    def say(self, data: bytes) -> None:
        os.write(self.module, data)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    port = Port(tmp_path / "serial0")
    yield port
    port.unplug()


def rdm6300(port: Port) -> RDM6300Reader:
    return RDM6300Reader(reader_config(device=str(port.link)))


async def test_a_card_is_heard_with_its_bytes_in_their_order(
    port: Port, eventually: Eventually
) -> None:
    device = reader(reader_config(device=str(port.link)))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        before = time.monotonic()
        port.say(frame(CARD))
        await eventually(lambda: ears.heard)

    (scan,) = ears.scans
    assert ears.cards == [CARD.hex()]
    assert scan.technology is Technology.EM4100
    assert before <= scan.at <= time.monotonic()
    assert CARD.hex() not in repr(scan).lower()


async def test_two_hundred_cards_are_heard_through_noise_and_in_pieces(
    port: Port, eventually: Eventually
) -> None:
    chance = random.Random(7)
    cards = [chance.randbytes(5) for _ in range(200)]
    delays = []

    async with listening(rdm6300(port)) as ears:
        await eventually(lambda: ears.online)
        for number, card in enumerate(cards):
            noise = bytes(chance.choices(b"\x00\x02\x03\xff0A", k=chance.randrange(8)))
            cut = chance.randrange(1, 14)
            port.say(noise + frame(card)[:cut])
            await eventually(lambda expected=number: len(ears.heard) == expected)
            complete = time.monotonic()
            port.say(frame(card)[cut:])
            await eventually(lambda expected=number: len(ears.heard) > expected)
            delays.append(ears.moments[-1] - complete)

    assert ears.cards == [card.hex() for card in cards]
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    print(f"bytes complete -> heard: p50 {p50 * 1000:.3f} ms, p99 {p99 * 1000:.3f} ms")


async def test_what_was_said_while_nobody_listened_is_not_heard(
    port: Port, eventually: Eventually
) -> None:
    agent = os.open(port.link, os.O_RDONLY | os.O_NOCTTY)
    port.say(frame(CARD) + b"\n")
    async with listening(rdm6300(port)) as ears:
        await eventually(lambda: ears.online)
        port.say(frame(bytes(5)))
        await eventually(lambda: ears.heard)
    os.close(agent)

    assert ears.cards == [bytes(5).hex()]


async def test_a_reader_that_is_unplugged_is_lost_and_can_be_run_again(
    port: Port, eventually: Eventually
) -> None:
    device = rdm6300(port)
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        port.say(frame(CARD)[:9])
        port.unplug()
        await eventually(lambda: ears.error)
    assert ears.error == f"{port.link} is gone: plug the reader in again."

    port.plug_in()
    async with listening(device) as again:
        await eventually(lambda: again.online)
        port.say(frame(CARD)[9:] + frame(CARD))
        await eventually(lambda: again.heard)
    assert again.cards == [CARD.hex()]


async def test_a_cancelled_reader_has_closed_its_device(port: Port, eventually: Eventually) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    async with listening(rdm6300(port)) as ears:
        await eventually(lambda: ears.online)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("device", "baud", "sentence"),
    [
        (None, None, "The reader has no device: give it one in agent.toml."),
        (
            "/dev/absent",
            None,
            "/dev/absent is not there: plug the reader in, or correct its device",
        ),
        ("/dev/null", None, "/dev/null is no serial port"),
        ("/dev/ptmx", 9601, "No serial port knows 9601 baud"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(
    device: str | None, baud: int | None, sentence: str
) -> None:
    told = await failing(RDM6300Reader(reader_config(device=device, baud=baud)))

    assert told.startswith(sentence)


async def test_a_device_of_somebody_else_names_the_group_to_join(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # the tests may be root, whom no device refuses

    assert "add the agent's user to the group dialout" in await failing(rdm6300(port))


async def test_a_port_that_goes_while_it_is_opened_is_lost(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(termios, "tcflush", fail)

    assert await failing(rdm6300(port)) == f"{port.link} is gone: plug the reader in again."


async def test_a_card_that_nobody_could_take_costs_neither_the_reader_nor_the_secret(
    port: Port, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Heard] = []

    def hear(scan: Heard) -> None:
        heard.append(scan)
        raise OSError(28, "No space left on device")

    opened = asyncio.Event()
    story = asyncio.create_task(rdm6300(port).run(opened.set, hear))
    await opened.wait()
    for expected in (1, 2):
        port.say(frame(CARD))
        await eventually(lambda expected=expected: len(heard) == expected)
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)

    assert story.cancelled()
    assert "No space left on device" in caplog.text
    assert CARD.hex() not in caplog.text.lower()


async def test_a_device_that_was_ready_for_nothing_is_asked_again() -> None:
    descriptor, other = os.pipe()
    answers: list[Exception] = [BlockingIOError(), OSError(19, "No such device")]

    def read() -> None:
        raise answers.pop(0)

    os.write(other, b"x")
    with pytest.raises(OSError, match="No such device"):
        await watch(descriptor, read, lambda _: None)
    os.close(descriptor)
    os.close(other)

    assert answers == []


async def test_it_has_nothing_to_show(port: Port) -> None:
    await is_silent(rdm6300(port))


# The frames


@given(
    st.lists(st.tuples(st.binary(min_size=5, max_size=5), st.binary(max_size=6)), max_size=6),
    st.lists(st.integers(1, 20), min_size=200, max_size=200),
)
def test_every_card_is_found_however_the_line_is_cut(
    said: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    line = b"".join(noise + frame(card) for card, noise in said)
    frames, found = Frames(), []
    for cut in cuts:
        piece, line = line[:cut], line[cut:]
        found += frames.feed(piece)

    assert found == [card for card, _ in said]


@given(st.binary(min_size=5, max_size=5), st.integers(1, 12), st.integers(1, 255))
def test_a_byte_that_was_garbled_never_makes_another_card(
    card: bytes, place: int, flipped: int
) -> None:
    garbled = bytearray(frame(card))
    garbled[place] ^= flipped

    assert set(Frames().feed(bytes(garbled))) <= {card}


@pytest.mark.parametrize(
    "line",
    [
        frame(CARD)[:-1] + b"\x00",
        frame(CARD).replace(b"2A", b"2B"),
        frame(CARD)[1:],
        frame(CARD)[:6] + frame(CARD)[7:],
        b"\x02" + CARD + b"\x03",
    ],
)
def test_what_is_not_whole_is_no_card(line: bytes) -> None:
    assert Frames().feed(line) == []


def test_a_frame_that_ends_its_line_is_a_card_too() -> None:
    assert Frames().feed(frame(CARD)[:-1] + b"\r\n\x03") == [CARD]
