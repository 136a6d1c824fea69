"""A card shown to a real agent, until its relay is switched, while many watch its camera."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from camera_agent import wire

from .beside import BareDoor, Echo, bare_door, crowd, echo
from .door_agent import SOCKET, DoorAgent, started
from .doorstep import ANSWERED_WITHIN, Doorstep
from .harness import Case, Side, asking, measure, now_and_then
from .machine import is_busy
from .results import Result, bounded, came_to, tail

type Coming = Callable[[Callable[[int], Awaitable[object]], int], Side]
"""How cards come: now and then, or one right after another."""

LINE: Final = b'{"present": "0102030405"}\n'
DECISION_MS: Final = 1.0
# What 99 of 100 cards may take until the feed tells of them: idle, times a bare echo; loaded.
HEARD_TIMES: Final = 2.0
HEARD_MS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What came of cards that the feed told of."""

    all: Result
    tails: Result
    """Of each round, what 99 of 100 took at most."""
    least: Result
    """The tails of a door that decides nothing."""
    rushed: Result
    """The tails of cards that come one right after another."""


class DoorBench:
    """An agent with a camera and a door, and somebody at it with all the cards there are."""

    def __init__(self, agent: DoorAgent, step: Doorstep, *, limit: Echo, bare: BareDoor) -> None:
        self.agent = agent
        self.step = step
        self.limit = limit
        self._bare = bare

    @asynccontextmanager
    async def watched(self, folder: Path) -> AsyncIterator[None]:
        """Let people watch its camera, and a detector look at it."""
        async with crowd(folder, self.agent.port, self.agent.token):
            yield

    async def idle(self, checks: int, rounds: int) -> list[Result]:
        """Measure so many cards a round, from the card to the feed, while nothing else goes on."""
        heard = await self._fed("card shown, feed tells of it, idle", checks, rounds)
        tails = replace(heard.tails, times=HEARD_TIMES, goal="A1")
        results = [heard.all, tails, heard.least, heard.rushed]
        for least, what in (
            (heard.least, "a door that decides nothing"),
            (heard.rushed, "with no pause in which the processor's caches forget all of it, it"),
        ):
            results = bounded(results, tails.name, least.name, what)
        return results

    async def crowded(self, checks: int, rounds: int) -> Result:
        """Measure the same, whatever else goes on."""
        heard = await self._fed("card shown, feed tells of it, loaded", checks, rounds)
        return replace(heard.all, most=HEARD_MS, goal="A2")

    async def _fed(self, name: str, checks: int, rounds: int) -> Fed:
        busy, heard, echoed, told, rushed = False, *(list[list[float]]() for _ in range(4))
        line = now_and_then(lambda _: self.limit.ask(LINE), checks)
        telling = now_and_then(lambda _: self._bare.ask(LINE), checks)
        await line()
        await telling()
        for _ in range(rounds):
            busy |= is_busy()
            heard.append(await self._heard(checks, now_and_then))
            rushed.append(await self._heard(checks, asking))
            echoed.append(await line())
            told.append(await telling())
            await self.agent.access()
        tails, limit, least, tails_rushed = (
            [[tail(each)] for each in side] for side in (heard, echoed, told, rushed)
        )
        return Fed(
            all=came_to(name, heard, echoed, busy=busy),
            tails=came_to(f"{name}: p99", tails, limit, busy=busy),
            least=came_to("the same by a bare door: p99", least, limit, busy=busy),
            rushed=came_to("the same without pauses: p99", tails_rushed, limit, busy=busy),
        )

    async def _heard(self, checks: int, coming: Coming) -> list[float]:
        async with self.agent.feed() as feed:

            async def hear(_: int) -> None:
                person = f"p{self.step.next % self.step.cards}"
                self.step.present()
                async with asyncio.timeout(ANSWERED_WITHIN):
                    while not _tells_of(await feed.receive_json(), person):
                        pass

            await hear(0)
            return await coming(hear, checks)()

    async def results(self, checks: int, rounds: int) -> list[Result]:
        """Measure so many cards a round."""
        told: list[dict[str, float]] = []
        bare: list[list[float]] = []
        entering = asking(lambda _: self.step.enter(), checks)
        opening = asking(lambda _: self._bare.ask(LINE), checks)

        async def entered() -> list[float]:
            took = await entering()
            told.append(await self.agent.access())
            self._bare.took.clear()
            await opening()
            bare.append(self._bare.took.copy())
            return took

        outside = await measure(
            Case(
                name="card shown, relay seen from outside",
                subject=entered,
                reference=echoing(self.limit, checks),
            ),
            rounds,
        )
        del told[0], bare[0]  # as with all that is measured, the first round does not count
        least = came_to("", bare)
        decided = replace(
            outside,
            name="decision: card complete, relay written; beside a bare door's",
            p50=max(each["latency_p50_ms"] for each in told),
            p99=max(each["latency_p99_ms"] for each in told),
            reference_p50=least.p50,
            reference_p99=least.p99,
            ratios=tuple(
                each["latency_p50_ms"] / median(took) for each, took in zip(told, bare, strict=True)
            ),
            most=DECISION_MS,
            goal="A3",
        )
        return [decided, outside]


def echoing(limit: Echo, calls: int) -> Side:
    """Return the side of a bare echo of some line."""
    return asking(lambda _: limit.ask(LINE), calls)


@asynccontextmanager
async def opened(folder: Path, cards: int) -> AsyncIterator[DoorBench]:
    """Start an agent in a folder, and all that its door is beside."""
    async with started(folder) as agent, echo(folder) as limit, bare_door(folder) as bare:
        loop, socket = asyncio.get_running_loop(), str(folder / SOCKET)
        _, step = await loop.create_unix_connection(lambda: Doorstep(cards), socket)
        yield DoorBench(agent, step, limit=limit, bare=bare)
        step.leave()


def _tells_of(message: Any, person: str) -> bool:
    is_passage = message["type"] == wire.MessageType.PASSAGE
    return is_passage and bool(message["passage"]["person"] == person)
