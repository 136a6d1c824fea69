"""The actions about who may enter, on a site with a real database and an agent with doors."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
import logging
from typing import Any, Final

from homeassistant.const import MATCH_ALL
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
from homeassistant.util.read_only_dict import ReadOnlyDict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
import voluptuous as vol

from custom_components.gatehouse.access import Entry, card_hash, pin_hash
from custom_components.gatehouse.access_deeds import ACCESS_ACTIONS
from custom_components.gatehouse.admission import Admission
from custom_components.gatehouse.models import Passage, PassageKind
from tests.ha.doorkeeping import GARAGE_LOCK, LOCK, act, admitting, hold, policy_of
from tests.ha.scripted import ScriptedAgent
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.waiting import eventually

NUMBER: Final = "04:A1:B2:C3:D4:E5:F6"
PIN: Final = "907183"
WORKDAYS: Final = ["mon", "tue", "wed", "thu", "fri"]
NIGHT: Final = {"start": "22:00", "end": "06:00"}
NOON: Final = datetime(2026, 11, 18, 12, tzinfo=UTC)


@pytest.fixture
def agent(agent: ScriptedAgent) -> ScriptedAgent:
    """An agent called Porch, with a front door and a garage."""
    agent.doors.add()
    agent.doors.card = None
    return agent


@pytest.fixture
async def admission(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> Admission:
    """The doors of a site whose agent goes by its policy."""
    return await admitting(hass, running_site, agent)


@pytest.fixture
async def anna(hass: HomeAssistant, admission: Admission) -> str:
    """Anna, who may enter by the front door; the id."""
    answer = await act(hass, "set_user", name="Anna", doors=[LOCK])
    return str(answer["user"]["id"])


@pytest.fixture
async def tag(hass: HomeAssistant, anna: str) -> str:
    """Anna's card; the id."""
    answer = await act(hass, "set_credential", user_id=anna, name="Tag", number=NUMBER)
    return str(answer["credential"]["id"])


async def refused(hass: HomeAssistant, action: str, **data: Any) -> ServiceValidationError:
    """Return what somebody is told who asks for what cannot be."""
    with pytest.raises(ServiceValidationError) as refusal:
        await act(hass, action, **data)
    return refusal.value


def digest(admission: Admission, canonical: str) -> str:
    return card_hash(admission.policies.policy.key, canonical)


# --- Users -----------------------------------------------------------------------------------


async def test_somebody_is_kept_with_what_they_may_open(
    hass: HomeAssistant, admission: Admission
) -> None:
    await act(hass, "set_schedule", name="Working hours", windows=[{"days": WORKDAYS, **NIGHT}])
    await act(hass, "set_door_group", name="All", doors=[LOCK, GARAGE])

    answer = await act(
        hass,
        "set_user",
        name="  Bob  ",
        doors=LOCK,
        door_groups="all",
        schedule="working HOURS",
        valid_until="2027-01-01T00:00:00+00:00",
        note="Electrician",
    )

    user = answer["user"]
    (schedule,) = (await act(hass, "get_schedules"))["schedules"]
    (group,) = (await act(hass, "get_door_groups"))["door_groups"]
    assert user == {
        "id": user["id"],
        "name": "Bob",
        "active": True,
        "valid_from": None,
        "valid_until": "2027-01-01T00:00:00+00:00",
        "permissions": [
            {"doors": [FRONT], "door_groups": [group["id"]], "schedule": schedule["id"]}
        ],
        "note": "Electrician",
        "credentials": [],
    }
    assert (answer["before"], answer["unconfirmed"]) == (None, [])
    assert (await act(hass, "get_users"))["users"] == [user]


async def test_what_is_not_said_of_somebody_stays(hass: HomeAssistant, anna: str) -> None:
    await act(hass, "set_user", user_id=anna, valid_from="2026-01-01T00:00:00+00:00", note="Hi")

    answer = await act(hass, "set_user", user_id="anna", active=False, valid_from=None)

    assert answer["before"]["active"]
    assert answer["before"]["valid_from"] == "2026-01-01T00:00:00+00:00"
    assert answer["user"] == answer["before"] | {"active": False, "valid_from": None}
    assert answer["user"]["permissions"][0]["doors"] == [FRONT]


async def test_what_somebody_was_can_be_kept_again(hass: HomeAssistant, anna: str) -> None:
    changed = await act(hass, "set_user", user_id=anna, name="Anne", doors=[], note="New")
    before = changed["before"]
    del before["credentials"]

    again = await act(hass, "set_user", user_id=before.pop("id"), **before)

    assert again["user"] == changed["before"] | {"id": anna, "credentials": []}


async def test_somebody_may_have_other_hours_at_other_doors(hass: HomeAssistant, anna: str) -> None:
    await act(hass, "set_schedule", name="Nights", windows=[NIGHT])
    permissions = [{"doors": [LOCK]}, {"doors": [GARAGE_LOCK], "schedule": "Nights"}]

    user = (await act(hass, "set_user", user_id=anna, permissions=permissions))["user"]

    assert [each["doors"] for each in user["permissions"]] == [[FRONT], [GARAGE]]
    refusal = await refused(hass, "set_user", user_id=anna, doors=[LOCK])
    assert refusal.translation_key == "several_permissions"
    refusal = await refused(hass, "set_user", user_id=anna, doors=[], permissions=[])
    assert refusal.translation_key == "one_of"


async def test_a_schedule_is_taken_away_again(hass: HomeAssistant, anna: str) -> None:
    await act(hass, "set_schedule", name="Nights", windows=[NIGHT])
    await act(hass, "set_user", user_id=anna, schedule="Nights")

    user = (await act(hass, "set_user", user_id=anna, schedule=None))["user"]

    assert user["permissions"] == [{"doors": [FRONT], "door_groups": [], "schedule": None}]


BAD_USERS: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({}, "access_name_bad", "needs a name"),
    ({"name": ""}, "access_name_bad", "1 to 80"),
    ({"user_id": "Nobody"}, "access_not_found", "'Nobody'"),
    ({"user_id": "Nobody", "name": "X"}, "access_not_found", "'Nobody'"),
    ({"name": "X", "doors": ["lock.cellar"]}, "access_not_found", "lock.cellar"),
    ({"name": "X", "schedule": "Never"}, "access_not_found", "'Never'"),
    ({"name": "X", "door_groups": ["Roof"]}, "access_not_found", "'Roof'"),
    ({"name": "X", "note": "x" * 1001}, "access_note_too_long", "1000"),
    (
        {"name": "X", "valid_from": "2026-12-01", "valid_until": "2026-11-01"},
        "access_validity_bad",
        "end after the start",
    ),
]


async def test_who_cannot_be_kept_is_refused_with_the_reason(
    hass: HomeAssistant, admission: Admission
) -> None:
    for data, key, words in BAD_USERS:
        refusal = await refused(hass, "set_user", **data)

        assert refusal.translation_key == key, data
        assert words in str(refusal), data
    assert not admission.policies.policy.people


async def test_of_two_people_of_one_name_the_id_must_be_said(
    hass: HomeAssistant, anna: str
) -> None:
    other = (await act(hass, "set_user", name="anna"))["user"]["id"]

    assert "2 are called 'Anna'" in str(await refused(hass, "delete_user", user_id="Anna"))
    assert (await act(hass, "delete_user", user_id=other))["user"]["id"] == other


async def test_who_is_deleted_is_gone_with_all_cards_and_can_come_back(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str, tag: str
) -> None:
    assert len(policy_of(agent)["cards"]) == 1

    gone = await act(hass, "delete_user", user_id=anna)

    assert [each["name"] for each in gone["user"]["credentials"]] == ["Tag"]
    assert gone["unconfirmed"] == []
    assert policy_of(agent)["cards"] == {}
    back = await act(hass, "set_user", user_id=anna, name="Anna")
    assert (back["user"]["id"], back["before"]) == (anna, None)


# --- Cards and PINs --------------------------------------------------------------------------


NUMBERS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"number": NUMBER}, "04A1B2C3D4E5F6"),
    ({"number": "0x04a1b2c3"}, "04A1B2C3"),
    ({"number": "305419896", "format": "decimal"}, "12345678"),
    ({"number": 305419896, "format": "decimal"}, "12345678"),
    ({"number": "12345678", "byteorder": "little"}, "78563412"),
    ({"number": "0102030405", "length": 3}, "030405"),
]


async def test_a_card_is_known_by_its_number_as_a_reader_gives_it(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent, anna: str, tag: str
) -> None:
    for typed, canonical in NUMBERS:
        await act(hass, "set_credential", credential_id=tag, **typed)

        assert policy_of(agent)["cards"][digest(admission, canonical)]["id"] == tag, typed
    (user,) = (await act(hass, "get_users", user_id=anna))["users"]
    assert user["credentials"] == [
        {
            "id": tag,
            "user_id": anna,
            "credential_type": "rfid",
            "name": "Tag",
            "active": True,
            "valid_from": None,
            "valid_until": None,
            "max_uses": None,
            "uses": 0,
            "visitor": False,
        }
    ]


async def test_a_pin_is_kept_as_a_slow_hash(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent, anna: str
) -> None:
    for pin in ("0042", 1234, " 1234567890 "):
        answer = await act(hass, "set_credential", user_id=anna, name="PIN", pin=pin)

        expected = pin_hash(str(pin).strip(), admission.policies.policy.salt)
        assert policy_of(agent)["pins"][expected]["id"] == answer["credential"]["id"]
        assert answer["credential"]["credential_type"] == "pin"


async def test_a_card_that_is_disabled_opens_nothing_once_that_is_answered(
    hass: HomeAssistant, agent: ScriptedAgent, tag: str
) -> None:
    answer = await act(hass, "set_credential", credential_id=tag, active=False, max_uses=3)

    (card,) = policy_of(agent)["cards"].values()
    assert (card["id"], card["disabled"], card["uses"]) == (tag, True, 3)
    assert answer["before"]["active"]
    assert answer["unconfirmed"] == []


async def test_a_lost_card_is_replaced_by_another(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent, tag: str
) -> None:
    await act(hass, "set_credential", credential_id=tag, number="01020304")

    assert policy_of(agent)["cards"].keys() == {digest(admission, "01020304")}


async def test_a_card_goes_from_one_to_another(
    hass: HomeAssistant, agent: ScriptedAgent, tag: str
) -> None:
    bob = (await act(hass, "set_user", name="Bob"))["user"]["id"]

    await act(hass, "set_credential", credential_id=tag, user_id="Bob")

    assert [card["person"] for card in policy_of(agent)["cards"].values()] == [bob]


BAD_CREDENTIALS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"name": "Tag"}, "one_of"),
    ({"name": "Tag", "number": "01020304", "pin": PIN}, "one_of"),
    ({"number": "01020304"}, "access_name_bad"),
    ({"name": "Tag", "number": NUMBER}, "card_taken"),
    ({"name": "Tag", "number": "01020"}, "card_number_bad"),
    ({"name": "Tag", "number": ["01020304"]}, "secret_no_text"),
    ({"name": "Tag", "card": "01020304"}, "card_number_bad"),
    ({"name": "PIN", "pin": "123"}, "pin_bad"),
    ({"name": "PIN", "pin": True}, "secret_no_text"),
    ({"name": "PIN", "pin": PIN, "visitor": True}, "access_validity_bad"),
    ({"name": "PIN", "pin": PIN, "user_id": "Nobody"}, "access_not_found"),
]


async def test_what_cannot_be_shown_at_a_door_is_refused(
    hass: HomeAssistant, admission: Admission, tag: str
) -> None:
    for data, key in BAD_CREDENTIALS:
        refusal = await refused(hass, "set_credential", **{"user_id": "Anna", **data})

        assert refusal.translation_key == key, data
    assert admission.policies.policy.credentials.keys() == {tag}


async def test_a_card_needs_somebody(hass: HomeAssistant, admission: Admission) -> None:
    refusal = await refused(hass, "set_credential", name="Tag", number=NUMBER)

    assert "user_id" in str(refusal)


async def test_nobody_learns_whose_a_pin_is(hass: HomeAssistant, anna: str) -> None:
    await act(hass, "set_user", name="Bob")
    await act(hass, "set_credential", user_id=anna, name="PIN", pin=PIN)

    refusal = await refused(hass, "set_credential", user_id="Bob", name="PIN", pin=PIN)

    assert refusal.translation_key == "pin_taken"
    assert "Anna" not in str(refusal)


async def test_a_card_is_deleted_once(hass: HomeAssistant, agent: ScriptedAgent, tag: str) -> None:
    gone = await act(hass, "delete_credential", credential_id=tag)

    assert gone["credential"]["name"] == "Tag"
    assert gone["unconfirmed"] == []
    assert policy_of(agent)["cards"] == {}
    refusal = await refused(hass, "delete_credential", credential_id=tag)
    assert refusal.translation_key == "access_not_found"


# --- Enrolling -------------------------------------------------------------------------------


async def test_the_next_card_at_a_reader_becomes_somebodys(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str
) -> None:
    hold(agent, "ab" * 32)

    answer = await act(
        hass, "enroll_credential", door=LOCK, reader="outside", user_id="Anna", name="Phone tag"
    )

    assert answer["credential"]["user_id"] == anna
    assert (answer["technology"], answer["length"]) == ("iso14443a", 7)
    assert agent.doors.asked == [{"door": "front", "reader": "outside", "seconds": 30.0}]
    assert policy_of(agent)["cards"]["ab" * 32]["person"] == anna
    assert "ab" * 32 not in json.dumps(answer)


async def test_a_card_is_enrolled_first_and_given_to_somebody_later(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str
) -> None:
    hold(agent, "ab" * 32)
    shown = await act(hass, "enroll_credential", door=GARAGE, seconds=5)
    assert shown["belongs_to"] is None

    await act(hass, "set_credential", user_id=anna, name="Tag", card=shown["card"])

    assert policy_of(agent)["cards"]["ab" * 32]["person"] == anna
    again = await act(hass, "enroll_credential", door=GARAGE)
    assert again["belongs_to"] == "Anna"


async def test_a_card_of_somebody_else_stays_theirs(
    hass: HomeAssistant, agent: ScriptedAgent, admission: Admission, tag: str
) -> None:
    await act(hass, "set_user", name="Bob")
    hold(agent, digest(admission, "04A1B2C3D4E5F6"))

    refusal = await refused(hass, "enroll_credential", door=LOCK, user_id="Bob", name="Tag")

    assert refusal.translation_key == "card_taken"
    assert "belongs to Anna" in str(refusal)


async def test_a_phone_with_another_number_each_time_is_refused(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str
) -> None:
    hold(agent, "ab" * 32, random=True)

    refusal = await refused(hass, "enroll_credential", door=LOCK, user_id=anna, name="Phone")

    assert refusal.translation_key == "card_random"
    assert policy_of(agent)["cards"] == {}


async def test_if_no_card_is_held_to_the_reader_that_is_told(
    hass: HomeAssistant, anna: str
) -> None:
    with pytest.raises(HomeAssistantError) as failed:
        await act(hass, "enroll_credential", door=LOCK, user_id=anna, name="Tag")

    assert failed.value.translation_key == "no_card"


async def test_a_reader_that_nobody_shows_a_card_need_not_be_waited_for(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str
) -> None:
    agent.doors.held.clear()
    learning = asyncio.create_task(
        act(hass, "enroll_credential", door=LOCK, user_id=anna, name="Tag")
    )
    await eventually(lambda: agent.doors.asked)

    assert await act(hass, "cancel_enrollment", door=GARAGE) == {"cancelled": False}
    assert await act(hass, "cancel_enrollment", door=LOCK) == {"cancelled": True}

    with pytest.raises(HomeAssistantError) as failed:
        await learning
    assert failed.value.translation_key == "enrollment_cancelled"
    assert await act(hass, "cancel_enrollment", door=LOCK) == {"cancelled": False}
    assert policy_of(agent)["cards"] == {}


async def test_nobody_waits_for_a_card_that_could_not_be_kept(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str
) -> None:
    for data in ({"user_id": "Nobody", "name": "Tag"}, {"user_id": anna}):
        await refused(hass, "enroll_credential", door=LOCK, **data)

    assert agent.doors.asked == []


# --- Hours and groups ------------------------------------------------------------------------


async def test_a_schedule_says_when(hass: HomeAssistant, admission: Admission) -> None:
    answer = await act(
        hass,
        "set_schedule",
        name="Office",
        windows=[{"days": ["fri", "mon"], "start": "08:00", "end": "17:30"}],
        special=[{"first": "2026-12-24", "hours": [{"start": "08:00", "end": "12:00"}]}],
        holidays="as_sunday",
    )

    schedule = answer["schedule"]
    assert schedule == {
        "id": schedule["id"],
        "name": "Office",
        "windows": [{"days": ["mon", "fri"], "start": "08:00:00", "end": "17:30:00"}],
        "special": [
            {
                "first": "2026-12-24",
                "last": "2026-12-24",
                "hours": [{"start": "08:00:00", "end": "12:00:00"}],
            }
        ],
        "holidays": "as_sunday",
    }


async def test_a_schedule_of_the_same_name_is_changed(
    hass: HomeAssistant, admission: Admission
) -> None:
    first = (await act(hass, "set_schedule", name="Office", windows=[NIGHT]))["schedule"]

    answer = await act(hass, "set_schedule", name="office", holidays="ignored")

    assert answer["before"] == first
    assert answer["schedule"] == first | {"name": "office", "holidays": "ignored"}
    renamed = await act(hass, "set_schedule", schedule_id=first["id"], name="Nights")
    assert [each["name"] for each in (await act(hass, "get_schedules"))["schedules"]] == ["Nights"]
    again = {key: value for key, value in renamed["schedule"].items() if key != "id"}
    assert (await act(hass, "set_schedule", **again))["schedule"] == renamed["schedule"]


async def test_what_somebody_needs_is_not_deleted(hass: HomeAssistant, anna: str) -> None:
    await act(hass, "set_schedule", name="Nights", windows=[NIGHT])
    await act(hass, "set_door_group", name="All", doors=[LOCK])
    await act(hass, "set_user", user_id=anna, schedule="Nights", door_groups=["All"])

    for data in ({"schedule_id": "Nights"}, {"door_group_id": "All"}):
        action = f"delete_{next(iter(data)).removesuffix('_id')}"
        refusal = await refused(hass, action, **data)
        assert refusal.translation_key == "access_in_use"
        assert "Anna" in str(refusal)
    await act(hass, "set_user", user_id=anna, schedule=None, door_groups=[])
    assert (await act(hass, "delete_schedule", schedule_id="Nights"))["unconfirmed"] == []
    assert (await act(hass, "delete_door_group", door_group_id="All"))["unconfirmed"] == []


async def test_a_holiday_is_a_day_or_more(hass: HomeAssistant, admission: Admission) -> None:
    day = (await act(hass, "set_holiday", name="New Year", first="2027-01-01"))["holiday"]
    assert (day["first"], day["last"], day["yearly"]) == ("2027-01-01", "2027-01-01", False)

    days = await act(hass, "set_holiday", name="New Year", last="2027-01-02", yearly=True)
    await act(hass, "set_holiday", name="Christmas", first="2026-12-25", last="2026-12-26")

    assert days["before"] == day
    found = (await act(hass, "get_holidays"))["holidays"]
    assert [(each["name"], each["last"]) for each in found] == [
        ("Christmas", "2026-12-26"),
        ("New Year", "2027-01-02"),
    ]
    gone = await act(hass, "delete_holiday", holiday_id=day["id"])
    assert gone["holiday"] == days["holiday"]


async def test_a_group_holds_each_door_once(hass: HomeAssistant, admission: Admission) -> None:
    answer = await act(hass, "set_door_group", name="All", doors=[LOCK, FRONT, GARAGE_LOCK])
    renamed = await act(
        hass, "set_door_group", door_group_id=answer["door_group"]["id"], name="Ground floor"
    )

    assert renamed["before"]["doors"] == [FRONT, GARAGE]
    assert renamed["door_group"] == renamed["before"] | {"name": "Ground floor"}


BAD_HOURS: Final[list[tuple[str, dict[str, Any], str]]] = [
    ("set_schedule", {}, "access_name_bad"),
    ("set_schedule", {"name": "X", "windows": [NIGHT | {"days": []}]}, "access_hours_bad"),
    ("set_schedule", {"schedule_id": "X", "name": "Y"}, "access_not_found"),
    ("set_holiday", {"name": "X"}, "access_hours_bad"),
    (
        "set_holiday",
        {"name": "X", "first": "2026-12-26", "last": "2026-12-25"},
        "access_hours_bad",
    ),
    ("set_door_group", {"doors": [LOCK]}, "access_name_bad"),
    ("delete_holiday", {"holiday_id": "X"}, "access_not_found"),
]


@pytest.mark.usefixtures("admission")
async def test_hours_without_sense_are_refused(hass: HomeAssistant) -> None:
    for action, data, key in BAD_HOURS:
        assert (await refused(hass, action, **data)).translation_key == key, data


# --- Doors -----------------------------------------------------------------------------------


async def test_a_door_is_unlocked_in_the_name_of_who_asks(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent, hass_admin_user: MockUser
) -> None:
    answer = await hass.services.async_call(
        "gatehouse",
        "unlock",
        {"door": LOCK},
        blocking=True,
        return_response=True,
        context=Context(user_id=hass_admin_user.id),
    )

    assert agent.doors.asked == [{"door": "front", "person": hass_admin_user.name, "seconds": None}]
    assert answer["passage"]["actor"] == hass_admin_user.name
    assert (answer["passage"]["door"], answer["passage"]["door_name"]) == (FRONT, "Front door")
    assert answer["passage"]["authentication"] == "app"


async def test_a_door_is_unlocked_for_somebody_and_for_as_long_as_is_said(
    hass: HomeAssistant, agent: ScriptedAgent, anna: str
) -> None:
    known = await act(hass, "unlock", door=GARAGE, seconds=12.5, person="Anna")
    other = await act(hass, "unlock", door=GARAGE, person="The postman")
    nobody = await act(hass, "unlock", door=GARAGE)

    asked = [(each["person"], each["seconds"]) for each in agent.doors.asked]
    assert asked == [(anna, 12.5), ("The postman", None), (None, None)]
    actors = [each["passage"]["actor"] for each in (known, other, nobody)]
    assert actors == ["Anna", "The postman", None]


async def test_in_a_lockdown_a_door_is_unlocked_only_if_that_is_meant(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent
) -> None:
    await act(hass, "lockdown")

    assert (await refused(hass, "unlock", door=LOCK)).translation_key == "locked_down"
    assert agent.doors.asked == []
    await act(hass, "unlock", door=LOCK, in_lockdown=True)
    assert len(agent.doors.asked) == 1


async def test_doors_are_kept_unlocked_for_a_while(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent
) -> None:
    answer = await act(
        hass,
        "set_door_mode",
        door=[LOCK, GARAGE_LOCK],
        mode="keep_unlocked",
        duration={"minutes": 10},
    )

    (front, garage) = answer["doors"]
    until = datetime.fromisoformat(front["mode_until"])
    assert timedelta(minutes=9) < until - dt_util.utcnow() <= timedelta(minutes=10)
    assert (front["mode"], front["before"]["mode"]) == ("keep_unlocked", "normal")
    assert garage["key"] == GARAGE
    assert policy_of(agent)["doors"]["front"]["mode"] == "keep_unlocked"
    assert policy_of(agent)["doors"]["garage"]["mode_until"] == pytest.approx(
        until.timestamp(), abs=1
    )
    back = await act(hass, "set_door_mode", door=LOCK, mode="normal")
    assert back["doors"][0]["mode_until"] is None


BAD_MODES: Final[list[tuple[dict[str, Any], str]]] = [
    ({"mode": "keep_locked", "until": "2020-01-01"}, "access_validity_bad"),
    ({"mode": "normal", "duration": {"minutes": 1}}, "access_validity_bad"),
    ({"mode": "keep_locked", "until": "2099-01-01", "duration": 60}, "one_of"),
    ({"mode": "keep_locked", "door": "lock.cellar"}, "access_not_found"),
    ({"mode": "keep_locked", "door": "camera.front_door"}, "access_not_found"),
]


async def test_a_mode_without_sense_is_refused(hass: HomeAssistant, admission: Admission) -> None:
    for data, key in BAD_MODES:
        refusal = await refused(hass, "set_door_mode", **{"door": LOCK, **data})

        assert refusal.translation_key == key, data
    assert not admission.policies.policy.doors


async def test_doors_ask_for_more(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent
) -> None:
    await act(hass, "set_door_rules", door=LOCK, verify="card_and_pin", antipassback="soft")

    answer = await act(hass, "set_door_rules", door=LOCK, antipassback_reset={"hours": 1})

    (door,) = answer["doors"]
    assert (door["verify"], door["antipassback"], door["antipassback_reset"]) == (
        "card_and_pin",
        "soft",
        3600.0,
    )
    assert door["before"]["antipassback_reset"] == 43200.0
    assert policy_of(agent)["doors"]["front"]["antipassback_reset_s"] == 3600.0


@pytest.mark.parametrize(("action", "mode"), [("lockdown", "lockdown"), ("evacuate", "evacuation")])
async def test_something_goes_before_all_doors_until_it_is_over(
    hass: HomeAssistant, admission: Admission, agent: ScriptedAgent, action: str, mode: str
) -> None:
    begun = await act(hass, action)
    assert begun == {"site": mode, "before": "normal", "unconfirmed": []}
    assert policy_of(agent)["site"] == mode

    ended = await act(hass, action, active=False)
    assert ended == {"site": "normal", "before": mode, "unconfirmed": []}
    assert policy_of(agent)["site"] == "normal"


async def test_an_evacuation_does_not_end_with_a_lockdown(
    hass: HomeAssistant, admission: Admission
) -> None:
    await act(hass, "evacuate")

    assert (await act(hass, "lockdown", active=False))["site"] == "evacuation"


async def test_all_doors_are_told_as_they_are(hass: HomeAssistant, admission: Admission) -> None:
    await act(hass, "set_user", name="Nobody")  # it waits until the agent confirms

    answer = await act(hass, "get_doors")

    front, garage = answer["doors"]
    assert (front["key"], front["name"], front["entity_id"]) == (FRONT, "Front door", LOCK)
    assert front["verify"] == "card"
    assert (front["state"]["locked"], front["state"]["open"]) == (True, False)
    assert garage["state"]["open"] is None
    assert garage["state"]["readers"]["outside"]["tampered"]
    assert (answer["site"], answer["unconfirmed"]) == ("normal", [])


# --- What was confirmed ----------------------------------------------------------------------


async def test_an_agent_that_has_not_confirmed_is_named(
    hass: HomeAssistant, agent: ScriptedAgent, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.gatehouse.deeds.CONFIRMED_WITHIN", timedelta(milliseconds=50)
    )
    agent.doors.obeys.clear()

    assert (await act(hass, "delete_credential", credential_id=tag))["unconfirmed"] == ["Porch"]

    agent.doors.obeys.set()
    await eventually(lambda: policy_of(agent)["cards"] == {})
    assert (await act(hass, "set_user", name="Bob"))["unconfirmed"] == []


async def test_an_agent_that_was_never_there_goes_by_what_it_had(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent, tag: str
) -> None:
    port = agent.port
    await agent.stop()
    await hass.config_entries.async_reload(running_site.entry_id)

    gone = await act(hass, "delete_credential", credential_id=tag)

    assert gone["unconfirmed"] == ["Porch"]
    (before,) = policy_of(agent)["cards"].values()
    assert before["id"] == tag
    await agent.start(port)
    await eventually(lambda: policy_of(agent)["cards"] == {})


# --- Who would, and who did ------------------------------------------------------------------


async def test_who_would_be_let_in_is_told_and_nothing_else_happens(
    hass: HomeAssistant, admission: Admission, anna: str, tag: str
) -> None:
    by_user = await act(hass, "check_access", door=LOCK, user_id="Anna")
    by_card = await act(hass, "check_access", door=LOCK, credential_id=tag)
    by_number = await act(hass, "check_access", door=LOCK, number=NUMBER)

    assert by_user["granted"]
    assert {**by_user, "at": ""} == {**by_card, "at": ""} == {**by_number, "at": ""}
    assert (by_user["user"], by_user["credential_name"], by_user["reason"]) == ("Anna", "Tag", None)
    garage = await act(hass, "check_access", door=GARAGE_LOCK, user_id=anna)
    assert (garage["granted"], garage["reason"]) == (False, "no_access")
    unknown = await act(hass, "check_access", door=LOCK, number="01020304")
    assert (unknown["granted"], unknown["reason"], unknown["user"]) == (False, "unknown_card", None)
    assert (await act(hass, "get_access_log"))["passages"] == []
    assert await admission.log.uses() == {}


async def test_another_moment_can_be_asked_for(hass: HomeAssistant, anna: str, tag: str) -> None:
    await act(hass, "set_user", user_id=anna, valid_until="2027-01-01T00:00:00+00:00")

    later = await act(hass, "check_access", door=LOCK, user_id=anna, at="2027-01-01T00:00:00+00:00")

    assert (later["reason"], later["at"]) == ("expired", "2027-01-01T00:00:00+00:00")


async def test_the_best_of_several_cards_is_told(hass: HomeAssistant, anna: str, tag: str) -> None:
    await act(hass, "set_credential", credential_id=tag, active=False)
    disabled = await act(hass, "check_access", door=LOCK, user_id=anna)
    await act(hass, "set_credential", user_id=anna, name="PIN", pin=PIN)
    await act(hass, "set_credential", user_id=anna, name="Other", number="01020304")

    best = await act(hass, "check_access", door=LOCK, user_id=anna)
    await act(hass, "set_door_rules", door=LOCK, verify="card_and_pin")
    asks = await act(hass, "check_access", door=LOCK, user_id=anna)

    assert (disabled["granted"], disabled["reason"]) == (False, "disabled")
    assert (best["granted"], best["credential_name"]) == (True, "Other")
    assert (asks["granted"], asks["wants_pin"]) == (False, True)


async def test_who_has_nothing_to_show_cannot_be_checked(hass: HomeAssistant, anna: str) -> None:
    refusal = await refused(hass, "check_access", door=LOCK, user_id=anna)
    assert (refusal.translation_key, "Anna" in str(refusal)) == ("nothing_to_show", True)

    nobody = await refused(hass, "check_access", door=LOCK)
    assert nobody.translation_key == "one_of"


@pytest.fixture
async def past(admission: Admission, anna: str) -> list[str]:
    """What has happened at the doors, newest first; the ids."""
    told = [
        Passage(id="p3", door=FRONT, kind=PassageKind.DENIED, at=NOON, card="1a2b3c4d"),
        Passage(
            id="p2", door=GARAGE, kind=PassageKind.EXIT, at=NOON - timedelta(hours=1), person="=1+1"
        ),
        Passage(
            id="p1",
            door=FRONT,
            kind=PassageKind.GRANTED,
            at=NOON - timedelta(hours=2),
            person="Anna",
            holder=anna,
            latency=timedelta(microseconds=412),
        ),
    ]
    await admission.log.add(
        [Entry(passage=each, credential=None, decider="server") for each in told]
    )
    return [each.id for each in told]


FILTERS: Final[list[tuple[dict[str, Any], list[str]]]] = [
    ({}, ["p3", "p2", "p1"]),
    ({"doors": LOCK}, ["p3", "p1"]),
    ({"doors": [GARAGE]}, ["p2"]),
    ({"users": "anna"}, ["p1"]),
    ({"users": ["somebody who was deleted"]}, []),
    ({"kinds": ["denied", "exit"]}, ["p3", "p2"]),
    ({"since": "2026-11-18T11:00:00+00:00"}, ["p3", "p2"]),
    ({"until": "2026-11-18T11:00:00+00:00"}, ["p1"]),
]


@pytest.mark.usefixtures("past")
async def test_the_log_is_asked_for(hass: HomeAssistant) -> None:
    for asked, found in FILTERS:
        answer = await act(hass, "get_access_log", **asked)

        assert [each["id"] for each in answer["passages"]] == found, asked


@pytest.mark.usefixtures("past")
async def test_the_log_has_pages(hass: HomeAssistant, anna: str) -> None:
    first = await act(hass, "get_access_log", limit=2)
    second = await act(hass, "get_access_log", limit=2, before=first["next"])

    assert [len(first["passages"]), first["next"]] == [2, "p2"]
    assert second["next"] is None
    (passage,) = second["passages"]
    assert passage["actor"] == "Anna"
    assert (passage["user_id"], passage["latency_ms"]) == (anna, 0.412)
    refusal = await refused(hass, "get_access_log", before="gone")
    assert refusal.translation_key == "access_not_found"


@pytest.mark.usefixtures("past")
async def test_the_log_is_a_table_whose_cells_do_nothing(hass: HomeAssistant) -> None:
    first = await act(hass, "get_access_log", format="csv", limit=2)
    second = await act(hass, "get_access_log", format="csv", limit=2, before=first["next"])

    lines = first["csv"].splitlines()
    assert lines[0].startswith("at,door,kind,person")
    assert lines[1].startswith("2026-11-18T12:00:00+00:00,Front door,denied,,,1a2b3c4d")
    assert ",'=1+1," in lines[2]
    assert (len(lines), first["next"]) == (3, "p2")
    assert second["csv"].splitlines()[1].endswith(",p1")
    assert second["next"] is None


# --- Who may ask, and what nobody may read ---------------------------------------------------

MINIMAL: Final[dict[str, dict[str, Any]]] = {
    "get_users": {},
    "set_user": {"name": "Eve"},
    "delete_user": {"user_id": "Anna"},
    "set_credential": {"user_id": "Anna", "name": "PIN", "pin": PIN},
    "delete_credential": {"credential_id": "Tag"},
    "enroll_credential": {"door": LOCK},
    "cancel_enrollment": {"door": LOCK},
    "get_schedules": {},
    "set_schedule": {"name": "Always", "windows": [{"start": "00:00", "end": "00:00"}]},
    "delete_schedule": {"schedule_id": "Always"},
    "get_holidays": {},
    "set_holiday": {"name": "Today", "first": "2026-11-18"},
    "delete_holiday": {"holiday_id": "Today"},
    "get_door_groups": {},
    "set_door_group": {"name": "All", "doors": [LOCK]},
    "delete_door_group": {"door_group_id": "All"},
    "get_doors": {},
    "unlock": {"door": LOCK},
    "set_door_mode": {"door": LOCK, "mode": "keep_unlocked"},
    "set_door_rules": {"door": LOCK, "verify": "card"},
    "lockdown": {"active": False},
    "evacuate": {},
    "check_access": {"door": LOCK, "user_id": "Anna"},
    "get_access_log": {},
}


@pytest.mark.usefixtures("tag")
async def test_only_administrators_may_ask(
    hass: HomeAssistant,
    admission: Admission,
    agent: ScriptedAgent,
    hass_read_only_user: MockUser,
) -> None:
    policy, somebody = admission.policies.policy, Context(user_id=hass_read_only_user.id)
    assert MINIMAL.keys() == {action.name for action in ACCESS_ACTIONS}

    for action, data in MINIMAL.items():
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                "gatehouse", action, data, blocking=True, return_response=True, context=somebody
            )

    assert admission.policies.policy is policy
    assert agent.doors.asked == []


async def test_numbers_and_pins_are_nowhere_to_be_read(
    hass: HomeAssistant,
    admission: Admission,
    agent: ScriptedAgent,
    tag: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    told = async_capture_events(hass, MATCH_ALL)
    secrets = [PIN, NUMBER, "04A1B2C3D4E5F6", "0102030405", "010203040", "55887766", "5588776"]

    answers = [
        await act(hass, "set_credential", user_id="Anna", name="PIN", pin=PIN),
        await act(hass, "set_credential", user_id="Anna", name="Card", number="0102030405"),
        await act(hass, "check_access", door=LOCK, number=NUMBER),
        await act(hass, "get_users"),
        await act(hass, "get_access_log"),
    ]
    answers += [
        str(await refused(hass, "set_credential", user_id="Anna", **data))
        for data in (
            {"name": "Card", "number": NUMBER},
            {"name": "Card", "number": "010203040"},
            {"name": "Card", "card": "55887766"},
            {"name": "PIN", "pin": PIN},
            {"name": "PIN", "pin": [5588776]},
        )
    ]
    with pytest.raises(vol.Invalid) as invalid:
        await act(hass, "set_credential", user_id="Anna", pin=PIN, max_uses="many")
    answers.append(str(invalid.value))
    hold(agent, digest(admission, "55887766"))
    await act(hass, "enroll_credential", door=LOCK, user_id="Anna", name="New")
    await agent.doors.scan("denied", credential=None, person=None, card="1a2b3c4d")
    await hass.async_block_till_done()

    read = [
        json.dumps(answers),
        *(json.dumps(event.as_dict(), default=str) for event in told),
        *(json.dumps(state.as_dict(), default=str) for state in hass.states.async_all()),
        *(str(record.__dict__) for record in caplog.records),
    ]
    assert any("call_service" in text and "set_credential" in text for text in read)
    assert not [(secret, text) for secret in secrets for text in read if secret in text]


async def test_what_an_action_passes_on_is_hidden_too(hass: HomeAssistant, anna: str) -> None:
    given = ReadOnlyDict({"user_id": anna, "name": "PIN", "pin": PIN})
    told = async_capture_events(hass, "call_service")

    await hass.services.async_call("gatehouse", "set_credential", given, blocking=True)

    assert told[0].data["service_data"]["pin"] == "**REDACTED**"
    assert (await act(hass, "get_users"))["users"][0]["credentials"][0]["name"] == "PIN"


async def test_what_is_no_data_at_all_is_refused(hass: HomeAssistant, admission: Admission) -> None:
    nonsense: Any = f"pin: {PIN}"

    with pytest.raises(vol.Invalid) as invalid:
        await hass.services.async_call("gatehouse", "set_credential", nonsense, blocking=True)

    assert PIN not in str(invalid.value)
