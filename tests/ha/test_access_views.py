"""Third-party readers ask by HTTP who may enter; administrators read the log and keep the cards."""

from collections.abc import AsyncIterator, Iterator
import csv
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from typing import Any, Final
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.components.http.ban import KEY_FAILED_LOGIN_ATTEMPTS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.access import (
    Credential,
    CredentialKind,
    DoorRules,
    Entry,
    Permission,
    Person,
    card_hash,
    pin_hash,
)
from custom_components.gatehouse.agent import DoorMode, SiteMode, Verify
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.models import Passage, PassageKind
from custom_components.gatehouse.pace import MOST, Pace, Rate
from tests.ha.calling import Lock, logged_in, other_door, plug_in_locks
from tests.ha.site import site_with
from tests.waiting import eventually

CHECK: Final = "/api/gatehouse/access/check"
LOG: Final = "/api/gatehouse/access/log"
CARDS: Final = "/api/gatehouse/access/cards"

BOOKS: Final = [("get", LOG), ("get", CARDS), ("post", CARDS), ("delete", f"{CARDS}/c1")]

GATE: Final = "/door/gate"
SHED: Final = "/door/shed"
CARD: Final = "04A1B2C3D4E5F6"
PIN: Final = "471108"
NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site with two doors, and who is logged in."""

    site: MockConfigEntry
    reader: TestClient[Any, Any]
    """A device with the token of a user of its own, who is no administrator."""
    admin: TestClient[Any, Any]
    gate: Lock
    shed: Lock

    @property
    def admission(self) -> Any:
        return self.site.runtime_data.admission

    async def keep(self, *nouns: Any) -> None:
        for noun in nouns:
            await self.admission.policies.save(noun)

    async def check(self, **body: Any) -> dict[str, Any]:
        response = await self.reader.post(CHECK, json=body)
        assert response.status == HTTPStatus.OK, await response.text()
        return await response.json()


@pytest.fixture
async def place(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None
) -> Place:
    gate, shed = Lock("Gate lock", opens=True), Lock("Shed lock")
    await plug_in_locks(hass, gate, shed)
    assert await async_setup_component(hass, "http", {})
    site = site_with(
        other_door("Gate", lock="lock.gate_lock"),
        other_door("Shed", lock="lock.shed_lock"),
        other_door("Cellar"),
        detectors=[],
    )
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    place = Place(
        site=site,
        reader=await logged_in(hass, hass_client, "Gate reader", GROUP_ID_USER),
        admin=await hass_client(),
        gate=gate,
        shed=shed,
    )
    await place.keep(anna(), card(place), pin(place))
    return place


@pytest.fixture
def stopped_clock() -> Iterator[list[float]]:
    """The clock of the limits; it goes when a test says so."""
    clock = [1000.0]
    with patch("custom_components.gatehouse.pace.monotonic", lambda: clock[0]):
        yield clock


def anna() -> Person:
    return Person(
        id="anna",
        name="Anna",
        permissions=(Permission(doors=(GATE, SHED)),),
    )


def card(place: Place) -> Credential:
    key = place.admission.policies.policy.key
    return Credential(
        id="c1",
        person="anna",
        kind=CredentialKind.RFID,
        name="Blue fob",
        hash=card_hash(key, CARD),
    )


def pin(place: Place) -> Credential:
    salt = place.admission.policies.policy.salt
    return Credential(
        id="p1",
        person="anna",
        kind=CredentialKind.PIN,
        name="Her PIN",
        hash=pin_hash(PIN, salt),
    )


# --- Checks ----------------------------------------------------------------------------------


async def test_a_known_card_is_granted_and_opens_the_lock(place: Place) -> None:
    answer = await place.check(door="Gate", card=CARD)

    assert answer.pop("latency_ms") >= 0
    assert answer == {"granted": True, "reason": None, "person": "Anna", "wants_pin": False}
    await eventually(lambda: place.gate.told)
    [(how, context)] = place.gate.told
    user = await place.site.runtime_data.hass.auth.async_get_user(context.user_id)
    assert (how, user.name) == ("open", "Gate reader")


async def test_a_lock_that_cannot_be_opened_is_unlocked(place: Place) -> None:
    await place.check(door="Shed", card=CARD)

    await eventually(lambda: place.shed.told)
    assert place.shed.told[0][0] == "unlock"


async def test_a_door_is_called_by_its_name_its_key_its_lock_or_an_entity_of_ours(
    place: Place, hass: HomeAssistant
) -> None:
    entity = er.async_get(hass).async_get_entity_id("event", "gatehouse", f"{GATE}_access")
    names = ["Gate", "gate", GATE, "lock.gate_lock", entity]

    answers = [await place.check(door=name, card=CARD) for name in names]

    assert all(answer["granted"] for answer in answers)


async def test_a_card_is_the_same_however_its_reader_writes_it(place: Place) -> None:
    written: list[Any] = [
        "04:a1:b2:c3:d4:e5:f6",
        {"number": "04a1b2c3d4e5f6"},
        {"number": "F6E5D4C3B2A104", "byteorder": "little"},
        {"number": str(int(CARD, 16)), "format": "decimal", "length": 7},
    ]

    answers = [await place.check(door="Gate", card=number) for number in written]

    assert all(answer["granted"] for answer in answers)


async def test_an_unknown_card_stays_outside(place: Place) -> None:
    answer = await place.check(door="Gate", card="DEADBEEF")

    answer.pop("latency_ms")
    assert answer == {
        "granted": False,
        "reason": "unknown_card",
        "person": None,
        "wants_pin": False,
    }
    assert not place.gate.told


async def test_whose_card_is_refused_is_not_said(place: Place) -> None:
    await place.keep(replace(anna(), active=False))

    answer = await place.check(door="Gate", card=CARD)

    assert (answer["reason"], answer["person"]) == ("disabled", None)


async def test_a_door_may_want_a_pin_too(place: Place) -> None:
    await place.keep(DoorRules(door=GATE, verify=Verify.CARD_AND_PIN))

    first = await place.check(door="Gate", card=CARD)
    wrong = await place.check(door="Gate", card=CARD, pin="0000")
    right = await place.check(door="Gate", card=CARD, pin=PIN)

    assert (first["granted"], first["wants_pin"], first["person"]) == (False, True, None)
    assert (wrong["granted"], wrong["reason"]) == (False, "wrong_pin")
    assert right["granted"]
    assert len(place.gate.told) <= 1


async def test_a_pin_alone_opens_where_it_may(place: Place) -> None:
    await place.keep(DoorRules(door=GATE, verify=Verify.PIN))

    assert (await place.check(door="Gate", pin=PIN))["person"] == "Anna"


async def test_a_lockdown_holds_for_doors_of_other_systems(place: Place) -> None:
    await place.admission.policies.set_site(SiteMode.LOCKDOWN)

    assert (await place.check(door="Gate", card=CARD))["reason"] == "lockdown"


async def test_the_mode_of_a_door_holds_for_doors_of_other_systems(place: Place) -> None:
    await place.keep(DoorRules(door=GATE, mode=DoorMode.KEEP_LOCKED))

    assert (await place.check(door="Gate", card=CARD))["reason"] == "keep_locked"


async def test_a_door_without_a_lock_gets_an_answer_all_the_same(place: Place) -> None:
    await place.keep(replace(anna(), permissions=(Permission(doors=("/door/cellar",)),)))

    assert (await place.check(door="Cellar", card=CARD))["granted"]


async def test_a_lock_that_is_lost_is_told_in_the_log(
    place: Place, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set("lock.gate_lock", "unavailable")

    assert (await place.check(door="Gate", card=CARD))["granted"]
    assert "lock.gate_lock cannot be opened" in caplog.text
    assert not place.gate.told


async def test_a_lock_that_is_renamed_is_followed(place: Place, hass: HomeAssistant) -> None:
    er.async_get(hass).async_update_entity("lock.gate_lock", new_entity_id="lock.garden_gate")
    await hass.async_block_till_done()

    assert (await place.check(door="Gate", card=CARD))["granted"]
    await eventually(lambda: place.gate.told)
    locks = [each.data.get("lock") for each in place.site.subentries.values()]
    assert locks == ["lock.garden_gate", "lock.shed_lock", None]


async def test_an_alarm_panel_that_is_renamed_is_followed(
    hass: HomeAssistant, place: Place
) -> None:
    er.async_get(hass).async_get_or_create("alarm_control_panel", "test", "1")
    hass.config_entries.async_update_entry(
        place.site, options={"alarm": "alarm_control_panel.test_1", "detectors": []}
    )
    await hass.async_block_till_done()

    er.async_get(hass).async_update_entity(
        "alarm_control_panel.test_1", new_entity_id="alarm_control_panel.house"
    )
    await hass.async_block_till_done()

    assert place.site.options == {"alarm": "alarm_control_panel.house", "detectors": []}


async def test_a_check_is_an_event_and_in_the_log(place: Place, hass: HomeAssistant) -> None:
    await place.check(door="Gate", card=CARD, direction="in")

    entity = er.async_get(hass).async_get_entity_id("event", "gatehouse", f"{GATE}_access")
    await eventually(lambda: hass.states.get(entity).attributes.get("actor") == "Anna")
    assert hass.states.get(entity).attributes["event_type"] == "access_granted"

    async def logged() -> list[dict[str, Any]]:
        return (await (await place.admin.get(LOG)).json())["passages"]

    [passage] = await eventually(logged)
    assert passage["actor"] == "Anna"
    assert passage["door_name"] == "Gate"
    assert passage["reader"] == "Gate reader"
    assert passage["direction"] == "in"


async def test_who_guesses_is_not_heard_for_a_while_from_whatever_address(place: Place) -> None:
    for number in range(5):
        await place.check(door="Gate", card=f"DEADBEE{number}")

    assert (await place.check(door="Gate", card=CARD))["reason"] == "locked_out"


async def test_who_may_only_read_in_home_assistant_asks_for_no_door(
    place: Place, hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    guest = await logged_in(hass, hass_client, "Guest", GROUP_ID_READ_ONLY)

    response = await guest.post(CHECK, json={"door": "Gate", "card": CARD})

    assert response.status == HTTPStatus.FORBIDDEN
    assert (await response.json())["code"] == "not_allowed"
    assert not place.gate.told


async def test_nobody_asks_without_a_token(
    place: Place, hass_client_no_auth: ClientSessionGenerator
) -> None:
    stranger = await hass_client_no_auth()

    for method, url in (("post", CHECK), *BOOKS):
        response = await stranger.request(method, url, json={})
        assert response.status == HTTPStatus.UNAUTHORIZED


async def test_only_administrators_see_the_log_and_the_cards(
    place: Place, hass: HomeAssistant
) -> None:
    for method, url in BOOKS:
        response = await place.reader.request(method, url, json={})
        assert response.status == HTTPStatus.FORBIDDEN
        assert (await response.json())["code"] == "not_an_administrator"

    assert not hass.http.app[KEY_FAILED_LOGIN_ATTEMPTS]
    assert "c1" in place.admission.policies.policy.credentials


# --- Bodies ----------------------------------------------------------------------------------


BAD_CHECKS: Final = {
    b"": "not_json",
    b"card=04A1": "not_json",
    b'{"door": NaN}': "not_json",
    b'{"door": "Gate", "card": "\\ud800"}': "not_json",
    b'{"door": "\xff"}': "not_json",
    b"[" * 5000: "not_json",
    b"[]": "bad_request",
    b"null": "bad_request",
    b'"Gate"': "bad_request",
    b"{}": "bad_request",
    b'{"door": "Gate"}': "bad_request",
    b'{"door": "Gate", "pin": null}': "secret_no_text",
    b'{"door": "Gate", "pin": ["471108"]}': "secret_no_text",
    b'{"door": "Gate", "pin": "12"}': "pin_bad",
    b'{"door": "Gate", "pin": "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4"}': "pin_bad",
    b'{"door": "Gate", "card": null}': "secret_no_text",
    b'{"door": "Gate", "card": true}': "secret_no_text",
    b'{"door": "Gate", "card": []}': "secret_no_text",
    b'{"door": "Gate", "card": {}}': "secret_no_text",
    b'{"door": "Gate", "card": ""}': "card_number_bad",
    b'{"door": "Gate", "card": "04A1\\u0000"}': "card_number_bad",
    b'{"door": "Gate", "card": "4711", "colour": "blue"}': "bad_request",
    b'{"door": "Gate", "card": {"number": "04", "length": 1e300}}': "card_number_bad",
    b'{"door": "Gate", "card": {"number": "04", "length": "x"}}': "bad_request",
    b'{"door": "Gate", "card": {"number": "04", "format": "octal"}}': "bad_request",
    b'{"door": "Gate", "card": "04A1", "direction": "up"}': "bad_request",
    b'{"door": ["Gate"], "card": "04A1"}': "bad_request",
}


async def test_a_body_that_is_no_check_is_refused_with_what_to_do(
    place: Place, stopped_clock: list[float]
) -> None:
    answers = {}
    for body in BAD_CHECKS:
        stopped_clock[0] += 1
        response = await place.reader.post(CHECK, data=body)
        assert response.status == HTTPStatus.BAD_REQUEST, body
        answers[body] = await response.json()

    assert {body: answer["code"] for body, answer in answers.items()} == BAD_CHECKS
    assert all(len(answer["message"]) > len("a field:") for answer in answers.values())


async def test_a_huge_body_is_not_read(place: Place) -> None:
    response = await place.reader.post(CHECK, data=b" " * 70_000)

    assert response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert (await response.json())["code"] == "too_large"


async def test_a_slow_body_is_not_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.gatehouse.api_view.BODY_WITHIN", 0.05)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await eventually(lambda: answered)
        yield b"}"

    answered: list[bool] = []
    response = await place.reader.post(CHECK, data=dripping())
    answered.append(True)

    assert response.status == HTTPStatus.REQUEST_TIMEOUT


async def test_a_door_that_nobody_knows_is_said_to_be_none(place: Place) -> None:
    response = await place.reader.post(CHECK, json={"door": "lock.moon", "card": CARD})

    assert response.status == HTTPStatus.NOT_FOUND
    assert (await response.json())["code"] == "access_not_found"


async def test_two_doors_of_one_name_are_not_guessed(place: Place) -> None:
    with patch.object(type(place.admission), "doors", lambda _: {GATE: "Gate", SHED: "gate"}):
        response = await place.reader.post(CHECK, json={"door": "Gate", "card": CARD})

    assert response.status == HTTPStatus.NOT_FOUND
    assert "Several doors" in (await response.json())["message"]


async def test_a_site_that_does_not_run_says_so(place: Place, hass: HomeAssistant) -> None:
    await hass.config_entries.async_unload(place.site.entry_id)

    response = await place.reader.post(CHECK, json={"door": "Gate", "card": CARD})

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (await response.json())["code"] == "not_running"


async def test_a_database_that_fails_lets_nobody_in(place: Place) -> None:
    with patch.object(type(place.admission.log), "uses", side_effect=DatabaseError("disk full")):
        response = await place.reader.post(CHECK, json={"door": "Gate", "card": CARD})

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (await response.json())["code"] == "database_failed"
    assert not place.gate.told


async def test_no_number_and_no_pin_is_told_anywhere(
    place: Place, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    await place.keep(DoorRules(door=GATE, verify=Verify.CARD_OR_PIN))
    bodies: list[dict[str, Any]] = [
        {"door": "Gate", "card": CARD},
        {"door": "Gate", "pin": PIN},
        {"door": "Gate", "card": f"{CARD}0"},
        {"door": "Gate", "pin": f"{PIN}{PIN}"},
        {"door": "Gate", "card": {"number": CARD, "format": PIN}},
        {"door": "Gate", "card": {"number": CARD, "length": {}}},
        {"door": "moon", "card": CARD, "pin": PIN},
    ]
    answers = [await (await place.reader.post(CHECK, json=body)).text() for body in bodies]
    answers += [await (await place.admin.get(url)).text() for url in (LOG, CARDS)]
    answers.append(await (await place.admin.get(LOG, params={"format": "csv"})).text())
    states = [json.dumps(state.as_dict(), default=str) for state in hass.states.async_all()]

    ours = [each.getMessage() for each in caplog.records if "gatehouse" in each.name]
    for told in (*answers, *states, *ours):
        assert CARD.casefold() not in told.casefold()
        assert PIN not in told


# --- Limits ----------------------------------------------------------------------------------


async def test_who_asks_too_often_waits_as_long_as_is_said(
    place: Place, stopped_clock: list[float]
) -> None:
    body = {"door": "nowhere", "pin": PIN}
    statuses = [(await place.reader.post(CHECK, json=body)).status for _ in range(30)]
    refused = await place.reader.post(CHECK, json=body)
    other = await place.admin.post(CHECK, json=body)
    stopped_clock[0] += int(refused.headers["Retry-After"])
    again = await place.reader.post(CHECK, json=body)

    assert set(statuses) == {HTTPStatus.NOT_FOUND}
    assert refused.status == HTTPStatus.TOO_MANY_REQUESTS
    assert (await refused.json())["code"] == "too_many_requests"
    assert other.status == again.status == HTTPStatus.NOT_FOUND


def test_somebody_may_ask_at_a_rate_in_the_long_run(stopped_clock: list[float]) -> None:
    pace = Pace(Rate(burst=2, per_second=0.5))

    waits = [pace.wait("a"), pace.wait("a"), pace.wait("a")]
    stopped_clock[0] += 1
    half = pace.wait("a")
    stopped_clock[0] += 1
    late = pace.wait("a")
    stopped_clock[0] += 3600
    rested = [pace.wait("a"), pace.wait("a"), pace.wait("a")]

    assert waits == [0, 0, 2]
    assert (half, late) == (1, 0)
    assert rested == [0, 0, 2]


def test_who_asked_longest_ago_is_forgotten_first(stopped_clock: list[float]) -> None:
    pace = Pace(Rate(burst=1, per_second=0.1))

    assert pace.wait("first") == 0
    assert all(pace.wait(number) == 0 for number in range(MOST - 1))
    assert pace.wait("first") > 0
    assert [pace.wait("new"), pace.wait("first"), pace.wait(0)] == [0, 10, 0]


# --- The log ---------------------------------------------------------------------------------


async def fill(place: Place, count: int = 5) -> None:
    """Keep passages, one a minute from noon on, by turns at the gate and the shed."""
    await place.admission.log.add(
        [
            Entry(
                passage=Passage(
                    id=f"p{number}",
                    door=(GATE, SHED)[number % 2],
                    kind=(PassageKind.GRANTED, PassageKind.DENIED)[number % 2],
                    at=NOON + timedelta(minutes=number),
                    person="=Anna" if number == 0 else None,
                    holder="anna" if number == 0 else None,
                ),
                credential=None,
                decider="server",
            )
            for number in range(count)
        ]
    )


async def test_the_log_is_read_page_by_page_newest_first(place: Place) -> None:
    await fill(place)

    first = await (await place.admin.get(LOG, params={"limit": 3})).json()
    params = {"limit": 3, "before": first["next"]}
    second = await (await place.admin.get(LOG, params=params)).json()

    assert [each["id"] for each in first["passages"]] == ["p4", "p3", "p2"]
    assert [each["id"] for each in second["passages"]] == ["p1", "p0"]
    assert second["next"] is None


FOUND: Final[dict[str, list[str]]] = {
    "door=Gate": ["p4", "p2", "p0"],
    "door=lock.shed_lock": ["p3", "p1"],
    f"door=Gate&door={SHED}": ["p4", "p3", "p2", "p1", "p0"],
    "user=Anna": ["p0"],
    "kind=denied": ["p3", "p1"],
    "kind=denied&kind=forced": ["p3", "p1"],
    "since=2026-06-01T12:03:00Z": ["p4", "p3"],
    "until=2026-06-01T12:01:00Z": ["p0"],
}

NOT_KNOWN: Final = {
    "limit=0": HTTPStatus.BAD_REQUEST,
    "limit=501": HTTPStatus.BAD_REQUEST,
    "limit=many": HTTPStatus.BAD_REQUEST,
    "kind=visit": HTTPStatus.BAD_REQUEST,
    "since=yesterday": HTTPStatus.BAD_REQUEST,
    "format=xml": HTTPStatus.BAD_REQUEST,
    "page=2": HTTPStatus.BAD_REQUEST,
    "door=moon": HTTPStatus.NOT_FOUND,
    "user=moon": HTTPStatus.NOT_FOUND,
    "before=moon": HTTPStatus.NOT_FOUND,
}


async def test_the_log_is_asked_for_some_of_it(place: Place) -> None:
    await fill(place)

    pages = {asked: await (await place.admin.get(f"{LOG}?{asked}")).json() for asked in FOUND}

    assert {asked: [each["id"] for each in page["passages"]] for asked, page in pages.items()} == (
        FOUND
    )


async def test_a_question_that_the_log_does_not_know_is_refused(place: Place) -> None:
    statuses = {asked: (await place.admin.get(f"{LOG}?{asked}")).status for asked in NOT_KNOWN}

    assert statuses == NOT_KNOWN


async def test_the_log_is_a_table_for_spreadsheets(place: Place) -> None:
    await fill(place, 1200)

    response = await place.admin.get(LOG, params={"format": "csv", "door": "Gate"})

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="access-')
    rows = list(csv.DictReader((await response.text()).splitlines()))
    assert len(rows) == 600
    assert {row["door"] for row in rows} == {"Gate"}
    assert rows[-1]["person"] == "'=Anna"


async def test_a_table_of_nothing_has_its_head(place: Place) -> None:
    response = await place.admin.get(LOG, params={"format": "csv"})

    assert (await response.text()).startswith("at,door,kind")


async def test_a_table_that_cannot_be_read_is_an_error_and_no_table(place: Place) -> None:
    with patch.object(type(place.admission.log), "find", side_effect=DatabaseError("disk full")):
        response = await place.admin.get(LOG, params={"format": "csv"})

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE


# --- Cards -----------------------------------------------------------------------------------


async def test_cards_are_listed_without_their_numbers(place: Place) -> None:
    text = await (await place.admin.get(CARDS)).text()

    [listed] = json.loads(text)["cards"]
    assert (listed["id"], listed["user_id"], listed["name"]) == ("c1", "anna", "Blue fob")
    assert card(place).hash[:8] not in text


async def test_a_card_is_given_to_somebody_and_opens_at_once(place: Place) -> None:
    body = {"user_id": "anna", "card": "0A:0B:0C:0D", "name": "Spare", "max_uses": 2}

    response = await place.admin.post(CARDS, json=body)

    assert response.status == HTTPStatus.CREATED
    given = await response.json()
    assert (given["name"], given["max_uses"], given["visitor"]) == ("Spare", 2, False)
    assert (await place.check(door="Gate", card="0a0b0c0d"))["person"] == "Anna"


BAD_CARDS: Final[list[tuple[dict[str, Any], HTTPStatus, str]]] = [
    ({"user_id": "moon"}, HTTPStatus.NOT_FOUND, "access_not_found"),
    ({"card": CARD}, HTTPStatus.CONFLICT, "card_taken"),
    ({"card": "xyz"}, HTTPStatus.BAD_REQUEST, "card_number_bad"),
    ({"card": 3.5}, HTTPStatus.BAD_REQUEST, "secret_no_text"),
    ({"name": ""}, HTTPStatus.BAD_REQUEST, "access_name_bad"),
    ({"name": "a\u0000b"}, HTTPStatus.BAD_REQUEST, "access_name_bad"),
    ({"name": "\N{BELL}" * 100}, HTTPStatus.BAD_REQUEST, "access_name_bad"),
    ({"max_uses": 0}, HTTPStatus.BAD_REQUEST, "bad_request"),
    ({"max_uses": 2.5}, HTTPStatus.BAD_REQUEST, "bad_request"),
    ({"active": "maybe"}, HTTPStatus.BAD_REQUEST, "bad_request"),
    ({"visitor": True}, HTTPStatus.BAD_REQUEST, "access_validity_bad"),
    ({"hash": "00" * 32}, HTTPStatus.BAD_REQUEST, "bad_request"),
]


async def test_a_card_that_cannot_be_kept_is_refused(place: Place) -> None:
    body = {"user_id": "anna", "card": "0A0B0C0D"}

    refused = [await place.admin.post(CARDS, json=body | change) for change, _, _ in BAD_CARDS]

    told = [(response.status, (await response.json())["code"]) for response in refused]
    assert told == [(status, code) for _, status, code in BAD_CARDS]
    assert len(place.admission.policies.policy.credentials) == 2


async def test_a_visitors_card_ends(place: Place) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"user_id": "anna", "card": "0A0B0C0D", "visitor": True, "valid_until": until}

    given = await (await place.admin.post(CARDS, json=body)).json()

    assert given["visitor"]
    assert datetime.fromisoformat(given["valid_until"]) == datetime.fromisoformat(until)


async def test_a_card_that_is_taken_away_opens_nothing(place: Place) -> None:
    response = await place.admin.delete(f"{CARDS}/c1")

    answer = await response.json()
    assert answer["card"]["name"] == "Blue fob"
    assert answer["unconfirmed"] == []
    assert (await place.check(door="Gate", card=CARD))["reason"] == "unknown_card"


async def test_what_is_no_card_is_not_taken_away(place: Place) -> None:
    answers = [await place.admin.delete(f"{CARDS}/{identity}") for identity in ("moon", "p1")]

    assert {answer.status for answer in answers} == {HTTPStatus.NOT_FOUND}
    assert "p1" in place.admission.policies.policy.credentials
