"""A card is shown: agents that decide by what they are sent, and all that happens at doors."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Final
from uuid import uuid4

from ..agent import (
    AccessChanged,
    AccessState,
    AgentDoors,
    AgentUnreachable,
    Decider,
    DoorChanged,
    DoorInfo,
    Message,
    PassageMade,
    SiteMode,
    StatsChanged,
)
from ..database import DatabaseError
from ..models import Passage, PassageKind
from .checkpoint import Attempt, Checkpoint
from .dispatch import Dispatch
from .errors import AccessNotFound, LockedDown
from .house import AccessOptions, House
from .intake import Intake
from .ledger import Ledger
from .lessons import Lessons
from .log import Entry, PassageLog
from .naming import entry_of, parted
from .openings import Followed, Openings
from .people import door_key
from .policies import Policies
from .rules import Decision
from .scribe import Scribe
from .search import PassageQuery

_LOGGER = logging.getLogger(__name__)

# Somebody comes through a door at least so often, if the clock is right.
LATELY: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """What goes to one agent with doors, and what comes from it."""

    grants: Dispatch
    passages: Intake


class Access:
    """Has every agent decide by the policy of now, and keeps and tells what comes of it."""

    def __init__(
        self, policies: Policies, log: PassageLog, options: AccessOptions, house: House
    ) -> None:
        """Meet no agent yet."""
        self._policies = policies
        self._log = log
        self._options = options
        self._house = house
        self._ledger = Ledger(log, policies, self._spent)
        self._scribe = Scribe(self._ledger, options, self._tell)
        self._checkpoint = Checkpoint(policies, self._ledger, house)
        self._openings = Openings(options.groups)
        self.lessons = Lessons(self._reach)
        self._posts: dict[str, _Post] = {}
        self._arrived: asyncio.Queue[str] = asyncio.Queue()
        self._moved = asyncio.Event()
        policies.listen(self._changed)

    def described(
        self, agent: str, doors: tuple[DoorInfo, ...], access: AccessState | None
    ) -> None:
        """Take up an agent that is connected now: it gets the policy, we what happened."""
        if access is None:
            return
        post = self._posts.get(agent) or self._meet(agent)
        for door in doors:
            self._openings.meet(door_key(agent, door.id), contact=door.contact)
        post.passages.described(access)
        post.grants.described(doors, access)

    def hear(self, agent: str, message: Message) -> None:
        """Take what the feed of an agent tells."""
        if (post := self._posts.get(agent)) is None:
            return
        match message:
            case PassageMade(passage=passage):
                post.passages.hear(passage)
            case AccessChanged(access=access) | StatsChanged(access=AccessState() as access):
                post.grants.heard(access)
            case DoorChanged(door=door, state=state) if state.open is not None:
                self._hint(self._openings.contact(door_key(agent, door), is_open=state.open))

    def seen(self, camera: str, persons: int) -> None:
        """Hear how many persons a camera sees now."""
        self._openings.seen(camera, persons)

    async def check(self, attempt: Attempt) -> Decision:
        """Decide for a reader that is no agent's; it counts, and is told and logged after that.

        Raises DatabaseError if nobody knows how often a credential was used.
        """
        decision, entry = await self._checkpoint.check(attempt)
        if entry is not None:
            self._scribe.note(entry)
        return decision

    async def uses(self) -> Mapping[str, Mapping[str, int]]:
        """Return how often each credential opened a door, by who decided; raises DatabaseError."""
        await self._ledger.load(self._house.now())
        return self._ledger.uses

    async def unlock(
        self,
        door: str,
        by: str | None = None,
        duration: timedelta | None = None,
        *,
        in_lockdown: bool = False,
    ) -> Passage:
        """Unlock a door from afar, in the name of a person: by their id, or as people call them.

        In a lockdown that must be meant. Raises LockedDown, AccessNotFound and AgentError.
        """
        if self._policies.policy.site is SiteMode.LOCKDOWN and not in_lockdown:
            raise LockedDown("Nobody enters during a lockdown: end it, or say that you mean it")
        agent, own, doors = self._reach(door)
        passage = await doors.unlock(own, by, duration)
        ahead, policy = self._house.clock_ahead(agent), self._policies.policy
        return entry_of(agent, passage, policy, ahead, replayed=False).passage

    async def settle(self, timeout: timedelta) -> frozenset[str]:
        """Wait until every connected agent goes by the policy of now.

        Return the agents that do not: whoever is revoked may still enter by their doors.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout.total_seconds()):
                await asyncio.gather(*(post.grants.settle() for post in self._posts.values()))
        return frozenset(agent for agent, post in self._posts.items() if post.grants.owes)

    async def run(self) -> None:
        """Send grants, take over passages and follow openings, until cancelled."""
        self._arrived = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._refresh(), name="gatehouse access refresh")
            tasks.create_task(self._end_openings(), name="gatehouse access openings")
            tasks.create_task(self._scribe.run(), name="gatehouse access scribe")
            for agent in self._posts:
                self._serve(tasks, agent)
            while True:
                self._serve(tasks, await self._arrived.get())

    def _meet(self, agent: str) -> _Post:
        given = (agent, self._policies, self._ledger, self._options, self._house)
        post = _Post(grants=Dispatch(*given), passages=Intake(*given, news=self._tell))
        self._posts[agent] = post
        self._arrived.put_nowait(agent)
        return post

    def _serve(self, tasks: asyncio.TaskGroup, agent: str) -> None:
        post = self._posts[agent]
        tasks.create_task(post.grants.run(), name=f"gatehouse grants {agent}")
        tasks.create_task(post.passages.run(), name=f"gatehouse passages {agent}")

    def _reach(self, door: str) -> tuple[str, str, AgentDoors]:
        """Return the agent of a door, what it calls the door, and the way to it."""
        agent, own = parted(door)
        if agent is None:
            raise AccessNotFound("No agent has this door: choose another")
        if (doors := self._house.agents().get(agent)) is None:
            raise AgentUnreachable("The agent of this door is not connected: see why first")
        return agent, own, doors

    def _changed(self) -> None:
        for post in self._posts.values():
            post.grants.changed()

    def _spent(self) -> None:
        self._changed()
        self._house.spent()

    def _tell(self, passage: Passage) -> Passage:
        if not passage.replayed:
            self._openings.passage(passage, self._house.now())
            self._moved.set()
        return self._house.passage(passage)

    def _hint(self, followed: Followed | None) -> None:
        if followed is None:
            return
        passage = Passage(
            id=f"site-{uuid4().hex}",
            door=followed.door,
            kind=PassageKind.TAILGATING,
            at=self._house.now(),
            reason=f"{followed.persons} persons were seen, {followed.let_in} let in",
            decided_by=Decider.SERVER,
        )
        self._scribe.note(Entry(passage=passage, decider=Decider.SERVER))

    async def _end_openings(self) -> None:
        """End the openings of doors that never tell, each at its time."""
        while True:
            now = self._house.now()
            for followed in self._openings.due(now):
                self._hint(followed)
            due = self._openings.next_due()
            self._moved.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else (due - now).total_seconds()):
                    await self._moved.wait()

    async def _refresh(self) -> None:
        """Move the windows of all grants on, and forget what is too old."""
        while True:
            await self._forget()
            await asyncio.sleep(self._options.refresh.total_seconds())
            self._changed()

    async def _forget(self) -> None:
        try:
            newest = await self._log.find(PassageQuery(limit=1))
            if newest:
                # By a clock that jumped ahead everything would be too old at once.
                now = min(self._house.now(), newest[0].at + LATELY)
                await self._log.delete_before(now - self._options.keep)
        except DatabaseError as error:
            _LOGGER.warning("Old passages stay in the log for now: %s", error)
