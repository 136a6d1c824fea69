"""A site for the stories: a house that remembers the news, and agents that speak the contract."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final, cast

from custom_components.gatehouse.access import Access, AccessOptions, PassageLog, Policies
from custom_components.gatehouse.agent import (
    AccessState,
    AgentDoors,
    AgentError,
    AgentPassage,
    AgentRefused,
    DoorChanged,
    DoorInfo,
    DoorMode,
    DoorState,
    Enrolled,
    ErrorCode,
    PassageMade,
    PassagePage,
)
from custom_components.gatehouse.agent.wire import PassageKind
from custom_components.gatehouse.models import Group, Passage
from tests.rooms.access.policies import AGENT, FRONT, GARAGE

NOON: Final = datetime(2026, 11, 18, 12, tzinfo=UTC)
CAMERA: Final = f"{AGENT}/porch"
QUICK: Final = AccessOptions(
    groups=(Group(id="porch", name="Porch", cameras=(CAMERA,), doors=(FRONT, GARAGE)),),
    retry_first=timedelta(milliseconds=10),
    retry_longest=timedelta(milliseconds=20),
    batch=timedelta(milliseconds=10),
)
ENROLLED: Final = Enrolled(card="ab" * 32, technology="em4100", length=5, random=False)


class Porch:
    """An agent with two doors: the front one has a contact, the garage has none.

    It hands out its passages in pages of three.
    """

    def __init__(self, name: str = AGENT) -> None:
        self.name = name
        self.doors = (door_info("front", contact=True), door_info("garage", contact=False))
        self.journal = "a1b2c3d4"
        self.rows: list[AgentPassage] = []
        self.last = 0
        self.version: int | None = None
        self.grants: list[dict[str, Any]] = []
        self.pages = 0
        self.acknowledged: list[int] = []
        self.asked: list[tuple[Any, ...]] = []
        self.trouble: AgentError | None = None
        self.slow = asyncio.Event()
        self.slow.set()

    @property
    def access(self) -> AccessState:
        return AccessState(
            version=self.version,
            issued=None,
            until=None,
            cards=0,
            journal=self.journal,
            last=self.last,
            waiting=len(self.rows),
            lost=0,
            latency_p50=None,
            latency_p99=None,
        )

    def scan(self, kind: PassageKind = PassageKind.GRANTED, **other: Any) -> AgentPassage:
        """Somebody shows a card at the front door: Anna's tag, if nothing else is said."""
        self.last += 1
        passage = AgentPassage(
            **{
                "journal": self.journal,
                "seq": self.last,
                "at": NOON + timedelta(seconds=self.last),
                "door": "front",
                "reader": "outside",
                "kind": kind,
                "authentication": "rfid",
                "direction": "in",
                "credential": "tag",
                "person": "anna",
                "card": None,
                "reason": None,
                "warning": None,
                "latency": timedelta(microseconds=400),
                "decided_by": "agent",
                "grants": self.version,
                **other,
            }
        )
        self.rows.append(passage)
        return passage

    async def send(self, document: str) -> None:
        await self._answer()
        grants = json.loads(document)
        if grants["version"] <= (self.version or 0):
            raise AgentRefused(ErrorCode.STALE, "There are newer grants.")
        self.version = grants["version"]
        self.grants.append(grants)

    async def passages(self, after: int = 0, limit: int = 3) -> PassagePage:
        self.pages += 1
        rows = tuple(row for row in self.rows if row.seq > after)[:3]
        page = PassagePage(
            journal=self.journal,
            last=self.last,
            lost=0,
            passages=rows,
            until=rows[-1].seq if rows else None,
        )
        await self._answer()
        return page

    async def acknowledge(self, until: int, journal: str) -> None:
        await self._answer()
        if journal != self.journal:
            raise AgentRefused(ErrorCode.STALE, "The journal of this agent is another one.")
        self.acknowledged.append(until)
        self.rows = [row for row in self.rows if row.seq > until]

    async def unlock(self, *asked: Any) -> AgentPassage:
        await self._answer()
        self.asked.append(asked)
        door, by, _ = asked
        return self.scan(
            door=door, person=by, credential=None, authentication="app", decided_by="server"
        )

    async def enroll(self, *asked: Any) -> Enrolled:
        await self._answer()
        self.asked.append(asked)
        return ENROLLED

    async def _answer(self) -> None:
        await self.slow.wait()
        if self.trouble:
            raise self.trouble


@dataclass(slots=True)
class Around:
    """A house whose clock stands still until somebody moves it."""

    told: list[Passage] = field(default_factory=list)
    connected: dict[str, AgentDoors] = field(default_factory=dict)
    time: datetime = NOON
    ahead: timedelta = timedelta()
    ticks: float = 1000.0
    spendings: int = 0

    def spent(self) -> None:
        self.spendings += 1

    def passage(self, passage: Passage) -> Passage:
        self.told.append(passage)
        return passage

    def agents(self) -> Mapping[str, AgentDoors]:
        return self.connected

    def clock_ahead(self, agent: str) -> timedelta:
        return self.ahead

    def now(self) -> datetime:
        return self.time

    def clock(self) -> float:
        return self.ticks

    def wait(self, span: timedelta) -> None:
        """Let time go by."""
        self.time += span
        self.ticks += span.total_seconds()


class Site:
    """The story of a site, running, and what is around it."""

    def __init__(self, policies: Policies, log: PassageLog) -> None:
        self.policies = policies
        self.log = log
        self.house = Around()
        self.porch = Porch()
        self.access = Access(policies, log, QUICK, self.house)
        self._running: asyncio.Task[None] | None = None

    def run(self, options: AccessOptions = QUICK) -> None:
        """Begin the story, with other options from its beginning."""
        if options is not QUICK:
            self.access = Access(self.policies, self.log, options, self.house)
        self._running = asyncio.create_task(self.access.run())

    async def end(self) -> None:
        """End the story; what it died of is raised."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])
            assert self._running.cancelled(), self._running.exception()
            self._running = None

    def connect(self, agent: Porch | None = None) -> None:
        """Let an agent describe itself, as at the beginning of a feed."""
        agent = agent or self.porch
        self.house.connected[agent.name] = cast("AgentDoors", agent)
        self.access.described(agent.name, agent.doors, agent.access)

    def disconnect(self, agent: Porch | None = None) -> None:
        del self.house.connected[(agent or self.porch).name]

    def live(self, kind: PassageKind = PassageKind.GRANTED, **other: Any) -> AgentPassage:
        """Let somebody show a card while the feed is up."""
        passage = self.porch.scan(kind, **other)
        self.access.hear(AGENT, PassageMade(passage=passage))
        return passage

    def contact(self, door: str, *, is_open: bool | None) -> None:
        """Let a door be opened or shut while the feed is up."""
        self.access.hear(AGENT, DoorChanged(door=door, state=replace(SHUT, open=is_open)))


SHUT: Final = DoorState(
    locked=True,
    open=False,
    forced=False,
    held_open=False,
    mode=DoorMode.NORMAL,
    mode_until=None,
    readers={},
    error=None,
)


def door_info(name: str, *, contact: bool) -> DoorInfo:
    return DoorInfo(
        id=name,
        name=name.title(),
        contact=contact,
        exit_button=False,
        doorbell=False,
        readers=(),
        unlock=timedelta(seconds=3),
    )
