"""Somebody comes and goes in the scene, and what is kept of it."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.gatehouse.models import Footage
from tests.e2e.browser import Page
from tests.ha.seeing import incidents
from tests.waiting import eventually

from .conftest import CAMERA, AgentProcess, is_state

PLAYER = '<video src="{address}" muted preload="auto"></video>'
CAN_PLAY_THROUGH = "video.readyState === HTMLMediaElement.HAVE_ENOUGH_DATA"
IS_SHOWN = "video.currentTime > 0.5 && video.videoWidth > 0"


async def visited(hass: HomeAssistant, agent: AgentProcess) -> dict[str, Any]:
    """Let the scene begin with nobody; return the incident of the one who comes, with its clip."""
    agent.begin_anew()
    began = dt_util.utcnow()
    await eventually(is_state(hass, CAMERA, "unavailable"), 10, "the camera begins anew")
    await eventually(is_state(hass, CAMERA, "streaming"), 20, "the camera is back")

    async def found() -> dict[str, Any] | None:
        await asyncio.sleep(0.2)  # the detector needs the processor
        told = await incidents(hass, since=began.isoformat())
        return next((each for each in told if each["clip"]), None)

    return await eventually(found, 60, "the incident's clip")


async def clip_of(site: MockConfigEntry, incident: dict[str, Any]) -> Footage:
    """Return the row of an incident's clip."""
    found = await site.runtime_data.storage.library.get(incident["clip"].rpartition("/")[2])
    assert found
    return found


async def resolved(hass_ws_client: WebSocketGenerator, content: str) -> str:
    """Return the signed path that the media browser gives to a player."""
    socket = await hass_ws_client()
    await socket.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": content}
    )
    answer = await socket.receive_json()
    assert answer["success"], answer
    assert answer["result"]["mime_type"] == "video/mp4"
    return answer["result"]["url"]


async def play(page: Page, address: str) -> None:
    """Let a browser play a clip, from its beginning and from its middle."""
    await page.show(PLAYER.format(address=address))
    await page.until(CAN_PLAY_THROUGH)
    await page.run("document.querySelector('video').play()")
    await page.until(IS_SHOWN)
    middle = await page.run("document.querySelector('video').duration") / 2
    await page.run(f"document.querySelector('video').currentTime = {middle}")
    await page.until(f"!video.seeking && video.currentTime > {middle + 0.3}")
    assert await page.run("document.querySelector('video').currentTime") < middle + 5
    quality = "document.querySelector('video').getVideoPlaybackQuality()"
    assert await page.run(f"{quality}.totalVideoFrames") >= 5
    assert not await page.run(f"{quality}.corruptedVideoFrames")
