"""Incidents in the logbook."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.gatehouse.const import DOMAIN, EVENT_INCIDENT
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


def described(hass: HomeAssistant, **changes: Any) -> dict[str, Any]:
    """Return the line that the logbook writes for an incident."""
    events: dict[tuple[str, str], Callable[[Event], dict[str, Any]]] = {}

    def describe(domain: str, event: str, line: Callable[[Event], dict[str, Any]]) -> None:
        events[domain, event] = line

    async_describe_events(hass, describe)
    return events[DOMAIN, EVENT_INCIDENT](Event(EVENT_INCIDENT, INCIDENT | changes))


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
