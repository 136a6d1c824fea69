"""Automations on a site, and the news that they hear."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.gatehouse.incidents import IncidentNews, NewsKind
from custom_components.gatehouse.models import (
    Assessment,
    Box,
    Detection,
    Footage,
    FootageStage,
    Incident,
    IncidentState,
    Level,
    Sighting,
)
from tests.ha.scripted import KEY

LIVE: Final = "camera.front_door"
NOON: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PERSON: Final = Detection(label="person", score=0.9, box=Box(0.2, 0.2, 0.4, 0.9))

LOW: Final = Assessment(risk=20, level=Level.LOW, reasons=("a person was seen",))
HIGH: Final = Assessment(
    risk=70,
    level=Level.HIGH,
    reasons=("at night",),
    summary="A person at Front door for 20 s.",
)

INCIDENT: Final = Incident(
    id="a1",
    group=KEY,
    place="Front door",
    state=IncidentState.OPEN,
    started=NOON,
    last_seen=NOON + timedelta(seconds=20),
    labels=("person",),
    count=1,
    zones=("Drive",),
    sightings=(Sighting(camera=KEY, first=NOON, last=NOON, best=PERSON),),
    picture=Path("/media/picture.jpg"),
    assessment=HIGH,
)
CLOSED: Final = replace(INCIDENT, state=IncidentState.CLOSED, ended=NOON + timedelta(seconds=50))
CLIP: Final = Footage(
    id="f1",
    camera=KEY,
    incident="a1",
    stage=FootageStage.READY,
    since=NOON,
    until=NOON + timedelta(seconds=30),
    duration=timedelta(seconds=30),
    path=Path("/media/clip.mp4"),
)


def tell(
    site: MockConfigEntry, kind: NewsKind, incident: Incident = INCIDENT, **news: bool
) -> None:
    """Let the site hear what became of an incident."""
    site.runtime_data.house.incident(IncidentNews(kind=kind, incident=incident, **news))


async def automate(hass: HomeAssistant, *automations: dict[str, Any]) -> None:
    """Have these automations, all of which must be in order."""
    assert await async_setup_component(hass, "automation", {"automation": list(automations)})
    await hass.async_block_till_done()
    assert len(hass.states.async_entity_ids("automation")) == len(automations)
    assert {state.state for state in hass.states.async_all("automation")} == {"on"}


async def listening_to(hass: HomeAssistant, trigger: str, **options: Any) -> list[ServiceCall]:
    """Have an automation with this trigger, and return the list of what it will be told."""
    heard = async_mock_service(hass, "test", "hear")
    await automate(
        hass,
        {
            "alias": "Listening",
            "mode": "parallel",
            "triggers": [{"trigger": trigger, "options": options}],
            "actions": [{"action": "test.hear", "data": {"told": "{{ trigger }}"}}],
        },
    )
    return heard
