"""Watches over the agents of a site: what somebody has to see to becomes a repair issue."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util

from .agent import AgentImpostor, AgentIncompatible, AgentUnauthorized
from .care import AgentReport, Patience, Problem, problems
from .const import DOMAIN
from .issues import Issues
from .losses import async_report_lost_passages

if TYPE_CHECKING:
    from .agent_coordinator import AgentCoordinator
    from .roster import Roster

# Agents tell something all the time.
AT_MOST_EVERY: Final = timedelta(seconds=1)

# Problems that last become due without anybody telling.
LOOK_EVERY: Final = timedelta(seconds=30)


class Caretaker:
    """Looks after the agents; takes each issue back when it is over."""

    def __init__(self, hass: HomeAssistant, cameras: Roster) -> None:
        """Look at nothing yet."""
        self.version = str(async_get_loaded_integration(hass, DOMAIN).version)
        """The integration's own; agents are released together with it."""
        self._hass = hass
        self._cameras = cameras
        self._patience = Patience()
        self._issues = Issues(hass)
        self._wrong: dict[str, tuple[Problem, ...]] = {}

    async def run(self) -> None:
        """Look whenever an agent tells something, until cancelled."""
        changed, heard = asyncio.Event(), set[str]()

        @callback
        def hear(agent: str) -> None:
            heard.add(agent)
            changed.set()

        agents = self._cameras.agents.items()
        leave = [agent.async_add_listener(partial(hear, name)) for name, agent in agents]
        try:
            self.look(dt_util.utcnow())
            while True:
                await asyncio.sleep(AT_MOST_EVERY.total_seconds())
                try:
                    async with asyncio.timeout(LOOK_EVERY.total_seconds()):
                        await changed.wait()
                except TimeoutError:
                    self.look(dt_util.utcnow())
                else:
                    self._look_at(heard, dt_util.utcnow())
                    changed.clear()
                    heard.clear()
        finally:
            for each in leave:
                each()

    @callback
    def look(self, now: datetime) -> None:
        """Look at all of them: tell what lasts of what is wrong, and what they had to forget."""
        self._look_at(self._cameras.agents, now)

    @callback
    def forgive(self, problem: str) -> None:
        """Be patient again with a problem that somebody has just done something about."""
        self._patience.forgive(problem)

    def _look_at(self, heard: Iterable[str], now: datetime) -> None:
        """Look at those that have told something; of the others holds what did before."""
        agents, told = self._cameras.agents, self._patience.told
        for agent in map(agents.__getitem__, heard):
            report = _report(agent)
            self._wrong[agent.owner] = tuple(problems(report, self.version, now, told))
            if access := agent.data.access:
                async_report_lost_passages(self._hass, agent.owner, agent.name, access.lost)
        found = chain.from_iterable(self._wrong.values())
        self._issues.keep(*self._patience.look(found, now))


def _report(agent: AgentCoordinator) -> AgentReport:
    data, error = agent.data, agent.last_exception
    return AgentReport(
        id=agent.owner,
        name=agent.name,
        connected=agent.last_update_success,
        # Home Assistant asks to pair it again, or an issue of its own says what to update.
        is_told=isinstance(error, AgentUnauthorized | AgentImpostor | AgentIncompatible),
        error=str(error or ""),
        version=data.info.version if data.info else None,
        stats=data.stats,
        clock_ahead=data.clock_ahead,
        access=data.access,
        doors=tuple(sorted(door.info.name for door in data.doors.values())),
        bookings=data.bookings,
        cameras={
            agent.key(camera): (each.info.name, each.state) for camera, each in data.cameras.items()
        },
    )
