"""The grants of one agent: compiled from the policy, sent, acknowledged."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import json
import logging
from typing import Any, Final

from ..agent import AccessState, AgentDoors, AgentError, DoorInfo
from ..database import DatabaseError
from .backoff import Backoff
from .compiler import Uses, compile_grants
from .house import AccessOptions, House
from .ledger import Ledger
from .people import Policy
from .policies import Policies

_LOGGER = logging.getLogger(__name__)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Dispatch:
    """Has one agent decide by the newest policy."""

    def __init__(
        self,
        agent: str,
        policies: Policies,
        ledger: Ledger,
        options: AccessOptions,
        house: House,
    ) -> None:
        """Send nothing before the agent was described."""
        self._agent = agent
        self._policies = policies
        self._ledger = ledger
        self._options = options
        self._house = house
        self._backoff = Backoff(options.retry_first, options.retry_longest)
        self._doors: tuple[str, ...] = ()
        self._version = 0
        self._acknowledged = 0
        self._owed = 0
        self._paid = 0
        self._woken = asyncio.Event()
        self._settled = asyncio.Event()

    @property
    def owes(self) -> bool:
        """Whether the agent has not acknowledged the newest policy."""
        return self._paid < self._owed

    def described(self, doors: tuple[DoorInfo, ...], access: AccessState) -> None:
        """Take up an agent that is connected now, by whatever grants it goes."""
        named = tuple(door.id for door in doors)
        self._version = max(self._version, access.version or 0)
        if access.version != self._acknowledged or named != self._doors:
            self._doors = named
            self.changed()
        self._woken.set()

    def heard(self, access: AccessState) -> None:
        """Hear by which grants the agent goes; one that lost ours gets them again."""
        self._version = max(self._version, access.version or 0)
        if not self.owes and (access.version or 0) < self._acknowledged:
            self.changed()

    def changed(self) -> None:
        """Owe the agent the policy as it is now."""
        self._owed += 1
        self._settled.clear()
        self._woken.set()

    async def settle(self) -> None:
        """Wait until the agent goes by the newest policy, if it is connected."""
        if self.owes and self._agent in self._house.agents():
            await self._settled.wait()

    async def run(self) -> None:
        """Send what is owed, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self.owes and (doors := self._house.agents().get(self._agent)):
                try:
                    await self._send(doors)
                except (AgentError, DatabaseError) as error:
                    await self._pause(error)

    async def _send(self, doors: AgentDoors) -> None:
        owed = self._owed
        version = self._next_version()
        await doors.send(await self._document(version))
        self._version, self._acknowledged, self._paid = version, version, owed
        self._backoff.succeed()
        if not self.owes:
            self._settled.set()

    def _next_version(self) -> int:
        """Return a version above all that the agent ever had, though our clock be set back."""
        self._version = max((self._house.now() - _EPOCH) // _MILLISECOND, self._version + 1)
        return self._version

    async def _document(self, version: int) -> str:
        now = self._house.now()
        await self._ledger.load(now)
        return await asyncio.to_thread(
            self._compiled, self._policies.policy, version, now, self._ledger.uses
        )

    def _compiled(self, policy: Policy, version: int, now: datetime, uses: Uses) -> str:
        return document(
            compile_grants(
                policy,
                self._agent,
                self._doors,
                version=version,
                now=now,
                horizon=self._options.horizon,
                uses=uses,
            )
        )

    async def _pause(self, error: Exception) -> None:
        """Leave the agent alone for a while, or until there is more to tell it."""
        _LOGGER.warning("The agent %s keeps its old grants for now: %s", self._agent, error)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.fail()):
                await self._woken.wait()
        self._woken.clear()


def document(grants: Mapping[str, Any]) -> str:
    """Return grants as the text that is signed: the same grants are always the same text."""
    return json.dumps(grants, sort_keys=True, separators=(",", ":"), allow_nan=False)
