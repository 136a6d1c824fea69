"""Whether cards decide at a door, or nobody does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .agent import DoorMode
from .asking import translated
from .door_entity import AgentDoor, Door, DoorEntity, OtherDoor
from .door_setup import async_add_other_doors, async_follow_doors
from .emergency import PATIENCE

PARALLEL_UPDATES = 0

ATTR_UNTIL: Final = "until"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the mode of each door."""
    async_follow_doors(
        hass, entry, Platform.SELECT, async_add_entities, lambda door: [Mode(entry, door)]
    )
    async_add_other_doors(hass, entry, async_add_entities, lambda door: [OtherMode(entry, door)])


class ModeSelect[D: Door](DoorEntity[D], SelectEntity):
    """The mode of a door; one that is chosen here has no end."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_options = [*DoorMode]  # noqa: RUF012 - Home Assistant's own shape
    _unrecorded_attributes = frozenset({ATTR_UNTIL})

    def __init__(self, entry: GatehouseConfigEntry, door: D) -> None:
        """Be the door's mode."""
        super().__init__(door, "mode")
        self._admission = entry.runtime_data.admission

    @override
    async def async_select_option(self, option: str) -> None:
        """Have the door go by a mode, and wait for it to do so."""
        policies = self._admission.policies
        rules = policies.policy.door(self.door.key)
        async with translated():
            await policies.save(replace(rules, mode=DoorMode(option), mode_until=None))
        await self._admission.access.settle(PATIENCE)


class Mode(ModeSelect[AgentDoor]):
    """The mode that an agent's door goes by, not the one that it should go by."""

    @property
    @override
    def current_option(self) -> str | None:
        """The mode now."""
        return self.door.state.mode if self.door.state else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """When it is normal again; None if it is, or if nobody has said when."""
        return {ATTR_UNTIL: self.door.state.mode_until if self.door.state else None}


class OtherMode(ModeSelect[OtherDoor]):
    """The mode by which is decided at a door of another system."""

    _over: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what people say."""
        await super().async_added_to_hass()
        self.async_on_remove(self._admission.policies.listen(self._async_changed))
        self.async_on_remove(self._forget_end)
        self._await_end()

    @property
    @override
    def current_option(self) -> str:
        """The mode now."""
        return self._admission.policies.policy.door(self.door.key).mode_at(dt_util.utcnow())

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """When it is normal again."""
        return {ATTR_UNTIL: self._until if self.current_option != DoorMode.NORMAL else None}

    @property
    def _until(self) -> datetime | None:
        return self._admission.policies.policy.door(self.door.key).mode_until

    @callback
    def _async_changed(self) -> None:
        self._await_end()
        self.async_write_ha_state()

    @callback
    def _async_over(self, _: datetime) -> None:
        self._over = None
        self.async_write_ha_state()

    def _await_end(self) -> None:
        self._forget_end()
        if self._until and self._until > dt_util.utcnow():
            self._over = async_track_point_in_utc_time(self.hass, self._async_over, self._until)

    @callback
    def _forget_end(self) -> None:
        if self._over:
            self._over()
            self._over = None
