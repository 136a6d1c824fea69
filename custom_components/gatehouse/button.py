"""What somebody says of a camera's last incident, and what is asked of a Pi."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .asking import translated
from .coordinator import CameraCoordinator
from .entity import CameraEntity, async_add_agent_entities, async_add_camera_entities
from .incidents import Archive
from .models import Incident
from .upkeep_buttons import agent_buttons, camera_buttons

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class IncidentButton(ButtonEntityDescription):
    """Something to say of an incident, as long as nobody has said it."""

    is_open_fn: Callable[[Incident], bool]
    say_fn: Callable[[Archive, str], Awaitable[object]]


BUTTONS: tuple[IncidentButton, ...] = (
    IncidentButton(
        key="reviewed",
        is_open_fn=lambda incident: incident.reviewed is None,
        say_fn=lambda archive, incident: archive.review(incident),
    ),
    IncidentButton(
        key="not_a_person",
        is_open_fn=lambda incident: not incident.false_alarm,
        say_fn=lambda archive, incident: archive.not_a_person(incident),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each agent and of each camera."""
    async_add_agent_entities(entry, async_add_entities, agent_buttons)
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [
            *(LastIncidentButton(entry, coordinator, camera, button) for button in BUTTONS),
            *camera_buttons(coordinator, camera),
        ],
    )


class LastIncidentButton(CameraEntity, ButtonEntity):
    """Says one thing of the newest incident that a camera saw."""

    entity_description: IncidentButton

    def __init__(
        self,
        entry: GatehouseConfigEntry,
        coordinator: CameraCoordinator[Any],
        camera: str,
        description: IncidentButton,
    ) -> None:
        """Say what the description says."""
        super().__init__(coordinator, camera, description.key)
        self.entity_description = description
        self._archive = entry.runtime_data.archive

    @property
    @override
    def available(self) -> bool:
        """Whether there is an incident of which this can be said."""
        return super().available and self._incident is not None

    @override
    async def async_press(self) -> None:
        """Say it; every entity that shows the incident hears of it."""
        if incident := self._incident:
            async with translated():
                await self.entity_description.say_fn(self._archive, incident.id)

    @property
    def _incident(self) -> Incident | None:
        incident = self.camera_data.incident
        open_ = incident is not None and self.entity_description.is_open_fn(incident)
        return incident if open_ else None
