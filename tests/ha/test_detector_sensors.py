"""What is shown of the detectors: states at once, numbers now and then, nothing left over."""

from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import DetectorFailed
from tests.ha.scripted import ScriptedDetections, jpeg
from tests.ha.seeing import state_of
from tests.ha.site import site_with

SITE = "sensor.home_detector"
HEALTH = "sensor.home_detector_rt_detr"
LATENCY = "sensor.home_detector_rt_detr_latency"
QUEUE = "sensor.home_detector_rt_detr_queue"
RATE = "sensor.home_detection_rate"

LONG_ENOUGH = timedelta(seconds=11)


@pytest.fixture
async def looking(
    hass: HomeAssistant,
    detections: ScriptedDetections,
    folder: Path,
) -> MockConfigEntry:
    """A site without cameras, and with one detector, of which everything is shown."""
    assert await async_setup_component(hass, "http", {})
    entry = site_with(detectors=["remote"], remote_url=detections.url)
    entry.add_to_hass(hass)
    everything = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(everything, new=True):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    return entry


async def look(entry: MockConfigEntry, times: int = 1) -> None:
    """Have the site look at pictures."""
    grey = Picture(jpeg=jpeg(), captured=dt_util.utcnow())
    for _ in range(times):
        await entry.runtime_data.detection.detect(lambda: grey)


async def later(hass: HomeAssistant) -> None:
    """Let so much time pass that numbers are written."""
    async_fire_time_changed(hass, dt_util.utcnow() + LONG_ENOUGH)
    await hass.async_block_till_done()


async def test_a_detector_is_unused_until_its_first_picture_and_then_well(
    hass: HomeAssistant, looking: MockConfigEntry
) -> None:
    assert state_of(hass, HEALTH) == "unused"
    assert state_of(hass, SITE) == "ready"

    await look(looking)

    assert state_of(hass, HEALTH) == "well"
    assert hass.states.get(HEALTH).attributes["answered"] == 1


async def test_a_detector_that_fails_says_why_at_once(
    hass: HomeAssistant, looking: MockConfigEntry, detections: ScriptedDetections
) -> None:
    await detections.server.close()

    with pytest.raises(DetectorFailed):
        await look(looking)

    health = hass.states.get(HEALTH)
    assert health.state == "failing"
    assert health.attributes["failures"] == 1
    assert "cannot be asked" in health.attributes["error"]
    assert state_of(hass, SITE) == "failed"
    assert "cannot be asked" in hass.states.get(SITE).attributes["error"]


async def test_numbers_are_written_now_and_then_and_only_if_they_are_new(
    hass: HomeAssistant, looking: MockConfigEntry
) -> None:
    await look(looking)
    await hass.async_block_till_done()
    before = written(hass)

    await look(looking, times=20)
    await hass.async_block_till_done()
    assert written(hass) == before

    await later(hass)
    assert hass.states.get(HEALTH).attributes["answered"] == 21
    assert float(state_of(hass, LATENCY) or 0) > 0
    assert state_of(hass, QUEUE) == "0"

    await later(hass)
    assert state_of(hass, RATE) == "0.0"
    before = written(hass)
    await later(hass)
    assert written(hass) == before


def written(hass: HomeAssistant) -> dict[str, datetime]:
    """Return when each state was last written, new or not."""
    return {state.entity_id: state.last_reported for state in hass.states.async_all()}


async def test_numbers_are_for_those_who_switch_them_on(
    hass: HomeAssistant, detections: ScriptedDetections, folder: Path
) -> None:
    assert await async_setup_component(hass, "http", {})
    entry = site_with(detectors=["remote"], remote_url=detections.url)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)

    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert {entity.entity_id for entity in entities if entity.disabled} >= {LATENCY, QUEUE}


async def test_a_detector_that_is_no_longer_chosen_leaves_nothing_behind(
    hass: HomeAssistant, looking: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(looking, options={"detectors": []})
    await hass.async_block_till_done()

    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(registry, looking.entry_id)
    left = {entity.entity_id for entity in entities}
    assert left.isdisjoint({HEALTH, LATENCY, QUEUE})
    assert state_of(hass, SITE) == "off"
