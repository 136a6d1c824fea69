"""What happened at one agent's doors: taken over page by page, then forgotten by the agent."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
import logging
import time
from typing import Final

from ..agent import AccessState, AgentDoors, AgentError, AgentPassage
from ..database import DatabaseError
from ..models import Passage
from .backoff import Backoff
from .house import AccessOptions, House
from .ledger import Ledger
from .log import Entry
from .naming import entry_of
from .policies import Policies

_LOGGER = logging.getLogger(__name__)

# More than these wait nowhere but with the agent.
MOST_LIVE: Final = 1000

# An agent keeps so many until it hears of them, however busy its doors are.
MOST_OWED: Final = 100


class Intake:
    """Brings one agent's passages into the log, and tells each of them once."""

    def __init__(
        self,
        agent: str,
        policies: Policies,
        ledger: Ledger,
        options: AccessOptions,
        house: House,
        news: Callable[[Passage], Passage],
    ) -> None:
        """Ask nothing before the agent was described."""
        self._agent = agent
        self._policies = policies
        self._ledger = ledger
        self._house = house
        self._news = news
        self._batch = options.batch.total_seconds()
        self._backoff = Backoff(options.retry_first, options.retry_longest)
        self._retry_at = 0.0
        self._live: list[AgentPassage] = []
        self._journal = ""
        self._past = 0
        self._behind = False
        self._kept = 0
        self._forgotten = 0
        self._told: dict[str, Passage] = {}
        self._woken = asyncio.Event()

    def described(self, access: AccessState) -> None:
        """Take up an agent that is connected now: what it has so far is the past."""
        if access.journal != self._journal:
            self._journal, self._kept, self._forgotten = access.journal, 0, 0
        self._past = access.last
        self._behind = access.waiting > 0
        self._retry_at = 0.0
        self._woken.set()

    def hear(self, passage: AgentPassage) -> None:
        """Take a passage that was made just now."""
        if len(self._live) < MOST_LIVE:
            self._live.append(passage)
        else:
            self._fall_behind(passage.seq)
        self._woken.set()

    async def run(self) -> None:
        """Take over what happens, until cancelled."""
        while True:
            in_time = await self._is_woken()
            try:
                await self._take_live()
                if time.monotonic() >= self._retry_at:
                    await self._ask(idle=not in_time)
            except (AgentError, DatabaseError) as error:
                self._retry_at = time.monotonic() + self._backoff.fail()
                _LOGGER.warning("The passages of %s stay there for now: %s", self._agent, error)

    async def _is_woken(self) -> bool:
        """Wait for news, or until there is something to ask the agent; True for news."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience()):
                await self._woken.wait()
        woken = self._woken.is_set()
        self._woken.clear()
        return woken

    def _patience(self) -> float | None:
        if self._agent not in self._house.agents():
            return None
        until_retry = max(self._retry_at - time.monotonic(), 0.0)
        if self._behind:
            return until_retry
        return max(until_retry, self._batch) if self._kept > self._forgotten else None

    async def _ask(self, *, idle: bool) -> None:
        doors = self._house.agents().get(self._agent)
        if doors is None:
            return
        if self._behind:
            await self._catch_up(doors)
        owed = self._kept - self._forgotten
        # What is still to be fetched would go with what was kept since.
        if not self._behind and owed > 0 and (idle or owed >= MOST_OWED):
            await self._forget(doors)
        self._backoff.succeed()

    async def _catch_up(self, doors: AgentDoors) -> None:
        """Take over the past, the oldest first; what happens meanwhile does not wait for it."""
        journal, past, after = self._journal, self._past, 0
        while True:
            page = await doors.passages(after)
            await self._keep([each for each in page.passages if each.seq <= past], replayed=True)
            if page.until is None or page.until >= past:
                break
            await doors.acknowledge(page.until, journal)
            await self._take_live()
            after = page.until
        # It may have been described anew meanwhile: then there is more, or something else.
        if (self._journal, self._past) == (journal, past):
            self._behind = False
            self._kept = max(self._kept, past)

    async def _take_live(self) -> None:
        live, self._live = self._live, []
        try:
            await self._keep(live, replayed=False)
        except DatabaseError:
            self._fall_behind(self._last_of(live))
            raise
        self._kept = max(self._kept, self._last_of(live))

    def _last_of(self, passages: list[AgentPassage]) -> int:
        return max((each.seq for each in passages if each.journal == self._journal), default=0)

    def _fall_behind(self, seq: int) -> None:
        """Ask the agent later for what could not be taken over now."""
        self._past, self._behind = max(self._past, seq), True

    async def _keep(self, passages: list[AgentPassage], *, replayed: bool) -> None:
        """Keep passages, and tell of those that nobody was told of yet."""
        if not passages:
            return
        entries = [self._entry(passage, replayed) for passage in passages]
        if not replayed:
            # Nobody at a door waits for a disk.
            entries = [replace(each, passage=self._tell(each.passage)) for each in entries]
        await self._ledger.load(self._house.now())
        for passage in await self._ledger.keep(entries):
            self._tell(passage)
        for entry in entries:
            self._told.pop(entry.passage.id, None)

    def _entry(self, passage: AgentPassage, replayed: bool) -> Entry:
        ahead = self._house.clock_ahead(self._agent)
        entry = entry_of(self._agent, passage, self._policies.policy, ahead, replayed=replayed)
        # Told before its row could be written, it is what it was then.
        return replace(entry, passage=self._told.get(entry.passage.id, entry.passage))

    def _tell(self, passage: Passage) -> Passage:
        """Tell of a passage once, and return it with its incident if that is known."""
        if passage.id not in self._told:
            self._told[passage.id] = self._news(passage)
        return self._told[passage.id]

    async def _forget(self, doors: AgentDoors) -> None:
        journal, until = self._journal, self._kept
        await doors.acknowledge(until, journal)
        if self._journal == journal:
            self._forgotten = until
