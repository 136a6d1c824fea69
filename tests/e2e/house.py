"""A house with a door: an agent and a Home Assistant, as processes whose clocks a test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import signal
import sys
from typing import Any

import aiohttp

from camera_agent.wire import HEALTH_LIVE
from scripts.demonstration.children import Child, watch
from scripts.demonstration.dashboard import Entities
from scripts.demonstration.gatehouse import add_once, set_up, until_loaded
from scripts.demonstration.happened import ask_action
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.memory import Memory
from scripts.demonstration.places import AGENT_PYTHON, LOCAL, ROOT, Assets, has_owner, write_home
from tests.ports import free_port
from tests.waiting import eventually

PYTHON = {"agent": AGENT_PYTHON, "home": sys.executable}
LAUNCHER = ROOT / "tests" / "e2e" / "launcher.py"
NOBODY_LOOKS = Assets(
    video=Path(), video_kind="", model=None, model_kind=None, threshold=0.35, why=""
)
AGENT_TOML = """
[agent]
id = "{id}"
name = "Porch Pi"
token = "{token}"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[spool]
enabled = false

[[cameras]]
id = "porch"
name = "Porch"
source = "pattern"
width = 320
height = 180
fps = 5

[[doors]]
id = "front"
name = "Front door"
simulated = "front.sock"
unlock = 0.3

[[doors.readers]]
id = "outside"
kind = "simulated"
direction = "in"
keypad = true
debounce = 0
"""


class House:
    """What a test does in it, as its owner, and as those who come to its door."""

    home: HomeAssistant

    def __init__(self, folder: Path, session: aiohttp.ClientSession) -> None:
        self.folder = folder
        self._session = session
        self._children: dict[str, Child] = {}
        self._talk = AsyncExitStack()
        self._wanted = folder / "wanted"
        self._wanted.mkdir()
        self._ahead = self._wanted / "ahead"
        self._ahead.write_text("0")
        self._runs = 0
        self.memory = Memory.fresh(["porch"]).with_agent("porch", port=free_port())
        about = self.memory.agents["porch"]
        self.door = f"{about.id}/door/front"
        (folder / "agent.toml").write_text(
            AGENT_TOML.format(id=about.id, token=about.token, port=about.port)
        )

    @property
    def now(self) -> datetime:
        """The time of day in the house."""
        return datetime.now(UTC) + timedelta(seconds=float(self._ahead.read_text()))

    def wait_until(self, moment: datetime) -> None:
        """Let time pass: there it is this moment now."""
        behind = self._ahead.with_suffix(".new")
        behind.write_text(str((moment - datetime.now(UTC)).total_seconds()))
        behind.replace(self._ahead)

    @contextmanager
    def damaged(self) -> Iterator[None]:
        """Let all decisions break off."""
        damage = self._wanted / "damage"
        damage.touch()
        yield
        damage.unlink()

    async def start_agent(self) -> None:
        """Start the agent, and wait until there is somebody at its door."""
        await self._start("agent", ["--config", self.folder / "agent.toml"], self._agent_is_up)

    async def kill_agent(self) -> None:
        """End it as a power cut does; the door is locked by then."""
        await self._kill("agent")

    async def start_home(self) -> None:
        """Start Home Assistant, and set up or find what belongs to the house."""
        port = free_port()
        self.home = HomeAssistant(self._session, f"http://{LOCAL}:{port}")
        await self._talk.enter_async_context(self.home.talking())
        config = write_home(self.folder, LOCAL, port)
        await self._start("home", ["-c", config], self.home.wait_until_up)
        is_new = not has_owner(self.folder)
        await self.home.enter(self.memory.username, self.memory.password, new=is_new)
        self.memory = await set_up(self.home, self.memory, NOBODY_LOOKS)
        agent = self.memory.agents["porch"].id
        place = {"name": "Entrance", "cameras": [f"{agent}/porch"], "doors": [self.door]}
        await eventually(self._has_lock, 30, "the lock")
        await add_once(self.home, self.memory.site, "group", place)
        await until_loaded(self.home)
        await eventually(lambda: self.is_lock("locked"), 30, "the lock's state")

    async def kill_home(self) -> None:
        """End it as a power cut does."""
        await self._kill("home")
        await self._talk.aclose()

    async def stop(self) -> None:
        """End both."""
        await self._talk.aclose()
        for name in ("home", "agent"):
            if child := self._children.pop(name, None):
                await child.stop()

    async def does(self, *words: str) -> str:
        """Do something at the door, by the agent's own command; return what it says."""
        config = str(self.folder / "agent.toml")
        process = await asyncio.create_subprocess_exec(
            *(str(AGENT_PYTHON), "-m", "camera_agent", "--config", config, *words),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return said.decode().strip()

    async def asks(self, action: str, **fields: Any) -> dict[str, Any]:
        """Perform an action as the owner does; return its response."""
        return await ask_action(self.home, action, fields)

    async def entity(self, *parts: str) -> str:
        """Return an entity, by the parts of its unique id."""
        return Entities(await self.home.ask("config/entity_registry/list")).of(*parts)

    async def is_lock(self, state: str) -> bool:
        """Whether the lock is in this state."""
        lock = await self.entity(self.door, "lock")
        states = {each["entity_id"]: each["state"] for each in await self.home.get("/api/states")}
        return states.get(lock) == state

    async def event(self) -> dict[str, Any]:
        """Return the state of the door's event."""
        entity = await self.entity(self.door, "access")
        state: dict[str, Any] = await self.home.get(f"/api/states/{entity}")
        return state

    async def log(self) -> list[dict[str, Any]]:
        """Return the access log, oldest first."""
        answer = await self.asks("get_access_log", limit=1000)
        return list(reversed(answer["passages"]))

    def told(self, name: str) -> str:
        """Return all that a program has written so far."""
        return "".join(log.read_text() for log in sorted(self.folder.glob(f"{name}-*.log")))

    async def _has_lock(self) -> bool:
        try:
            return bool(await self.entity(self.door, "lock"))
        except KeyError:
            return False
        except aiohttp.ClientConnectionResetError:
            # It closed what was opened before it had started; a frontend opens it anew, too.
            await self.home.enter(self.memory.username, self.memory.password, new=False)
            return False

    async def _agent_is_up(self) -> None:
        address = f"http://{LOCAL}:{self.memory.agents['porch'].port}{HEALTH_LIVE}"

        async def answers() -> bool:
            try:
                async with self._session.get(address) as response:
                    return response.ok and (self.folder / "front.sock").exists()
            except aiohttp.ClientConnectionError:
                return False

        await eventually(answers, 20, "the agent")

    async def _start(
        self, name: str, arguments: list[str | Path], until: Callable[[], Any]
    ) -> None:
        """Start a process whose clock is ahead; if it falls, fail with its last words."""
        self._runs += 1
        log = self.folder / f"{name}-{self._runs}.log"
        command: list[str | Path] = [PYTHON[name], LAUNCHER, name, self._wanted, *arguments]
        folder = ROOT if name == "agent" else self.folder / "config"
        command = ["env", f"PYTHONPATH={ROOT}", *command] if name == "agent" else command
        child = self._children[name] = await Child.start(name, command, folder, log)
        tasks = [asyncio.ensure_future(until()), asyncio.ensure_future(watch([child]))]
        done, _ = await asyncio.wait(tasks, timeout=180, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        assert done, f"{name} is not up; the end of its log: {log.read_text()[-2000:]}"
        done.pop().result()

    async def _kill(self, name: str) -> None:
        child = self._children.pop(name)
        os.kill(child.pid, signal.SIGKILL)
        await child.end()


@asynccontextmanager
async def living_in(folder: Path) -> AsyncIterator[House]:
    """Move into a house; nobody but the owner has a key."""
    async with aiohttp.ClientSession() as session:
        house = House(folder, session)
        try:
            await house.start_agent()
            await house.start_home()
            yield house
        finally:
            await house.stop()
