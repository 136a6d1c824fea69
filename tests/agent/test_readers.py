"""A reader is opened again whatever happens to it, and a card that is held there is told once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import islice, repeat
import logging
import os
from pathlib import Path
import pty
from typing import Any

from hypothesis import given, strategies as st
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
)
from camera_agent.reader_config import ReaderKind
from camera_agent.readers import ENDED, HEALTHY, Reader, ReaderListener, retries

from .listening import reader_config
from .watching import Eventually

CARD, OTHER = bytes.fromhex("2a00bc614e"), bytes.fromhex("04a1b2c3")


class FakeReader:
    """A device that does as it is told; it ends each run by the next word, and goes on at none."""

    def __init__(self, *words: str | None) -> None:
        self.words = list(words)
        self.runs = 0
        self.shown: list[Feedback] = []
        self.hear: Callable[[Heard], None] = lambda heard: None
        self.lasting: Callable[[], None] = lambda: None

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        self.runs += 1
        self.hear = heard
        word = self.words.pop(0) if self.words else None
        if word == "absent":
            raise ReaderError("It is not there: plug it in.")
        online()
        self.lasting()
        if word == "lost":
            raise ReaderError("It is gone: plug it in again.")
        if word is None:
            await asyncio.Event().wait()

    async def show(self, feedback: Feedback) -> None:
        self.shown.append(feedback)


class Notes:
    """Writes down all that is heard of a reader."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.changes: list[tuple[bool, str | None]] = []

    @property
    def listener(self) -> ReaderListener:
        return ReaderListener(
            heard=self.heard.append, changed=lambda *change: self.changes.append(change)
        )


@asynccontextmanager
async def running(reader: Reader) -> AsyncIterator[None]:
    story = asyncio.create_task(reader.run(), name="reader outside")
    try:
        yield
    finally:
        story.cancel()
        await asyncio.gather(story, return_exceptions=True)


def soon() -> Iterator[float]:
    return repeat(0.01)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.mark.parametrize("kind", ReaderKind)
def test_every_kind_of_reader_is_a_device_before_any_library_is_there(kind: ReaderKind) -> None:
    device = reader(reader_config(kind, device="/dev/absent"))

    assert type(device).__name__.lower() == f"{kind}reader"


# Lost and found


async def test_a_reader_that_comes_and_goes_is_told_each_time(
    notes: Notes, eventually: Eventually
) -> None:
    device = FakeReader("absent", "absent", "lost", "ended")
    one = Reader(reader_config(), device, notes.listener, soon)
    assert (one.online, one.error, one.tampered) == (False, None, False)

    async with running(one):
        await eventually(lambda: device.runs == 5)
        assert (one.online, one.error) == (True, None)

    assert notes.changes == [
        (False, "It is not there: plug it in."),
        (True, None),
        (False, "It is gone: plug it in again."),
        (True, None),
        (False, ENDED),
        (True, None),
    ]


async def test_an_absent_reader_fills_no_log(
    notes: Notes, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "camera_agent")
    device = FakeReader(*["absent"] * 20)

    async with running(Reader(reader_config(), device, notes.listener, soon)):
        await eventually(lambda: device.runs == 21)

    assert caplog.messages == [
        "Reader outside: It is not there: plug it in.",
        "Reader outside is there",
    ]


async def test_a_serial_reader_that_is_plugged_in_again_goes_on(
    tmp_path: Path, notes: Notes, eventually: Eventually
) -> None:
    frame = b"\x022A00BC614EB9\x03"
    link = tmp_path / "serial0"
    config = reader_config(device=str(link), debounce=timedelta(0))
    one = Reader(config, reader(config), notes.listener, soon)

    async with running(one):
        for seen in range(1, 6):
            module, agent = pty.openpty()
            link.symlink_to(os.ttyname(agent))
            os.close(agent)
            await eventually(lambda: one.online)
            os.write(module, frame[:5])
            os.write(module, frame[5:])
            await eventually(lambda seen=seen: len(notes.heard) == seen)
            link.unlink()
            os.close(module)
            await eventually(lambda: not one.online)

    assert {one.card for one in notes.heard if isinstance(one, Scan)} == {CARD}
    assert f"{link} is gone: plug the reader in again." in {error for _, error in notes.changes}


@pytest.mark.parametrize("number", range(20))
def test_attempts_become_rarer_but_never_rarer_than_half_a_minute(number: int) -> None:
    plain = [1, 2, 4, 8, 16, *[30] * 15][number]

    pause = next(islice(retries(), number, None))

    assert 0.8 * plain <= pause <= 1.2 * plain


async def test_a_reader_that_ran_for_long_is_opened_again_as_soon_as_at_first(
    notes: Notes, eventually: Eventually
) -> None:
    now, asked = [0.0], []

    def pauses() -> Iterator[float]:
        for attempt in range(100):
            asked.append(attempt)
            yield 0.001

    device = FakeReader("lost", "lost", "lost", "lost")
    device.lasting = lambda: now.append(now[-1] + (HEALTHY if device.runs == 3 else 1))
    one = Reader(reader_config(), device, notes.listener, pauses, clock=lambda: now[-1])

    async with running(one):
        await eventually(lambda: device.runs == 5)

    assert asked == [0, 1, 0, 1]


# What is passed on


def scans(sights: list[tuple[bytes, float]], **settings: Any) -> list[tuple[bytes, float]]:
    """Show cards at moments; return those that are told."""
    notes = Notes()
    one = Reader(reader_config(**settings), FakeReader(), notes.listener)
    for card, at in sights:
        one._hear(Scan(card=card, at=at))
    return [(heard.card, heard.at) for heard in notes.heard if isinstance(heard, Scan)]


@pytest.mark.parametrize(
    ("sights", "told"),
    [
        ([0.0, 0.06, 0.12, 1.9], [0.0]),
        ([0.0, 1.999], [0.0]),
        ([0.0, 2.0], [0.0, 2.0]),
        ([0.0, 1.5, 3.0, 4.5, 6.4], [0.0]),
        ([0.0, 1.5, 3.5], [0.0, 3.5]),
        ([0.0, 100.0], [0.0, 100.0]),
    ],
)
def test_a_card_that_is_held_there_is_told_once(sights: list[float], told: list[float]) -> None:
    assert [at for _, at in scans([(CARD, at) for at in sights])] == told


def test_two_cards_in_one_purse_are_told_once_each() -> None:
    sights = [(card, at / 10) for at in range(50) for card in (CARD, OTHER)]

    assert scans(sights) == [(CARD, 0.0), (OTHER, 0.0)]


def test_a_telephone_that_shows_another_number_each_time_is_told_once_each_time(
    notes: Notes,
) -> None:
    one = Reader(reader_config(), FakeReader(), notes.listener)
    moments = [*range(10), 9.5, 11.4, 13.4]
    for number, at in enumerate(moments):
        for card in (bytes([0x08, 0xA1, 0xB2, number]), OTHER):
            one._hear(Scan(card=card, at=at, technology=Technology.ISO14443A))

    told = [(one.card, one.at) for one in notes.heard if isinstance(one, Scan)]
    first, last = bytes.fromhex("08a1b200"), bytes.fromhex("08a1b20c")
    assert told == [(first, 0), (OTHER, 0), (last, 13.4), (OTHER, 13.4)]


def test_a_reader_may_tell_every_sight() -> None:
    sights = [(CARD, 0.0), (CARD, 0.0), (CARD, 0.1)]

    assert scans(sights, debounce=timedelta(0)) == sights


@given(
    st.lists(st.tuples(st.sampled_from([CARD, OTHER, b"\1", b"\2"]), st.integers(0, 24))),
    st.integers(0, 16),
)
def test_a_card_is_told_when_it_was_away_for_long_enough(
    steps: list[tuple[bytes, int]], debounce: int
) -> None:
    sights, at = [], 0.0
    for card, step in steps:
        at += step / 8
        sights.append((card, at))

    expected: list[tuple[bytes, float]] = []
    last: dict[bytes, float] = {}
    for card, moment in sights:
        expected += [(card, moment)] * (moment - last.get(card, -100) >= debounce / 8)
        last[card] = moment

    assert scans(sights, debounce=timedelta(seconds=debounce / 8)) == expected


def test_cards_that_are_gone_are_forgotten() -> None:
    one = Reader(reader_config(), FakeReader(), Notes().listener)
    for number in range(10_000):
        one._hear(Scan(card=number.to_bytes(4, "big"), at=number / 10))

    assert len(one._seen) <= 21


def test_keys_and_tampering_are_passed_on(notes: Notes) -> None:
    one = Reader(reader_config(), FakeReader(), notes.listener)
    keys = [Key(key="1", at=0.0), Key(key="1", at=0.1)]
    opened, closed = Tamper(active=True, at=1.0), Tamper(active=False, at=2.0)
    said: list[tuple[Heard, bool]] = [
        *((key, False) for key in keys),
        (closed, False),
        (opened, True),
        (opened, True),
        (closed, False),
    ]
    for heard, tampered in said:
        one._hear(heard)
        assert one.tampered is tampered

    assert notes.heard == [*keys, opened, closed]


async def test_feedback_is_shown_by_a_reader_that_is_there(
    notes: Notes, eventually: Eventually
) -> None:
    device = FakeReader()
    one = Reader(reader_config(), device, notes.listener)
    await one.show(Feedback.DENIED)

    async with running(one):
        await eventually(lambda: one.online)
        await one.show(Feedback.GRANTED)

    assert device.shown == [Feedback.GRANTED]


async def test_no_number_is_ever_written_down(
    notes: Notes, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device = FakeReader()
    one = Reader(reader_config(), device, notes.listener)
    async with running(one):
        await eventually(lambda: one.online)
        device.hear(Scan(card=CARD, at=0.0))
        device.hear(Key(key="7", at=0.0))

    written = f"{caplog.text} {notes.heard!r} {one!r}"
    assert len(notes.heard) == 2
    assert CARD.hex() not in written.lower()
    assert "key='7'" not in written
    assert repr(CARD)[2:-1] not in written
