"""A door with Home Assistant behind it: who asks it, who is told, and how soon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
import sys
from typing import Any, Final

import aiohttp

from custom_components.gatehouse.access import Noun, Policy, PolicyStore
from custom_components.gatehouse.access.store import Site
from custom_components.gatehouse.database import Database
from scripts.demonstration.children import Child
from scripts.demonstration.dashboard import Entities
from scripts.demonstration.gatehouse import set_up, until_loaded
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.memory import AgentMemory, Memory, free_port
from scripts.demonstration.places import DEMO, ROOT, Assets, address_of, write_home

from .beside import LOCAL
from .doors import DoorBench, echoing
from .harness import Case, Side, doing, now_and_then
from .listener import Listener
from .readings import DAY, Day, day_of, report, sensor_of
from .residents import AGENT, KEY, card

FIRST_PORT: Final = 8223
THERE_WITHIN: Final = 60.0  # seconds

# What must hold at the 99th percentile, in milliseconds.
CHECKED_MS: Final = 5.0
CHECKED_BY_HTTP_MS: Final = 15.0
INGESTED_MS: Final = 20.0
SHOWN_MS: Final = 100.0
HISTORY_MS: Final = 50.0

# Seconds from one reading to the next, as ESPHome takes them unless told otherwise; and what is
# owed for six times as many: the day of one tells how much of it is Home Assistant's own.
READING_EVERY: Final = 60.0
OFTEN_EVERY: Final = 10.0
SENSOR: Final = "temperature"
OFTEN: Final = "humidity"
BY_HTTP: Final = "check by HTTP"
CHECK: Final = "/api/gatehouse/access/check"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeBench:
    """A Home Assistant that runs, with everything in it that is asked."""

    home: HomeAssistant
    door: DoorBench
    session: aiohttp.ClientSession
    event: Listener
    sensor: Listener
    day: Day
    busy_day: Day
    cards: int

    def cases(self, calls: int) -> Iterator[Case]:
        """Yield what is measured, so many calls a round.

        What goes over one WebSocket comes first: nobody answers its pings while it rests.
        """
        by_http = self._case(BY_HTTP, self._check_by_http, calls, CHECKED_BY_HTTP_MS)
        yield self._case("check by WebSocket", self._check, calls, CHECKED_MS)
        yield self._history("a sensor's day, a reading a minute", self.day, calls, HISTORY_MS)
        yield self._history("a sensor's day, a reading each 10 s", self.busy_day, calls)
        yield replace(by_http, goal="A3")
        yield self._case("card shown, event in Home Assistant", self._show, calls)
        yield self._case("reading sent, answered", self._ingest, calls, INGESTED_MS)
        yield self._case("reading sent, on a dashboard", self._see, calls, SHOWN_MS)

    def _case(
        self,
        name: str,
        call: Callable[[int], Awaitable[object]],
        calls: int,
        most: float | None = None,
    ) -> Case:
        limit: Side = echoing(self.door.limit, calls)
        return Case(name=name, subject=now_and_then(call, calls), reference=limit, most=most)

    def _history(self, name: str, day: Day, calls: int, most: float | None = None) -> Case:
        async def ask(_: int) -> None:
            await self._ask_history(day)

        beside: Side = doing(lambda _: day.read(), calls)
        subject = now_and_then(ask, calls)
        return Case(name=name, subject=subject, reference=beside, most=most)

    async def _check(self, nth: int) -> None:
        number = card(nth % self.cards)
        found = await self.home.ask("gatehouse/access/check", door=KEY, number=number)
        _must(found["granted"], found)

    async def _check_by_http(self, nth: int) -> None:
        body = {"door": KEY, "card": {"number": card(nth % self.cards)}}
        async with self.session.post(CHECK, json=body) as response:
            found = await response.json()
        _must(found["granted"], found)

    async def _show(self, _: int) -> None:
        """Show a card at the agent's door, and wait until the door's event is told."""
        number = self.door.step.next % self.cards
        await self.event.hear(f'"Person {number}"', self._present())

    async def _present(self) -> None:
        self.door.step.present()

    async def _ingest(self, nth: int) -> None:
        await self._report(nth % 1000 / 10)

    async def _see(self, nth: int) -> None:
        # Not one of those that were sent just before.
        value = 200 + nth % 1000 / 10
        await self.sensor.hear(f'"{value}"', self._report(value))

    async def _report(self, value: float) -> None:
        await report(self.session, SENSOR, value, "°C")

    async def _ask_history(self, day: Day) -> None:
        found = await self.home.ask(
            "history/history_during_period",
            start_time=(datetime.now(UTC) - DAY).isoformat(),
            entity_ids=[day.entity],
            minimal_response=True,
            no_attributes=True,
            significant_changes_only=False,
        )
        _must(len(found[day.entity]) > day.readings / 2, "no history")


@asynccontextmanager
async def opened(folder: Path, door: DoorBench, policy: Policy) -> AsyncIterator[HomeBench]:
    """Start a Home Assistant that knows this policy, and let it have the door's agent."""
    port = free_port(LOCAL, FIRST_PORT)
    config = write_home(folder, LOCAL, port)
    await _remember(config / "gatehouse.db", policy)
    newest = ROOT / ".venv-newest" / "bin" / "python"
    python = newest if newest.exists() else Path(sys.executable)
    command: list[str | Path] = [python, Path(__file__).with_name("unpaced.py"), "-c", config]
    child = await Child.start("home-assistant", command, config, folder / "home-assistant.log")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(child.stop)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        home = HomeAssistant(session, address_of(LOCAL, port))
        await _settle(home, door)
        await stack.enter_async_context(home.talking())
        headers = {"Authorization": f"Bearer {home.token}"}
        asker = aiohttp.ClientSession(home.url, headers=headers)
        await stack.enter_async_context(asker)
        sensor = await sensor_of(home, asker, SENSOR, "°C")
        often = await sensor_of(home, asker, OFTEN, "%")
        event = (await _entities(home)).of(KEY, "access")
        raw = stack.enter_context(closing(sqlite3.connect(config / "home-assistant_v2.db")))
        yield HomeBench(
            home=home,
            door=door,
            session=asker,
            event=await stack.enter_async_context(Listener.of(home, event)),
            sensor=await stack.enter_async_context(Listener.of(home, sensor)),
            day=await day_of(raw, sensor, READING_EVERY),
            busy_day=await day_of(raw, often, OFTEN_EVERY),
            cards=len(policy.credentials),
        )


async def _remember(path: Path, policy: Policy) -> None:
    """Write down who may enter, as if it had been told one by one."""
    database = await Database.open(path)
    store = PolicyStore(database)
    await store.save_site(Site(key=policy.key, salt=policy.salt))
    nouns: list[Noun] = [*policy.people.values(), *policy.credentials.values()]
    await store.save(nouns)
    await database.close()


async def _settle(home: HomeAssistant, door: DoorBench) -> None:
    """Set up Gatehouse with the agent, and wait until its door is there."""
    await home.wait_until_up()
    memory = Memory.fresh([AGENT])
    agent = AgentMemory(id=AGENT, token=door.agent.token, port=door.agent.port)
    memory = replace(memory, agents={AGENT: agent})
    await home.enter(memory.username, memory.password, new=True)
    await set_up(home, memory, _assets())
    await until_loaded(home)
    async with asyncio.timeout(THERE_WITHIN):
        while not await _is_there(home):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)


async def _is_there(home: HomeAssistant) -> bool:
    try:
        event = (await _entities(home)).of(KEY, "access")
    except KeyError:
        return False
    return bool((await home.get(f"/api/states/{event}"))["state"] != "unavailable")


async def _entities(home: HomeAssistant) -> Entities:
    return Entities(await home.ask("config/entity_registry/list"))


def _assets() -> Assets:
    """Return what to detect with, if that is here: it goes on beside."""
    found = DEMO / "assets.json"
    if found.is_file():
        return Assets.load(found)
    nothing: dict[str, Any] = {"model": None, "model_kind": None, "why": "no model is here"}
    return Assets(video=Path(), video_kind="", threshold=0.35, **nothing)


def _must(is_so: object, what: object) -> None:
    if not is_so:
        raise RuntimeError(f"What is measured is not what is meant: {what}")
