"""Agents that come and go, cameras that leave, viewers and files that are gone."""

from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.camera import LIVE_LIFETIME
from tests.ha.scripted import CAMERA, ScriptedAgent, ScriptedDetections, golden
from tests.ha.seeing import (
    CONNECTED,
    DETECTION,
    EVENT,
    LIVE,
    MOTION,
    PERSON,
    PICTURE,
    becomes,
    incidents,
    set_up,
    state_of,
    walk_by,
)
from tests.waiting import eventually


@pytest.fixture
def impatient() -> Iterator[None]:
    """Ask an agent that is away again at once."""
    with patch("custom_components.gatehouse.reconnecting.RETRY_FIRST", timedelta(seconds=0.05)):
        yield


def states_of(hass: HomeAssistant, entity: str) -> list[State]:
    """Return a list that every new state of an entity is put on."""
    states: list[State] = []

    @callback
    def note(event: Event) -> None:
        if event.data["entity_id"] == entity:
            states.append(event.data["new_state"])

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return states


async def test_a_lost_agent_leaves_only_its_connectivity_and_what_is_to_be_recorded_available(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.stop()
    await becomes(hass, CONNECTED, "off")

    entities = er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)
    available = {
        entity.entity_id
        for entity in entities
        if entity.config_subentry_id and not entity.disabled
        if state_of(hass, entity.entity_id) != STATE_UNAVAILABLE
    }
    assert available == {CONNECTED, "switch.front_door_recording"}
    await agent.start(agent.port)


@pytest.mark.usefixtures("impatient")
async def test_what_happened_to_an_incident_while_its_agent_was_away_is_told_after_the_return(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await eventually(lambda: hass.states.get(EVENT).attributes.get("event_type") == "confirmed")
    confirmed = state_of(hass, EVENT)
    told = states_of(hass, EVENT)

    await agent.cut()
    await eventually(lambda: len(told) > 2)

    away, back, closed = told[:3]
    assert away.state == STATE_UNAVAILABLE
    assert (back.state, back.attributes["event_type"]) == (confirmed, "confirmed")
    assert (closed.attributes["event_type"], closed.attributes["state"]) == (
        "closed",
        "interrupted",
    )


@pytest.mark.usefixtures("impatient")
async def test_an_agent_that_comes_and_goes_makes_one_incident_of_each_stay(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    told = async_capture_events(hass, "gatehouse_incident")
    detections.people = 1
    await agent.move(moving=True)
    for _ in range(4):
        await becomes(hass, PERSON, "on")
        await agent.cut()
        await becomes(hass, PERSON, STATE_UNAVAILABLE)
    detections.people = 0
    await agent.move(moving=False)
    await becomes(hass, PERSON, "off")

    await eventually(lambda: len(told) >= 8)
    happened = await incidents(hass)
    assert [incident["state"] for incident in happened] == ["interrupted"] * 4
    assert sorted((event.data["incident_id"], event.data["type"]) for event in told) == sorted(
        (incident["id"], kind) for incident in happened for kind in ("confirmed", "interrupted")
    )
    await eventually(lambda: agent.streams == 0)


async def test_how_much_moves_is_written_nowhere(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.move(moving=True)
    await becomes(hass, MOTION, "on")
    [coordinator] = running_site.runtime_data.cameras
    written = {state.entity_id: state.last_reported for state in hass.states.async_all()}

    message = {"type": "motion", "camera": CAMERA, "moving": True, "at": 1795000000.0}
    await agent.say(message | {"score": 0.75})
    await eventually(lambda: coordinator.data.cameras[CAMERA].state.motion == 0.75)

    assert {state.entity_id: state.last_reported for state in hass.states.async_all()} == written


async def test_a_camera_that_is_back_and_sees_motion_is_watched_at_once(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    offline = golden("camera")
    await agent.say(offline)
    await becomes(hass, LIVE, STATE_UNAVAILABLE)

    online = offline["state"] | {"status": "online", "error": None, "moving": True}
    await agent.say(offline | {"state": online})

    await becomes(hass, PERSON, "on")


async def test_words_about_a_camera_that_the_agent_does_not_have_are_passed_over(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.say(golden("camera") | {"camera": "shed"})
    await agent.say(golden("motion") | {"camera": "shed", "moving": True})
    await agent.say(golden("stats") | {"stats": {"cpu_percent": 77.0}})

    await becomes(hass, "sensor.porch_cpu", "77.0")
    assert state_of(hass, LIVE) == "streaming"


@pytest.mark.usefixtures("impatient")
async def test_an_incident_of_a_camera_that_the_agent_gave_up_is_closed_without_a_word(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    caplog: pytest.LogCaptureFixture,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    agent.state["info"]["cameras"].clear()
    agent.state["cameras"].clear()

    await agent.cut()
    await eventually(lambda: hass.states.get(LIVE) is None)

    await eventually(lambda: interrupted(hass))
    assert "failed and is started again" not in caplog.text


async def interrupted(hass: HomeAssistant) -> bool:
    """Return whether the only incident was interrupted."""
    return [incident["state"] for incident in await incidents(hass)] == ["interrupted"]


async def test_the_last_picture_is_as_old_after_a_restart_as_it_was_before(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    await walk_by(hass, agent, detections)
    await eventually(lambda: hass.states.get(EVENT).attributes.get("event_type") == "closed")
    before = state_of(hass, PICTURE)

    await hass.config_entries.async_unload(site.entry_id)
    await set_up(hass, site)

    await becomes(hass, PICTURE, str(before))


async def test_a_picture_that_was_deleted_is_an_error_of_its_viewer_only(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    hass_client: ClientSessionGenerator,
) -> None:
    browser = await hass_client()
    nothing_yet = f"/api/image_proxy/{PICTURE}"
    assert (await browser.get(nothing_yet)).status == HTTPStatus.INTERNAL_SERVER_ERROR
    await walk_by(hass, agent, detections)
    [incident] = await incidents(hass)
    row = await site.runtime_data.archive.get(incident["id"])

    row.picture.unlink()

    shown = await browser.get(hass.states.get(PICTURE).attributes["entity_picture"])
    assert shown.status == HTTPStatus.INTERNAL_SERVER_ERROR
    gone = await browser.get(f"/api/gatehouse/picture/{incident['id']}")
    assert gone.status == HTTPStatus.NOT_FOUND


async def test_a_still_and_live_pictures_that_the_agent_cannot_give_are_said_to_be_missing(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    hass_client: ClientSessionGenerator,
) -> None:
    browser = await hass_client()
    agent.token = "another-token-of-some-length"

    still = await browser.get(f"/api/camera_proxy/{LIVE}")
    live = await browser.get(f"/api/camera_proxy_stream/{LIVE}")

    assert still.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert live.status == HTTPStatus.BAD_GATEWAY


async def test_live_pictures_end_for_their_viewer_when_the_agent_ends_them(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    hass_client: ClientSessionGenerator,
) -> None:
    browser = await hass_client()
    async with browser.get(f"/api/camera_proxy_stream/{LIVE}") as live:
        await live.content.readany()

        agent.dark = True

        await live.content.read()
    after = await browser.get(f"/api/camera_proxy_stream/{LIVE}")
    assert after.status == HTTPStatus.BAD_GATEWAY


async def test_a_stream_that_broke_gets_a_new_address_once_the_old_one_is_old(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    camera = hass.data["camera"].get_entity(LIVE)
    stream = camera.stream = Stream()
    old = await camera.stream_source()
    await agent.say(golden("stats") | {"stats": {"cpu_percent": 1.0}})
    await becomes(hass, "sensor.porch_cpu", "1.0")
    assert stream.source is None

    later = dt_util.utcnow() + LIVE_LIFETIME
    with patch("custom_components.gatehouse.camera.dt_util.utcnow", return_value=later):
        await camera.stream_source()  # a player asks for an address of its own
        await agent.say(golden("stats") | {"stats": {"cpu_percent": 2.0}})
        await becomes(hass, "sensor.porch_cpu", "2.0")

    assert stream.source
    assert stream.source.startswith(old.partition("?")[0])
    camera.stream = None


class Stream:
    """What we use of a stream of Home Assistant's: one whose worker cannot connect."""

    available = False
    source: str | None = None

    def update_source(self, source: str) -> None:
        """Take the address to connect with next."""
        self.source = source


async def test_a_switch_that_is_turned_while_it_runs_keeps_its_setting_over_a_reload(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await hass.services.async_call("switch", "turn_off", {"entity_id": DETECTION}, blocking=True)

    await hass.config_entries.async_reload(site.entry_id)
    await becomes(hass, CONNECTED, "on")

    assert state_of(hass, DETECTION) == "off"


@pytest.mark.usefixtures("impatient")
async def test_another_agent_at_the_address_is_not_taken_for_the_one_that_was_added(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    known = dict(agent.state["info"])
    agent.state["info"] |= {"id": "c0ffee000009", "name": "Garage"}
    await agent.cut()
    await eventually(lambda: "Another agent, Garage" in caplog.text)
    assert state_of(hass, CONNECTED) == "off"
    assert state_of(hass, LIVE) == STATE_UNAVAILABLE

    agent.state["info"] |= known
    await becomes(hass, CONNECTED, "on")
