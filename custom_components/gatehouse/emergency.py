"""Lockdown and evacuation: whether one of them holds, and whose doors do not know of it yet."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from .access import Access, Policies
from .agent import SiteMode

# Grants are acknowledged within milliseconds, or somebody has to look why they are not.
PATIENCE: Final = timedelta(seconds=5)


class Emergency:
    """Sets what goes before all doors, and knows which agents have confirmed it."""

    def __init__(
        self, policies: Policies, access: Access, agents: Callable[[], Mapping[str, bool]]
    ) -> None:
        """Ask agents for those with doors, and whether each is connected."""
        self._policies = policies
        self._access = access
        self._agents = agents
        self._asked: SiteMode | None = None
        self._waited_for = frozenset[str]()
        self._met: set[str] = set()
        self._look = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        policies.listen(self._changed)

    @property
    def mode(self) -> SiteMode:
        """What is to go before what any door says."""
        return self._policies.policy.site

    @property
    def waited_for(self) -> frozenset[str]:
        """The agents that have not confirmed it, connected or not."""
        return self._waited_for

    @property
    def holds(self) -> bool:
        """Whether every agent that is connected goes by it."""
        return self._waited_for.isdisjoint(self._connected())

    async def set(self, mode: SiteMode) -> None:
        """Want a mode, and wait a few seconds for the agents; raises DatabaseError."""
        await self._policies.set_site(mode)
        await self._confirm()

    @callback
    def described(self, agent: str) -> None:
        """Take up an agent with doors that is connected now."""
        if agent not in self._met:
            self._met.add(agent)
            self._wait_for(self._waited_for | {agent})
        self._look.set()

    @callback
    def async_subscribe(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call listener whenever a mode is wanted or confirmed, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        """Follow what the agents confirm, until cancelled."""
        self._changed()
        while True:
            await self._look.wait()
            self._look.clear()
            await self._confirm()
            if not self.holds:
                self._look.set()

    async def _confirm(self) -> None:
        """Ask who goes by it; whoever has confirmed it once need not do so again."""
        if not self._waited_for:
            return
        asked, owing = self._asked, await self._access.settle(PATIENCE)
        if asked is self._asked:
            self._wait_for(self._waited_for & (owing | (self._waited_for - self._met)))

    @callback
    def _changed(self) -> None:
        if self.mode is not self._asked:
            self._asked = self.mode
            self._wait_for(frozenset(self._agents()))
            self._look.set()

    def _wait_for(self, agents: frozenset[str]) -> None:
        self._waited_for = agents
        for listener in tuple(self._listeners):
            listener()

    def _connected(self) -> frozenset[str]:
        return frozenset(agent for agent, connected in self._agents().items() if connected)
