"""Zones and tunings, on Home Assistant's floor: sensors that come and go, numbers that count."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.models import Tuning, Zone, ZoneKind
from tests.ha.scripted import AGENT_ID, KEY, ScriptedAgent, ScriptedDetections
from tests.ha.seeing import CONNECTED, PEOPLE, PERSON, becomes, set_up, state_of
from tests.ha.site import site_with
from tests.waiting import eventually

IN_DRIVE = "binary_sensor.front_door_person_in_drive"
IN_LAWN = "binary_sensor.front_door_person_in_lawn"
THRESHOLD = "number.front_door_detection_threshold"
CERTAINTY = "number.front_door_certainty"
SMALLEST = "number.front_door_smallest_size"
LARGEST = "number.front_door_largest_size"


def zone(name: str, left: float, right: float, **fields: Any) -> Zone:
    """Return a zone between two upright lines of the picture."""
    points = ((left, 0.1), (right, 0.1), (right, 1.0), (left, 1.0))
    kept = {"id": "", "camera": KEY, "kind": ZoneKind.ZONE, "name": name, "points": points}
    return Zone(**kept | fields)


async def tune(hass: HomeAssistant, number: str, value: float) -> None:
    """Set a number."""
    fields = {"entity_id": number, "value": value}
    await hass.services.async_call("number", "set_value", fields, blocking=True)


async def test_a_zone_has_a_sensor_that_tells_whether_somebody_is_in_it(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    zones = site.runtime_data.zones
    await zones.save(zone("Drive", 0.0, 0.3))
    await zones.save(zone("Lawn", 0.31, 1.0))
    await becomes(hass, IN_DRIVE, "off")
    await becomes(hass, IN_LAWN, "off")
    assert hass.states.get(IN_DRIVE).attributes["device_class"] == "occupancy"

    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, IN_DRIVE, "on")
    assert state_of(hass, IN_LAWN) == "off"

    detections.people = 2
    await becomes(hass, IN_LAWN, "on")
    await becomes(hass, PEOPLE, "2")

    detections.people = 0
    await becomes(hass, IN_DRIVE, "off")
    await becomes(hass, IN_LAWN, "off")


async def test_who_is_in_no_zone_of_a_camera_that_has_one_does_not_count(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    await site.runtime_data.zones.save(zone("Lawn", 0.31, 1.0))
    detections.people = 1
    await agent.move(moving=True)
    await eventually(lambda: detections.asked > 5)

    assert state_of(hass, PERSON) == "off"

    detections.people = 2
    await becomes(hass, PEOPLE, "1")


async def test_a_mask_has_no_sensor(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await site.runtime_data.zones.save(zone("Drive", 0.0, 0.3, kind=ZoneKind.MASK))
    await hass.async_block_till_done()

    assert hass.states.get(IN_DRIVE) is None


async def test_a_zone_that_is_renamed_renames_its_sensor(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    zones = site.runtime_data.zones
    saved = await zones.save(zone("Drive", 0.0, 0.3))
    await becomes(hass, IN_DRIVE, "off")
    assert hass.states.get(IN_DRIVE).name == "Front door Person in Drive"

    await zones.save(zone("Carport", 0.0, 0.4, id=saved.id))

    await eventually(lambda: hass.states.get(IN_DRIVE).name == "Front door Person in Carport")
    assert er.async_get(hass).async_get(IN_DRIVE).original_name == "Person in Carport"


async def test_a_zone_that_is_removed_takes_its_sensor_along_and_brings_it_back_if_undone(
    hass: HomeAssistant, site: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    zones = site.runtime_data.zones
    saved = await zones.save(zone("Drive", 0.0, 0.3))
    await becomes(hass, IN_DRIVE, "off")

    removed = await zones.remove(saved.id)
    await eventually(lambda: hass.states.get(IN_DRIVE) is None)
    assert er.async_get(hass).async_get(IN_DRIVE) is None

    await zones.save(removed)
    await becomes(hass, IN_DRIVE, "off")
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_the_sensors_of_zones_outlive_a_restart_but_not_their_zones(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await site.runtime_data.zones.save(zone("Drive", 0.0, 0.3))
    await becomes(hass, IN_DRIVE, "off")
    registry = er.async_get(hass)
    await hass.config_entries.async_unload(site.entry_id)
    gone = registry.async_get_or_create(
        "binary_sensor",
        "gatehouse",
        f"{AGENT_ID}_front_zone_{'0' * 32}",
        config_entry=site,
        config_subentry_id=registry.async_get(IN_DRIVE).config_subentry_id,
        translation_key="zone",
    )

    await set_up(hass, site)

    await becomes(hass, IN_DRIVE, "off")
    assert registry.async_get(gone.entity_id) is None


async def test_a_camera_of_an_upload_folder_has_zones_too(
    hass: HomeAssistant, folder: Path, socket_enabled: None
) -> None:
    (folder / "uploads").mkdir()
    yard = ConfigSubentryData(
        subentry_type="folder",
        title="Yard",
        unique_id="yard",
        data={"folder": str(folder / "uploads")},
    )
    site = site_with(yard, detectors=[])
    site.add_to_hass(hass)
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(site.entry_id)
    [subentry] = site.subentries.values()

    await site.runtime_data.zones.save(
        zone("Gate", 0.0, 0.5, camera=f"{subentry.subentry_id}/camera")
    )

    await becomes(hass, "binary_sensor.yard_person_in_gate", "off")


# --- Tunings ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("every_entity")
async def test_a_camera_follows_the_site_until_it_is_tuned_and_can_do_so_again(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    zones = site.runtime_data.zones
    assert (state_of(hass, THRESHOLD), state_of(hass, CERTAINTY)) == ("0.35", "0.45")
    assert (state_of(hass, SMALLEST), state_of(hass, LARGEST)) == ("0.0", "100.0")

    await tune(hass, THRESHOLD, 0.6)
    await tune(hass, SMALLEST, 2.5)
    assert (state_of(hass, THRESHOLD), state_of(hass, SMALLEST)) == ("0.6", "2.5")
    assert zones.of(KEY).tuning == Tuning(threshold=0.6, smallest=0.025)

    await tune(hass, THRESHOLD, 0.35)
    assert zones.of(KEY).tuning == Tuning(smallest=0.025)


@pytest.mark.usefixtures("every_entity")
async def test_two_numbers_that_are_set_at_once_both_hold(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await asyncio.gather(tune(hass, THRESHOLD, 0.6), tune(hass, CERTAINTY, 0.7))

    kept = site.runtime_data.zones.of(KEY).tuning
    assert kept == Tuning(threshold=0.6, certainty=0.7)


@pytest.mark.usefixtures("every_entity")
async def test_a_tuning_with_which_nobody_could_be_seen_is_refused_in_words(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await tune(hass, LARGEST, 20)

    with pytest.raises(HomeAssistantError) as refused:
        await tune(hass, SMALLEST, 30)

    assert refused.value.translation_key == "tuning_bad"
    assert state_of(hass, SMALLEST) == "0.0"


@pytest.mark.usefixtures("every_entity")
async def test_who_is_smaller_than_the_smallest_size_is_not_seen(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    await tune(hass, SMALLEST, 40)
    detections.people = 1
    await agent.move(moving=True)
    await eventually(lambda: detections.asked > 5)
    assert state_of(hass, PERSON) == "off"

    await tune(hass, SMALLEST, 0)
    await becomes(hass, PERSON, "on")


@pytest.mark.usefixtures("every_entity")
async def test_zones_and_numbers_are_unavailable_as_soon_as_the_agent_is_lost(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await site.runtime_data.zones.save(zone("Drive", 0.0, 0.3))
    await becomes(hass, IN_DRIVE, "off")

    await agent.stop()

    await becomes(hass, CONNECTED, "off")
    for entity in (IN_DRIVE, THRESHOLD, CERTAINTY, SMALLEST, LARGEST):
        assert state_of(hass, entity) == "unavailable"
