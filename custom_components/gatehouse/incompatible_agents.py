"""Agents of another version of the API than ours, told as repair issues."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .agent import AgentIncompatible
from .const import DOMAIN


@callback
def async_report_incompatible(
    hass: HomeAssistant, owner: str, name: str, error: AgentIncompatible
) -> None:
    """Say in a repair issue that we cannot talk with an agent, and why."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue(owner),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="agent_incompatible",
        translation_placeholders={"name": name, "error": str(error)},
    )


@callback
def async_forget_incompatible(hass: HomeAssistant, owner: str) -> None:
    """Take back what was said of an agent: we can talk with it."""
    ir.async_delete_issue(hass, DOMAIN, _issue(owner))


def _issue(owner: str) -> str:
    return f"agent_incompatible_{owner}"
