"""A camera that is snoozed: what happens is kept, but nobody is notified of it."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.gatehouse.incidents import IncidentNews
from tests.ha.scripted import KEY, ScriptedAgent, ScriptedDetections
from tests.ha.seeing import CONNECTED, EVENT, LIVE, SNOOZE, becomes, set_up, state_of, walk_by
from tests.waiting import eventually

HOUR = timedelta(hours=1)


async def turn(hass: HomeAssistant, way: str) -> None:
    """Turn the snooze switch on or off."""
    await hass.services.async_call("switch", f"turn_{way}", {"entity_id": SNOOZE}, blocking=True)


def told_of(site: MockConfigEntry) -> list[IncidentNews]:
    """Return a list that all news are put on."""
    news: list[IncidentNews] = []
    site.runtime_data.house.async_subscribe(news.append)
    return news


async def test_a_snooze_lasts_as_long_as_the_options_say(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert state_of(hass, SNOOZE) == "off"
    assert hass.states.get(SNOOZE).attributes["until"] is None

    await turn(hass, "on")

    until = hass.states.get(SNOOZE).attributes["until"]
    assert timedelta(minutes=59) < until - dt_util.utcnow() <= HOUR
    assert state_of(hass, SNOOZE) == "on"

    await turn(hass, "off")
    assert state_of(hass, SNOOZE) == "off"


async def test_a_snooze_ends_by_itself(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    snoozes = running_site.runtime_data.snoozes
    await turn(hass, "on")

    async_fire_time_changed(hass, dt_util.utcnow() + HOUR / 2)
    await hass.async_block_till_done()
    assert snoozes.until(KEY)

    async_fire_time_changed(hass, dt_util.utcnow() + HOUR + timedelta(seconds=1))
    await hass.async_block_till_done()
    assert snoozes.until(KEY) is None
    await becomes(hass, SNOOZE, "off")


async def test_who_snoozes_again_sleeps_longer(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    snoozes = running_site.runtime_data.snoozes
    snoozes.snooze(KEY, dt_util.utcnow() + HOUR)
    snoozes.snooze(KEY, dt_util.utcnow() + 3 * HOUR)

    async_fire_time_changed(hass, dt_util.utcnow() + 2 * HOUR)
    await hass.async_block_till_done()

    assert snoozes.until(KEY)


async def test_an_incident_of_a_camera_that_is_snoozed_is_kept_but_not_due(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    news, logged = told_of(site), async_capture_events(hass, "gatehouse_incident")
    await turn(hass, "on")

    await walk_by(hass, agent, detections)
    await eventually(lambda: len(logged) == 2)

    assert news
    assert not any(each.due for each in news)
    assert hass.states.get(EVENT).attributes["due"] is False


async def test_an_incident_of_a_camera_that_is_awake_is_due_once(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    news, logged = told_of(site), async_capture_events(hass, "gatehouse_incident")

    await walk_by(hass, agent, detections)
    await eventually(lambda: len(logged) == 2)

    assert [each.kind for each in news if each.due] == ["confirmed"]


async def test_a_snooze_outlives_a_restart(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await turn(hass, "on")
    until = hass.states.get(SNOOZE).attributes["until"]

    await hass.config_entries.async_reload(running_site.entry_id)
    await becomes(hass, SNOOZE, "on")
    assert hass.states.get(SNOOZE).attributes["until"] == until

    async_fire_time_changed(hass, until + timedelta(seconds=1))
    await becomes(hass, SNOOZE, "off")


async def test_a_snooze_that_ended_while_home_assistant_was_down_is_over(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await hass.config_entries.async_unload(running_site.entry_id)
    past = dt_util.utcnow() - timedelta(seconds=1)
    hass_storage["gatehouse.snoozes"]["data"] = {KEY: past.isoformat()}

    await set_up(hass, running_site)

    assert state_of(hass, SNOOZE) == "off"


async def test_a_site_that_is_removed_forgets_its_snoozes(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await turn(hass, "on")

    await hass.config_entries.async_remove(running_site.entry_id)
    await hass.async_block_till_done()

    assert "gatehouse.snoozes" not in hass_storage


@pytest.mark.parametrize(("snoozed", "covered"), [((), False), (("a",), False), (("a", "b"), True)])
async def test_an_incident_of_several_cameras_is_silent_only_if_all_of_them_are(
    running_site: MockConfigEntry, snoozed: tuple[str, ...], covered: bool
) -> None:
    snoozes = running_site.runtime_data.snoozes

    for camera in snoozed:
        snoozes.snooze(camera, dt_util.utcnow() + HOUR)

    assert snoozes.covers(("a", "b")) is covered
    assert not snoozes.covers(())


async def test_a_lost_agent_makes_its_cameras_snooze_unavailable(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")

    await agent.stop()
    await becomes(hass, CONNECTED, "off")
    assert state_of(hass, SNOOZE) == "unavailable"

    await agent.start(agent.port)
    await becomes(hass, LIVE, "streaming")
    assert state_of(hass, SNOOZE) == "on"
