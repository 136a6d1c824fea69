"""A site as Home Assistant stores it."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.scripted import ScriptedAgent


def site_with(*subentries: ConfigSubentryData, **options: Any) -> MockConfigEntry:
    """Return a site that is not yet in Home Assistant."""
    return MockConfigEntry(
        domain="gatehouse",
        unique_id="site",
        title="Home",
        minor_version=2,
        options=options,
        subentries_data=subentries,
    )


def subentry_of(agent: ScriptedAgent, **fields: Any) -> ConfigSubentryData:
    """Return an agent as its site stores it."""
    info = agent.state["info"]
    return ConfigSubentryData(
        subentry_type="agent",
        title=info["name"],
        unique_id=info["id"],
        data=fields_of(agent) | fields,
    )


def fields_of(agent: ScriptedAgent) -> dict[str, Any]:
    """Return what a user types to add an agent."""
    return {"host": "127.0.0.1", "port": agent.port, "token": agent.token}
