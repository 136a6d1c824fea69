"""Cameras that are on no agent, as their site stores them, and one of another integration."""

import asyncio
from pathlib import Path
from typing import Any, override

from homeassistant.components.camera import Camera
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.scripted import jpeg

YARD = "camera.yard"
SENSOR = "binary_sensor.yard_movement"


class Yard(Camera):
    """A camera of another integration, which gives whatever a test wants."""

    _attr_name = "Yard"
    _attr_unique_id = "yard"

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.still: bytes | None = None
        self.trouble: Exception | None = None
        self.hangs = False
        self.source: str | None = None
        self.sources_asked = 0

    @override
    async def stream_source(self) -> str | None:
        """Return where the stream is that a test has."""
        self.sources_asked += 1
        if self.trouble:
            raise self.trouble
        return self.source

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return a picture like no other, unless a test has one."""
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble:
            raise self.trouble
        return jpeg(self.asked % 200) if self.still is None else self.still


async def plug_in(hass: HomeAssistant, camera: Yard) -> None:
    """Give Home Assistant a camera."""
    assert await async_setup_component(hass, "camera", {})
    await hass.data["camera"].async_add_entities([camera])


def from_folder(uploads: Path) -> ConfigSubentryData:
    """Return an upload folder as its site stores it."""
    return ConfigSubentryData(
        subentry_type="folder", title="Back yard", unique_id=None, data={"folder": str(uploads)}
    )


def from_entity(
    motion: str | None = SENSOR, interval: float = 15, **more: Any
) -> ConfigSubentryData:
    """Return a camera of Home Assistant's as its site stores it."""
    data: dict[str, Any] = {"camera": YARD, "interval": interval, **more}
    return ConfigSubentryData(
        subentry_type="entity",
        title="Back yard",
        unique_id=None,
        data=data | ({"motion": motion} if motion else {}),
    )


async def start(hass: HomeAssistant, site: MockConfigEntry) -> MockConfigEntry:
    """Set a site up that has no agent."""
    assert await async_setup_component(hass, "http", {})
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    return site
