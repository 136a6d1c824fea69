"""Triggers: automations on a real site, which hear what its hub tells."""

import asyncio
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er, selector
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
import yaml

from custom_components.gatehouse import trigger as triggers
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.incidents import IncidentStore, NewsKind, Presence
from custom_components.gatehouse.models import AssessmentState, Zone, ZoneKind
from tests.ha.automating import CLIP, CLOSED, INCIDENT, LIVE, LOW, NOON, listening_to, tell
from tests.ha.scripted import KEY, ScriptedAgent, ScriptedDetections, jpeg
from tests.ha.seeing import walk_by
from tests.ha.words import ENGLISH, INTEGRATION
from tests.waiting import eventually

DONE = replace(CLOSED, assessing=AssessmentState.DONE)

DRIVE = Zone(
    id="",
    camera=KEY,
    kind=ZoneKind.ZONE,
    name="Drive",
    points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),
)


def changes(heard: list[ServiceCall]) -> list[str]:
    """Return what automations were told that happened."""
    return [call.data["told"]["change"] for call in heard]


async def settled(hass: HomeAssistant, heard: list[ServiceCall], count: int) -> None:
    """Wait for so many calls, and a while for one too many."""
    await eventually(lambda: len(heard) >= count)
    await hass.async_block_till_done()


# --- Incidents -------------------------------------------------------------------------------


async def test_an_automation_is_told_all_about_a_new_incident(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_confirmed")

    tell(running_site, NewsKind.CONFIRMED, due=True)
    await settled(hass, heard, 1)

    told = heard[0].data["told"]
    assert told["picture"].startswith("/api/gatehouse/picture/a1?authSig=")
    expected = {
        "incident_id": "a1",
        "place": "Front door",
        "cameras": [LIVE],
        "change": "confirmed",
        "state": "open",
        "level": "high",
        "risk": 70,
        "reasons": ["at night"],
        "summary": "A person at Front door for 20 s.",
        "zones": ["Drive"],
        "count": 1,
        "due": True,
        "notified": False,
        "clip": None,
        "url": "/gatehouse/incident/a1",
        "description": "incident confirmed at Front door",
        "platform": "gatehouse.incident_confirmed",
    }
    assert {key: told[key] for key in expected} == expected


async def test_what_is_not_known_yet_is_none(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_confirmed")

    bare = replace(INCIDENT, picture=None, assessment=None, sightings=())
    tell(running_site, NewsKind.CONFIRMED, bare)
    await settled(hass, heard, 1)

    told = heard[0].data["told"]
    assert (told["picture"], told["level"], told["cameras"]) == (None, None, [])


@pytest.mark.parametrize(
    ("trigger", "kinds"),
    [
        ("incident_confirmed", ["confirmed"]),
        ("incident_updated", ["recorded"]),
        ("incident_closed", ["closed", "interrupted"]),
    ],
)
async def test_each_trigger_has_its_own_news(
    hass: HomeAssistant, running_site: MockConfigEntry, trigger: str, kinds: list[str]
) -> None:
    heard = await listening_to(hass, f"gatehouse.{trigger}")

    for kind in NewsKind:
        tell(running_site, kind)
    await settled(hass, heard, len(kinds))

    assert changes(heard) == kinds


async def test_a_clip_that_is_ready_is_told(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_updated")
    await FootageStore(running_site.runtime_data.database).add(CLIP)

    tell(running_site, NewsKind.RECORDED)
    await settled(hass, heard, 1)

    assert heard[0].data["told"]["clip"].startswith("/api/gatehouse/footage/f1?authSig=")


async def test_the_address_of_a_picture_needs_no_login(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    tmp_path: Path,
) -> None:
    media = tmp_path / "media" / "gatehouse"
    media.mkdir(parents=True, exist_ok=True)
    picture = media / "picture.jpg"
    picture.write_bytes(jpeg())
    seen = replace(INCIDENT, picture=picture)
    await IncidentStore(running_site.runtime_data.database).save(seen)
    heard = await listening_to(hass, "gatehouse.incident_confirmed")
    client = await hass_client_no_auth()

    tell(running_site, NewsKind.CONFIRMED, seen)
    await settled(hass, heard, 1)

    answer = await client.get(heard[0].data["told"]["picture"])
    assert await answer.read() == jpeg()


async def test_a_database_that_fails_costs_the_clip_and_nothing_else(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(**_: object) -> list[Any]:
        raise DatabaseError("The disk is broken.")

    heard = await listening_to(hass, "gatehouse.incident_closed")
    monkeypatch.setattr(running_site.runtime_data.storage.library, "find", fail)

    tell(running_site, NewsKind.CLOSED, CLOSED)
    await settled(hass, heard, 1)

    assert heard[0].data["told"]["clip"] is None
    assert "The disk is broken." in caplog.text


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"cameras": LIVE},
        {"cameras": [LIVE, "camera.garden"]},
        {"places": ["FRONT door", "Garden"]},
        {"places": KEY},
        {"level": "high"},
        {"only_due": True},
        {"cameras": LIVE, "places": "Front door", "level": "medium", "only_due": True},
    ],
)
async def test_an_incident_that_is_wanted_is_told(
    hass: HomeAssistant, running_site: MockConfigEntry, wanted: dict[str, Any]
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_confirmed", **wanted)

    tell(running_site, NewsKind.CONFIRMED, due=True)
    await settled(hass, heard, 1)

    assert len(heard) == 1


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"cameras": "camera.garden"}, "other_camera"),
        ({"places": "Garden"}, "other_place"),
        ({"level": "medium"}, "level_too_low"),
        ({"only_due": True}, "not_due"),
    ],
)
async def test_an_incident_that_is_not_wanted_is_passed_over_and_the_trace_says_why(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    wanted: dict[str, Any],
    reason: str,
) -> None:
    reports = []
    config = await triggers.IncidentConfirmed.async_validate_config(hass, {"options": wanted})
    trigger = triggers.IncidentConfirmed(
        hass, triggers.TriggerConfig(key="gatehouse.incident_confirmed", options=config["options"])
    )
    heard: list[Any] = []

    stop = await trigger.async_attach_runner(
        lambda told, *_: heard.append(told), lambda info, *_: reports.append(info.reason)
    )
    tell(running_site, NewsKind.CONFIRMED, replace(INCIDENT, assessment=LOW))
    await hass.async_block_till_done()
    stop()

    assert (heard, reports) == ([], [reason])


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, ["assessed", "recorded"]),
        ({"changes": "assessed"}, ["assessed"]),
        ({"changes": ["updated"]}, ["updated", "updated"]),
        (
            {"changes": ["recorded", "assessed", "updated"]},
            ["updated", "assessed", "updated", "recorded"],
        ),
    ],
)
async def test_an_update_is_what_changed(
    hass: HomeAssistant, running_site: MockConfigEntry, wanted: dict[str, Any], told: list[str]
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_updated", **wanted)

    tell(running_site, NewsKind.UPDATED)
    tell(running_site, NewsKind.UPDATED, DONE, assessed=True)
    tell(running_site, NewsKind.UPDATED, replace(DONE, reviewed=NOON))
    tell(running_site, NewsKind.RECORDED, DONE)
    await settled(hass, heard, len(told))

    assert changes(heard) == told


@pytest.mark.parametrize(
    "wrong", [{"level": "dreadful"}, {"changes": []}, {"changes": "moved"}, {"colour": "red"}]
)
async def test_options_without_sense_are_refused(
    hass: HomeAssistant, running_site: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "alias": "Wrong",
                "triggers": {"trigger": "gatehouse.incident_updated", "options": wrong},
                "actions": [],
            }
        },
    )
    await hass.async_block_till_done()

    assert hass.states.get("automation.wrong").state == "unavailable"


# --- Over reloads ----------------------------------------------------------------------------


async def test_an_automation_still_hears_after_a_reload(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_confirmed")

    assert await hass.config_entries.async_reload(running_site.entry_id)
    tell(running_site, NewsKind.CONFIRMED)
    await settled(hass, heard, 1)

    assert len(heard) == 1


async def test_an_automation_waits_for_a_site_that_does_not_run_yet(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)
    heard = await listening_to(hass, "gatehouse.incident_confirmed")

    assert await hass.config_entries.async_setup(running_site.entry_id)
    tell(running_site, NewsKind.CONFIRMED)
    await settled(hass, heard, 1)

    assert len(heard) == 1


async def test_an_automation_that_is_off_hears_nothing_even_of_a_clip_that_is_looked_up(
    hass: HomeAssistant, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def find(**_: object) -> list[Any]:
        asked.set()
        await answered.wait()
        return []

    heard = await listening_to(hass, "gatehouse.incident_closed")
    monkeypatch.setattr(running_site.runtime_data.storage.library, "find", find)

    tell(running_site, NewsKind.CLOSED, CLOSED)
    await asked.wait()
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.listening"}, blocking=True
    )
    answered.set()
    tell(running_site, NewsKind.CLOSED, CLOSED)
    await hass.async_block_till_done()

    assert heard == []


async def test_a_real_walk_is_told_from_beginning_to_end(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    heard = await listening_to(hass, "gatehouse.incident_closed", cameras=[LIVE])

    await walk_by(hass, agent, detections)
    await agent.complete()
    await settled(hass, heard, 1)

    told = heard[0].data["told"]
    assert (told["cameras"], told["state"], told["count"]) == ([LIVE], "closed", 1)
    assert told["summary"]


# --- Zones -----------------------------------------------------------------------------------


@pytest.fixture
async def drive(hass: HomeAssistant, running_site: MockConfigEntry) -> Zone:
    """A zone of the camera, with nobody in it."""
    zone = await running_site.runtime_data.zones.save(DRIVE)
    await hass.async_block_till_done()
    return zone


def enter(site: MockConfigEntry, *zones: str) -> None:
    """Let somebody be in these zones, and in no other."""
    present = Presence(present=bool(zones), count=len(zones), zones=frozenset(zones))
    site.runtime_data.house.presence(KEY, present)


async def test_an_automation_is_told_who_enters_a_zone_and_where(
    hass: HomeAssistant, running_site: MockConfigEntry, drive: Zone
) -> None:
    heard = await listening_to(hass, "gatehouse.person_in_zone")
    tell(running_site, NewsKind.CONFIRMED)

    enter(running_site, drive.id)
    await settled(hass, heard, 1)

    told = heard[0].data["told"]
    expected = {
        "entity_id": "binary_sensor.front_door_person_in_drive",
        "zone": "Drive",
        "camera": LIVE,
        "count": 1,
        "incident_id": "a1",
        "description": "person in Drive",
    }
    assert {key: told[key] for key in expected} == expected
    assert er.async_get(hass).async_get(told["entity_id"])


async def test_who_stays_in_a_zone_has_entered_once(
    hass: HomeAssistant, running_site: MockConfigEntry, drive: Zone
) -> None:
    heard = await listening_to(hass, "gatehouse.person_in_zone")

    enter(running_site, drive.id)
    running_site.runtime_data.house.presence(
        KEY, Presence(present=True, count=2, zones=frozenset({drive.id}))
    )
    enter(running_site)
    enter(running_site, drive.id)
    await settled(hass, heard, 2)

    assert len(heard) == 2


async def test_who_was_there_before_the_automation_has_not_entered(
    hass: HomeAssistant, running_site: MockConfigEntry, drive: Zone
) -> None:
    enter(running_site, drive.id)
    heard = await listening_to(hass, "gatehouse.person_in_zone")

    running_site.runtime_data.cameras.find(KEY)[0].async_update_listeners()
    await hass.async_block_till_done()

    assert heard == []


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"zones": "drive"}, 1),
        ({"zones": ["binary_sensor.front_door_person_in_drive", "Lawn"]}, 1),
        ({"zones": "Lawn"}, 0),
        ({"cameras": LIVE}, 1),
        ({"cameras": "camera.garden", "zones": "Drive"}, 0),
    ],
)
async def test_zones_are_chosen_by_name_by_sensor_and_by_camera(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    drive: Zone,
    wanted: dict[str, Any],
    count: int,
) -> None:
    heard = await listening_to(hass, "gatehouse.person_in_zone", **wanted)

    enter(running_site, drive.id)
    await hass.async_block_till_done()

    assert len(heard) == count


# --- What the editor shows -------------------------------------------------------------------

DESCRIBED: dict[str, Any] = {
    key: value
    for key, value in yaml.safe_load((INTEGRATION / "triggers.yaml").read_text()).items()
    if not key.startswith(".")
}
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())


async def test_every_trigger_is_described(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    known = {f"gatehouse.{key}" for key in await triggers.async_get_triggers(hass)}
    shown = {key for key in await async_get_all_descriptions(hass) if key.startswith("gatehouse.")}

    assert known == shown == {f"gatehouse.{key}" for key in DESCRIBED}
    assert ICONS["triggers"].keys() == DESCRIBED.keys() == ENGLISH["triggers"].keys()


@pytest.mark.parametrize("key", DESCRIBED)
async def test_every_option_of_a_trigger_can_be_chosen_and_is_named(
    hass: HomeAssistant, key: str
) -> None:
    (taken,) = {"key": (await triggers.async_get_triggers(hass))[key]}.values()
    fields = DESCRIBED[key]["fields"]
    texts = ENGLISH["triggers"][key]

    assert {str(field) for field in taken._fields} == fields.keys() == texts["fields"].keys()
    assert all(selector.selector(field["selector"]) for field in fields.values())
    assert all(field["name"] and field["description"] for field in texts["fields"].values())
    assert texts["name"]
    assert texts["description"]


def test_every_change_is_named() -> None:
    choice = DESCRIBED["incident_updated"]["fields"]["changes"]["selector"]["select"]

    assert sorted(choice["options"]) == sorted(triggers.Change)
    assert ENGLISH["selector"][choice["translation_key"]]["options"].keys() == set(triggers.Change)
