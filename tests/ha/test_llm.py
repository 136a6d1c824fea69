"""Assistants: the tools in Home Assistant's own Assist, called as a model calls them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.access import Entry
from custom_components.gatehouse.assistant_words import since, until
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.incidents import IncidentStore
from custom_components.gatehouse.llm import PROMPT
from custom_components.gatehouse.models import (
    Box,
    Incident,
    Passage,
    PassageKind,
    Sighting,
    Zone,
    ZoneKind,
)
from tests.ha.automating import CLOSED, INCIDENT, LIVE, LOW, PERSON
from tests.ha.scripted import KEY, ScriptedAgent, ScriptedDetections
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of

SEARCH = "gatehouse__search_incidents"
DESCRIBE = "gatehouse__describe_camera"
ENTERED = "gatehouse__who_entered"

CONTEXT = llm.LLMContext(
    platform="test", context=Context(), language="en", assistant="conversation", device_id=None
)


async def assist(hass: HomeAssistant) -> llm.APIInstance:
    """Return Assist, as a conversation begins with it."""
    return await llm.async_get_api(hass, llm.LLM_API_ASSIST, CONTEXT)


async def ask(hass: HomeAssistant, tool: str, **asked: Any) -> llm.ToolResult:
    """Call a tool."""
    return await (await assist(hass)).async_call_tool(llm.ToolInput(tool, asked))


async def answer(hass: HomeAssistant, tool: str, **asked: Any) -> dict[str, Any]:
    """Return what a tool says, which is not that it failed."""
    result = await ask(hass, tool, **asked)
    assert not result.error, result.data
    return dict(result.data)


async def refusal(hass: HomeAssistant, tool: str, **asked: Any) -> str:
    """Return why a tool failed."""
    result = await ask(hass, tool, **asked)
    assert result.error
    return str(result.data["error"])


async def tools(hass: HomeAssistant) -> set[str]:
    """Return the names of our tools."""
    return {tool.name for tool in (await assist(hass)).tools if tool.name.startswith("gatehouse")}


async def happened(site: MockConfigEntry, *incidents: Incident) -> None:
    """Put incidents into the site's database."""
    store = IncidentStore(site.runtime_data.database)
    for incident in incidents:
        await store.save(incident)


def began(at: datetime, identity: str = "a1", **changes: Any) -> Incident:
    """Return an incident that began then and lasted for 20 seconds."""
    last = at + timedelta(seconds=20)
    return replace(CLOSED, id=identity, started=at, last_seen=last, ended=last, **changes)


@pytest.fixture(autouse=True)
async def _assistants(hass: HomeAssistant) -> None:
    """Have Assist, and nothing exposed to it unless somebody says so."""
    for component in ("homeassistant", "conversation", "llm"):
        assert await async_setup_component(hass, component, {})


@pytest.fixture
async def exposed(hass: HomeAssistant, running_site: MockConfigEntry) -> MockConfigEntry:
    """A site whose camera is exposed to assistants."""
    async_expose_entity(hass, "conversation", LIVE, True)
    return running_site


# --- Who may ask -----------------------------------------------------------------------------


async def test_assist_has_the_tools_and_is_told_of_them(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    api = await assist(hass)

    assert await tools(hass) == {SEARCH, DESCRIBE, ENTERED}
    assert PROMPT in api.api_prompt
    ours = [tool for tool in api.tools if tool.name.startswith("gatehouse")]
    assert {(tool.integration, tool.annotations.read_only) for tool in ours} == {
        ("gatehouse", True)
    }


async def test_a_model_can_be_told_what_to_ask(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    api = await assist(hass)
    schemas = {
        tool.name: probatio.to_openapi(tool.parameters, custom_serializer=api.custom_serializer)
        for tool in api.tools
        if tool.name.startswith("gatehouse")
    }

    fields = schemas[SEARCH]["properties"]
    assert fields.keys() == {"text", "since", "until", "level", "place"}
    assert {each["type"] for each in fields.values()} == {"string"}
    assert fields["level"]["enum"] == ["low", "medium", "high", "critical"]
    assert fields["place"]["enum"] == ["Front door"]
    assert schemas[DESCRIBE]["properties"]["camera"]["enum"] == ["Front door"]
    assert schemas[ENTERED]["properties"]["since"]["default"] == "today"


async def test_what_is_not_exposed_is_not_offered(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    async_expose_entity(hass, "conversation", LIVE, False)

    assert await tools(hass) == set()


async def test_other_interfaces_have_none_of_them(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    from custom_components.gatehouse.llm import async_get_tools

    assert async_get_tools(hass, CONTEXT, "homeassistant") is None


async def test_what_is_no_longer_exposed_is_no_longer_told(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    conversation = await assist(hass)
    async_expose_entity(hass, "conversation", LIVE, False)

    result = await conversation.async_call_tool(llm.ToolInput(SEARCH, {}))

    assert result.error
    assert "exposed" in result.data["error"]


async def test_a_site_that_does_not_run_says_so(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    conversation = await assist(hass)
    assert await hass.config_entries.async_unload(exposed.entry_id)

    result = await conversation.async_call_tool(llm.ToolInput(ENTERED, {}))

    assert result.error
    assert await tools(hass) == set()


# --- What happened ---------------------------------------------------------------------------


async def test_who_came_today_is_told(hass: HomeAssistant, exposed: MockConfigEntry) -> None:
    now = dt_util.utcnow()
    await happened(exposed, began(now, note="The postman. " * 100))

    told = await answer(hass, SEARCH, since="today")

    (incident,) = told["incidents"]
    assert incident.pop("note").startswith("The postman.")
    assert incident == {
        "place": "Front door",
        "began": dt_util.as_local(now).isoformat(timespec="seconds"),
        "lasted_seconds": 20,
        "state": "closed",
        "seen": ["person"],
        "count": 1,
        "cameras": ["Front door"],
        "zones": ["Drive"],
        "level": "high",
        "summary": "A person at Front door for 20 s.",
        "reasons": ["at night"],
        "false_alarm": False,
    }
    assert told["there_are_more"] is False


async def test_a_day_on_which_nobody_came_is_empty(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    await happened(exposed, began(dt_util.utcnow() - timedelta(days=3)))

    assert await answer(hass, SEARCH, since="today") == {
        "incidents": [],
        "there_are_more": False,
    }


FOUND = (
    ({}, 2),
    ({"text": "postman"}, 1),
    ({"text": "plumber"}, 0),
    ({"level": "high"}, 1),
    ({"place": "Front door"}, 2),
    ({"since": "yesterday", "until": "yesterday"}, 1),
    ({"until": "today"}, 2),
)


async def test_incidents_are_found_by(
    hass: HomeAssistant, exposed: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    noon = dt_util.start_of_local_day() + timedelta(hours=12)
    await happened(
        exposed,
        began(noon - timedelta(days=1), "a1"),
        began(noon, "b2", assessment=LOW, note="The postman"),
    )

    for asked, found in FOUND:
        with subtests.test(**asked):
            assert len((await answer(hass, SEARCH, **asked))["incidents"]) == found


async def test_an_answer_is_no_longer_than_a_model_reads(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    now = dt_util.utcnow()
    await happened(
        exposed,
        *(began(now - timedelta(minutes=each), f"{each:x}", note="x" * 2000) for each in range(25)),
    )

    told = await answer(hass, SEARCH)

    assert len(told["incidents"]) == 20
    assert told["there_are_more"] is True
    assert max(len(incident["note"]) for incident in told["incidents"]) == 200
    assert told["incidents"][0]["began"] > told["incidents"][-1]["began"]


async def test_what_only_hidden_cameras_saw_is_not_told(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    now = dt_util.utcnow()
    hidden = Sighting(camera="c0ffee000002/bath", first=now, last=now, best=PERSON)
    both = (*INCIDENT.sightings, hidden)
    await happened(exposed, began(now, "a1", sightings=(hidden,)), began(now, "b2", sightings=both))

    (told,) = (await answer(hass, SEARCH))["incidents"]

    assert told["cameras"] == ["Front door"]


WITHOUT_SENSE = (
    ({"since": "whenever"}, "is no time"),
    ({"since": 5}, "expected str"),
    ({"level": "dreadful"}, "level"),
    ({"place": "Neighbour"}, "place"),
    ({"colour": "red"}, "colour"),
)


async def test_a_question_without_sense_is_answered_with_what_is_wrong(
    hass: HomeAssistant, exposed: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    for asked, why in WITHOUT_SENSE:
        with subtests.test(**asked):
            assert why in await refusal(hass, SEARCH, **asked)


@pytest.mark.parametrize("tool", [SEARCH, DESCRIBE])
async def test_a_database_that_fails_is_told(
    hass: HomeAssistant, exposed: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    async def fail(_: object) -> list[Incident]:
        raise DatabaseError("The disk is broken.")

    monkeypatch.setattr(exposed.runtime_data.archive, "find", fail)

    asked = {SEARCH: {}, DESCRIBE: {"camera": "Front door"}}[tool]
    why = await refusal(hass, tool, **asked)
    assert why == "What happened cannot be read now: The disk is broken."


# --- Who is there now ------------------------------------------------------------------------


@pytest.fixture
async def looking(hass: HomeAssistant, site: MockConfigEntry) -> MockConfigEntry:
    """A site that detects, whose camera is exposed, and has a zone on its left."""
    async_expose_entity(hass, "conversation", LIVE, True)
    left = ((0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0))
    zone = Zone(id="", camera=KEY, kind=ZoneKind.ZONE, name="Drive", points=left)
    await site.runtime_data.zones.save(zone)
    return site


async def test_who_is_there_now_is_seen_in_a_fresh_picture(
    hass: HomeAssistant, looking: MockConfigEntry, detections: ScriptedDetections
) -> None:
    await happened(looking, began(dt_util.utcnow()))
    detections.people = 2

    told = await answer(hass, DESCRIBE, camera="Front door")

    assert told["camera"] == "Front door"
    assert told["sees"] == [
        {"what": "person", "where": "on the left, close", "zones": ["Drive"], "score": 0.9}
    ]
    assert dt_util.parse_datetime(told["at"])
    assert told["last_incident"]["summary"] == "A person at Front door for 20 s."


async def test_nobody_is_there_and_nothing_ever_happened(
    hass: HomeAssistant, looking: MockConfigEntry
) -> None:
    told = await answer(hass, DESCRIBE, camera="Front door")

    assert (told["sees"], told["last_incident"]) == ([], None)


async def test_a_site_that_does_not_detect_says_that_nobody_looks(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    told = await answer(hass, DESCRIBE, camera="Front door")

    assert told["sees"] is None
    assert "off" in told["why"]


async def test_a_camera_that_is_not_there_is_refused(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    assert await refusal(hass, DESCRIBE, camera="Bathroom")


async def test_a_camera_that_has_gone_since_is_refused_with_those_there_are(
    hass: HomeAssistant, exposed: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await assist(hass)
    monkeypatch.setattr(exposed.runtime_data, "camera_names", lambda: {KEY: "Gate"})

    asked = llm.ToolInput(DESCRIBE, {"camera": "Front door"})
    result = await conversation.async_call_tool(asked)

    assert result.data["error"] == "There is no 'Front door' any more: choose one of Gate"


async def test_two_cameras_of_one_name_are_told_apart(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    other_agent: ScriptedAgent,
    folder: Any,
) -> None:
    site = site_with(subentry_of(agent), subentry_of(other_agent), detectors=[])
    await set_up(hass, site)
    cameras = sorted(hass.states.async_entity_ids("camera"))
    for camera in cameras:
        async_expose_entity(hass, "conversation", camera, True)

    names = (await assist(hass)).tools
    (describe,) = (tool for tool in names if tool.name == DESCRIBE)
    schema = probatio.to_openapi(describe.parameters)

    assert schema["properties"]["camera"]["enum"] == cameras
    assert len(cameras) == 2


async def test_a_camera_that_gives_no_picture_is_told(
    hass: HomeAssistant, looking: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.token = "changed"

    assert "Nobody can look now" in await refusal(hass, DESCRIBE, camera="Front door")


async def test_a_detector_that_fails_is_told(
    hass: HomeAssistant, looking: MockConfigEntry, detections: ScriptedDetections
) -> None:
    await detections.server.close()

    assert "Nobody can look now" in await refusal(hass, DESCRIBE, camera="Front door")


async def test_nobody_waits_for_ever(
    hass: HomeAssistant, exposed: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: object) -> list[Incident]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(exposed.runtime_data.archive, "find", hang)
    monkeypatch.setattr("custom_components.gatehouse.llm.PATIENCE", timedelta(milliseconds=10))

    assert "no answer" in await refusal(hass, SEARCH)


# --- Who entered -----------------------------------------------------------------------------


def passage(identity: str, at: datetime, kind: PassageKind, person: str | None = None) -> Passage:
    """Return what happened at a door."""
    reason = "unknown card" if kind is PassageKind.DENIED else None
    return Passage(id=identity, door=FRONT, kind=kind, at=at, person=person, reason=reason)


async def opened(site: MockConfigEntry, *passages: Passage) -> None:
    """Put passages into the site's log."""
    entries = [Entry(passage=each, credential=None, decider="agent") for each in passages]
    await site.runtime_data.admission.log.add(entries)


@pytest.fixture
async def with_a_door(hass: HomeAssistant, agent: ScriptedAgent, folder: Any) -> MockConfigEntry:
    """A site with two doors, one of them beside its camera, which is exposed."""
    agent.doors.add()
    group = ConfigSubentryData(
        subentry_type="group",
        title="Entrance",
        unique_id=None,
        data={"cameras": [KEY], "doors": [FRONT]},
    )
    site = site_with(subentry_of(agent), group, detectors=[])
    await set_up(hass, site)
    async_expose_entity(hass, "conversation", LIVE, True)
    return site


async def test_without_doors_it_is_said_that_nobody_knows(
    hass: HomeAssistant, exposed: MockConfigEntry
) -> None:
    told = await answer(hass, ENTERED)

    assert told["passages"] == []
    assert told["why"].startswith("No doors are set up")


async def test_who_entered_today_is_told_newest_first(
    hass: HomeAssistant, with_a_door: MockConfigEntry
) -> None:
    noon = dt_util.start_of_local_day() + timedelta(hours=12)
    granted = passage("p1", noon, PassageKind.GRANTED, "Anna")
    denied = passage("p2", noon + timedelta(minutes=1), PassageKind.DENIED)
    yesterday = passage("p0", noon - timedelta(days=1), granted.kind)
    await opened(with_a_door, granted, denied, yesterday, replace(granted, id="p3", door=GARAGE))

    told = await answer(hass, ENTERED)

    assert told == {
        "passages": [
            {
                "door": "Front door",
                "at": dt_util.as_local(denied.at).isoformat(timespec="seconds"),
                "what": "denied",
                "person": None,
                "why": "unknown card",
            },
            {
                "door": "Front door",
                "at": dt_util.as_local(noon).isoformat(timespec="seconds"),
                "what": "granted",
                "person": "Anna",
                "why": None,
            },
        ],
        "there_are_more": False,
    }


async def test_who_entered_is_told_for_the_time_that_is_asked_for(
    hass: HomeAssistant, with_a_door: MockConfigEntry
) -> None:
    noon = dt_util.start_of_local_day() + timedelta(hours=12)
    early = passage("p1", noon - timedelta(minutes=2), PassageKind.EXIT)
    late = passage("p2", noon + timedelta(minutes=2), PassageKind.EXIT)
    await opened(with_a_door, early, late)

    local = dt_util.as_local(noon).strftime("%Y-%m-%dT%H:%M")
    after = await answer(hass, ENTERED, since=local)
    before = await answer(hass, ENTERED, since="today", until=local)

    (one,), (other,) = after["passages"], before["passages"]
    assert (one["at"], other["at"]) == tuple(
        dt_util.as_local(each.at).isoformat(timespec="seconds") for each in (late, early)
    )


async def test_a_busy_door_is_told_of_in_part(
    hass: HomeAssistant, with_a_door: MockConfigEntry
) -> None:
    now = dt_util.utcnow()
    many = (passage(f"p{each}", now, PassageKind.EXIT) for each in range(60))
    await opened(with_a_door, *many)

    told = await answer(hass, ENTERED)

    assert (len(told["passages"]), told["there_are_more"]) == (50, True)


async def test_a_door_is_hidden_unless_it_is_exposed_or_its_camera(
    hass: HomeAssistant, with_a_door: MockConfigEntry
) -> None:
    noon = dt_util.start_of_local_day() + timedelta(hours=12)
    garage = replace(passage("p1", noon, PassageKind.GRANTED, "Bob"), door=GARAGE)
    await opened(with_a_door, garage, passage("p2", noon, PassageKind.GRANTED, "Anna"))
    async_expose_entity(hass, "conversation", "lock.garage", True)
    async_expose_entity(hass, "conversation", LIVE, False)

    told = await answer(hass, ENTERED)

    assert [(each["door"], each["person"]) for each in told["passages"]] == [("Garage", "Bob")]
    assert await tools(hass) == {ENTERED}


async def test_where_no_door_is_exposed_that_is_said(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Any
) -> None:
    agent.doors.add()
    await set_up(hass, site_with(subentry_of(agent), detectors=[]))
    async_expose_entity(hass, "conversation", LIVE, True)

    told = await answer(hass, ENTERED)

    assert "exposed" in told["why"]


# --- Times and places as models write them ---------------------------------------------------


@pytest.mark.parametrize(
    ("meant", "text", "moment"),
    [
        (since, "2026-11-20", "2026-11-20T00:00:00-08:00"),
        (until, "2026-11-20", "2026-11-21T00:00:00-08:00"),
        (since, "2026-11-20T18:00", "2026-11-20T18:00:00-08:00"),
        (until, " 2026-11-20 18:00:05 ", "2026-11-20T18:00:05-08:00"),
        (since, "2026-11-20T18:00:00Z", "2026-11-20T10:00:00-08:00"),
        # The day that is longer by an hour.
        (until, "2026-11-01", "2026-11-02T00:00:00-08:00"),
    ],
)
async def test_a_time_is_local_unless_it_says_otherwise(
    hass: HomeAssistant, meant: Callable[[str], datetime], text: str, moment: str
) -> None:
    await hass.config.async_set_time_zone("America/Los_Angeles")

    assert meant(text) == datetime.fromisoformat(moment)


PLACES = (
    (Box(0.0, 0.1, 0.1, 0.2), "on the left, far away"),
    (Box(0.4, 0.1, 0.6, 0.5), "in the middle, halfway"),
    (Box(0.9, 0.0, 1.0, 1.0), "on the right, close"),
    (Box(1.0, 0.0, 1.0, 1.0), "on the right, close"),
)


async def test_places_in_a_picture_have_words(
    running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    from custom_components.gatehouse.assistant_words import detection_told

    rules = running_site.runtime_data.zones.rules(KEY, 0.3, 0.4)

    for box, where in PLACES:
        with subtests.test(str(box)):
            assert detection_told(replace(PERSON, box=box), rules)["where"] == where
