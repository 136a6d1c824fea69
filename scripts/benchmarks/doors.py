"""A card shown to a real agent, until its relay is switched, while many watch its camera."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import json
from pathlib import Path
import secrets
from statistics import median
from typing import Any, Final

import aiohttp

from camera_agent import wire
from camera_agent.vault import sign
from custom_components.gatehouse.access import Policy, compile_grants, document
from scripts.demonstration.children import Child
from scripts.demonstration.memory import free_port
from scripts.demonstration.places import DEMO, ROOT, Assets

from .beside import CAMERA, LOCAL, BareDoor, Echo, bare_door, crowd, echo
from .doorstep import ANSWERED_WITHIN, Doorstep
from .harness import (
    Case,
    Result,
    Side,
    asking,
    bounded,
    came_to,
    is_busy,
    measure,
    now_and_then,
    tail,
)
from .residents import AGENT, DOOR

FIRST_PORT: Final = 8567
LINE: Final = b'{"present": "0102030405"}\n'
DECISION_MS: Final = 1.0
# What 99 of 100 cards may take until the feed tells of them: idle, times a bare echo; loaded.
HEARD_TIMES: Final = 2.0
HEARD_MS: Final = 5.0
UP_WITHIN: Final = 60.0  # seconds

_CONFIG: Final = f"""\
[agent]
id = "{AGENT}"
token = "{{token}}"
host = "{LOCAL}"
port = {{port}}
data = "data"
announce = false

[tls]
enabled = false

[spool]
enabled = false

[[cameras]]
id = "{CAMERA}"
source = "pattern"
width = 640
height = 360
fps = 15

[[doors]]
id = "{DOOR}"
simulated = "gate.sock"
unlock = 0.2

[[doors.readers]]
id = "outside"
kind = "simulated"
debounce = 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What came of cards that the feed told of."""

    all: Result
    tails: Result
    """Of each round, what 99 of 100 took at most."""
    least: Result
    """The tails of a door that decides nothing."""


class DoorBench:
    """An agent with a camera and a door, and somebody at it with all the cards there are."""

    def __init__(
        self,
        port: int,
        token: str,
        session: aiohttp.ClientSession,
        step: Doorstep,
        *,
        limit: Echo,
        door: BareDoor,
    ) -> None:
        self.port = port
        self.token = token
        self.step = step
        self.limit = limit
        self._session = session
        self._bare_door = door

    @asynccontextmanager
    async def watched(self, folder: Path) -> AsyncIterator[None]:
        """Let people watch its camera, and a detector look at it."""
        async with crowd(folder, self.port, self.token):
            yield

    async def grant(self, policy: Policy) -> None:
        """Send what Home Assistant would send."""
        now = datetime.now(UTC)
        version = int(now.timestamp() * 1000)
        text = document(compile_grants(policy, AGENT, (DOOR,), version=version, now=now))
        body = {"document": text, "signature": sign(self.token, text)}
        async with self._session.put(wire.GRANTS, json=body) as response:
            response.raise_for_status()

    async def idle(self, checks: int, rounds: int) -> list[Result]:
        """Measure so many cards a round, from the card to the feed, while nothing else goes on."""
        heard = await self._fed("card shown, feed tells of it, idle", checks, rounds)
        tails = replace(heard.tails, times=HEARD_TIMES, goal="A1")
        what = "a door that decides nothing"
        return [heard.all, *bounded([tails, heard.least], tails.name, heard.least.name, what)]

    async def crowded(self, checks: int, rounds: int) -> Result:
        """Measure the same, whatever else goes on."""
        heard = await self._fed("card shown, feed tells of it, loaded", checks, rounds)
        return replace(heard.all, most=HEARD_MS, goal="A2")

    async def _fed(self, name: str, checks: int, rounds: int) -> Fed:
        busy, heard, echoed, told = False, *(list[list[float]]() for _ in range(3))
        line = now_and_then(lambda _: self.limit.ask(LINE), checks)
        telling = now_and_then(lambda _: self._bare_door.ask(LINE), checks)
        await line()
        await telling()
        for _ in range(rounds):
            busy |= is_busy()
            heard.append(await self._heard(checks))
            echoed.append(await line())
            told.append(await telling())
            await self._access()
        tails, limit, least = ([[tail(each)] for each in side] for side in (heard, echoed, told))
        return Fed(
            all=came_to(name, heard, echoed, busy=busy),
            tails=came_to(f"{name}: p99", tails, limit, busy=busy),
            least=came_to("the same by a bare door: p99", least, limit, busy=busy),
        )

    async def _heard(self, checks: int) -> list[float]:
        async with self._session.ws_connect(wire.FEED) as feed:

            async def hear(_: int) -> None:
                person = f"p{self.step.next % self.step.cards}"
                self.step.present()
                async with asyncio.timeout(ANSWERED_WITHIN):
                    while not _tells_of(await feed.receive_json(), person):
                        pass

            await hear(0)
            return await now_and_then(hear, checks)()

    async def results(self, checks: int, rounds: int) -> list[Result]:
        """Measure so many cards a round."""
        told: list[dict[str, float]] = []
        bare: list[list[float]] = []
        entering = asking(lambda _: self.step.enter(), checks)
        opening = asking(lambda _: self._bare_door.ask(LINE), checks)

        async def entered() -> list[float]:
            took = await entering()
            told.append(await self._access())
            self._bare_door.took.clear()
            await opening()
            bare.append(self._bare_door.took.copy())
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

    async def _access(self) -> dict[str, Any]:
        """Return what the agent says of its last thousand decisions; it may forget their rows."""
        async with self._session.ws_connect(wire.FEED) as feed:
            access: dict[str, Any] = (await feed.receive_json())["access"]
        query = {wire.QUERY_UNTIL: access["last"], wire.QUERY_JOURNAL: access["journal"]}
        async with self._session.delete(wire.PASSAGES, params=query) as response:
            response.raise_for_status()
        return access


def echoing(limit: Echo, calls: int) -> Side:
    """Return the side of a bare echo of some line."""
    return asking(lambda _: limit.ask(LINE), calls)


@asynccontextmanager
async def opened(folder: Path, cards: int) -> AsyncIterator[DoorBench]:
    """Start an agent in a folder."""
    token, port = secrets.token_hex(16), free_port(LOCAL, FIRST_PORT)
    _write_config(folder, token, port)
    python = ROOT / ".venv-agent" / "bin" / "python"
    command: list[str | Path] = [python, "-m", "camera_agent", "--config", folder / "agent.toml"]
    child = await Child.start("agent", command, ROOT, folder / "agent.log")
    try:
        async with _session(port, token) as session:
            await _until_up(session)
            async with echo(folder) as limit, bare_door(folder) as bare:
                loop, socket = asyncio.get_running_loop(), str(folder / "gate.sock")
                _, step = await loop.create_unix_connection(lambda: Doorstep(cards), socket)
                yield DoorBench(port, token, session, step, limit=limit, door=bare)
                step.leave()
    finally:
        await child.stop()


def _tells_of(message: Any, person: str) -> bool:
    is_passage = message["type"] == wire.MessageType.PASSAGE
    return is_passage and bool(message["passage"]["person"] == person)


def why_quieter() -> str | None:
    """Return why nothing is detected beside, if that is so."""
    return None if _model() else "no model is here: nothing is detected beside the doors"


def _session(port: int, token: str) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}"}
    return aiohttp.ClientSession(f"http://{LOCAL}:{port}", headers=headers)


async def _until_up(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(UP_WITHIN):
        while not await _is_up(session):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def _is_up(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get(wire.HEALTH_LIVE) as response:
            return response.ok
    except aiohttp.ClientConnectionError:
        return False


def _write_config(folder: Path, token: str, port: int) -> None:
    text = _CONFIG.format(token=token, port=port)
    if model := _model():
        text += f"\n[detector]\nmodel = {json.dumps(str(model))}\n"
    (folder / "agent.toml").write_text(text, "utf-8")


def _model() -> Path | None:
    found = DEMO / "assets.json"
    return Assets.load(found).model if found.is_file() else None
