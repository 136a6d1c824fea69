"""What agents had to let go because there was no room for it, told as repair issues.

An issue remembers how much was known, also when it is ignored: it is told again when more is lost.
"""

import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

LOST: Final = "lost"


@callback
def async_report_lost_clips(hass: HomeAssistant, owner: str, name: str, lost: int) -> None:
    """Say in a repair issue that an agent had to let clips go, whenever more of them are lost."""
    if not _is_news(hass, issue := f"spool_lost_{owner}", lost):
        return
    _LOGGER.warning("%s has lost %s clips that nobody fetched: its spool was full", name, lost)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        translation_key="spool_lost",
        translation_placeholders={"name": name, "lost": str(lost)},
        **_kept(lost),
    )


@callback
def async_report_lost_passages(hass: HomeAssistant, owner: str, name: str, lost: int) -> None:
    """Say the same of passages."""
    if not _is_news(hass, issue := f"passages_lost_{owner}", lost):
        return
    _LOGGER.warning("%s has lost %s passages that nobody fetched in time", name, lost)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        translation_key="passages_lost",
        translation_placeholders={"name": name, "lost": str(lost)},
        **_kept(lost),
    )


def _is_news(hass: HomeAssistant, issue: str, lost: int) -> bool:
    """Return whether something else is known to be lost, and take back what was told of it."""
    known = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    if lost == (known.data[LOST] if known and known.data else 0):
        return False
    ir.async_delete_issue(hass, DOMAIN, issue)
    return lost > 0


def _kept(lost: int) -> dict[str, Any]:
    return {
        "data": {LOST: lost},
        "is_fixable": False,
        "is_persistent": True,
        "severity": ir.IssueSeverity.WARNING,
    }
