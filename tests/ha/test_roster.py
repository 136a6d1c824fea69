"""What is known of all cameras and agents at once, and who is asked for it."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse import site_sensors
from custom_components.gatehouse.caretaker import Caretaker
from custom_components.gatehouse.hub import Hub
from tests.ha.messages import AGENT_ID
from tests.ha.scripted import ScriptedAgent
from tests.ha.seeing import becomes


def test_the_names_of_cameras_and_doors_are_those_that_they_have_now(
    doored: MockConfigEntry,
) -> None:
    hub: Hub = doored.runtime_data
    names, known = hub.house.camera_names(), hub.cameras.names() | hub.cameras.doors()

    assert len(known) == len(hub.cameras.names()) + len(hub.cameras.doors()) > 1
    assert hub.cameras.doors()
    assert dict(names) == known
    assert {key: names[key] for key in known} == known
    assert len(names) == len(known)
    assert names.get("nobody/camera", "none") == "none"
    assert names.get(f"{AGENT_ID}/door/none", "none") == "none"


async def test_what_one_agent_tells_has_no_other_counted(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With hundreds of agents there is always one that tells something."""
    hub: Hub = running_site.runtime_data

    def nobody(*_: object) -> None:
        raise AssertionError("Somebody was asked who had nothing to tell.")

    monkeypatch.setattr(hub.cameras, "agents_there", nobody)
    monkeypatch.setattr(hub.cameras, "cameras_there", nobody)
    monkeypatch.setattr(hub.cameras, "full_names", nobody)
    monkeypatch.setattr(Caretaker, "look", nobody)
    await agent.upkeep.tell(status="offline", error="No frame for 5 s.")

    await becomes(hass, "sensor.home_cameras_online", "0")
    assert {each.key for each in site_sensors.COUNTS} == {"agents_online", "cameras_online"}
