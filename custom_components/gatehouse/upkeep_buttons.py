"""Buttons that begin something anew: a camera, an agent, a Pi; for administrators."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory

from .agent import Upkeep
from .agent_coordinator import AgentCoordinator
from .asking import async_require_admin, translated
from .coordinator import CameraCoordinator
from .entity import AgentEntity, CameraEntity


@dataclass(frozen=True, kw_only=True)
class AgentButton(ButtonEntityDescription):
    """Something to ask of an agent."""

    device_class: ButtonDeviceClass | None = ButtonDeviceClass.RESTART
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    press_fn: Callable[[Upkeep], Awaitable[None]]


AGENT_BUTTONS: Final = (
    AgentButton(key="restart", press_fn=lambda upkeep: upkeep.restart()),
    # It takes minutes, and whoever is at a door waits outside.
    AgentButton(
        key="reboot",
        entity_registry_enabled_default=False,
        press_fn=lambda upkeep: upkeep.reboot(),
    ),
)


def agent_buttons(coordinator: AgentCoordinator) -> Iterator[ButtonEntity]:
    """Yield the buttons of an agent."""
    for button in AGENT_BUTTONS:
        yield AgentUpkeepButton(coordinator, button)


def camera_buttons(coordinator: CameraCoordinator[Any], camera: str) -> Iterator[ButtonEntity]:
    """Yield what can be asked of an agent for a camera; nobody else can be."""
    if isinstance(coordinator, AgentCoordinator):
        yield RestartCameraButton(coordinator, camera)


class AgentUpkeepButton(AgentEntity, ButtonEntity):
    """Asks one thing of an agent."""

    entity_description: AgentButton

    def __init__(self, coordinator: AgentCoordinator, description: AgentButton) -> None:
        """Ask what the description asks."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @override
    async def async_press(self) -> None:
        """Ask it."""
        await async_require_admin(self.hass, self._context)
        async with translated():
            await self.entity_description.press_fn(self.coordinator.agent.upkeep)


class RestartCameraButton(CameraEntity, ButtonEntity):
    """Has a camera's process begun anew."""

    coordinator: AgentCoordinator
    _attr_device_class = ButtonDeviceClass.RESTART
    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, coordinator: AgentCoordinator, camera: str) -> None:
        """Be the camera's."""
        super().__init__(coordinator, camera, "restart_camera")

    @property
    @override
    def available(self) -> bool:
        """Whether the camera's Pi is connected: a camera that is away needs it most."""
        return self.coordinator.tells_of(self.camera)

    @override
    async def async_press(self) -> None:
        """Begin it anew."""
        await async_require_admin(self.hass, self._context)
        async with translated():
            await self.coordinator.agent.upkeep.restart_camera(self.camera)
