"""A site with doors: its entities, and whose cards are shown."""

from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.access import Credential, CredentialKind, Permission, Person
from tests.ha.scripted import KEY
from tests.ha.scripted_doors import FRONT

LOCK: Final = "lock.front_door"
ACCESS: Final = "event.front_door_access"
BELL: Final = "event.front_door_doorbell"
CONTACT: Final = "binary_sensor.front_door_door"
FORCED: Final = "binary_sensor.front_door_forced_open"
HELD: Final = "binary_sensor.front_door_held_open"
FAULT: Final = "binary_sensor.front_door_fault"
READER: Final = "binary_sensor.front_door_reader_outside"
TAMPER: Final = "binary_sensor.front_door_reader_outside_tampering"
MODE: Final = "select.front_door_mode"
LAST: Final = "image.front_door_last_access"
LOCKDOWN: Final = "switch.home_lockdown"
EVACUATION: Final = "switch.home_evacuation"

# The keyed hash of Anna's card; nobody but the database may ever show it whole.
HASH: Final = "7e7d5c7ad6c0767c3b205750d851a913e37f3cbbe160f5a2a322dc520da9b75d"

ANNA: Final = Person(id="anna", name="Anna", permissions=(Permission(doors=(FRONT,)),))
TAG: Final = Credential(
    id="c1", person="anna", kind=CredentialKind.RFID, name="blue tag", hash=HASH
)

STRANGER: Final[dict[str, Any]] = {
    "card": "9c1185a5",
    "credential": None,
    "person": None,
    "reason": "unknown_card",
}
"""What the agent says of a card that nobody knows."""


def porch_group() -> ConfigSubentryData:
    """Return the place of the front door: its camera and its lock."""
    return ConfigSubentryData(
        subentry_type="group",
        title="Porch",
        unique_id=None,
        data={"cameras": [KEY], "doors": [FRONT]},
    )


async def let_anna_in(site: MockConfigEntry) -> None:
    """Have Anna and her card among those who may enter."""
    policies = site.runtime_data.admission.policies
    await policies.save(ANNA)
    await policies.save(TAG)


@callback
def told_by(hass: HomeAssistant, entity: str = ACCESS) -> list[dict[str, Any]]:
    """Return a list that the attributes of every event that an entity tells are put on."""
    told: list[dict[str, Any]] = []

    @callback
    def hear(event: Event[Any]) -> None:
        new, old = event.data["new_state"], event.data["old_state"]
        if new and new.attributes.get("event_type") and (old is None or new.state != old.state):
            told.append(dict(new.attributes))

    async_track_state_change_event(hass, [entity], hear)
    return told


def attribute(hass: HomeAssistant, entity: str, name: str) -> Any:
    """Return an attribute of an entity, None if it has none."""
    state = hass.states.get(entity)
    return state.attributes.get(name) if state else None


def kinds(told: list[dict[str, Any]]) -> list[str]:
    """Return the types of what an event entity told."""
    return [each["event_type"] for each in told]
