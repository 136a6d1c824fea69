"""What every entity of a door shares, whether an agent has the door or another system."""

import asyncio
from typing import Protocol, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from . import GatehouseConfigEntry
from .agent import DoorState
from .agent_coordinator import AgentCoordinator
from .const import DOMAIN
from .models import Passage, PassageKind
from .options import other_door_key


class Door(Protocol):
    """A door as its entities know it."""

    @property
    def key(self) -> str:
        """Its site-wide key."""

    @property
    def device(self) -> DeviceInfo:
        """The device that its entities belong to."""

    @property
    def available(self) -> bool:
        """Whether anybody tells how it is."""

    @callback
    def async_add_listener(self, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call update whenever that is another, until unsubscribed."""


class AgentDoor:
    """A door of an agent; unavailable as soon as the Pi is lost."""

    def __init__(self, coordinator: AgentCoordinator, door: str) -> None:
        """Be the door that the agent calls by this id."""
        self.coordinator = coordinator
        self.id = door
        self.key = coordinator.door_key(door)
        self.info = coordinator.data.doors[door].info

    @property
    def device(self) -> DeviceInfo:
        """A device below the Pi's."""
        return _device(self.key, self.info.name, self.coordinator.device_id)

    @property
    def state(self) -> DoorState | None:
        """How it is; None if it was never told."""
        data = self.coordinator.data.doors.get(self.id)
        return data.state if data else None

    @property
    def available(self) -> bool:
        """Whether its agent is connected, and has told of it."""
        return self.coordinator.last_update_success and self.state is not None

    @callback
    def async_add_listener(self, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call update with each word of the agent."""
        return self.coordinator.async_add_listener(update)


class OtherDoor:
    """A door of another system: nobody tells how it is, but who was let in is known."""

    available = True

    def __init__(self, subentry: ConfigSubentry, site: str) -> None:
        """Be the door of a subentry, below the site's device."""
        self.key = other_door_key(subentry.subentry_id)
        self.device = _device(self.key, subentry.title, site)

    @callback
    def async_add_listener(self, update: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Never call: there is nobody to listen to."""
        return lambda: None


class DoorEntity[D: Door](Entity):
    """Something about one door."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, door: D, key: str) -> None:
        """Belong to the door's device."""
        self.door = door
        self._attr_unique_id = f"{door.key}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = door.device

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the door."""
        await super().async_added_to_hass()
        self.async_on_remove(self.door.async_add_listener(self._async_update))

    @property
    @override
    def available(self) -> bool:
        """Whether anybody tells how the door is."""
        return self.door.available

    @callback
    def _async_update(self) -> None:
        self.async_write_ha_state()


class PassageEntity[D: Door](DoorEntity[D]):
    """What tells of the last passage of a door, also after a restart, whenever it is heard of."""

    _kinds: tuple[PassageKind, ...] = ()
    """Of these kinds; none are all of them."""
    _last: Passage | None = None
    _recalling: asyncio.Task[None]

    def __init__(self, entry: GatehouseConfigEntry, door: D, key: str) -> None:
        """Know of nobody yet."""
        super().__init__(door, key)
        self._admission = entry.runtime_data.admission

    @override
    async def async_added_to_hass(self) -> None:
        """Follow who comes, and look up who was last.

        Nothing is awaited: whatever is removed before it is added comes back with nobody to own it.
        """
        await super().async_added_to_hass()
        self.async_on_remove(self._admission.async_subscribe(self._async_hear))
        self._recalling = self.hass.async_create_task(
            self._recall(), f"{DOMAIN} last passage of {self.door.key}"
        )

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Look up nothing any more."""
        self._recalling.cancel()

    async def _recall(self) -> None:
        if last := await self._admission.last(self.door.key, *self._kinds):
            self._async_hear(last)

    @callback
    def _async_hear(self, passage: Passage) -> None:
        ours = passage.door == self.door.key and (not self._kinds or passage.kind in self._kinds)
        if ours and (self._last is None or self._last.at <= passage.at):
            self._last = passage
            self._async_update()


def _device(key: str, name: str, below: str) -> DeviceInfo:
    return DeviceInfo(
        identifiers={(DOMAIN, key)},
        name=name,
        manufacturer="Gatehouse",
        model="Door",
        via_device_id=below,
    )
