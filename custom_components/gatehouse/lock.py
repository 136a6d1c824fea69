"""Each agent's door: unlocked for a moment, never for longer."""

from typing import Any, Final, override

from homeassistant.components.lock import LockEntity, LockEntityFeature
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .asking import translated
from .door_entity import AgentDoor, PassageEntity
from .door_setup import async_follow_doors
from .models import PassageKind

PARALLEL_UPDATES = 0

EXIT_BUTTON: Final = "Exit button"
HOME_ASSISTANT: Final = "Home Assistant"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a lock for each door."""
    async_follow_doors(
        hass, entry, Platform.LOCK, async_add_entities, lambda door: [DoorLock(entry, door)]
    )


class DoorLock(PassageEntity[AgentDoor], LockEntity):
    """A door's lock; unlocked or opened, it locks itself again after the door's own time."""

    _attr_name = None
    _attr_supported_features = LockEntityFeature.OPEN
    _kinds = (PassageKind.GRANTED, PassageKind.EXIT)

    def __init__(self, entry: GatehouseConfigEntry, door: AgentDoor) -> None:
        """Be the door's lock."""
        super().__init__(entry, door, "lock")

    @property
    @override
    def is_locked(self) -> bool | None:
        """Whether the door is locked; that says nothing of whether it is shut."""
        state = self.door.state
        return state.locked if state else None

    @property
    @override
    def changed_by(self) -> str | None:
        """Who opened it last."""
        if self._last is None:
            return None
        nobody = EXIT_BUTTON if self._last.kind is PassageKind.EXIT else None
        return self._last.person or nobody

    @override
    async def async_unlock(self, **kwargs: Any) -> None:
        """Unlock the door for as long as it is for a card."""
        async with translated():
            await self._admission.access.unlock(self.door.key, await self._who())

    @override
    async def async_open(self, **kwargs: Any) -> None:
        """Do the same: there is no latch to be drawn apart from that."""
        await self.async_unlock()

    @override
    async def async_lock(self, **kwargs: Any) -> None:
        """Lock the door before its time is over."""
        async with translated():
            await self.door.coordinator.agent.doors.lock(self.door.id)

    async def _who(self) -> str:
        """Return who asks: a user of Home Assistant, or itself."""
        identity = self._context.user_id if self._context else None
        user = await self.hass.auth.async_get_user(identity) if identity else None
        return user.name if user and user.name else HOME_ASSISTANT
