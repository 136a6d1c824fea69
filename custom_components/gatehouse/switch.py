"""Whether each camera is private, watched, recorded and told of; lockdown and evacuation."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .agent import SiteMode
from .agent_coordinator import AgentCoordinator
from .coordinator import CameraCoordinator
from .door_setup import async_once_doors
from .emergency_switch import EmergencySwitch
from .entity import CameraEntity, async_add_camera_entities
from .options import other_doors, snooze_for
from .privacy_switch import PrivacySwitch
from .recording_switch import RecordingSwitch

PARALLEL_UPDATES = 0

ON: Final = "on"
ATTR_UNTIL: Final = "until"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of each camera, and those of a site with doors."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [
            DetectionSwitch(entry, coordinator, camera),
            RecordingSwitch(entry, coordinator, camera),
            SnoozeSwitch(entry, coordinator, camera),
            *_of_agents(coordinator, camera),
        ],
    )

    @callback
    def add_emergencies() -> None:
        modes = (SiteMode.LOCKDOWN, SiteMode.EVACUATION)
        async_add_entities([EmergencySwitch(entry, mode) for mode in modes])

    if other_doors(entry):
        add_emergencies()
    else:
        async_once_doors(entry, entry.runtime_data.cameras.agents.values(), add_emergencies)


def _of_agents(coordinator: CameraCoordinator[Any], camera: str) -> Iterator[SwitchEntity]:
    """Yield what only a camera on a Pi has."""
    if isinstance(coordinator, AgentCoordinator):
        yield PrivacySwitch(coordinator, camera)


class DetectionSwitch(CameraEntity, SwitchEntity, RestoreEntity):
    """Whether a camera is watched for people; remembered over restarts."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_is_on = True

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: CameraCoordinator[Any], camera: str
    ) -> None:
        """Switch the camera's watch."""
        super().__init__(coordinator, camera, "detection")
        self._incidents = entry.runtime_data.incidents

    @override
    async def async_added_to_hass(self) -> None:
        """Take up the last setting."""
        await super().async_added_to_hass()
        if last := await self.async_get_last_extra_data():
            self._switch(on=last.as_dict()[ON])

    @property
    @override
    def extra_restore_state_data(self) -> RestoredExtraData:
        """The setting itself: the state says "unavailable" when the agent is away at a restart."""
        return RestoredExtraData({ON: self.is_on})

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Watch the camera."""
        self._switch(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop watching: an open incident is closed as interrupted."""
        self._switch(on=False)

    def _switch(self, *, on: bool) -> None:
        self._attr_is_on = on
        self._incidents.switch(self.camera_key, on)
        self.async_write_ha_state()


class SnoozeSwitch(CameraEntity, SwitchEntity):
    """Whether nobody is to be notified of a camera's incidents; it turns itself off again."""

    _attr_entity_category = EntityCategory.CONFIG
    _unrecorded_attributes = frozenset({ATTR_UNTIL})

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: CameraCoordinator[Any], camera: str
    ) -> None:
        """Snooze for as long as the options say."""
        super().__init__(coordinator, camera, "snooze")
        self._snoozes = entry.runtime_data.snoozes
        self._span = snooze_for(entry)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the snoozes: an action sets them too, and time ends them."""
        await super().async_added_to_hass()
        self.async_on_remove(self._snoozes.subscribe(self.async_write_ha_state))

    @property
    @override
    def is_on(self) -> bool:
        """Whether the camera is snoozed now."""
        return self._until is not None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Until when."""
        return {ATTR_UNTIL: self._until}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Snooze the camera from now on."""
        self._snoozes.snooze(self.camera_key, dt_util.utcnow() + self._span)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Wake the camera."""
        self._snoozes.snooze(self.camera_key, None)

    @property
    def _until(self) -> datetime | None:
        return self._snoozes.until(self.camera_key)
