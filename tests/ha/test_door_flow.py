"""Adding and changing doors of other systems."""

from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.calling import Lock, other_door, plug_in_locks
from tests.ha.site import site_with
from tests.ha.test_camera_flows import add, answer, change, subentry_called, suggested
from tests.ha.words import ENGLISH

TEXTS: Final = ENGLISH["config_subentries"]["door"]


@pytest.fixture
async def site(hass: HomeAssistant, socket_enabled: None) -> MockConfigEntry:
    """A site with one door of another system, and a lock that no door has."""
    await plug_in_locks(hass, Lock("Gate lock"), Lock("Shed lock"))
    assert await async_setup_component(hass, "http", {})
    site = site_with(other_door("Gate", lock="lock.gate_lock"), detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    return site


def entity_of(hass: HomeAssistant, site: MockConfigEntry, title: str) -> er.RegistryEntry:
    """Return the entity that tells of who enters by a door."""
    door = subentry_called(site, title).subentry_id
    name = er.async_get(hass).async_get_entity_id("event", "gatehouse", f"/door/{door}_access")
    return er.async_get(hass).async_get(name)


async def test_a_door_is_added_with_its_lock_and_is_there_at_once(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await add(hass, site, "door")
    result = await answer(
        hass, form, name=" Shed ", lock="lock.shed_lock", contact="binary_sensor.shed"
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    shed = subentry_called(site, "Shed")
    assert shed.data == {"lock": "lock.shed_lock", "contact": "binary_sensor.shed"}
    entity = entity_of(hass, site, "Shed")
    assert dr.async_get(hass).async_get(entity.device_id).name == "Shed"
    assert site.runtime_data.admission.doors()[f"/door/{shed.subentry_id}"] == "Shed"


async def test_a_door_needs_nothing_but_a_name(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await answer(hass, await add(hass, site, "door"), name="Cellar")

    assert subentry_called(site, "Cellar").data == {}


async def test_a_door_is_changed_and_stays_the_same_one(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    before = entity_of(hass, site, "Gate")
    form = await change(hass, site, "Gate")
    result = await answer(hass, form, name="Back gate", lock="lock.gate_lock")

    assert suggested(form) == {"name": "Gate", "lock": "lock.gate_lock", "contact": None}
    assert result["reason"] == "reconfigure_successful"
    assert entity_of(hass, site, "Back gate").id == before.id


async def test_a_door_that_is_removed_takes_its_entities_with_it(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    entity = entity_of(hass, site, "Gate")

    hass.config_entries.async_remove_subentry(site, subentry_called(site, "Gate").subentry_id)
    await hass.async_block_till_done()

    assert er.async_get(hass).async_get(entity.entity_id) is None
    assert site.runtime_data.admission.doors() == {}


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"name": "  "}, {"name": "no_name"}),
        ({"name": "gate"}, {"name": "name_in_use"}),
        ({"name": "Shed", "lock": "lock.gate_lock"}, {"lock": "lock_in_use"}),
    ],
)
async def test_a_door_that_could_be_taken_for_another_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    form = await answer(hass, await add(hass, site, "door"), **typed)

    assert form["errors"] == errors
    assert set(errors.values()) <= TEXTS["error"].keys()
    assert suggested(form)["name"] == typed["name"]


async def test_a_lock_of_an_agent_is_no_door_of_another_system(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    ours = er.async_get(hass).async_get_or_create(
        "lock", "gatehouse", "a/door/b_lock", config_entry=site
    )

    form = await add(hass, site, "door")

    choice = form["data_schema"].schema["lock"]
    assert choice.config["exclude_entities"] == [ours.entity_id]
    assert choice.config["domain"] == ["lock"]


@pytest.mark.parametrize("step", ["user", "reconfigure"])
async def test_every_field_of_a_door_is_named_and_described(
    hass: HomeAssistant, site: MockConfigEntry, step: str
) -> None:
    form = await add(hass, site, "door")

    fields = {str(field) for field in form["data_schema"].schema}
    texts = TEXTS["step"][step]
    assert texts["data"].keys() == texts["data_description"].keys() == fields


async def test_a_contact_is_shown_with_its_door(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("binary_sensor.shed", "off")
    await answer(hass, await add(hass, site, "door"), name="Shed", contact="binary_sensor.shed")

    states = [hass.states.get("binary_sensor.shed_door").state]
    for state in ("on", "unavailable"):
        hass.states.async_set("binary_sensor.shed", state)
        await hass.async_block_till_done()
        states.append(hass.states.get("binary_sensor.shed_door").state)

    assert states == ["off", "on", "unavailable"]


async def test_a_contact_that_is_taken_from_its_door_is_forgotten(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    hass.states.async_set("binary_sensor.shed", "off")
    await answer(hass, await add(hass, site, "door"), name="Shed", contact="binary_sensor.shed")

    await answer(hass, await change(hass, site, "Shed"), name="Shed")

    assert hass.states.get("binary_sensor.shed_door") is None
    assert er.async_get(hass).async_get("binary_sensor.shed_door") is None
