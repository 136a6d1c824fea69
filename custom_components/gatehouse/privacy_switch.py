"""The switch by which a camera is private: its pictures do not even exist."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity

from .agent_coordinator import AgentCoordinator
from .asking import translated
from .entity import CameraEntity


class PrivacySwitch(CameraEntity, SwitchEntity):
    """Whether capture is stopped on the Pi itself, which remembers that over restarts.

    It shows what the Pi says, not what was asked of it.
    """

    coordinator: AgentCoordinator

    def __init__(self, coordinator: AgentCoordinator, camera: str) -> None:
        """Switch the camera's privacy."""
        super().__init__(coordinator, camera, "privacy")

    @property
    @override
    def available(self) -> bool:
        """Whether the camera's Pi is connected."""
        return self.coordinator.tells_of(self.camera)

    @property
    @override
    def is_on(self) -> bool:
        """Whether the camera is private."""
        return self.camera_data.state.private

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Stop the capture."""
        await self._set(private=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Begin it again."""
        await self._set(private=False)

    async def _set(self, *, private: bool) -> None:
        async with translated():
            await self.coordinator.async_set_private(self.camera, private=private)
