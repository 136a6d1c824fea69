"""Diagnostics: enough to help, nothing that opens a door."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.diagnostics import async_get_config_entry_diagnostics
from tests.ha.scripted import AGENT_ID, TOKEN, ScriptedAgent
from tests.waiting import eventually

CAMERA = "camera.front_door"


@pytest.fixture
async def downloaded(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_client: ClientSessionGenerator
) -> dict[str, Any]:
    """What a user downloads of a site that has recorded something."""
    await hass.services.async_call(
        "gatehouse", "record", {"entity_id": CAMERA}, blocking=True, return_response=True
    )
    hass.config_entries.async_update_entry(
        running_site, options={**running_site.options, "remote_url": "http://u:secret@x/detect"}
    )
    await hass.async_block_till_done()
    await eventually(lambda: hass.states.is_state(CAMERA, "streaming"))
    assert await async_setup_component(hass, "diagnostics", {})
    browser = await hass_client()
    answered = await browser.get(f"/api/diagnostics/config_entry/{running_site.entry_id}")
    assert answered.status == 200
    content: dict[str, Any] = await answered.json()
    return content


async def test_diagnostics_have_no_secrets(
    downloaded: dict[str, Any], agent: ScriptedAgent
) -> None:
    text = str(downloaded["data"])

    assert TOKEN not in text
    assert "secret" not in text
    assert "127.0.0.1" not in text
    assert "auth=" not in text


async def test_diagnostics_tell_how_the_site_is(downloaded: dict[str, Any]) -> None:
    data = downloaded["data"]
    (agent,) = data["agents"]
    (recorded,) = data["footage"]

    assert data["options"]["detector"] == "off"
    assert data["detector"]["status"] == "off"
    assert (agent["id"], agent["connected"], agent["last_error"]) == (AGENT_ID, True, None)
    assert agent["info"]["model"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert agent["stats"]["cpu_percent"] == 12.5
    assert agent["cameras"]["front"]["state"]["online"] is True
    assert recorded["camera"] == f"{AGENT_ID}/front"


async def test_diagnostics_of_a_site_that_is_being_taken_down_are_no_error(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.async_close()

    data = await async_get_config_entry_diagnostics(hass, running_site)

    assert data["footage"] == "DatabaseClosed: The database is closed."
