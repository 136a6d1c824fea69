"""As many entities as the bench wants, of which each is a state and nothing else."""

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add them, once they are asked for."""
    if discovery_info:
        async_add_entities(map(Bare, range(discovery_info["entities"])))


class Bare(SensorEntity):
    """One of them."""

    _attr_should_poll = False
    _attr_native_value = 1

    def __init__(self, number: int) -> None:
        """Be known again at the next start."""
        self._attr_name = f"Bare {number}"
        self._attr_unique_id = f"bare {number}"
