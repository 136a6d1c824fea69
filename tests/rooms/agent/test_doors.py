"""The doors of an agent: what it says of them, and what is asked of them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.agent import (
    AccessChanged,
    AccessState,
    Agent,
    AgentGarbled,
    AgentPassage,
    AgentRefused,
    AgentUnreachable,
    DoorChanged,
    DoorInfo,
    DoorMode,
    DoorState,
    Enrolled,
    ErrorCode,
    PassageMade,
    Rang,
    ReaderInfo,
    ReaderState,
    State,
    StatsChanged,
    wire,
)
from custom_components.gatehouse.agent.messages import parse_message
from tests.rooms.agent.loopback import TOKEN, Loopback, golden, says

UNLOCK = wire.UNLOCK.format(door="front")
LOCK = wire.LOCK.format(door="front")
ENROLL = wire.ENROLL.format(door="front")


def at(seconds: float) -> datetime:
    """Return a time of the agent's clock."""
    return datetime.fromtimestamp(seconds, UTC)


OUTSIDE = ReaderState(online=True, error=None, tampered=False)
FRONT = DoorState(
    locked=False,
    open=True,
    forced=False,
    held_open=False,
    mode=DoorMode.NORMAL,
    mode_until=None,
    readers={
        "outside": OUTSIDE,
        "inside": ReaderState(
            online=False,
            error="/dev/ttyAMA0 is not there; check the wire of the reader.",
            tampered=False,
        ),
    },
    error=None,
)
GARAGE = DoorState(
    locked=False,
    open=None,
    forced=False,
    held_open=False,
    mode=DoorMode.KEEP_UNLOCKED,
    mode_until=at(1795003600),
    readers={"outside": ReaderState(online=True, error=None, tampered=True)},
    error=None,
)
ACCESS = AccessState(
    version=1795000000123,
    issued=at(1795000000),
    until=at(1795604800),
    cards=3,
    journal="a1b2c3d4",
    last=42,
    waiting=3,
    lost=0,
    latency_p50=timedelta(milliseconds=0.21),
    latency_p99=timedelta(milliseconds=0.64),
)
PASSAGE = AgentPassage(
    journal="a1b2c3d4",
    seq=42,
    at=at(1795000003.5),
    door="front",
    reader="outside",
    kind=wire.PassageKind.GRANTED,
    authentication=wire.Authentication.RFID_AND_PIN,
    direction=wire.Direction.IN,
    credential="c1",
    person="anna",
    card=None,
    reason=None,
    warning=wire.Reason.ANTIPASSBACK,
    latency=timedelta(milliseconds=0.412),
    decided_by=wire.Decider.AGENT,
    grants=1795000000123,
)
DOORS = (
    DoorInfo(
        id="front",
        name="Front door",
        contact=True,
        exit_button=True,
        doorbell=True,
        readers=(
            ReaderInfo(id="outside", direction="in", keypad=True),
            ReaderInfo(id="inside", direction="out", keypad=False),
        ),
        unlock=timedelta(seconds=3),
    ),
    DoorInfo(
        id="garage",
        name="Garage",
        contact=False,
        exit_button=False,
        doorbell=False,
        readers=(ReaderInfo(id="outside", direction=None, keypad=False),),
        unlock=timedelta(seconds=5),
    ),
)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("door", DoorChanged(door="front", state=FRONT)),
        ("passage", PassageMade(passage=PASSAGE)),
        ("ring", Rang(door="front", at=at(1795000002.5))),
        ("access", AccessChanged(access=ACCESS)),
    ],
)
def test_a_golden_message_means_what_the_agent_meant(name: str, meaning: object) -> None:
    assert parse_message(json.dumps(golden(name))) == meaning


def test_the_golden_state_tells_of_the_doors() -> None:
    state = parse_message(json.dumps(golden("state_doors")))

    assert isinstance(state, State)
    assert state.doors == DOORS
    assert state.door_states == {"front": FRONT, "garage": GARAGE}
    assert state.access == ACCESS


def test_the_golden_stats_tell_of_the_grants() -> None:
    stats = parse_message(json.dumps(golden("stats_doors")))

    assert isinstance(stats, StatsChanged)
    assert stats.access == ACCESS


@pytest.mark.parametrize("without", [{}, {"doors": {}, "access": None}, {"access": {}}])
def test_an_agent_without_doors_tells_of_none(without: dict[str, Any]) -> None:
    state = parse_message(json.dumps(golden("state") | without))

    assert isinstance(state, State)
    assert (state.doors, state.door_states, state.access) == ((), {}, None)


def test_an_agent_without_grants_has_no_version() -> None:
    access = golden("access")["access"] | {
        "grants": {"version": None, "issued": None, "until": None, "cards": 0},
        "latency_p50_ms": None,
        "latency_p99_ms": None,
    }

    message = parse_message(json.dumps({"type": "access", "access": access}))

    assert isinstance(message, AccessChanged)
    assert (message.access.version, message.access.issued, message.access.cards) == (None, None, 0)
    assert message.access.latency_p99 is None


def test_a_passage_of_an_unknown_kind_is_passed_over() -> None:
    passage = golden("passage")["passage"] | {"kind": "beamed"}

    assert parse_message(json.dumps({"type": "passage", "passage": passage})) is None


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "door", "door": "front", "state": {"mode": "normal"}},
        {"type": "passage", "passage": {"kind": "granted"}},
        {"type": "passage", "passage": None},
        {"type": "ring", "door": "front", "at": None},
        {"type": "access", "access": {}},
        {"type": "access", "access": {"journal": "a", "last": "many"}},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_garbled(broken: dict[str, Any]) -> None:
    with pytest.raises(AgentGarbled):
        parse_message(json.dumps(broken))


class Asked:
    """Remembers what a route was asked, and gives one answer."""

    def __init__(self, body: object, status: int = 200) -> None:
        self.bodies: list[Any] = []
        self.queries: list[dict[str, str]] = []
        self._body = body
        self._status = status

    async def answer(self, request: web.Request) -> web.Response:
        self.queries.append(dict(request.query))
        self.bodies.append(await request.json() if request.can_read_body else None)
        return web.json_response(self._body, status=self._status)


async def test_a_door_is_unlocked_in_the_name_of_a_person(loopback: Loopback) -> None:
    asked = Asked(golden("unlock"))
    agent = await loopback.agent(web.post(UNLOCK, asked.answer))

    passage = await agent.doors.unlock("front", "anna", timedelta(seconds=2.5))
    await agent.doors.unlock("front")

    assert asked.bodies == [{"person": "anna", "seconds": 2.5}, {"person": None, "seconds": None}]
    assert (passage.seq, passage.person, passage.authentication) == (43, "anna", "app")
    assert passage.decided_by == wire.Decider.SERVER


async def test_an_answer_of_another_world_is_garbled(loopback: Loopback) -> None:
    agent = await loopback.agent(web.post(UNLOCK, says(golden("unlock") | {"kind": "beamed"})))

    with pytest.raises(AgentGarbled):
        await agent.doors.unlock("front")


async def test_a_door_is_locked(loopback: Loopback) -> None:
    agent = await loopback.agent(web.post(LOCK, says(golden("door")["state"])))

    assert await agent.doors.lock("front") == FRONT


async def test_a_door_with_an_odd_name_is_found(loopback: Loopback) -> None:
    asked: list[str] = []

    async def lock(request: web.Request) -> web.Response:
        asked.append(request.match_info["door"])
        return web.json_response(golden("door")["state"])

    agent = await loopback.agent(web.post(wire.LOCK, lock))

    await agent.doors.lock("a/b ä?")

    assert asked == ["a/b ä?"]


async def test_the_next_card_is_learned(loopback: Loopback) -> None:
    asked = Asked(golden("enroll"))
    agent = await loopback.agent(web.post(ENROLL, asked.answer))

    enrolled = await agent.doors.enroll("front", "outside", timedelta(seconds=20))
    await agent.doors.enroll("front")

    assert asked.bodies == [
        {"reader": "outside", "seconds": 20.0},
        {"reader": None, "seconds": 30.0},
    ]
    assert enrolled == Enrolled(
        card=golden("enroll")["card"], technology="iso14443a", length=7, random=False
    )


async def test_learning_is_waited_for_longer_than_any_other_answer(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.agent.doors.ANSWER", _soon(0.05))
    monkeypatch.setattr("custom_components.gatehouse.agent.connection.ANSWER", _soon(0.05))

    async def never(_: web.Request) -> web.Response:
        await loopback.forever.wait()
        return web.Response()

    agent = await loopback.agent(web.post(ENROLL, never))

    with pytest.raises(AgentUnreachable):
        await agent.doors.enroll("front", within=timedelta(seconds=0.05))


@pytest.mark.parametrize(
    ("code", "status"),
    [(ErrorCode.NO_CARD, 408), (ErrorCode.BUSY, 409), (ErrorCode.NOT_FOUND, 404)],
)
async def test_a_refusal_keeps_the_words_of_the_agent(
    loopback: Loopback, code: ErrorCode, status: int
) -> None:
    body = {"error": {"code": code, "message": "Hold a card to the reader."}}
    agent = await loopback.agent(web.post(ENROLL, says(body, status)))

    with pytest.raises(AgentRefused, match="Hold a card") as caught:
        await agent.doors.enroll("front")

    assert caught.value.code == code


async def test_grants_are_signed_by_who_has_the_token(loopback: Loopback) -> None:
    asked = Asked({})
    agent = await loopback.agent(web.put(wire.GRANTS, asked.answer))
    document = json.dumps({"version": 1, "cards": {"ä": 1}}, ensure_ascii=False)

    await agent.doors.send(document)

    key = hmac.new(TOKEN.encode(), wire.GRANTS_PURPOSE, hashlib.sha256).digest()
    signature = hmac.new(key, document.encode(), hashlib.sha256).hexdigest()
    assert asked.bodies == [{"document": document, "signature": signature}]


async def test_the_golden_grants_are_put_as_the_example_shows(loopback: Loopback) -> None:
    asked = Asked({})
    agent = await loopback.agent(web.put(wire.GRANTS, asked.answer))

    await agent.doors.send(golden("put_grants")["document"])

    assert asked.bodies[0].keys() == golden("put_grants").keys()
    assert asked.bodies[0]["document"] == golden("put_grants")["document"]


async def test_an_agent_that_has_newer_grants_says_so(loopback: Loopback) -> None:
    stale = {"error": {"code": "stale", "message": "There are newer grants."}}
    agent = await loopback.agent(web.put(wire.GRANTS, says(stale, 409)))

    with pytest.raises(AgentRefused) as caught:
        await agent.doors.send("{}")

    assert caught.value.code == ErrorCode.STALE


async def test_what_happened_is_read_page_by_page(loopback: Loopback) -> None:
    asked = Asked(golden("passages"))
    agent = await loopback.agent(web.get(wire.PASSAGES, asked.answer))

    page = await agent.doors.passages(39, 3)

    assert asked.queries == [{"after": "39", "limit": "3"}]
    assert (page.journal, page.last, page.lost, page.until) == ("a1b2c3d4", 42, 0, 42)
    assert [passage.seq for passage in page.passages] == [40, 41, 42]
    assert page.passages[-1] == PASSAGE


async def test_a_page_of_nothing_but_unknown_kinds_still_has_an_end(loopback: Loopback) -> None:
    rows = [row | {"kind": "beamed"} for row in golden("passages")["passages"]]
    agent = await loopback.agent(
        web.get(wire.PASSAGES, says(golden("passages") | {"passages": rows}))
    )

    page = await agent.doors.passages()

    assert (page.passages, page.until) == ((), 42)


async def test_an_empty_page_has_no_end(loopback: Loopback) -> None:
    agent = await loopback.agent(
        web.get(wire.PASSAGES, says(golden("passages") | {"passages": []}))
    )

    assert (await agent.doors.passages()).until is None


async def test_what_is_kept_is_forgotten_by_the_agent(loopback: Loopback) -> None:
    asked = Asked({})
    agent = await loopback.agent(web.delete(wire.PASSAGES, asked.answer))

    await agent.doors.acknowledge(42, "a1b2c3d4")

    assert asked.queries == [{"until": "42", "journal": "a1b2c3d4"}]


def _passages(agent: Agent) -> Awaitable[Any]:
    return agent.doors.passages()


def _lock(agent: Agent) -> Awaitable[Any]:
    return agent.doors.lock("front")


@pytest.mark.parametrize("ask", [_passages, _lock])
@pytest.mark.parametrize("body", [{}, {"passages": None}, {"locked": None, "readers": [1]}])
async def test_an_answer_that_is_none_is_garbled(
    loopback: Loopback, ask: Callable[[Agent], Awaitable[Any]], body: object
) -> None:
    agent = await loopback.agent(web.get(wire.PASSAGES, says(body)), web.post(LOCK, says(body)))

    with pytest.raises(AgentGarbled):
        await ask(agent)


def _soon(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)
