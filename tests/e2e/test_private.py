"""A camera of a real agent is private, also after a power cut, and is begun anew."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.components.camera import async_get_image
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.camera import PRIVATE_PICTURE
from tests.waiting import eventually

from .conftest import CAMERA, TOKEN, AgentProcess, Scene, is_state

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PRIVACY = "switch.front_door_privacy"
CONNECTED = "binary_sensor.porch_connectivity"
JPEG = b"\xff\xd8"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return a pattern: what it shows does not matter."""
    return Scene(
        video=tmp_path / "none.mp4",
        model=Path(),
        threshold=0.5,
        settings="width = 320\nheight = 180\nfps = 10\n",
        entering=0.0,
    )


@pytest.fixture
async def agent(tmp_path: Path, scene: Scene, socket_enabled: None) -> AsyncIterator[AgentProcess]:
    """A running agent that shows the pattern."""
    agent = AgentProcess(tmp_path, scene)
    config = tmp_path / "agent.toml"
    lines = config.read_text().replace('source = "video"', 'source = "pattern"').splitlines()
    config.write_text("\n".join(line for line in lines if not line.startswith("path =")))
    await agent.start()
    yield agent
    await agent.stop()


@pytest.fixture
async def site(hass: HomeAssistant, agent: AgentProcess, media: Path) -> MockConfigEntry:
    """A site in which nobody looks."""
    for component in ("http", "camera"):
        assert await async_setup_component(hass, component, {})
    entry = MockConfigEntry(
        domain="gatehouse",
        unique_id="site",
        title="Home",
        minor_version=2,
        options={"detectors": []},
        subentries_data=[
            ConfigSubentryData(
                subentry_type="agent",
                title="Porch",
                unique_id="c0ffee000001",
                data={"host": "127.0.0.1", "port": agent.port, "token": TOKEN},
            )
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(is_state(hass, CAMERA, "streaming"), 20, "the camera shows pictures")
    return entry


async def test_a_camera_is_private_until_somebody_says_otherwise_power_or_not(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: AgentProcess,
    hass_client: ClientSessionGenerator,
) -> None:
    await turn(hass, "on")
    assert agent.children == []
    assert (await async_get_image(hass, CAMERA)).content == PRIVATE_PICTURE.read_bytes()
    browser = await hass_client()
    async with browser.get(f"/api/camera_proxy_stream/{CAMERA}") as viewer:
        await viewer.content.readuntil(b"\r\n\r\n")
        assert await viewer.content.readexactly(2) == JPEG

    await agent.kill()
    await eventually(is_state(hass, CONNECTED, "off"), 10, "the agent is away")
    await agent.start()
    await eventually(is_state(hass, PRIVACY, "on"), 30, "the agent is back")
    assert agent.children == []
    assert is_state(hass, CAMERA, "idle")()

    await turn(hass, "off")
    await eventually(is_state(hass, CAMERA, "streaming"), 20, "the camera shows pictures again")
    shown = await async_get_image(hass, CAMERA)
    assert shown.content != PRIVATE_PICTURE.read_bytes()


async def test_a_camera_is_begun_anew(
    hass: HomeAssistant, site: MockConfigEntry, agent: AgentProcess
) -> None:
    [before] = agent.children

    await hass.services.async_call(
        "gatehouse", "restart_camera", {"entity_id": CAMERA}, blocking=True
    )

    await eventually(lambda: agent.children and agent.children != [before], 20, "another process")
    await eventually(is_state(hass, CAMERA, "streaming"), 20, "the camera shows pictures again")


async def test_a_real_pi_tells_how_it_is(
    hass: HomeAssistant, site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "gatehouse/health/subscribe"})
    assert (await client.receive_json())["success"]

    [agent] = (await client.receive_json())["event"]["agents"]

    assert agent["outdated"] is False
    assert agent["stats"]["memory_total_bytes"] > 0
    assert agent["cameras"][0]["frame_age_s"] < 5
    assert abs(agent["clock_ahead_s"]) < 1


async def turn(hass: HomeAssistant, how: str) -> None:
    """Turn the switch."""
    await hass.services.async_call("switch", f"turn_{how}", {"entity_id": PRIVACY}, blocking=True)
