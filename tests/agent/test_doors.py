"""Doors without hardware and all that is behind them: cards, PINs, buttons, modes, and the book."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import count
import json
import logging
from pathlib import Path
from threading import Event
import time
from typing import Any

import pytest

from camera_agent import doors as doors_module, identification
from camera_agent.door_config import DoorConfig
from camera_agent.doors import Doors
from camera_agent.entrance import Entrance
from camera_agent.errors import Refused
from camera_agent.grants import Grants, parse
from camera_agent.messages import Message
from camera_agent.modes import wanted_mode
from camera_agent.wire import ErrorCode
from tests.waiting import eventually

from .admitting import (
    ANNA,
    BERT,
    PIN,
    STRANGER,
    TOKEN,
    VISITOR,
    Person,
    card_hash,
    credential,
    door,
    pin_hash,
    policy,
    rules,
    signed,
    somebody_at,
)


class House:
    """Doors that run, and what they told the feed."""

    def __init__(self, folder: Path, *configs: DoorConfig) -> None:
        self.told: list[Message] = []
        self.doors = Doors(configs, folder, TOKEN, self.told.append)

    async def goes_by(self, version: int = 1, **changes: Any) -> None:
        await self.doors.accept(*signed(policy(version, **changes)))

    @property
    def passages(self) -> list[Message]:
        return [one["passage"] for one in self.told if one["type"] == "passage"]

    @property
    def accesses(self) -> list[Message]:
        return [one["access"] for one in self.told if one["type"] == "access"]

    def states(self, name: str = "front") -> list[Message]:
        return [one["state"] for one in self.told if one.get("door") == name and "state" in one]

    async def passage(self, **fields: Any) -> Message:
        """Wait until something with these fields happened last."""
        await eventually(
            lambda: self.passages and fields.items() <= self.passages[-1].items(),
            what=f"{fields} in {self.passages}",
        )
        return self.passages[-1]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.doors.run())
        try:
            await eventually(self._is_ready)
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def _is_ready(self) -> bool:
        readers = [
            one for d in self.doors.state()["doors"].values() for one in d["readers"].values()
        ]
        return all(one["online"] for one in readers)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "data", door(tmp_path / "front.sock"))
    async with house.open():
        yield house


@pytest.fixture
async def person(house: House, tmp_path: Path) -> AsyncIterator[Person]:
    async with somebody_at(tmp_path / "front.sock") as person:
        yield person


async def test_who_may_enter_is_let_in_and_written_down_before_it(
    house: House, person: Person
) -> None:
    await house.goes_by(version=7)

    person.presents(ANNA)
    await person.sees(relay=True)

    (row,) = house.doors.logbook.journal.after(0, 10)
    passage = await house.passage(kind="granted")
    assert passage["seq"] == row.seq
    assert abs(passage.pop("at") - time.time()) < 5
    assert 0 < passage.pop("latency_ms") < 1000
    assert passage == {
        "journal": row.journal,
        "seq": 1,
        "door": "front",
        "reader": "outside",
        "kind": "granted",
        "authentication": "rfid",
        "direction": "in",
        "credential": "card of anna",
        "person": "anna",
        "card": None,
        "reason": None,
        "warning": None,
        "decided_by": "agent",
        "grants": 7,
    }
    await person.sees(reader="outside", feedback="granted")


async def test_nobody_enters_without_grants(house: House, person: Person) -> None:
    person.presents(ANNA)

    await person.sees(reader="outside", feedback="denied")
    passage = await house.passage(kind="denied", reason="no_grants")
    assert (passage["person"], passage["card"], passage["grants"]) == (None, None, None)
    assert {"relay": True} not in person.seen


async def test_of_a_stranger_only_the_first_digits_of_a_hash_are_told(
    house: House, person: Person
) -> None:
    await house.goes_by()

    person.presents(STRANGER)

    passage = await house.passage(kind="denied", reason="unknown_card")
    assert passage["card"] == card_hash(STRANGER)[:8]


async def test_no_card_is_logged(
    house: House, person: Person, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await house.goes_by(doors={"front": rules(verify="card_or_pin")})

    for card in (ANNA, STRANGER, ""):
        person.presents(card)
    person.types(f"{PIN}#")
    await house.passage(authentication="pin")

    kept = "".join(path.read_text() for path in (tmp_path / "data").iterdir())
    for text in (caplog.text, kept, json.dumps(house.told), repr(house.doors.grants())):
        assert not [one for one in (ANNA, STRANGER, PIN) if one.lower() in text.lower()]


async def test_a_card_without_a_number_is_nobodys(house: House, person: Person) -> None:
    await house.goes_by()

    person.presents("")

    passage = await house.passage(kind="denied", reason="unknown_card")
    assert passage["card"] is None


async def test_each_door_opens_for_its_own_people(tmp_path: Path) -> None:
    paths = tmp_path / "front.sock", tmp_path / "back.sock"
    house = House(tmp_path / "data", door(paths[0]), door(paths[1], "back"))
    async with house.open(), somebody_at(paths[0]) as front, somebody_at(paths[1]) as back:
        await house.goes_by(doors={"front": rules(), "back": rules()})
        back.presents(ANNA)
        await house.passage(door="back", kind="denied", reason="no_access")
        front.presents(ANNA)
        await front.sees(relay=True)
        await house.passage(door="front", kind="granted")

    assert {"relay": True} not in back.seen


async def test_a_card_with_so_many_uses_opens_so_often_also_after_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "front.sock"
    first = House(tmp_path / "data", door(path))
    async with first.open(), somebody_at(path) as person:
        await first.goes_by()
        person.presents(VISITOR)
        await first.passage(kind="granted")

    again = House(tmp_path / "data", door(path))
    async with again.open(), somebody_at(path) as person:
        person.presents(VISITOR)
        passage = await again.passage(kind="denied", reason="uses_exhausted")

    assert passage["seq"] > 1
    assert passage["person"] == "visitor"


async def test_who_went_in_twice_is_told_at_a_soft_door_and_denied_at_a_hard_one(
    house: House, person: Person
) -> None:
    await house.goes_by(1, doors={"front": rules(antipassback="soft")})
    person.presents(ANNA)
    await house.passage(kind="granted", warning=None)
    person.presents(ANNA)
    await house.passage(kind="granted", warning="antipassback")

    await house.goes_by(2, doors={"front": rules(antipassback="hard")})
    person.presents(ANNA)
    await house.passage(kind="denied", reason="antipassback")
    person.presents(ANNA, reader="inside")
    await house.passage(kind="granted", direction="out")
    person.presents(ANNA)
    await house.passage(kind="granted", direction="in")


async def test_who_tries_card_after_card_is_not_heard_for_a_while(
    house: House, person: Person
) -> None:
    await house.goes_by()

    for number in range(5):
        person.presents(f"FFFFFFFF{number:02}")
    person.presents(ANNA)
    await house.passage(kind="denied", reason="locked_out")

    assert [one["reason"] for one in house.passages[:-1]] == ["unknown_card"] * 5
    person.presents(ANNA, reader="inside")
    await house.passage(kind="granted", reader="inside")


class TestCardAndPin:
    """A door that wants both."""

    @pytest.fixture(autouse=True)
    async def strict(self, house: House) -> None:
        await house.goes_by(doors={"front": rules(verify="card_and_pin")})

    async def test_the_pin_opens_after_its_card(self, house: House, person: Person) -> None:
        person.presents(ANNA)
        await person.sees(reader="outside", feedback="pin_wanted")
        assert house.passages == []
        person.types(f"{PIN}#")

        await house.passage(kind="granted", authentication="rfid_and_pin", person="anna")
        await person.sees(relay=True)

    async def test_a_mistake_can_be_taken_back(self, house: House, person: Person) -> None:
        person.presents(ANNA)
        person.types(f"99*{PIN}#")

        await house.passage(kind="granted", authentication="rfid_and_pin")

    @pytest.mark.parametrize("typed", ["1234#", "1#", "12345678901#"])
    async def test_another_pin_does_not(self, house: House, person: Person, typed: str) -> None:
        person.presents(ANNA)
        person.types(typed)

        await house.passage(kind="denied", reason="wrong_pin", person="anna")
        assert {"relay": True} not in person.seen

    async def test_the_pin_alone_does_not(self, house: House, person: Person) -> None:
        person.types(f"{PIN}#")
        person.presents(BERT, reader="inside")
        person.presents(BERT)
        person.presents(STRANGER)

        await house.passage(reason="unknown_card")
        assert [one["reason"] for one in house.passages] == ["pin_timeout", "unknown_card"]

    async def test_who_has_no_pin_is_asked_like_anybody(self, house: House, person: Person) -> None:
        person.presents(BERT)
        await person.sees(feedback="pin_wanted")
        person.types(f"{PIN}#")

        await house.passage(kind="denied", reason="wrong_pin", person="bert")

    async def test_who_does_not_type_is_turned_away(
        self, house: House, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(identification, "PATIENCE", 0.1)
        person.presents(ANNA)

        passage = await house.passage(kind="denied", reason="pin_timeout", person="anna")
        assert passage["latency_ms"] is None
        await person.sees(feedback="denied")

    async def test_a_pin_is_judged_by_the_grants_that_hold_when_it_is_known(
        self, house: House, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashing, revoked, hashed = Event(), Event(), Grants.hash_of_pin

        def slowly(grants: Grants, typed: str) -> str:
            hashing.set()
            assert revoked.wait(30)
            return hashed(grants, typed)

        monkeypatch.setattr(Grants, "hash_of_pin", slowly)
        person.presents(ANNA)
        person.types(f"{PIN}#")
        await eventually(hashing.is_set)
        cards = {card_hash(ANNA): credential("anna", pin=pin_hash(PIN), disabled=True)}
        await house.goes_by(2, doors={"front": rules(verify="card_and_pin")}, cards=cards)
        person.types("1234#")  # which nobody hears while the first is looked at
        person.presents(STRANGER, reader="inside")
        await house.passage(reason="unknown_card")
        revoked.set()

        await house.passage(kind="denied", reason="disabled", grants=2)
        assert len(house.passages) == 2


async def test_a_pin_is_hashed_again_if_its_salt_changes_meanwhile(
    house: House, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"salt": bytes(16).hex(), "n": 16, "r": 1, "p": 1}
    await house.goes_by(1, doors={"front": rules(verify="pin")}, pin=other)
    loop, versions, hashed = asyncio.get_running_loop(), count(2), Grants.hash_of_pin

    def overtaken(grants: Grants, typed: str) -> str:
        newer = house.goes_by(next(versions), doors={"front": rules(verify="pin")})
        asyncio.run_coroutine_threadsafe(newer, loop).result(10)
        return hashed(grants, typed)

    monkeypatch.setattr(Grants, "hash_of_pin", overtaken)
    person.types(f"{PIN}#")

    await house.passage(kind="granted", authentication="pin", person="anna", grants=3)


@pytest.mark.parametrize("verify", ["pin", "card_or_pin"])
async def test_a_pin_alone_opens_a_door_that_takes_it(
    house: House, person: Person, verify: str
) -> None:
    await house.goes_by(doors={"front": rules(verify=verify)})

    person.types(f"{PIN}#")
    await house.passage(kind="granted", authentication="pin", credential="PIN of anna")
    person.types("#1234#")
    await house.passage(kind="denied", reason="wrong_pin", person=None, card=None)
    assert len(house.passages) == 2


async def test_a_door_of_cards_does_not_hear_keys(house: House, person: Person) -> None:
    person.types(f"{PIN}#")
    await house.goes_by()
    person.types(f"{PIN}#")
    person.presents(ANNA)

    await house.passage(kind="granted", authentication="rfid")
    assert len(house.passages) == 1


async def test_exit_button_forced_door_and_open_door_are_written_down(
    tmp_path: Path,
) -> None:
    path = tmp_path / "front.sock"
    house = House(tmp_path / "data", door(path, held_open=timedelta(seconds=0.3)))
    async with house.open(), somebody_at(path) as person:
        await house.goes_by(version=3)
        person.does(contact="open")
        await house.passage(kind="forced", grants=3, reader=None, authentication=None)
        assert house.states()[-1]["forced"]
        person.does(contact="closed")
        person.does(press="exit")
        await house.passage(kind="exit", authentication="exit", decided_by="agent")
        await person.sees(relay=True)
        person.does(contact="open")
        await house.passage(kind="held_open")
        assert house.states()[-1]["held_open"]
        person.does(press="doorbell")
        ring = await eventually(lambda: [one for one in house.told if one["type"] == "ring"])

    assert ring[0]["door"] == "front"
    assert abs(ring[0]["at"] - time.time()) < 5


async def test_tampering_is_written_down_once_and_told_while_it_lasts(
    house: House, person: Person
) -> None:
    person.does(tamper=True, reader="outside")
    person.does(tamper=True, reader="outside")
    await house.passage(kind="tamper", reader="outside", grants=None)
    assert house.states()[-1]["readers"]["outside"]["tampered"]
    person.does(tamper=False, reader="outside")
    await eventually(lambda: not house.states()[-1]["readers"]["outside"]["tampered"])

    assert len(house.passages) == 1


async def test_home_assistant_may_unlock_and_lock_any_time(house: House, person: Person) -> None:
    await house.goes_by(site="lockdown")

    passage = house.doors.door("front").unlock("anna", 20)
    await person.sees(relay=True)
    assert house.doors.state()["doors"]["front"]["locked"] is False
    house.doors.door("front").lock()
    await person.sees(relay=False)

    assert passage.seq == 1
    await house.passage(
        kind="granted",
        authentication="app",
        decided_by="server",
        person="anna",
        credential=None,
        reader=None,
        seq=1,
    )
    assert house.states()[-1]["locked"] is True


async def test_a_relay_that_cannot_be_written_leaves_the_door_locked_and_says_so(
    house: House, person: Person, tmp_path: Path
) -> None:
    await house.goes_by()
    relay = tmp_path / "front.relay"
    await eventually(relay.exists)
    relay.unlink()
    relay.mkdir()

    person.presents(ANNA)
    await person.sees(reader="outside", feedback="denied")
    with pytest.raises(Refused) as refused:
        house.doors.door("front").unlock("anna", None)

    assert refused.value.code is ErrorCode.DOOR_FAILED
    state = house.doors.state()["doors"]["front"]
    assert state["locked"] is True
    assert state["error"] == refused.value.message
    assert [one["kind"] for one in house.passages] == ["granted", "granted"]


async def test_nobody_is_let_in_when_nobody_would_lock_after_them(tmp_path: Path) -> None:
    house = House(tmp_path / "data", door(tmp_path / "front.sock"))
    async with house.open():
        pass

    with pytest.raises(Refused, match="The agent is ending") as refused:
        house.doors.door("front").unlock("anna", None)

    assert refused.value.code is ErrorCode.DOOR_FAILED
    assert (tmp_path / "front.relay").read_text() == "0\n"


async def test_unknown_doors_and_readers_are_named_with_those_that_there_are(
    house: House,
) -> None:
    await house.goes_by()
    with pytest.raises(Refused, match="no door 'attic' on this agent; it has: front"):
        house.doors.door("attic")
    with pytest.raises(Refused, match=r"no reader 'roof' at the door 'front'; .* outside, inside"):
        await house.doors.door("front").enroll("roof", 1)


class TestModes:
    """What the grants want of the door itself."""

    async def test_a_door_is_kept_unlocked_until_its_time_is_over(
        self, house: House, person: Person
    ) -> None:
        until = time.time() + 0.4
        await house.goes_by(doors={"front": rules(mode="keep_unlocked", mode_until=until)})
        await person.sees(relay=True)
        assert house.states()[-1]["mode"] == "keep_unlocked"
        assert house.states()[-1]["mode_until"] == until
        person.presents(STRANGER)
        await house.passage(kind="denied", reason="unknown_card")
        assert not house.states()[-1]["locked"]

        await person.sees(relay=False)
        assert time.time() >= until
        state = await eventually(lambda: house.states()[-1]["locked"] and house.states()[-1])
        assert (state["mode"], state["mode_until"]) == ("normal", None)

    async def test_a_door_that_is_kept_locked_opens_for_nobodys_card(
        self, house: House, person: Person
    ) -> None:
        await house.goes_by(doors={"front": rules(mode="keep_locked")})
        person.presents(ANNA)
        await house.passage(kind="denied", reason="keep_locked")
        person.does(press="exit")
        await person.sees(relay=True)

    async def test_a_lockdown_goes_before_a_door_that_is_kept_unlocked(
        self, house: House, person: Person
    ) -> None:
        await house.goes_by(1, doors={"front": rules(mode="keep_unlocked")})
        await person.sees(relay=True)
        await house.goes_by(2, doors={"front": rules(mode="keep_unlocked")}, site="lockdown")
        await person.sees(relay=False)
        person.presents(ANNA)
        await house.passage(kind="denied", reason="lockdown")

    async def test_an_evacuation_opens_and_its_end_locks(
        self, house: House, person: Person
    ) -> None:
        await house.goes_by(1, doors={"front": rules(mode="keep_locked")}, site="evacuation")
        await person.sees(relay=True)
        person.presents(ANNA)
        await house.passage(kind="granted")
        await house.goes_by(2)
        await eventually(lambda: house.states()[-1]["mode"] == "normal")
        house.doors.door("front").lock()
        await person.sees(relay=False)

    async def test_a_mode_holds_again_after_a_restart(self, tmp_path: Path) -> None:
        path = tmp_path / "front.sock"
        before = House(tmp_path / "data", door(path))
        async with before.open():
            await before.goes_by(doors={"front": rules(mode="keep_unlocked")})
        after = House(tmp_path / "data", door(path))
        async with after.open(), somebody_at(path) as person:
            await person.sees(relay=True)

        assert after.states()[-1]["mode"] == "keep_unlocked"

    async def test_grants_that_run_out_lock_what_they_kept_unlocked(
        self, house: House, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doors_module, "LOOK", 0.01)
        await house.goes_by(doors={"front": rules(mode="keep_unlocked")}, until=time.time() + 1.3)
        await person.sees(relay=True)
        await person.sees(relay=False)
        person.presents(ANNA)
        await house.passage(kind="denied", reason="grants_expired")

    @pytest.mark.parametrize(
        ("changes", "now", "mode", "until"),
        [
            ({}, 1000.0, "normal", None),
            ({"mode": "keep_unlocked"}, 1000.0, "keep_unlocked", None),
            ({"mode": "keep_unlocked", "mode_until": 1001.0}, 1000.0, "keep_unlocked", 1001.0),
            ({"mode": "keep_unlocked", "mode_until": 1000.0}, 1000.0, "normal", None),
            ({"mode": "keep_locked", "mode_until": 9999.0}, 1000.0, "keep_locked", 9999.0),
            ({"mode": "keep_unlocked"}, 2000.0, "normal", None),
            ({"mode": "keep_locked"}, 2000.0, "keep_locked", None),
            ({"mode": "keep_unlocked"}, 839.9, "normal", None),
            ({"mode": "keep_unlocked"}, 840.0, "keep_unlocked", None),
        ],
    )
    def test_what_is_wanted_when(
        self, changes: dict[str, Any], now: float, mode: str, until: float | None
    ) -> None:
        grants = parse(
            json.dumps(policy(issued=900.0, until=2000.0, doors={"front": rules(**changes)}))
        )

        assert wanted_mode(grants, "front", now) == (mode, until)
        assert wanted_mode(grants, "attic", now) == ("normal", None)
        assert wanted_mode(None, "front", now) == ("normal", None)

    @pytest.mark.parametrize("now", [0.0, 1000.0, 3000.0])
    def test_an_evacuation_goes_on_whatever_the_clock_says(self, now: float) -> None:
        grants = parse(json.dumps(policy(issued=900.0, until=2000.0, site="evacuation")))

        assert wanted_mode(grants, "front", now) == ("keep_unlocked", None)


class TestEnrolment:
    """The next card at a reader is learned, and opens nothing."""

    @pytest.fixture
    async def front(self, house: House) -> Entrance:
        await house.goes_by()
        return house.doors.door("front")

    @pytest.mark.parametrize(
        ("card", "technology", "length", "is_random"),
        [
            (VISITOR, "iso14443a", 7, False),
            ("08A1B2C3", "iso14443a", 4, True),
            (STRANGER, "em4100", 5, False),
        ],
    )
    async def test_the_next_card_is_told_by_its_hash(
        self,
        house: House,
        front: Entrance,
        person: Person,
        card: str,
        technology: str,
        length: int,
        is_random: bool,
    ) -> None:
        lesson = asyncio.create_task(front.enroll(None, 5))
        await person.sees(reader="outside", feedback="learning")
        person.types(f"{PIN}#")
        person.does(present="", reader="outside")
        person.does(present=card, reader="inside", technology=technology)
        learned = await lesson

        assert learned.card == card_hash(card)
        assert (learned.technology, learned.length, learned.random) == (
            technology,
            length,
            is_random,
        )
        assert house.passages == []
        assert {"relay": True} not in person.seen

    async def test_only_the_reader_that_learns_does(
        self, house: House, front: Entrance, person: Person
    ) -> None:
        lesson = asyncio.create_task(front.enroll("inside", 5))
        await person.sees(reader="inside", feedback="learning")
        person.presents(ANNA)
        await house.passage(kind="granted", reader="outside")
        person.presents(BERT, reader="inside")

        assert (await lesson).card == card_hash(BERT)
        person.presents(BERT, reader="inside")
        await house.passage(kind="granted", reader="inside")

    async def test_one_lesson_at_a_time(self, front: Entrance, person: Person) -> None:
        lesson = asyncio.create_task(front.enroll(None, 5))
        await person.sees(feedback="learning")
        with pytest.raises(Refused) as refused:
            await front.enroll("inside", 5)
        lesson.cancel()

        assert refused.value.code is ErrorCode.BUSY

    async def test_after_its_time_the_reader_opens_again(
        self, house: House, front: Entrance, person: Person
    ) -> None:
        with pytest.raises(Refused, match=r"No card was shown within 0.05 s") as refused:
            await front.enroll(None, 0.05)
        person.presents(ANNA)
        await house.passage(kind="granted")

        assert refused.value.code is ErrorCode.NO_CARD

    async def test_who_waits_for_a_pin_is_turned_away_for_it(
        self, house: House, front: Entrance, person: Person
    ) -> None:
        await house.goes_by(2, doors={"front": rules(verify="card_and_pin")})
        person.presents(ANNA)
        await person.sees(feedback="pin_wanted")
        lesson = asyncio.create_task(front.enroll(None, 5))
        await house.passage(kind="denied", reason="pin_timeout")
        lesson.cancel()

    async def test_without_a_key_there_is_no_hash(self, house: House) -> None:
        with pytest.raises(Refused, match="no grants yet"):
            await house.doors.door("front").enroll(None, 1)


async def test_what_the_doors_say_of_themselves(house: House, person: Person) -> None:
    assert house.doors.access()["latency_p99_ms"] is None
    assert house.doors.access()["grants"] == {
        "version": None,
        "issued": None,
        "until": None,
        "cards": 0,
    }
    await house.goes_by(version=5)
    for _ in range(10):
        person.presents(ANNA)
    await eventually(lambda: len(house.passages) == 10)

    access = house.doors.access()
    assert access["grants"] | {"version": 5, "cards": 3} == access["grants"]
    assert (access["last"], access["waiting"], access["lost"]) == (10, 10, 0)
    assert 0 < access["latency_p50_ms"] <= access["latency_p99_ms"] < 100
    assert [
        one["access"]["grants"]["version"] for one in house.told if one["type"] == "access"
    ] == [5]
    assert house.doors.state()["access"] == access
    assert house.doors.state()["doors"]["front"] == house.states()[-1]


async def test_grants_that_are_refused_change_nothing(house: House, person: Person) -> None:
    await house.goes_by(version=2)
    text, _ = signed(policy(version=3, site="lockdown"))
    for document, by, code in (
        (text, "0" * 64, ErrorCode.BAD_SIGNATURE),
        (*signed(policy(version=1)), ErrorCode.STALE),
    ):
        with pytest.raises(Refused) as refused:
            await house.doors.accept(document, by)
        assert refused.value.code is code

    person.presents(ANNA)
    await house.passage(kind="granted", grants=2)
    assert len(house.accesses) == 1


async def test_grants_that_cannot_be_stored_are_obeyed_but_not_accepted(
    house: House, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "data" / "grants.draft").mkdir()

    with pytest.raises(IsADirectoryError):
        await house.goes_by(2, doors={"front": rules(mode="keep_unlocked")})

    await person.sees(relay=True)


async def test_what_somebody_has_is_forgotten(house: House, person: Person) -> None:
    await house.goes_by()
    for _ in range(3):
        person.presents(ANNA)
    await house.passage(seq=3)
    book = house.doors.logbook

    page = await book.page(1, 1)
    assert [one["seq"] for one in page["passages"]] == [2]
    assert (page["last"], page["lost"]) == (3, 0)
    await book.forget(2, page["journal"])
    assert [one["seq"] for one in (await book.page(0, 10))["passages"]] == [3]
    with pytest.raises(Refused):
        await book.forget(3, "ffffffff")


async def test_a_decision_takes_no_time_to_speak_of(house: House, person: Person) -> None:
    cards = {card_hash(f"{n:010X}"): credential(f"p{n}") for n in range(10_000)}
    await house.goes_by(cards=cards)
    round_trips = []
    for number in range(500):
        began = time.monotonic()
        person.presents(f"{number:010X}")
        await person.sees(reader="outside", feedback="granted")
        round_trips.append(time.monotonic() - began)

    access = house.doors.access()
    decision, answer = access["latency_p99_ms"], sorted(round_trips)[495] * 1000
    print(f"decision p50 {access['latency_p50_ms']}, p99 {decision}; answer p99 {answer:.3f} ms")
    assert access["last"] == 500
    assert access["latency_p50_ms"] < 10  # a machine that has much else to do measures itself
