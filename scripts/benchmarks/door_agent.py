"""An agent with a camera and a simulated door, started in a folder and spoken to over its wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import json
from pathlib import Path
import secrets
from typing import Any, Final

import aiohttp

from camera_agent import wire
from camera_agent.vault import sign
from custom_components.gatehouse.access import Policy, compile_grants, document
from scripts.demonstration.children import Child
from scripts.demonstration.memory import AgentMemory, free_port
from scripts.demonstration.places import DEMO, ROOT, Assets

from .agent_config import beginning
from .beside import CAMERA, LOCAL
from .residents import AGENT, DOOR

FIRST_PORT: Final = 8567
UP_WITHIN: Final = 60.0  # seconds
SOCKET: Final = "gate.sock"

_CAMERA: Final = f"""
[[cameras]]
id = "{CAMERA}"
source = "pattern"
width = 640
height = 360
fps = 15
"""

_DOOR: Final = f"""
[[doors]]
id = "{DOOR}"
simulated = "{SOCKET}"
unlock = 0.2

[[doors.readers]]
id = "outside"
kind = "simulated"
debounce = 0
"""


class DoorAgent:
    """The way to the agent: where it is, whom it lets in, and what it says of that."""

    def __init__(self, port: int, token: str, session: aiohttp.ClientSession) -> None:
        self.port = port
        self.token = token
        self._session = session

    async def grant(self, policy: Policy) -> None:
        """Send what Home Assistant would send."""
        now = datetime.now(UTC)
        version = int(now.timestamp() * 1000)
        text = document(compile_grants(policy, AGENT, (DOOR,), version=version, now=now))
        body = {"document": text, "signature": sign(self.token, text)}
        async with self._session.put(wire.GRANTS, json=body) as response:
            response.raise_for_status()

    @asynccontextmanager
    async def feed(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Listen to all that it tells."""
        async with self._session.ws_connect(wire.FEED) as feed:
            yield feed

    async def access(self) -> dict[str, Any]:
        """Return what the agent says of its last thousand decisions; it may forget their rows."""
        async with self.feed() as feed:
            access: dict[str, Any] = (await feed.receive_json())["access"]
        query = {wire.QUERY_UNTIL: access["last"], wire.QUERY_JOURNAL: access["journal"]}
        async with self._session.delete(wire.PASSAGES, params=query) as response:
            response.raise_for_status()
        return access


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[DoorAgent]:
    """Start one in a folder, and wait until it answers."""
    port = free_port(LOCAL, FIRST_PORT)
    agent = AgentMemory(id=AGENT, token=secrets.token_hex(16), port=port)
    _write_config(folder, agent)
    python = ROOT / ".venv-agent" / "bin" / "python"
    command: list[str | Path] = [python, "-m", "camera_agent", "--config", folder / "agent.toml"]
    child = await Child.start("agent", command, ROOT, folder / "agent.log")
    try:
        async with _session(port, agent.token) as session:
            await _until_up(session)
            yield DoorAgent(port, agent.token, session)
    finally:
        await child.stop()


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


def _write_config(folder: Path, agent: AgentMemory) -> None:
    text = beginning(agent) + _CAMERA + _DOOR
    if model := _model():
        text += f"\n[detector]\nmodel = {json.dumps(str(model))}\n"
    (folder / "agent.toml").write_text(text, "utf-8")


def _model() -> Path | None:
    found = DEMO / "assets.json"
    return Assets.load(found).model if found.is_file() else None
