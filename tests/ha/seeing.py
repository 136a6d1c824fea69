"""A site that sees: its entities, and what it takes to have somebody walk by."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.scripted import ScriptedAgent, ScriptedDetections
from tests.waiting import eventually

LIVE = "camera.front_door"
PERSON = "binary_sensor.front_door_person"
MOTION = "binary_sensor.front_door_motion"
CONNECTED = "binary_sensor.porch_connectivity"
PEOPLE = "sensor.front_door_people"
RISK = "sensor.front_door_last_risk"
EVENT = "event.front_door_incident"
PICTURE = "image.front_door_last_incident"
DETECTION = "switch.front_door_detection"
SNOOZE = "switch.front_door_snooze"
REVIEWED = "button.front_door_reviewed"
NOT_A_PERSON = "button.front_door_not_a_person"


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set a site up and wait until its agent is connected."""
    if entry.state is ConfigEntryState.NOT_LOADED and not hass.config_entries.async_entries():
        entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await becomes(hass, CONNECTED, "on")
    await hass.async_block_till_done()


async def becomes(hass: HomeAssistant, entity: str, state: str) -> None:
    """Wait until an entity has a state."""
    await eventually(lambda: state_of(hass, entity) == state, what=f"{entity}, to be {state},")


def state_of(hass: HomeAssistant, entity: str) -> str | None:
    """Return an entity's state, None if it has none."""
    state = hass.states.get(entity)
    return state.state if state else None


async def incidents(hass: HomeAssistant, **fields: Any) -> list[dict[str, Any]]:
    """Return what the action says that happened."""
    answer = await hass.services.async_call(
        "gatehouse", "get_incidents", fields, blocking=True, return_response=True
    )
    return answer["incidents"]


async def incidents_that_are(hass: HomeAssistant, state: str) -> list[dict[str, Any]]:
    """Return the incidents in a state."""
    return [incident for incident in await incidents(hass) if incident["state"] == state]


async def incident_with_a_clip(hass: HomeAssistant) -> dict[str, Any] | None:
    """Return an incident whose clip is ready, if there is one."""
    return next((incident for incident in await incidents(hass) if incident["clip"]), None)


async def walk_by(
    hass: HomeAssistant, agent: ScriptedAgent, detections: ScriptedDetections, people: int = 1
) -> None:
    """Let somebody come into view, be seen, and leave."""
    detections.people = people
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    await eventually(lambda: agent.recordings)
    detections.people = 0
    await agent.move(moving=False)
    await becomes(hass, PERSON, "off")
