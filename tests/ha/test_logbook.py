"""Incidents in the logbook."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import Event, HomeAssistant
import pytest

from custom_components.gatehouse.const import DOMAIN, EVENT_INCIDENT
from custom_components.gatehouse.logbook import async_describe_events

INCIDENT = {
    "incident_id": "a1",
    "camera": "Front door",
    "entity_id": "camera.front_door",
    "type": "closed",
    "labels": ["person"],
    "count": 1,
    "duration": 32,
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


async def test_a_line_belongs_to_its_camera(hass: HomeAssistant) -> None:
    line = described(hass)

    assert line["name"] == "Front door"
    assert line["entity_id"] == "camera.front_door"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "saw a person for 32 s (risk 45, medium)"),
        ({"type": "confirmed"}, "sees a person (risk 45, medium)"),
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
