"""The world of the soak: agents, Home Assistant, a storage, a detector, and their disks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import secrets
import sys
from typing import Final

import aiohttp

from camera_agent.wire import HEALTH_LIVE
from scripts.demonstration.memory import AgentMemory, free_port
from scripts.demonstration.places import AGENT_PYTHON, LOCAL, ROOT, write_home

from . import isolation, weather
from .film import make_film
from .isolation import Cable, SmallDisk
from .line import Line
from .place import CAMERAS, Place, write_agent
from .programs import Command, Program
from .schedule import DETECTOR, HOME, STORAGE, Kind
from .weather import Weather

PROBE: Final = Path(__file__).with_name("probe")
# For a second factor Home Assistant fetches packages when it starts, and there is no way out.
_ONE_FACTOR: Final = ("homeassistant:\n", "homeassistant:\n  auth_mfa_modules: []\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What cannot be done here, and why not."""

    kinds: frozenset[Kind]
    why: str


def disabilities() -> list[Ability]:
    """Return the faults that have to be left out on this machine."""
    found = []
    if why := isolation.why_not():
        found.append(Ability(kinds=frozenset({Kind.CUT, Kind.FULL_DISK}), why=why))
    if not weather.compiler():
        kinds = frozenset({Kind.SLOW_DISK, Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND})
        found.append(Ability(kinds=kinds, why="there is no C compiler (cc)"))
    return found


class World:
    """Everything that runs, by its name."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession, first_port: int) -> None:
        self.folder = folder
        self.session = session
        self.programs: dict[str, Program] = {}
        self.weather: dict[str, Weather] = {}
        self.places: dict[str, Place] = {}
        self.cables: dict[str, Cable] = {}
        self.disks: dict[str, SmallDisk] = {}
        self.lines: dict[str, Line] = {}
        self.told = folder / "told.sock"
        self._first_port = first_port
        self._ports: set[int] = set()
        self._library = folder / "weather.so"
        self.logs = folder / "logs"
        self.uploads = folder / "uploads"
        self.objects = folder / "objects"
        for each in (self.logs, self.uploads, self.objects):
            each.mkdir(parents=True, exist_ok=True)

    @property
    def database(self) -> Path:
        """Gatehouse's own."""
        return self.folder / "config" / "gatehouse.db"

    @property
    def media(self) -> Path:
        """Where clips are kept."""
        return self.folder / "media"

    def address(self, name: str) -> str:
        """Return where a program is reached."""
        return self._addresses[name]

    async def make(self, seed: int, agents: int) -> None:
        """Write all that the programs read, make networks and disks, and describe how to start."""
        self._addresses: dict[str, str] = {}
        if weather.compiler():
            await asyncio.to_thread(weather.build, self._library)
        is_isolated = not isolation.why_not()
        if is_isolated:
            isolation.turn_on_loopback()
            self.disks[HOME] = SmallDisk(self.media)
        for program, name, where in (
            ("scripts.soaking.detector", DETECTOR, self.told),
            ("scripts.soaking.storage", STORAGE, self.objects),
        ):
            port = self._port()
            self._add(
                name,
                [sys.executable, "-m", program, str(port), where],
                ROOT,
                f"http://{LOCAL}:{port}",
            )
        for number in range(agents):
            await self._make_agent(number, seed, is_isolated=is_isolated)
        self._make_home()

    async def _make_agent(self, number: int, seed: int, *, is_isolated: bool) -> None:
        name = f"agent{number}"
        cable = await Cable.lay(number) if is_isolated else None
        place = Place(
            name=name,
            folder=self.folder / name,
            host=cable.host if cable else LOCAL,
            memory=AgentMemory(id=f"soak{number}", token=secrets.token_hex(16), port=self._port()),
            cameras=tuple(range(number * CAMERAS, (number + 1) * CAMERAS)),
        )
        place.folder.mkdir()
        if cable:
            self.cables[name] = cable
            self.disks[name] = SmallDisk(place.data)
        await asyncio.gather(
            *(
                asyncio.to_thread(make_film, place.film(camera), camera, f"{seed} {camera}")
                for camera in place.cameras
            )
        )
        config = write_agent(place)
        self.places[name] = place
        line = self.lines[name] = Line(place.line)
        command: Command = [*(cable.within() if cable else [])]
        program: Command = [AGENT_PYTHON, "-m", "scripts.soaking.agent", "--config", config]
        address = f"http://{place.host}:{place.memory.port}"
        self._add(name, command + self._within(name) + program, ROOT, address, HEALTH_LIVE)
        self.programs[name].before = line.let_go

    def _make_home(self) -> None:
        port = self._port()
        config = write_home(self.folder, LOCAL, port)
        probe = config / "custom_components" / "gatehouse_soak"
        probe.mkdir()
        for part in (*PROBE.glob("*.*"), PROBE.with_name("lag.py")):
            (probe / part.name).symlink_to(part)
        written = config / "configuration.yaml"
        text = written.read_text("utf-8").replace(*_ONE_FACTOR)
        written.write_text(f"{text}\ngatehouse_soak:\n", "utf-8")
        program: Command = [sys.executable, "-m", "homeassistant", "-c", config]
        command = self._within(HOME) + program
        self._add(HOME, command, config, f"http://{LOCAL}:{port}", "/manifest.json")

    def _within(self, name: str) -> Command:
        """Return how a program is started in which time passes as we like."""
        self.weather[name] = Weather(self._library, self.folder / f"{name}.weather")
        told = [f"SOAK_PROGRAM={name}", f"SOAK_TOLD={self.told}", "PYTHONDONTWRITEBYTECODE="]
        return ["env", *told, *self.weather[name].environment()]

    def _add(self, name: str, command: Command, where: Path, address: str, path: str = "/") -> None:
        async def is_up() -> bool:
            try:
                async with self.session.get(f"{address}{path}") as response:
                    return response.status < 500
            except aiohttp.ClientConnectionError, TimeoutError:
                return False

        self._addresses[name] = address
        self.programs[name] = Program(name, command, where, self.logs, is_up)

    def _port(self) -> int:
        port = free_port(LOCAL, self._first_port, frozenset(self._ports))
        self._ports.add(port)
        return port

    async def end(self) -> None:
        """End everything, Home Assistant first."""
        for program in reversed(self.programs.values()):
            await program.stop()
        for cable in self.cables.values():
            await cable.remove()
        for line in self.lines.values():
            line.close()


@asynccontextmanager
async def made(folder: Path, seed: int, agents: int, first_port: int) -> AsyncIterator[World]:
    """Make a world in which everything runs but Home Assistant, which nobody has set up yet."""
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=30)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        world = World(folder, session, first_port)
        stack.push_async_callback(world.end)
        await world.make(seed, agents)
        await asyncio.gather(
            *(program.start() for name, program in world.programs.items() if name != HOME)
        )
        yield world
