"""The site's lockdown and its evacuation."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.helpers.device_registry import DeviceInfo

from . import GatehouseConfigEntry
from .agent import SiteMode
from .asking import translated
from .const import DOMAIN

ATTR_WAITING_FOR: Final = "waiting_for"


class EmergencySwitch(SwitchEntity):
    """On when every connected agent goes by it, and unknown until then."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _unrecorded_attributes = frozenset({ATTR_WAITING_FOR})

    def __init__(self, entry: GatehouseConfigEntry, mode: SiteMode) -> None:
        """Switch this mode of the site."""
        self._mode = mode
        self._agents = entry.runtime_data.cameras.agents
        self._emergency = entry.runtime_data.admission.emergency
        self._attr_unique_id = f"{entry.entry_id}_{mode}"
        self._attr_translation_key = mode.value
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what is wanted, what is confirmed, and who is connected."""
        await super().async_added_to_hass()
        self.async_on_remove(self._emergency.async_subscribe(self.async_write_ha_state))
        for agent in self._agents.values():
            self.async_on_remove(agent.async_add_listener(self.async_write_ha_state))

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it holds; None while an agent that is connected has not confirmed it."""
        if self._emergency.mode is not self._mode:
            return False
        return True if self._emergency.holds else None

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether both buttons are wanted, as it is neither on nor off."""
        return self.is_on is None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """The agents that have not confirmed the last change, connected or not."""
        waited_for = self._emergency.waited_for & self._agents.keys()
        return {ATTR_WAITING_FOR: sorted(self._agents[agent].name for agent in waited_for)}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let it go before what any door says."""
        async with translated():
            await self._emergency.set(self._mode)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let the doors say again, if this goes before them."""
        if self._emergency.mode is self._mode:
            async with translated():
                await self._emergency.set(SiteMode.NORMAL)
