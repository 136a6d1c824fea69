"""Detection on and off, for each camera."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity

from . import GatehouseConfigEntry
from .coordinator import AgentCoordinator
from .entity import CameraEntity, async_add_camera_entities

PARALLEL_UPDATES = 0

ON: Final = "on"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a detection switch for each camera."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [DetectionSwitch(entry, coordinator, camera)],
    )


class DetectionSwitch(CameraEntity, SwitchEntity, RestoreEntity):
    """Whether a camera is watched for people; remembered over restarts."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_is_on = True

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: AgentCoordinator, camera: str
    ) -> None:
        """Switch the camera's watch."""
        super().__init__(coordinator, camera, "detection")
        self._hub = entry.runtime_data

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
        self._hub.incidents.switch(self.coordinator.key(self.camera), on)
        self.async_write_ha_state()
