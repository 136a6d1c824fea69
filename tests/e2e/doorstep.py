"""A real agent with simulated doors, for a Home Assistant of a test; and those who come there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import signal

from homeassistant.config_entries import ConfigSubentryData

from tests.ports import free_port
from tests.waiting import eventually

from .conftest import ROOT, TOKEN

PYTHON = ROOT / ".venv-agent" / "bin" / "python"
AGENT = "c0ffee000002"
FRONT = f"{AGENT}/door/front"
AGENT_TOML = """
[agent]
id = "{agent}"
name = "Porch"
token = "{token}"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[spool]
enabled = false

[[doors]]
id = "front"
name = "Front <b>door</b>"
simulated = "front.sock"
unlock = 0.5

[[doors.readers]]
id = "outside"
kind = "simulated"
direction = "in"
keypad = true
debounce = 0

[[doors]]
id = "shed"
name = "Shed"
simulated = "shed.sock"

[[doors.readers]]
id = "outside"
kind = "simulated"
debounce = 0
"""


class Doorstep:
    """`python -m camera_agent` with two doors, and what is done there."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self._config = folder / "agent.toml"
        self._config.write_text(AGENT_TOML.format(agent=AGENT, token=TOKEN, port=self.port))

    @property
    def subentry(self) -> ConfigSubentryData:
        """The agent as its site stores it."""
        data = {"host": "127.0.0.1", "port": self.port, "token": TOKEN}
        return ConfigSubentryData(subentry_type="agent", title="Porch", unique_id=AGENT, data=data)

    async def start(self) -> None:
        """Start, and wait until there is somebody at the doors."""
        with (self.folder / "agent.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(PYTHON, "-m", "camera_agent", "--config", self._config),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        sockets = [self.folder / "front.sock", self.folder / "shed.sock"]
        await eventually(lambda: all(each.exists() for each in sockets), 30, "the doors")

    async def does(self, *words: str) -> str:
        """Do something at a door, by the agent's own command; return what it says."""
        process = await asyncio.create_subprocess_exec(
            *(PYTHON, "-m", "camera_agent", "--config", self._config, *words),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return said.decode().strip()

    async def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                await self._process.wait()


@asynccontextmanager
async def doorstep(folder: Path) -> AsyncIterator[Doorstep]:
    """Give an agent that runs."""
    folder.mkdir()
    porch = Doorstep(folder)
    await porch.start()
    try:
        yield porch
    finally:
        await porch.stop()
