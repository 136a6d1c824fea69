"""Tells the soak how late Home Assistant's event loop is; linked into its custom components."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType

from .lag import attend

DOMAIN = "gatehouse_soak"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Attend the loop."""
    attend(hass.loop)
    return True
