"""Incidents and passages in the logbook."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.gatehouse.const import DOMAIN, EVENT_INCIDENT, EVENT_PASSAGE
from custom_components.gatehouse.incidents import IncidentNews, NewsKind
from custom_components.gatehouse.logbook import async_describe_events
from custom_components.gatehouse.models import AssessmentState, IncidentState
from tests.ha.happened import NOON, SEEN
from tests.ha.scripted import ScriptedAgent, ScriptedDetections
from tests.ha.seeing import REVIEWED, RISK, set_up, walk_by
from tests.ha.site import site_with, subentry_of
from tests.rooms.language.servers import FINE, Scripted
from tests.waiting import eventually

INCIDENT = {
    "incident_id": "a1",
    "camera": "Front door",
    "place": "Yard",
    "entity_id": "camera.front_door",
    "type": "closed",
    "labels": ["person"],
    "count": 1,
    "duration": 32,
    "zones": [],
    "summary": "",
    "risk": 45,
    "level": "medium",
    "reasons": ["A person was seen"],
}


PASSAGE = {
    "type": "access_granted",
    "door": "Front door",
    "entity_id": "lock.front_door",
    "actor": "Anna",
    "authentication": "rfid",
    "credential_name": "blue tag",
    "card": None,
    "reason": None,
    "warning": None,
    "direction": "in",
}


def described(
    hass: HomeAssistant,
    about: tuple[str, dict[str, Any]] = (EVENT_INCIDENT, INCIDENT),
    **changes: Any,
) -> dict[str, Any]:
    """Return the line that the logbook writes for an incident, or for a passage."""
    kind, data = about
    events: dict[tuple[str, str], Callable[[Event], dict[str, Any]]] = {}

    def describe(domain: str, event: str, line: Callable[[Event], dict[str, Any]]) -> None:
        events[domain, event] = line

    async_describe_events(hass, describe)
    return events[DOMAIN, kind](Event(kind, data | changes))


async def test_a_line_is_about_a_place_and_belongs_to_its_camera(hass: HomeAssistant) -> None:
    line = described(hass)

    assert line["name"] == "Yard"
    assert line["entity_id"] == "camera.front_door"


@pytest.fixture
async def storyteller(socket_enabled: None) -> AsyncIterator[Scripted]:
    """A language model that thinks that somebody rang."""
    server = Scripted()
    server.chat(FINE)
    await server.start()
    yield server
    await server.stop()


async def test_what_a_language_model_says_is_a_line_of_its_own_and_only_once(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    storyteller: Scripted,
    seeing: dict[str, Any],
    folder: Path,
) -> None:
    assert await async_setup_component(hass, "http", {})
    chosen = {"language_model": "server", "server_url": storyteller.url}
    await set_up(hass, site_with(subentry_of(agent), **seeing | chosen))
    logged = async_capture_events(hass, EVENT_INCIDENT)

    await walk_by(hass, agent, detections)
    await eventually(lambda: len(logged) == 3)
    await hass.services.async_call("button", "press", {"entity_id": REVIEWED}, blocking=True)
    await hass.async_block_till_done()

    assert [event.data["type"] for event in logged] == ["confirmed", "closed", "assessed"]
    line = described(hass, **logged[2].data)
    assert line["message"].startswith("Somebody rang (risk ")
    shown = hass.states.get(RISK).attributes
    assert (shown["summary"], shown["assessment"]) == ("Somebody rang.", "done")
    assert shown["reviewed"] is True


async def test_what_a_model_says_of_an_older_incident_is_a_line_too(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    house = running_site.runtime_data.house
    pending = replace(SEEN, assessing=AssessmentState.PENDING)
    newer = replace(SEEN, id="b2", started=NOON + timedelta(minutes=2), state=IncidentState.OPEN)
    logged = async_capture_events(hass, EVENT_INCIDENT)

    house.incident(IncidentNews(kind=NewsKind.CLOSED, incident=pending))
    house.incident(IncidentNews(kind=NewsKind.CONFIRMED, incident=newer))
    house.incident(IncidentNews(kind=NewsKind.UPDATED, incident=SEEN, assessed=True))
    house.incident(IncidentNews(kind=NewsKind.UPDATED, incident=replace(SEEN, reviewed=NOON)))
    await hass.async_block_till_done()

    told = [(event.data["incident_id"], event.data["type"]) for event in logged]
    assert told == [("a1", "closed"), ("b2", "confirmed"), ("a1", "assessed")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "saw a person for 32 s (risk 45, medium)"),
        ({"type": "confirmed"}, "sees a person (risk 45, medium)"),
        ({"zones": ["Drive"]}, "saw a person in Drive for 32 s (risk 45, medium)"),
        (
            {"type": "confirmed", "zones": ["Drive", "Lawn"]},
            "sees a person in Drive and Lawn (risk 45, medium)",
        ),
        (
            {"type": "assessed", "summary": "A courier left a parcel.", "risk": 20, "level": "low"},
            "A courier left a parcel (risk 20, low)",
        ),
        ({"type": "confirmed", "risk": None, "level": None}, "sees a person"),
        ({"type": "interrupted"}, "stopped watching a person after 32 s (risk 45, medium)"),
        ({"count": 3, "duration": 90}, "saw 3 people for 1 min 30 s (risk 45, medium)"),
        ({"labels": ["car"], "count": 2}, "saw 2 × car for 32 s (risk 45, medium)"),
        ({"labels": ["airplane"]}, "saw an airplane for 32 s (risk 45, medium)"),
        ({"labels": ["dog", "person"]}, "saw dog and person for 32 s (risk 45, medium)"),
        ({"labels": [], "count": 0}, "saw something for 32 s (risk 45, medium)"),
    ],
)
async def test_a_line_is_a_sentence(
    hass: HomeAssistant, changes: dict[str, Any], message: str
) -> None:
    assert described(hass, **changes)["message"] == message


ANONYMOUS = {"actor": None, "credential_name": None}
UNKNOWN = ANONYMOUS | {"type": "access_denied", "card": "9c1185a5", "reason": "unknown_card"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "was opened by Anna (blue tag), entering"),
        ({"direction": "out"}, "was opened by Anna (blue tag), leaving"),
        (
            {"direction": None, "warning": "antipassback"},
            "was opened by Anna (blue tag); they entered twice without leaving",
        ),
        (
            ANONYMOUS | {"authentication": "app", "direction": None},
            "was opened by Home Assistant",
        ),
        (UNKNOWN, "stayed shut for an unknown card (9c1185a5): nobody knows the card"),
        (
            UNKNOWN | {"card": None, "authentication": "pin", "reason": "wrong_pin"},
            "stayed shut for an unknown PIN: the PIN was wrong",
        ),
        (
            {"type": "access_denied", "reason": "outside_schedule"},
            "stayed shut for Anna (blue tag): it is not for this time",
        ),
        (
            ANONYMOUS | {"type": "access_denied", "authentication": None},
            "stayed shut for somebody: no reason is known",
        ),
        ({"type": "exit_request"}, "was opened by the exit button"),
        ({"type": "door_forced"}, "was forced open"),
        ({"type": "door_held_open"}, "was held open"),
        ({"type": "reader_tamper"}, "has a reader that somebody tampers with"),
        (
            {"type": "tailgating_suspected", "reason": "2 persons were seen, 1 let in"},
            "let in more people than cards, perhaps: 2 persons were seen, 1 let in",
        ),
    ],
)
async def test_a_line_of_a_passage_is_a_sentence_about_its_door(
    hass: HomeAssistant, changes: dict[str, Any], message: str
) -> None:
    line = described(hass, (EVENT_PASSAGE, PASSAGE), **changes)

    assert line == {"name": "Front door", "message": message, "entity_id": "lock.front_door"}


async def test_what_happens_at_a_door_is_a_line_of_its_lock(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    logged = async_capture_events(hass, EVENT_PASSAGE)

    await agent.doors.scan()

    (event,) = await eventually(lambda: logged)
    assert described(hass, (EVENT_PASSAGE, event.data)) == {
        "name": "Front door",
        "message": "was opened by Anna (blue tag), entering",
        "entity_id": "lock.front_door",
    }
