"""Home Assistants that are started again and again, and tell when they are up and how late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
import socket
import sys
import time
from typing import Any, Final

import aiohttp

from scripts.demonstration.children import Child
from scripts.demonstration.gatehouse import set_up, until_loaded
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.memory import AgentMemory, Memory, free_port
from scripts.demonstration.places import LOCAL, ROOT, Assets, address_of, write_home
from scripts.soaking import lag

from .watchers import memory_mb, spent_ns

FIRST_PORT: Final = 8923
UP_WITHIN: Final = 120.0  # seconds
LARGEST: Final = 65536
PROBE: Final = Path(__file__).with_name("home_probe")
NAME: Final = "gatehouse_bench"
OWNER: Final = ("owner", "gate-bench-owner")

NOTHING: Final = Assets(
    video=Path(), video_kind="", model=None, model_kind=None, threshold=0.35, why=""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What came of one life of a Home Assistant."""

    start_s: float
    """From the start of the process until it says that it has started."""
    start_cpu_s: float
    """What that took of the processors."""
    memory_mb: float
    """When it has settled."""


@dataclass(slots=True, kw_only=True)
class Running:
    """A Home Assistant that has started."""

    pid: int
    address: str
    start_s: float
    start_cpu_s: float
    late_ms: list[float] = field(default_factory=list)
    """It grows as long as it runs."""


def python() -> Path:
    """Return the Python of the newest Home Assistant that is here."""
    newest = ROOT / ".venv-newest" / "bin" / "python"
    return newest if newest.exists() else Path(sys.executable)


class Home:
    """One Home Assistant's folder: what it is to know is told once, and it is run at will."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port(LOCAL, FIRST_PORT)
        self._config = folder / "config"
        self.bare_entities = 0
        """So many entities it makes that are nothing but a state."""

    @property
    def address(self) -> str:
        """Where it listens while it runs."""
        return address_of(LOCAL, self._port)

    @classmethod
    def made(cls, folder: Path) -> Home:
        """Make one that knows nobody."""
        home = cls(folder)
        folder.mkdir(parents=True)
        config = write_home(folder, LOCAL, home._port)
        probe = config / "custom_components" / NAME
        probe.mkdir()
        for part in (*PROBE.glob("*.*"), Path(lag.__file__)):
            (probe / part.name).symlink_to(part)
        with (config / "configuration.yaml").open("a", encoding="utf-8") as written:
            written.write(f"\n{NAME}:\n")
        return home

    def copied(self, folder: Path) -> Home:
        """Return another that knows the same; both cannot run at once."""
        sockets = shutil.ignore_patterns("*.sock")
        shutil.copytree(self._folder, folder, symlinks=True, ignore=sockets)
        other = Home(folder)
        other._port = self._port
        return other

    @asynccontextmanager
    async def running(self, *, attended: bool = False) -> AsyncIterator[Running]:
        """Run it; it has started then. Where its loop is attended, that costs something, too."""
        told = self._folder / "told.sock"
        told.unlink(missing_ok=True)
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        heard.setblocking(False)
        heard.bind(str(told))
        environment = [f"SOAK_TOLD={told}", "PYTHONDONTWRITEBYTECODE="]
        environment += [f"SOAK_PROGRAM={NAME}"] if attended else []
        environment += [f"BENCH_ENTITIES={self.bare_entities}"]
        command: list[str | Path] = ["env", *environment, python(), "-m", "homeassistant"]
        command += ["-c", self._config]
        log = self._folder / "home-assistant.log"
        with closing(heard):
            began = time.monotonic()
            child = await Child.start("home-assistant", command, self._config, log)
            try:
                async with asyncio.timeout(UP_WITHIN):
                    while "started" not in (said := await _hear(heard)):
                        pass
                running = Running(
                    pid=child.pid,
                    address=self.address,
                    start_s=said["started"] - began,
                    start_cpu_s=spent_ns(child.pid) / 1e9,
                )
                listening = asyncio.create_task(_listen(heard, running.late_ms))
                try:
                    yield running
                finally:
                    listening.cancel()
            finally:
                await child.stop()

    async def life(self, settle_s: float) -> Life:
        """Run it once; it settles so long."""
        async with self.running() as home:
            await asyncio.sleep(settle_s)
            return Life(
                start_s=home.start_s,
                start_cpu_s=home.start_cpu_s,
                memory_mb=memory_mb(home.pid),
            )


@asynccontextmanager
async def spoken_to(running: Running, *, new: bool) -> AsyncIterator[HomeAssistant]:
    """Speak to one as its owner, who is made first if new."""
    async with aiohttp.ClientSession() as session:
        home = HomeAssistant(session, running.address)
        await home.enter(*OWNER, new=new)
        async with home.talking():
            yield home


async def settle(home: HomeAssistant, agents: dict[str, AgentMemory], assets: Assets) -> None:
    """Set up Gatehouse with these agents, and wait until it knows their cameras."""
    memory = Memory(username=OWNER[0], password=OWNER[1], agents=agents)
    await set_up(home, memory, assets)
    await until_loaded(home)


async def _listen(heard: socket.socket, late_ms: list[float]) -> None:
    while True:
        late_ms += [each * 1000 for each in (await _hear(heard))["late"]]


async def _hear(heard: socket.socket) -> dict[str, Any]:
    said = await asyncio.get_running_loop().sock_recv(heard, LARGEST)
    found: dict[str, Any] = json.loads(said)
    return found
