"""A camera is private when its agent says so: nobody looks, and everybody sees why."""

from contextlib import aclosing
from http import HTTPStatus
import io
from unittest.mock import AsyncMock, Mock

from homeassistant.components.camera import CameraEntityFeature, async_get_image
from homeassistant.components.camera.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.camera import PRIVATE_PICTURE
from custom_components.gatehouse.incidents import PicturesLost
from tests.ha.scripted import CAMERA, ScriptedAgent, ScriptedDetections
from tests.ha.seeing import CONNECTED, LIVE, MOTION, PERSON, becomes, incidents_that_are, state_of
from tests.waiting import eventually

PRIVACY = "switch.front_door_privacy"
STATUS = "sensor.front_door_status"


async def turn(hass: HomeAssistant, how: str) -> None:
    """Turn the switch."""
    await hass.services.async_call("switch", f"turn_{how}", {"entity_id": PRIVACY}, blocking=True)


async def test_a_camera_is_private_until_somebody_says_otherwise(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert state_of(hass, PRIVACY) == "off"

    await turn(hass, "on")

    assert agent.upkeep.asked == ["private True"]
    assert (state_of(hass, PRIVACY), state_of(hass, STATUS)) == ("on", "private")
    assert {state_of(hass, each) for each in (PERSON, MOTION)} == {"unavailable"}

    await turn(hass, "off")

    assert (state_of(hass, PRIVACY), state_of(hass, STATUS)) == ("off", "online")
    assert (state_of(hass, LIVE), state_of(hass, MOTION)) == ("streaming", "off")


async def test_the_switch_shows_what_the_agent_says(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.upkeep.tell(status="private", error=None)
    await becomes(hass, PRIVACY, "on")

    await agent.stop()
    await becomes(hass, CONNECTED, "off")
    assert state_of(hass, PRIVACY) == "unavailable"

    await agent.start(agent.port)
    await becomes(hass, PRIVACY, "on")


async def test_news_that_is_older_than_the_feed_changes_nothing(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    [coordinator] = running_site.runtime_data.cameras
    await agent.upkeep.tell(status="private", error=None)
    await becomes(hass, PRIVACY, "on")
    before = coordinator.data

    await turn(hass, "on")

    assert coordinator.data is before


async def test_an_agent_that_refuses_leaves_the_switch_as_it_is(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.upkeep.refuse("not_found", "There is nothing here.", 404)

    with pytest.raises(HomeAssistantError) as caught:
        await turn(hass, "on")

    assert caught.value.translation_key == "agent_outdated"
    assert state_of(hass, PRIVACY) == "off"


async def test_a_private_camera_shows_a_closed_eye(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    await turn(hass, "on")

    assert state_of(hass, LIVE) == "idle"
    shown = await async_get_image(hass, LIVE)
    assert shown.content == PRIVATE_PICTURE.read_bytes()
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
    browser = await hass_client()
    still = await browser.get(f"/api/camera_proxy/{LIVE}")
    assert (still.status, still.content_type) == (HTTPStatus.OK, "image/jpeg")


async def test_whoever_looks_on_while_it_becomes_private_sees_what_the_agent_shows(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    hass_client: ClientSessionGenerator,
) -> None:
    browser = await hass_client()
    async with browser.get(f"/api/camera_proxy_stream/{LIVE}") as viewer:
        await viewer.content.readuntil(b"\r\n\r\n")
        await turn(hass, "on")

        assert await viewer.content.readuntil(b"\r\n\r\n")
    await eventually(lambda: agent.streams == 0)


async def test_there_is_no_stream_of_a_private_camera(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    camera = hass.data[DATA_COMPONENT].get_entity(LIVE)
    stream = Mock(stop=AsyncMock(), available=True)
    camera.stream = stream

    await turn(hass, "on")
    await hass.async_block_till_done()

    assert camera.supported_features == CameraEntityFeature(0)
    assert await camera.stream_source() is None
    stream.stop.assert_awaited_once()

    await turn(hass, "off")

    assert camera.supported_features is CameraEntityFeature.STREAM
    [renewed] = stream.update_source.call_args.args
    assert "/live.ts?" in renewed
    camera.stream = None


async def test_nobody_looks_at_a_private_camera(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")

    await turn(hass, "on")

    await eventually(lambda: agent.streams == 0)
    await eventually(lambda: incidents_that_are(hass, "interrupted"))
    asked = detections.asked
    await agent.move(moving=True)
    await agent.upkeep.tell(motion=0.5)
    [coordinator] = site.runtime_data.cameras
    await eventually(lambda: coordinator.data.cameras[CAMERA].state.motion == 0.5)
    assert state_of(hass, PERSON) == "unavailable"
    assert (agent.streams, detections.asked) == (0, asked)


async def test_the_sign_of_a_private_camera_is_no_picture_of_a_passage(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    [coordinator] = running_site.runtime_data.cameras
    source = coordinator.watched(CAMERA)
    async with aclosing(source.pictures(1)) as pictures:
        assert await anext(pictures)

        await agent.upkeep.tell(status="private", error=None)
        await becomes(hass, PRIVACY, "on")

        with pytest.raises(PicturesLost, match="private"):
            await anext(pictures)
