"""An agent with a simulated door and no camera, over HTTP and its feed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
import json
from pathlib import Path
import time
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientTimeout, ClientWebSocketResponse
import pytest

from camera_agent import hub as hub_module
from camera_agent.config import AgentConfig
from camera_agent.hub import Hub
from camera_agent.messages import Message
from camera_agent.server import application
from tests.waiting import eventually

from .admitting import (
    ANNA,
    BERT,
    STRANGER,
    TOKEN,
    VISITOR,
    Person,
    card_hash,
    credential,
    door,
    policy,
    signed,
    somebody_at,
)
from .loopback import serving

BEARER = {"Authorization": f"Bearer {TOKEN}"}
GRANTS = "/api/v1/grants"
PASSAGES = "/api/v1/passages"
FRONT = "/api/v1/doors/front"
WIRE = Path(__file__).parents[1] / "wire"


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return AgentConfig(
        id="porch",
        name="Porch",
        token=TOKEN,
        data=tmp_path / "data",
        announce=False,
        cameras=(),
        doors=(door(tmp_path / "front.sock"),),
    )


@pytest.fixture
async def hub(config: AgentConfig) -> AsyncIterator[Hub]:
    hub = Hub(config)
    running = asyncio.create_task(hub.run())
    yield hub
    await hub.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.fixture
async def address(hub: Hub) -> AsyncIterator[str]:
    async with serving(application(hub)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def anybody(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address) as session:
        yield session


@pytest.fixture
async def agent(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address, headers=BEARER) as session:
        yield session


@pytest.fixture
async def person(hub: Hub, tmp_path: Path) -> AsyncIterator[Person]:
    async with somebody_at(tmp_path / "front.sock") as person:
        assert hub.doors is not None
        readers = hub.doors.door("front").state
        await eventually(lambda: all(one["online"] for one in readers()["readers"].values()))
        yield person


async def send(agent: ClientSession, version: int = 1, **changes: Any) -> Message:
    """Send grants that are accepted; return by which the agent goes."""
    document, signature = signed(policy(version, **changes))
    async with agent.put(GRANTS, json={"document": document, "signature": signature}) as answer:
        assert answer.status == 200
        return dict(await answer.json())


async def refusal(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json())["error"]["code"]


async def hear(feed: ClientWebSocketResponse, kind: str) -> Message:
    """Wait for the next message of a kind."""
    async with asyncio.timeout(30):
        while (message := await feed.receive_json())["type"] != kind:
            pass
    return dict(message)


async def rows(agent: ClientSession, **query: Any) -> Message:
    async with agent.get(PASSAGES, params=query) as answer:
        assert answer.status == 200
        return dict(await answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", GRANTS),
        ("PUT", GRANTS),
        ("GET", PASSAGES),
        ("DELETE", PASSAGES),
        ("POST", f"{FRONT}/unlock"),
        ("POST", f"{FRONT}/lock"),
        ("POST", f"{FRONT}/enroll"),
    ],
)
async def test_nobody_asks_without_the_token(
    anybody: ClientSession, method: str, path: str
) -> None:
    async with anybody.request(method, path) as answer:
        assert await refusal(answer) == (401, "unauthorized")


async def test_the_agent_describes_its_doors(agent: ClientSession) -> None:
    async with agent.get("/api/v1/info") as answer:
        about = await answer.json()

    assert about["doors"] == [
        {
            "id": "front",
            "name": "Front",
            "contact": True,
            "exit_button": True,
            "doorbell": True,
            "readers": [
                {"id": "outside", "direction": "in", "keypad": True},
                {"id": "inside", "direction": "out", "keypad": False},
            ],
            "unlock_s": 3.0,
        }
    ]


async def test_an_agent_without_doors_says_nothing_of_them(tmp_path: Path) -> None:
    config = AgentConfig(
        id="yard", name="Yard", token=TOKEN, data=tmp_path, announce=False, cameras=()
    )
    hub = Hub(config)
    async with (
        serving(application(hub)) as port,
        ClientSession(f"http://127.0.0.1:{port}", headers=BEARER) as agent,
    ):
        for path in (GRANTS, PASSAGES, "/snapshot"):
            async with agent.get(path) as answer:
                assert await refusal(answer) == (404, "not_found")

    assert not {"doors", "access"} & hub.state().keys()
    assert "doors" not in hub.info()
    assert not {"grants.json", "passages.jsonl"} & {path.name for path in tmp_path.iterdir()}


class TestGrants:
    """What the agent goes by."""

    async def test_they_are_accepted_told_and_obeyed(
        self, agent: ClientSession, person: Person
    ) -> None:
        async with agent.get(GRANTS) as answer:
            none = {"version": None, "issued": None, "until": None, "cards": 0}
            assert await answer.json() == none
        async with agent.ws_connect("/api/v1/feed") as feed:
            accepted = await send(agent, version=5)
            told = await hear(feed, "access")
            person.presents(ANNA)
            passage = (await hear(feed, "passage"))["passage"]

        assert accepted | {"version": 5, "cards": 3} == accepted
        assert told["access"]["grants"] == accepted
        assert (passage["kind"], passage["grants"]) == ("granted", 5)
        async with agent.get(GRANTS) as answer:
            assert await answer.json() == accepted

    async def test_the_same_may_come_again(self, agent: ClientSession) -> None:
        document, signature = signed(policy())
        for _ in range(2):
            body = {"document": document, "signature": signature}
            async with agent.put(GRANTS, json=body) as answer:
                assert answer.status == 200

    async def test_what_is_wrong_with_them_is_said(self, agent: ClientSession) -> None:
        await send(agent, version=5)
        newer, _ = signed(policy(6))
        for body, status, code in (
            (dict(zip(("document", "signature"), signed(policy(4)), strict=True)), 409, "stale"),
            (dict(zip(("document", "signature"), signed(policy(5)), strict=True)), 409, "stale"),
            ({"document": newer, "signature": "00"}, 403, "bad_signature"),
            (dict(zip(("document", "signature"), signed({}), strict=True)), 400, "bad_request"),
            ({"document": 7, "signature": "00"}, 400, "bad_request"),
            ([], 400, "bad_request"),
        ):
            async with agent.put(GRANTS, json=body) as answer:
                assert await refusal(answer) == (status, code)
        async with agent.put(GRANTS, data=b"\xff{") as answer:
            assert await refusal(answer) == (400, "bad_request")

    async def test_ten_thousand_cards_may_come_and_not_without_end(
        self, agent: ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cards = {card_hash(f"{n:010X}"): credential(f"p{n}") for n in range(10_000)}
        assert (await send(agent, cards=cards))["cards"] == 10_000
        async with agent.put(GRANTS, data=b" " * (16 * 1024 * 1024 + 1)) as answer:
            assert answer.status == 413

    async def test_whoever_was_revoked_before_the_answer_is_out_after_it(
        self, agent: ClientSession, person: Person
    ) -> None:
        async with agent.ws_connect("/api/v1/feed") as feed:
            for version in range(1, 20, 2):
                await send(agent, version=version)
                await send(agent, version=version + 1, cards={})
                person.presents(ANNA, reader="inside")
                passage = (await hear(feed, "passage"))["passage"]
                assert passage["reason"] in ("unknown_card", "locked_out")


class TestDoor:
    """What is asked of one door."""

    async def test_unlocking_answers_with_its_passage(
        self, agent: ClientSession, person: Person
    ) -> None:
        async with agent.ws_connect("/api/v1/feed") as feed:
            body = {"person": "anna", "seconds": 20}
            async with agent.post(f"{FRONT}/unlock", json=body) as answer:
                assert answer.status == 200
                passage = await answer.json()
            assert (await hear(feed, "passage"))["passage"] == passage
        await person.sees(relay=True)

        example = json.loads((WIRE / "unlock.json").read_text())
        assert passage.keys() == example.keys()
        same = ("kind", "authentication", "person", "decided_by", "credential", "reader")
        assert {key: passage[key] for key in same} == {key: example[key] for key in same}

    async def test_locking_answers_with_its_state(
        self, agent: ClientSession, person: Person
    ) -> None:
        async with agent.post(f"{FRONT}/unlock") as answer:
            assert (await answer.json())["person"] is None
        await person.sees(relay=True)
        async with agent.post(f"{FRONT}/lock", json={}) as answer:
            state = await answer.json()

        assert state["locked"] is True
        assert state.keys() == json.loads((WIRE / "door.json").read_text())["state"].keys()
        await person.sees(relay=False)

    @pytest.mark.parametrize(
        "body",
        [
            {"person": 7},
            {"person": "x" * 65},
            {"seconds": 0},
            {"seconds": "3"},
            {"seconds": 1e9},
            {"seconds": True},
        ],
    )
    async def test_unlocking_has_to_be_asked_rightly(
        self, agent: ClientSession, body: Message
    ) -> None:
        async with agent.post(f"{FRONT}/unlock", json=body) as answer:
            assert await refusal(answer) == (400, "bad_request")
        assert (await rows(agent))["passages"] == []

    @pytest.mark.parametrize("path", ["unlock", "lock", "enroll"])
    async def test_there_is_no_other_door(self, agent: ClientSession, path: str) -> None:
        async with agent.post(f"/api/v1/doors/attic/{path}", json={}) as answer:
            assert await refusal(answer) == (404, "not_found")
            assert "it has: front." in (await answer.json())["error"]["message"]

    async def test_a_relay_that_fails_is_said(
        self, agent: ClientSession, person: Person, tmp_path: Path
    ) -> None:
        await eventually((tmp_path / "front.sock").exists)
        async with agent.post(f"{FRONT}/lock", json={}):
            pass
        break_relay(tmp_path)
        async with agent.post(f"{FRONT}/unlock", json={}) as answer:
            assert await refusal(answer) == (503, "door_failed")


class TestEnrolment:
    """A card becomes known."""

    async def test_the_next_card_is_answered(self, agent: ClientSession, person: Person) -> None:
        await send(agent)
        body = {"reader": "outside", "seconds": 5}
        asked = asyncio.create_task(agent.post(f"{FRONT}/enroll", json=body))
        await person.sees(reader="outside", feedback="learning")
        person.does(present=VISITOR, technology="iso14443a")
        async with await asked as answer:
            learned = await answer.json()

        expected = json.loads((WIRE / "enroll.json").read_text())
        assert learned == expected | {"card": card_hash(VISITOR)}
        assert (await rows(agent))["passages"] == []

    async def test_no_card_is_an_answer_too(self, agent: ClientSession, person: Person) -> None:
        await send(agent)
        async with agent.post(f"{FRONT}/enroll", json={"seconds": 0.1}) as answer:
            assert await refusal(answer) == (408, "no_card")

    async def test_who_leaves_gives_the_reader_back(
        self, agent: ClientSession, person: Person
    ) -> None:
        await send(agent)
        with pytest.raises(TimeoutError):
            await agent.post(f"{FRONT}/enroll", json={}, timeout=ClientTimeout(total=0.1))
        async with agent.ws_connect("/api/v1/feed") as feed:
            await eventually(lambda: self._learns(agent))
            person.presents(ANNA)
            assert (await hear(feed, "passage"))["passage"]["kind"] == "granted"

    async def test_one_learns_at_a_time(self, agent: ClientSession, person: Person) -> None:
        await send(agent)
        asked = asyncio.create_task(agent.post(f"{FRONT}/enroll", json={"seconds": 5}))
        await person.sees(feedback="learning")
        async with agent.post(f"{FRONT}/enroll", json={}) as answer:
            assert (await refusal(answer))[1] == "busy"
        person.presents(BERT)
        async with await asked as answer:
            assert (await answer.json())["card"] == card_hash(BERT)

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"reader": "roof"}, 404, "not_found"),
            ({"reader": 7}, 400, "bad_request"),
            ({"seconds": 301}, 400, "bad_request"),
            ({"seconds": None}, 400, "bad_request"),
        ],
    )
    async def test_it_has_to_be_asked_rightly(
        self, agent: ClientSession, body: Message, status: int, code: str
    ) -> None:
        await send(agent)
        async with agent.post(f"{FRONT}/enroll", json=body) as answer:
            assert await refusal(answer) == (status, code)

    async def test_without_grants_there_is_no_key(self, agent: ClientSession) -> None:
        async with agent.post(f"{FRONT}/enroll", json={}) as answer:
            assert await refusal(answer) == (400, "bad_request")

    async def _learns(self, agent: ClientSession) -> bool:
        """Whether somebody may learn again."""
        async with agent.post(f"{FRONT}/enroll", json={"seconds": 0.1}) as answer:
            return await refusal(answer) == (408, "no_card")


class TestPassages:
    """What happened, live and afterwards."""

    async def test_what_happened_before_somebody_listened_is_fetched_and_forgotten(
        self, agent: ClientSession, person: Person
    ) -> None:
        await send(agent)
        for card in (ANNA, STRANGER, BERT):
            person.presents(card)
        await eventually(lambda: self._has(agent, 3))

        async with agent.ws_connect("/api/v1/feed") as feed:
            state = await feed.receive_json(timeout=30)
            assert state["access"]["last"] == 3
            person.presents(ANNA, reader="inside")
            live = (await hear(feed, "passage"))["passage"]
        assert live["seq"] == 4

        page = await rows(agent, after=1, limit=2)
        assert page.keys() == json.loads((WIRE / "passages.json").read_text()).keys()
        assert [one["seq"] for one in page["passages"]] == [2, 3]
        assert [one["reason"] for one in page["passages"]] == ["unknown_card", None]
        assert (await rows(agent, after=3))["passages"] == [live]
        query = {"until": 3, "journal": page["journal"]}
        async with agent.delete(PASSAGES, params=query) as answer:
            assert answer.status == 204
        assert [one["seq"] for one in (await rows(agent))["passages"]] == [4]

    async def test_rows_of_another_journal_are_not_forgotten(
        self, agent: ClientSession, person: Person
    ) -> None:
        person.presents(ANNA)
        await eventually(lambda: self._has(agent, 1))
        query = {"until": "1", "journal": "ffffffff"}
        async with agent.delete(PASSAGES, params=query) as answer:
            assert await refusal(answer) == (409, "stale")
        assert len((await rows(agent))["passages"]) == 1

    @pytest.mark.parametrize(
        ("method", "query"),
        [
            ("GET", {"after": "-1"}),
            ("GET", {"limit": "0"}),
            ("GET", {"limit": "many"}),
            ("DELETE", {"until": "1"}),
            ("DELETE", {"journal": "ffffffff"}),
            ("DELETE", {"until": "nan", "journal": "ffffffff"}),
        ],
    )
    async def test_pages_have_to_be_asked_for_rightly(
        self, agent: ClientSession, method: str, query: dict[str, str]
    ) -> None:
        async with agent.request(method, PASSAGES, params=query) as answer:
            assert await refusal(answer) == (400, "bad_request")

    async def test_a_ring_a_door_and_the_state_are_told_as_the_examples_show(
        self, agent: ClientSession, person: Person
    ) -> None:
        async with agent.ws_connect("/api/v1/feed") as feed:
            state = await feed.receive_json(timeout=30)
            person.does(press="doorbell")
            ring = await hear(feed, "ring")
            person.does(contact="open")
            changed = await hear(feed, "door")

        for message, name in ((state, "state_doors"), (ring, "ring"), (changed, "door")):
            assert message.keys() == json.loads((WIRE / f"{name}.json").read_text()).keys()
        assert (changed["door"], changed["state"]["open"]) == ("front", True)
        assert abs(ring["at"] - time.time()) < 5

    async def test_access_is_told_with_the_measures(
        self, config: AgentConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_module, "MEASURED", 0.05)
        hub = Hub(config)
        told: list[Message] = []
        monkeypatch.setattr(hub.feed, "publish", told.append)
        running = asyncio.create_task(hub.run())
        stats = await eventually(lambda: [one for one in told if one["type"] == "stats"])
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

        example = json.loads((WIRE / "stats_doors.json").read_text())
        assert stats[0]["access"].keys() == example["access"].keys()

    async def _has(self, agent: ClientSession, last: int) -> bool:
        return bool((await rows(agent))["last"] == last)


def break_relay(folder: Path) -> None:
    """Let nothing be written to the file that stands for the relay."""
    relay = folder / "front.relay"
    relay.unlink(missing_ok=True)
    relay.mkdir()
