"""What is told as repair issues of doors: that nobody enters, or that revoked cards still open."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .losses import async_report_lost_passages

if TYPE_CHECKING:
    from .agent_coordinator import AgentCoordinator
    from .roster import Roster

LOOK_EVERY: Final = timedelta(minutes=1)

# Grants come within a second of connecting, and new ones each hour.
PATIENCE: Final = timedelta(minutes=5)
OLD: Final = timedelta(days=1)


class AccessHealth:
    """Watches over the grants of connected agents, and takes each issue back when it is over."""

    def __init__(self, hass: HomeAssistant, cameras: Roster) -> None:
        """Look at nothing yet."""
        self._hass = hass
        self._cameras = cameras
        self._without_since: dict[str, datetime] = {}

    async def watch(self) -> None:
        """Look each minute, until cancelled."""
        while True:
            self.look(dt_util.utcnow())
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    @callback
    def look(self, now: datetime) -> None:
        """Tell by which grants no agent should have to decide, and what it had to forget."""
        for coordinator in self._cameras.agents.values():
            self._tell_of_none(coordinator, is_so=self._has_none(coordinator, now))
            self._tell_of_old_ones(coordinator, is_so=_has_old_ones(coordinator, now))
            if access := coordinator.data.access:
                owner, name = coordinator.owner, coordinator.name
                async_report_lost_passages(self._hass, owner, name, access.lost)

    def _has_none(self, coordinator: AgentCoordinator, now: datetime) -> bool:
        access = coordinator.data.access
        if not coordinator.last_update_success or access is None or access.version is not None:
            self._without_since.pop(coordinator.owner, None)
            return False
        return now - self._without_since.setdefault(coordinator.owner, now) >= PATIENCE

    def _tell_of_none(self, coordinator: AgentCoordinator, *, is_so: bool) -> None:
        issue = f"no_grants_{coordinator.owner}"
        if not is_so:
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="no_grants",
            translation_placeholders={"name": coordinator.name, "doors": _doors(coordinator)},
        )

    def _tell_of_old_ones(self, coordinator: AgentCoordinator, *, is_so: bool) -> None:
        issue = f"grants_old_{coordinator.owner}"
        if not is_so:
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="grants_old",
            translation_placeholders={"name": coordinator.name, "doors": _doors(coordinator)},
        )


def _has_old_ones(coordinator: AgentCoordinator, now: datetime) -> bool:
    access = coordinator.data.access
    connected = coordinator.last_update_success
    return bool(connected and access and access.issued and now - access.issued > OLD)


def _doors(coordinator: AgentCoordinator) -> str:
    return ", ".join(sorted(door.info.name for door in coordinator.data.doors.values()))
