"""Who looks at a dashboard of everything, and how late what agents tell is there."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
import time
from typing import Any, Final

import aiohttp

from custom_components.gatehouse.const import EVENT_INCIDENT, EVENT_PASSAGE

from .thousand_day import camera_name, motion_entity

CONFIRMED: Final = "confirmed"


@dataclass(slots=True, kw_only=True)
class Seen:
    """What somebody saw who looked on for a while."""

    received: int = 0
    """Bytes of the dashboard's WebSocket."""
    states: int = 0
    motions: dict[str, list[tuple[bool, float]]] = field(default_factory=lambda: defaultdict(list))
    """By the entity that shows it: what it said, and since when by Home Assistant."""
    incidents: list[tuple[str, float]] = field(default_factory=list)
    """The name of the camera, and when it was told that the row is there."""
    passages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each was told, by the name of the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How many milliseconds what agents told took."""

    state: list[float]
    """Until the entity has it."""
    row: list[float]
    """From motion until an incident of it is in the database: somebody was confirmed meanwhile."""
    passage: list[float]
    """Until Home Assistant was told of a passage, which is in an incident then."""
    owed: int
    """How many motions no entity has told of."""


class Onlooker:
    """Has a dashboard open, and hears the news."""

    def __init__(self) -> None:
        self.entities = 0
        """How many Home Assistant has."""
        self.unavailable = 0
        """How many of them nobody told of when the dashboard was opened."""
        self.seen = Seen()

    @classmethod
    @asynccontextmanager
    async def of(cls, address: str, token: str) -> AsyncIterator[Onlooker]:
        """Open a dashboard, and wait until it shows everything."""
        onlooker = cls()
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            board = await _connected(session, address, token)
            news = await _connected(session, address, token)
            await board.send_json({"id": 1, "type": "subscribe_entities"})
            await board.receive_json()
            everything = (await board.receive_json())["event"]["a"]
            onlooker.entities = len(everything)
            states = [about["s"] for about in everything.values()]
            onlooker.unavailable = states.count("unavailable")
            for number, kind in enumerate((EVENT_INCIDENT, EVENT_PASSAGE), 1):
                await news.send_json({"id": number, "type": "subscribe_events", "event_type": kind})
                await news.receive_json()
            looking = [
                tasks.create_task(onlooker._look(board)),
                tasks.create_task(onlooker._hear(news)),
            ]
            try:
                yield onlooker
            finally:
                for each in looking:
                    each.cancel()

    async def _look(self, board: aiohttp.ClientWebSocketResponse) -> None:
        async for message in board:
            self.seen.received += len(message.data)
            changes = json.loads(message.data)["event"].get("c", {})
            self.seen.states += len(changes)
            for entity, change in changes.items():
                new = change.get("+", {})
                if entity.endswith("_motion") and "s" in new:
                    since = new.get("lc", time.time())
                    self.seen.motions[entity].append((new["s"] == "on", since))

    async def _hear(self, news: aiohttp.ClientWebSocketResponse) -> None:
        async for message in news:
            now, event = time.time(), json.loads(message.data)["event"]
            about: dict[str, Any] = event["data"]
            if event["event_type"] == EVENT_PASSAGE:
                self.seen.passages[about["door"]].append(now)
            elif about["type"] == CONFIRMED:
                self.seen.incidents.append((about["camera"], now))


def delays(seen: Seen, told: Mapping[str, Any]) -> Delays:
    """Put beside what agents told what was seen of it."""
    somebody = {
        camera_name(number): at
        for number, moving, at, is_somebody in told["motions"]
        if moving and is_somebody
    }
    state, owed = _of_states(seen.motions, told["motions"])
    row = [at - somebody[name] for name, at in seen.incidents if at > somebody.get(name, at)]
    waiting: dict[str, deque[float]] = defaultdict(deque)
    for door, at in told["passages"]:
        waiting[door].append(at)
    passage = [
        at - waiting[door].popleft()
        for door, moments in seen.passages.items()
        for at in moments
        if waiting[door]
    ]
    return Delays(state=_ms(state), row=_ms(row), passage=_ms(passage), owed=owed)


def _of_states(
    seen: Mapping[str, list[tuple[bool, float]]], told: Iterable[tuple[int, bool, float, bool]]
) -> tuple[list[float], int]:
    """Return how late states were, and of how many words there is none."""
    found, owed = [], 0
    left = {entity: deque(states) for entity, states in seen.items()}
    for number, moving, at, _ in told:
        states = left.get(motion_entity(number), deque())
        while states and (states[0][0] is not moving or states[0][1] < at):
            states.popleft()
        if states:
            found.append(states.popleft()[1] - at)
        else:
            owed += 1
    return found, owed


def _ms(seconds: Iterable[float]) -> list[float]:
    return [1000 * each for each in seconds]


async def _connected(
    session: aiohttp.ClientSession, address: str, token: str
) -> aiohttp.ClientWebSocketResponse:
    socket = await session.ws_connect(f"{address}/api/websocket", max_msg_size=0)
    await socket.receive_json()
    await socket.send_json({"type": "auth", "access_token": token})
    await socket.receive_json()
    return socket
