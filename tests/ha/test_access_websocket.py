"""What cards and readers ask and are told about who may enter, against golden answers."""

from dataclasses import replace
from datetime import date, time, timedelta
import json
import logging
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.gatehouse.access import (
    Credential,
    CredentialKind,
    DoorGroup,
    Entry,
    Holiday,
    Permission,
    Person,
    Schedule,
    Weekday,
    Window,
    card_hash,
    pin_hash,
)
from custom_components.gatehouse.access_deeds import ACCESS_COMMANDS
from custom_components.gatehouse.access_feed import SUBSCRIBE
from custom_components.gatehouse.admission import Admission
from custom_components.gatehouse.agent import SiteMode
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.models import Passage, PassageKind
from tests.ha.doorkeeping import admitting, hold, policy_of
from tests.ha.happened import NOON
from tests.ha.scripted import AGENT_ID, ScriptedAgent
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.waiting import eventually

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
GOLDENS: Final = sorted(path.stem for path in GOLDEN.glob("access_*.json"))
# Those leave the doors as they were: one site is enough for all of them.
UNCHANGING: Final = (
    "access_credential_save_taken",
    "access_doors",
    "access_groups",
    "access_holidays",
    "access_log",
    "access_schedule_delete_needed",
    "access_schedules",
    "access_user_save_nobody",
    "access_users",
)

NUMBER: Final = "04A1B2C3"
PIN: Final = "907183"
CHECK: Final[dict[str, Any]] = {"type": "gatehouse/access/check", "door": FRONT, "number": NUMBER}
FEED: Final[dict[str, Any]] = {"type": SUBSCRIBE}


async def asked(client: MockHAClientWebSocket, command: dict[str, Any]) -> dict[str, Any]:
    """Send a command and return the answer."""
    await client.send_json_auto_id(command)
    return await client.receive_json()


async def told(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Return the next event of the feed."""
    message = await client.receive_json()
    event: dict[str, Any] = message["event"]
    return event


async def told_of(client: MockHAClientWebSocket, kind: str) -> dict[str, Any]:
    """Return the next event of a kind."""
    while (event := await told(client))["kind"] != kind:
        pass
    return event


@pytest.fixture
def agent(agent: ScriptedAgent) -> ScriptedAgent:
    """An agent called Porch, with a front door and a garage."""
    agent.doors.add()
    return agent


@pytest.fixture
async def admission(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> Admission:
    """The doors of a site that Anna may enter by card and PIN, and where something happened."""
    admission = await admitting(hass, running_site, agent)
    policies, policy = admission.policies, admission.policies.policy
    night = Window(days=frozenset(Weekday), start=time(22), end=time(6))
    await policies.save(Schedule(id="d1", name="Nights", windows=(night,)))
    await policies.save(Schedule(id="d2", name="Never"))
    day = date(2026, 12, 25)
    await policies.save(Holiday(id="e1", name="Christmas", first=day, last=day, yearly=True))
    await policies.save(DoorGroup(id="f1", name="All", doors=(FRONT, GARAGE)))
    doors = Permission(doors=(FRONT,)), Permission(doors=(GARAGE,), schedule="d1")
    await policies.save(Person(id="a1", name="Anna", permissions=doors))
    for identity, kind, digest in (
        ("c1", CredentialKind.RFID, card_hash(policy.key, NUMBER)),
        ("c2", CredentialKind.PIN, pin_hash(PIN, policy.salt)),
    ):
        name = kind.value.upper()
        await policies.save(Credential(id=identity, person="a1", kind=kind, name=name, hash=digest))
    entered = Passage(
        id="p1",
        door=FRONT,
        kind=PassageKind.GRANTED,
        at=NOON,
        person="Anna",
        holder="a1",
        credential="RFID",
        reader="outside",
        authentication="rfid",
        direction="in",
        latency=timedelta(microseconds=412),
        decided_by="agent",
    )
    unknown = Passage(
        id="p2",
        door=GARAGE,
        kind=PassageKind.DENIED,
        at=NOON + timedelta(minutes=1),
        reason="unknown_card",
        card="1a2b3c4d",
    )
    await admission.log.add(
        [
            Entry(passage=entered, credential="c1", decider="agent"),
            Entry(passage=unknown, credential=None, decider="agent"),
        ]
    )
    # What was counted before is read when the site starts.
    agent.doors.grants.clear()
    await hass.config_entries.async_reload(running_site.entry_id)
    admission = await admitting(hass, running_site, agent)
    await admission.access.settle(timedelta(seconds=5))
    # That an agent goes by the policy is known a step before it is known that it goes by the site.
    await eventually(lambda: not admission.emergency.waited_for)
    return admission


@pytest.fixture
async def client(
    hass: HomeAssistant, admission: Admission, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """An administrator's connection."""
    await hass.async_block_till_done()
    return await hass_ws_client()


# --- What everybody can rely on --------------------------------------------------------------


def steady(answer: Any) -> Any:
    """Return an answer with what differs from run to run made the same."""
    text = json.dumps(answer)
    text = re.sub(r'"id": "[0-9a-f]{32}"', '"id": "0123456789abcdef"', text)
    text = re.sub(r'"latency_ms": [\d.]+', '"latency_ms": 0.412', text)
    text = re.sub(r'"occurred_at": "[^"]+"', '"occurred_at": "2026-11-20T12:34:56+00:00"', text)
    return json.loads(text)


async def is_golden(client: MockHAClientWebSocket, name: str) -> None:
    """Ask what a golden answer is to, and compare."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text())

    answer = await asked(client, golden["command"])
    events = [await told(client) for _ in golden["events"]]

    assert steady({key: answer[key] for key in answer.keys() - {"id"}}) == golden["answer"]
    assert steady(events) == golden["events"]


@pytest.mark.parametrize("name", [name for name in GOLDENS if name not in UNCHANGING])
async def test_the_answer_is_the_golden_one(client: MockHAClientWebSocket, name: str) -> None:
    await is_golden(client, name)


async def test_the_answer_to_who_changes_nothing_is_the_golden_one(
    client: MockHAClientWebSocket, subtests: pytest.Subtests
) -> None:
    for name in UNCHANGING:
        with subtests.test(name):
            await is_golden(client, name)


def test_every_command_has_a_golden_answer() -> None:
    goldens = [json.loads((GOLDEN / f"{name}.json").read_text()) for name in GOLDENS]

    assert {golden["command"]["type"] for golden in goldens} == {
        SUBSCRIBE,
        *(f"gatehouse/{command.name}" for command in ACCESS_COMMANDS),
    }


async def test_only_administrators_may_ask(
    admission: Admission,
    agent: ScriptedAgent,
    client: MockHAClientWebSocket,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    member = await hass_ws_client(access_token=hass_read_only_access_token)
    policy = admission.policies.policy

    for name in GOLDENS:
        command = json.loads((GOLDEN / f"{name}.json").read_text())["command"]
        answer = await asked(member, {key: command[key] for key in command.keys() - {"id"}})
        assert answer["error"]["code"] == "unauthorized", name

    assert admission.policies.policy is policy
    assert agent.doors.asked == []


# --- The decision ----------------------------------------------------------------------------


async def logged(client: MockHAClientWebSocket, count: int) -> list[dict[str, Any]]:
    """Return so many passages, newest first, as soon as they are in the log."""
    answer = await asked(client, {"type": "gatehouse/access/log", "limit": count})
    found: list[dict[str, Any]] = answer["result"]["passages"]
    return found if len(found) == count else []


async def test_a_reader_of_another_system_asks_and_that_is_in_the_log(
    client: MockHAClientWebSocket, admission: Admission
) -> None:
    granted = (await asked(client, CHECK | {"reader": "Intercom", "direction": "in"}))["result"]
    denied = (await asked(client, CHECK | {"number": "AABBCCDD"}))["result"]

    assert (granted["granted"], granted["user"], granted["reason"]) == (True, "Anna", None)
    assert (denied["granted"], denied["user"], denied["reason"]) == (False, None, "unknown_card")
    # The answer does not wait for the rows.
    last, first, _ = await eventually(lambda: logged(client, 3))
    assert (first["actor"], first["reader"], first["direction"]) == ("Anna", "Intercom", "in")
    assert (last["kind"], last["reader"]) == ("denied", "Mock User")
    assert (await admission.log.uses())["c1"]["server"] == 1


async def test_a_pin_opens_what_it_is_for(client: MockHAClientWebSocket) -> None:
    rules = {"type": "gatehouse/access/door/rules", "door": FRONT, "verify": "card_and_pin"}
    assert (await asked(client, rules))["success"]

    card = (await asked(client, CHECK))["result"]
    both = (await asked(client, CHECK | {"pin": PIN}))["result"]
    wrong = (await asked(client, CHECK | {"pin": "0000"}))["result"]

    assert (card["granted"], card["wants_pin"]) == (False, True)
    assert both["granted"]
    assert (wrong["granted"], wrong["reason"]) == (False, "wrong_pin")


BAD_CHECKS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"number": "no number"}, "card_number_bad"),
    ({"number": {"hex": NUMBER}}, "secret_no_text"),
    ({"door": f"{AGENT_ID}/door/cellar"}, "not_found"),
    ({"direction": "up"}, "invalid_format"),
    ({"byteorder": "middle"}, "invalid_format"),
    ({"surprise": 1}, "invalid_format"),
]


async def test_a_question_without_sense_is_refused(client: MockHAClientWebSocket) -> None:
    for changes, code in BAD_CHECKS:
        assert (await asked(client, CHECK | changes))["error"]["code"] == code, changes


async def test_a_reader_that_shows_nothing_is_told_what_is_missing(
    client: MockHAClientWebSocket,
) -> None:
    answer = await asked(client, {"type": "gatehouse/access/check", "door": FRONT})

    assert answer["error"]["message"] == "Say exactly one of these: number, pin"


async def test_what_is_typed_is_in_no_answer_and_no_log(
    client: MockHAClientWebSocket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    save = {"type": "gatehouse/access/credential/save", "user_id": "a1", "name": "X"}
    typed = ["0807060504", "55FF443", "66554433", "5544332211"]

    answers = [
        await asked(client, save | {"number": typed[0]}),
        await asked(client, save | {"number": typed[1]}),
        await asked(client, save | {"number": [typed[0]], "max_uses": "many"}),
        await asked(client, save | {"pin": typed[2]}),
        await asked(client, save | {"pin": typed[2], "number": typed[0], "colour": "red"}),
        await asked(client, save | {"card": typed[3]}),
        await asked(client, CHECK | {"number": typed[3], "pin": [typed[2]]}),
        await asked(client, CHECK | {"number": typed[3], "pin": typed[2]}),
    ]

    read = json.dumps(answers) + "".join(str(record.__dict__) for record in caplog.records)
    assert [answer["success"] for answer in answers] == [
        True,
        *[False] * 2,
        True,
        *[False] * 3,
        True,
    ]
    assert not [secret for secret in typed if secret in read]


# --- Enrolling -------------------------------------------------------------------------------


async def test_a_card_that_was_enrolled_is_given_to_somebody(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    hold(agent, "ab" * 32)
    shown = (await asked(client, {"type": "gatehouse/access/enroll", "door": FRONT}))["result"]

    save = {"type": "gatehouse/access/credential/save", "user_id": "a1", "name": "New"}
    answer = await asked(client, save | {"card": shown["card"]})

    assert answer["result"]["unconfirmed"] == []
    assert policy_of(agent)["cards"]["ab" * 32]["id"] == answer["result"]["credential"]["id"]


# --- Being told ------------------------------------------------------------------------------


async def test_the_doors_come_first_and_then_the_news(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    await asked(client, FEED)
    doors = await told(client)
    assert [door["name"] for door in doors["doors"]] == ["Front door", "Garage"]
    assert (doors["site"], doors["unconfirmed"]) == ("normal", [])

    await agent.doors.change(locked=False)
    door = (await told_of(client, "door"))["door"]
    assert (door["key"], door["state"]["locked"]) == (FRONT, False)

    await agent.doors.scan(person="a1", credential="c1")
    passage = (await told_of(client, "passage"))["passage"]
    assert (passage["door_name"], passage["actor"], passage["user_id"]) == (
        "Front door",
        "Anna",
        "a1",
    )
    await agent.doors.ring()
    assert (await told_of(client, "ring"))["door"] == FRONT


async def test_the_newest_passages_are_told_if_they_are_asked_for(
    client: MockHAClientWebSocket,
) -> None:
    await asked(client, FEED | {"limit": 1})

    page = await told_of(client, "page")

    assert ([each["id"] for each in page["passages"]], page["next"]) == (["p2"], "p2")


async def test_a_page_that_cannot_be_read_is_told(
    client: MockHAClientWebSocket, admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise DatabaseError("The disk is gone.")

    monkeypatch.setattr(admission.log, "find", failing)

    await asked(client, FEED | {"limit": 1})

    failed = await told_of(client, "failed")
    assert (failed["code"], "The disk is gone" in failed["message"]) == ("database_failed", True)


async def test_what_people_change_is_told(
    client: MockHAClientWebSocket, admission: Admission, agent: ScriptedAgent
) -> None:
    await asked(client, FEED)
    await told_of(client, "doors")

    await admission.policies.save(Person(id="b2", name="Bob"))
    assert await told_of(client, "policy") == {"kind": "policy"}

    agent.doors.obeys.clear()
    await admission.policies.set_site(SiteMode.LOCKDOWN)
    assert await told_of(client, "site") == {
        "kind": "site",
        "site": "lockdown",
        "unconfirmed": ["Porch"],
    }
    agent.doors.obeys.set()
    assert await told_of(client, "site") == {
        "kind": "site",
        "site": "lockdown",
        "unconfirmed": [],
    }


async def test_a_use_that_counts_is_told_when_it_can_be_read(
    client: MockHAClientWebSocket, admission: Admission
) -> None:
    limited = replace(admission.policies.policy.credentials["c1"], max_uses=3)
    await admission.policies.save(limited)
    await asked(client, FEED)
    await told_of(client, "doors")

    await client.send_json_auto_id(CHECK)
    while (await client.receive_json()).get("event") != {"kind": "policy"}:
        pass
    await client.send_json_auto_id({"type": "gatehouse/access/users"})
    while "users" not in ((answer := await client.receive_json()).get("result") or {}):
        pass

    (anna,) = answer["result"]["users"]
    assert {each["id"]: each["uses"] for each in anna["credentials"]} == {"c1": 2, "c2": 0}


async def test_the_feed_goes_on_when_the_site_was_reloaded(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    client: MockHAClientWebSocket,
    agent: ScriptedAgent,
) -> None:
    await asked(client, FEED)
    await told_of(client, "doors")

    await hass.config_entries.async_reload(running_site.entry_id)

    doors = await told_of(client, "doors")
    assert [door["key"] for door in doors["doors"]] == [FRONT, GARAGE]
    front = doors["doors"][0]
    # Until its agent is connected again, which it may be by now, nobody knows how it is.
    while front["key"] != FRONT or front["state"] is None:
        front = (await told_of(client, "door"))["door"]
    assert front["state"]["locked"]


async def test_a_new_door_is_told_with_all_others(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    await asked(client, FEED)
    await told_of(client, "doors")

    cellar = agent.state["info"]["doors"][1] | {"id": "cellar", "name": "Cellar"}
    agent.state["info"]["doors"].append(cellar)
    await agent.cut()

    doors = await told_of(client, "doors")
    assert [door["name"] for door in doors["doors"]] == ["Cellar", "Front door", "Garage"]


async def test_an_agent_that_is_lost_tells_nothing_of_its_doors(
    client: MockHAClientWebSocket, agent: ScriptedAgent
) -> None:
    await asked(client, FEED)
    await told_of(client, "doors")

    await agent.stop()

    lost = (await told_of(client, "door"))["door"]
    assert lost["state"] is None


async def test_who_unsubscribes_hears_nothing_more(
    client: MockHAClientWebSocket, admission: Admission, agent: ScriptedAgent
) -> None:
    await client.send_json({**FEED, "id": 1})
    assert (await client.receive_json())["success"]
    await told_of(client, "doors")
    await client.send_json({"type": "unsubscribe_events", "subscription": 1, "id": 2})
    assert (await client.receive_json())["success"]
    heard: list[Passage] = []
    admission.async_subscribe(heard.append)

    await agent.doors.scan(person="a1", credential="c1")
    await eventually(lambda: heard)

    await client.send_json({"type": "ping", "id": 3})
    assert (await client.receive_json())["type"] == "pong"
