"""What helps to understand a site that misbehaves, without its secrets."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant

from .const import CONF_REMOTE_URL
from .database import DatabaseError

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .coordinator import AgentCoordinator
    from .hub import Hub

# An address of a service may carry a key in it.
SECRETS: Final = {CONF_HOST, CONF_TOKEN, CONF_REMOTE_URL}

# Enough to see a pattern of failures, short enough to read.
NEWEST: Final = 20


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: GatehouseConfigEntry
) -> dict[str, Any]:
    """Return the options, the agents as they are now, the detector and the newest footage."""
    hub = entry.runtime_data
    return {
        "options": async_redact_data(entry.options, SECRETS),
        "detector": {
            "status": hub.detection.status,
            "progress": hub.detection.progress,
            "error": hub.detection.error,
        },
        "agents": [_agent(coordinator) for coordinator in hub.coordinators.values()],
        "footage": await _footage(hub),
    }


async def _footage(hub: Hub) -> list[dict[str, Any]] | str:
    """Return the newest footage; a database that fails is what somebody wants to read of here."""
    try:
        return [asdict(row) for row in await hub.footage.find(limit=NEWEST)]
    except DatabaseError as err:
        return f"{type(err).__name__}: {err}"


def _agent(coordinator: AgentCoordinator) -> dict[str, Any]:
    subentry, error = coordinator.subentry, coordinator.last_exception
    return {
        "id": coordinator.agent_id,
        "title": subentry.title,
        "data": async_redact_data(subentry.data, SECRETS),
        "connected": coordinator.last_update_success,
        # Its name only: the text names the host.
        "last_error": type(error).__name__ if error else None,
        **asdict(coordinator.data),
    }
