"""A door without hardware: a real socket that plays readers, relay, contact and buttons."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import socket
from typing import Any

import pytest

from camera_agent.door_config import DoorConfig, Fail
from camera_agent.hardware import (
    Feedback,
    Heard,
    Key,
    LineError,
    ReaderError,
    Scan,
    Tamper,
    Technology,
    simulated,
)
from camera_agent.hardware.deadman import Kept
from camera_agent.hardware.simulated import SimulatedLine, SimulatedReader
from camera_agent.hardware.wiring import Wiring, kept, wiring
from camera_agent.reader_config import ReaderConfig, ReaderKind
from tests.waiting import eventually


class Visitor:
    """Somebody at the socket of a simulated door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, **said: Any) -> None:
        self.write(json.dumps(said).encode() + b"\n")

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def hear(self) -> Any:
        async with asyncio.timeout(30):
            return json.loads(await self._reader.readline() or "null")

    async def hear_all(self) -> int:
        """Return how many lines there are before the end of the connection."""
        async with asyncio.timeout(30):
            return (await self._reader.read()).count(b"\n")

    def leave(self) -> None:
        self._writer.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "front.sock"


@asynccontextmanager
async def visiting(path: Path) -> AsyncIterator[Visitor]:
    """Come in, past what is told first: how everything is."""
    visitor = Visitor(*await asyncio.open_unix_connection(path))
    await visitor.hear()
    try:
        yield visitor
    finally:
        visitor.leave()


@asynccontextmanager
async def reading(path: Path, name: str = "outside") -> AsyncIterator[list[Heard]]:
    """Run a simulated reader, and give what it hears."""
    config = ReaderConfig(id=name, kind=ReaderKind.SIMULATED, device=str(path))
    heard: list[Heard] = []
    online = asyncio.Event()
    task = asyncio.create_task(SimulatedReader(config).run(online.set, heard.append))
    await asyncio.wait({task, asyncio.ensure_future(online.wait())}, return_when="FIRST_COMPLETED")
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
def door(path: Path) -> Wiring:
    return wiring(DoorConfig(id="front", name="Front door", simulated=str(path)))


class TestAReader:
    async def test_hears_cards_keys_and_tampering(self, path: Path) -> None:
        async with reading(path) as heard, visiting(path) as visitor:
            visitor.say(present="04a1b2c3", technology="iso14443a")
            visitor.say(present="0102030405")
            visitor.say(key="#")
            visitor.say(tamper=True)
            assert [await visitor.hear() for _ in range(4)] == [
                {"done": "present"},
                {"done": "present"},
                {"done": "key"},
                {"done": "tamper"},
            ]

        at = [one.at for one in heard]
        assert heard == [
            Scan(card=bytes.fromhex("04A1B2C3"), technology=Technology.ISO14443A, at=at[0]),
            Scan(card=bytes([1, 2, 3, 4, 5]), technology=Technology.UNKNOWN, at=at[1]),
            Key(key="#", at=at[2]),
            Tamper(active=True, at=at[3]),
        ]
        assert at == sorted(at)

    async def test_is_the_first_unless_another_is_named(self, path: Path) -> None:
        async with (
            reading(path) as outside,
            reading(path, "inside") as inside,
            visiting(path) as visitor,
        ):
            visitor.say(present="01")
            visitor.say(present="02", reader="inside")
            await visitor.hear()
            await visitor.hear()

        assert [one.card for one in outside if isinstance(one, Scan)] == [b"\x01"]
        assert [one.card for one in inside if isinstance(one, Scan)] == [b"\x02"]

    async def test_shows_what_it_is_told(self, path: Path) -> None:
        config = ReaderConfig(id="outside", kind=ReaderKind.SIMULATED, device=str(path))
        async with reading(path), visiting(path) as visitor:
            await SimulatedReader(config).show(Feedback.DENIED)
            assert await visitor.hear() == {"reader": "outside", "feedback": "denied"}

    @pytest.mark.parametrize(
        "said",
        [
            b"{",
            b"7",
            b"\xff",
            b"{}",
            b'{"present": "card"}',
            b'{"present": 1}',
            b'{"present": "01", "technology": "magic"}',
            b'{"present": "01", "reader": "back"}',
            b'{"present": "01", "reader": [1]}',
            b'{"key": "12"}',
            b'{"key": ""}',
            b'{"contact": "ajar"}',
            b'{"press": "me"}',
        ],
    )
    async def test_says_what_it_does_not_understand_and_goes_on(
        self, path: Path, said: bytes
    ) -> None:
        async with reading(path) as heard, visiting(path) as visitor:
            visitor.write(said + b"\n")
            assert "error" in await visitor.hear()
            visitor.say(key="1")
            assert await visitor.hear() == {"done": "key"}
        assert len(heard) == 1

    async def test_hears_a_line_that_comes_in_pieces(self, path: Path) -> None:
        async with reading(path) as heard, visiting(path) as visitor:
            visitor.write(b'{"key":')
            await asyncio.sleep(0)
            visitor.write(b' "1"}\n{"key": "2"}\n')
            await eventually(lambda: len(heard) == 2)

    async def test_cuts_off_who_never_ends_a_line(self, path: Path) -> None:
        async with reading(path), visiting(path) as visitor:
            visitor.write(b"x" * 5000)
            assert await visitor.hear() is None


class TestASocket:
    async def test_is_for_its_owner_alone_and_gone_when_nobody_plays(self, path: Path) -> None:
        async with reading(path):
            assert path.stat().st_mode & 0o777 == 0o600
        assert not path.exists()

    async def test_that_an_agent_left_when_it_was_killed_is_taken_over(self, path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        async with reading(path), visiting(path) as visitor:
            visitor.say(key="1")
            assert await visitor.hear() == {"done": "key"}

    async def test_of_another_agent_is_left_to_it(self, path: Path) -> None:
        config = ReaderConfig(id="outside", kind=ReaderKind.SIMULATED, device=str(path))
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            with pytest.raises(ReaderError, match="is in use: end the other agent"):
                await SimulatedReader(config).run(lambda: None, lambda _: None)
            with pytest.raises(LineError, match="is in use: end the other agent"):
                await anext(SimulatedLine(str(path), "contact").changes())
            assert path.exists()

    async def test_in_no_folder_is_told(self, tmp_path: Path) -> None:
        line = SimulatedLine(str(tmp_path / "no" / "front.sock"), "contact")
        with pytest.raises(LineError, match="cannot be used: No such file"):
            await anext(line.changes())

    async def test_may_have_a_spectator_who_reads_nothing(
        self, path: Path, door: Wiring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(simulated, "UNREAD", 1000)
        assert door.led
        async with reading(path), visiting(path) as visitor:
            for count in range(50_000):
                door.led.set(count % 2 == 0)
            assert await visitor.hear_all() < 50_000
            assert not door.led.get()


class TestADoor:
    async def test_tells_how_it_is_and_what_is_switched(self, path: Path, door: Wiring) -> None:
        assert door.relay
        assert door.buzzer
        door.relay.set(True)
        async with reading(path):
            visitor = Visitor(*await asyncio.open_unix_connection(path))
            assert await visitor.hear() == {"relay": True}
            door.relay.set(False)
            door.buzzer.set(True)
            assert [await visitor.hear(), await visitor.hear()] == [
                {"relay": False},
                {"buzzer": True},
            ]
            visitor.leave()
        assert not door.relay.get()

    async def test_keeps_its_relay_where_the_keeper_finds_it(
        self, path: Path, door: Wiring
    ) -> None:
        relay = kept(DoorConfig(id="front", name="Front", simulated=str(path), fail=Fail.SECURE))
        assert door.relay
        assert relay == Kept(
            door="front", longest=31.0, energised=False, file=str(path.with_suffix(".relay"))
        )
        door.relay.set(True)
        assert path.with_suffix(".relay").read_text() == "1\n"
        relay.take()
        assert path.with_suffix(".relay").read_text() == "0\n"

    async def test_whose_relay_cannot_be_kept_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(LineError, match="cannot be used: No such file"):
            SimulatedLine(str(tmp_path / "no" / "front.sock"), "relay").set(True)

    async def test_is_opened_and_closed_and_its_buttons_are_pressed(
        self, path: Path, door: Wiring
    ) -> None:
        assert door.contact
        assert door.exit_button
        contact, button = door.contact.changes(), door.exit_button.changes()
        assert [await anext(contact), await anext(button)] == [False, False]
        async with visiting(path) as visitor:
            visitor.say(contact="open")
            visitor.say(contact="open")
            visitor.say(contact="close")
            visitor.say(press="exit")
            visitor.say(press="doorbell")
            assert [await anext(contact), await anext(contact)] == [True, False]
            assert [await anext(button), await anext(button)] == [True, False]
        door.contact.close()
        for line in (contact, button):
            await line.aclose()  # type: ignore[attr-defined]
        assert not path.exists()
