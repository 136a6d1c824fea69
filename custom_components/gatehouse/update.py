"""Which release each agent is of, and which it should be of."""

from typing import override

from homeassistant.components.update import UpdateEntity, UpdateEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .agent_coordinator import AgentCoordinator
from .care import ProblemKind
from .entity import AgentEntity, async_add_agent_entities
from .problem_words import async_sentence

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the update of each agent."""
    newest = entry.runtime_data.caretaker.version
    async_add_agent_entities(
        entry, async_add_entities, lambda coordinator: [AgentUpdate(coordinator, newest)]
    )


class AgentUpdate(AgentEntity, UpdateEntity):
    """One agent's release against the integration's own: the two are released together.

    It cannot be installed from here: agents are updated by their installer. What answers on the
    network, and may be asked by whoever has its token, must never change the program that runs.
    """

    _attr_supported_features = UpdateEntityFeature.RELEASE_NOTES
    _attr_title = "Gatehouse agent"

    def __init__(self, coordinator: AgentCoordinator, newest: str) -> None:
        """Compare with this version."""
        super().__init__(coordinator, "agent")
        self._attr_latest_version = newest

    @property
    @override
    def installed_version(self) -> str | None:
        """What the agent says that it is."""
        info = self.coordinator.data.info
        return info.version if info else None

    @override
    async def async_release_notes(self) -> str | None:
        """Return how to update it."""
        words = {
            "name": self.coordinator.name,
            "version": self.installed_version or "",
            "newest": self.latest_version or "",
        }
        return await async_sentence(self.hass, ProblemKind.AGENT_OUTDATED, words)
