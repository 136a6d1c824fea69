"""Tells the bench when Home Assistant has started, and how late its event loop is.

It is linked into its custom components, beside what attends the loop.
"""

import json
import os
import socket
import time

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.discovery import async_load_platform
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .lag import attend

DOMAIN = "gatehouse_bench"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Wait for the end of the start, and attend the loop if that is wanted."""

    @callback
    def tell(_: HomeAssistant) -> None:
        said = json.dumps({"started": time.monotonic()}).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.sendto(said, os.environ["SOAK_TOLD"])

    async_at_started(hass, tell)
    if "SOAK_PROGRAM" in os.environ:
        attend(hass.loop)
    if entities := int(os.environ.get("BENCH_ENTITIES", "0")):
        await async_load_platform(hass, "sensor", DOMAIN, {"entities": entities}, config)
    return True
