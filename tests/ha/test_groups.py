"""Cameras of one place: what they see at one time is one incident, on each of them."""

from collections import Counter
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.gatehouse.incidents import IncidentQuery
from tests.ha.entering import STRANGER
from tests.ha.scripted import KEY, ScriptedAgent, ScriptedDetections
from tests.ha.scripted_doors import FRONT
from tests.ha.seeing import EVENT, LIVE, PERSON, PICTURE, RISK, becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

GARAGE_KEY = "c0ffee000002/front"
GARAGE_LIVE = "camera.garage_door"
GARAGE_PERSON = "binary_sensor.garage_door_person"
GARAGE_EVENT = "event.garage_door_incident"
GARAGE_PICTURE = "image.garage_door_last_incident"
GARAGE_RISK = "sensor.garage_door_last_risk"


@pytest.fixture
def garage(other_agent: ScriptedAgent) -> ScriptedAgent:
    """An agent whose camera looks at the garage's door."""
    other_agent.state["info"]["cameras"][0]["name"] = "Garage door"
    return other_agent


@pytest.fixture
def yard() -> ConfigSubentryData:
    """The place that both cameras belong to."""
    return ConfigSubentryData(
        subentry_type="group",
        title="Yard",
        unique_id=None,
        data={"cameras": [KEY, GARAGE_KEY], "doors": []},
    )


@pytest.fixture
async def apart(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    seeing: dict[str, Any],
    folder: Path,
) -> MockConfigEntry:
    """A site with two cameras that have nothing to do with each other."""
    return await two_cameras(hass, site_with(subentry_of(agent), subentry_of(garage), **seeing))


@pytest.fixture
async def together(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    yard: ConfigSubentryData,
    seeing: dict[str, Any],
    folder: Path,
) -> MockConfigEntry:
    """A site with two cameras of one place."""
    agents = subentry_of(agent), subentry_of(garage)
    return await two_cameras(hass, site_with(*agents, yard, **seeing | {"idle": 5}))


async def two_cameras(hass: HomeAssistant, site: MockConfigEntry) -> MockConfigEntry:
    """Set a site up and wait for both of its cameras."""
    assert await async_setup_component(hass, "http", {})
    await set_up(hass, site)
    await becomes(hass, GARAGE_LIVE, "streaming")
    return site


def kinds_of(hass: HomeAssistant, entity: str) -> list[str]:
    """Return a list that every kind of event that an entity tells is put on."""
    kinds: list[str] = []

    @callback
    def note(event: Event) -> None:
        state = event.data["new_state"]
        if event.data["entity_id"] == entity and state and "event_type" in state.attributes:
            kinds.append(state.attributes["event_type"])

    hass.bus.async_listen("state_changed", note)
    return kinds


async def walk_past_both(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    """Let somebody come past the front door, and then past the garage too."""
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    await eventually(lambda: state_of(hass, EVENT) != "unknown")
    await garage.move(moving=True)
    await becomes(hass, GARAGE_PERSON, "on")
    await eventually(lambda: state_of(hass, GARAGE_EVENT) != "unknown")
    detections.people = 0
    await agent.move(moving=False)
    await garage.move(moving=False)
    await becomes(hass, PERSON, "off")
    await becomes(hass, GARAGE_PERSON, "off")


async def test_two_cameras_of_one_place_have_one_incident_and_each_tells_it_once(
    hass: HomeAssistant,
    together: MockConfigEntry,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    logged = async_capture_events(hass, "gatehouse_incident")
    front, back = kinds_of(hass, EVENT), kinds_of(hass, GARAGE_EVENT)
    due: list[str] = []
    together.runtime_data.house.async_subscribe(
        lambda news: due.extend([news.incident.id] if news.due else [])
    )

    await walk_past_both(hass, agent, garage, detections)
    await eventually(lambda: "closed" in back)

    assert (front, back) == (["confirmed", "closed"], ["confirmed", "closed"])
    assert [event.data["type"] for event in logged] == ["confirmed", "closed"]
    assert {event.data["place"] for event in logged} == {"Yard"}
    assert len(set(due)) == 1
    for entity in (EVENT, GARAGE_EVENT, RISK, GARAGE_RISK):
        assert hass.states.get(entity).attributes["incident_id"] == due[0]
        assert hass.states.get(entity).attributes["place"] == "Yard"
    assert state_of(hass, PICTURE) == state_of(hass, GARAGE_PICTURE)


async def test_a_camera_that_has_not_seen_an_incident_of_its_place_does_not_tell_it(
    hass: HomeAssistant,
    together: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await eventually(lambda: state_of(hass, EVENT) not in {"unknown", None})
    detections.people = 0
    await agent.move(moving=False)
    await eventually(lambda: hass.states.get(EVENT).attributes["event_type"] == "closed")

    assert state_of(hass, GARAGE_EVENT) == "unknown"
    assert state_of(hass, GARAGE_PICTURE) == "unknown"


async def test_an_incident_goes_on_when_one_of_its_cameras_is_lost_which_tells_its_end_later(
    hass: HomeAssistant,
    together: MockConfigEntry,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    logged = async_capture_events(hass, "gatehouse_incident")
    detections.people = 1
    await agent.move(moving=True)
    await eventually(lambda: state_of(hass, EVENT) not in {"unknown", None})
    await garage.move(moving=True)
    await eventually(lambda: state_of(hass, GARAGE_EVENT) not in {"unknown", None})

    await garage.stop()
    garage.state["cameras"]["front"]["moving"] = False
    await becomes(hass, GARAGE_PERSON, "unavailable")
    assert [event.data["type"] for event in logged] == ["confirmed"]
    detections.people = 0
    await agent.move(moving=False)
    await eventually(lambda: len(logged) == 2)
    assert logged[1].data["type"] == "closed"
    assert state_of(hass, GARAGE_EVENT) == "unavailable"

    await garage.start(garage.port)
    await becomes(hass, GARAGE_LIVE, "streaming")
    await eventually(lambda: hass.states.get(GARAGE_EVENT).attributes["event_type"] == "closed")


async def test_cameras_of_no_common_place_have_an_incident_each(
    hass: HomeAssistant,
    apart: MockConfigEntry,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    logged = async_capture_events(hass, "gatehouse_incident")

    await walk_past_both(hass, agent, garage, detections)
    await eventually(lambda: len(logged) == 4)

    assert Counter(event.data["incident_id"] for event in logged).most_common(1)[0][1] == 2
    assert {(event.data["place"], event.data["entity_id"]) for event in logged} == {
        ("Front door", LIVE),
        ("Garage door", GARAGE_LIVE),
    }


async def test_a_forced_door_is_recorded_by_every_camera_of_its_place(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    garage: ScriptedAgent,
    yard: ConfigSubentryData,
    seeing: dict[str, Any],
    folder: Path,
) -> None:
    agent.doors.add()
    yard["data"]["doors"].append(FRONT)
    agents = subentry_of(agent), subentry_of(garage)
    site = await two_cameras(hass, site_with(*agents, yard, **seeing))

    await agent.doors.scan("forced", **STRANGER)

    await eventually(lambda: agent.recordings and garage.recordings)
    (incident,) = await site.runtime_data.archive.find(IncidentQuery())
    assert incident.place == "Yard"
    assert [passage.kind for passage in incident.passages] == ["forced"]
