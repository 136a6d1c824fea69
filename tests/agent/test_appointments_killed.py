"""An agent that is killed in the middle of an appointment goes on with it by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import json
from pathlib import Path
import sys
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from tests.ports import free_port
from tests.waiting import eventually

from .media import spans

TOKEN = "correct horse battery staple"
KEY_S = 1.0  # the pattern has a key frame each second
CONFIG = """
[agent]
id = "court"
token = "{token}"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[[cameras]]
id = "left"
source = "pattern"
width = 320
height = 180
"""


class Site:
    """An agent that is started, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.folder = folder
        (folder / "agent.toml").write_text(CONFIG.format(token=TOKEN, port=self._port))

    @asynccontextmanager
    async def living(self) -> AsyncIterator[ClientSession]:
        """Run the agent until it is killed, which it is in the end."""
        command = [sys.executable, "-m", "camera_agent", "--config", "agent.toml"]
        address, who = f"http://127.0.0.1:{self._port}", {"Authorization": f"Bearer {TOKEN}"}
        with (self.folder / "log").open("ab") as log:
            agent = await asyncio.create_subprocess_exec(
                *command, cwd=self.folder, env={"PYTHONPATH": ":".join(sys.path)}, stderr=log
            )
        try:
            async with ClientSession(address, headers=who) as session:
                await eventually(lambda: _is_online(session), 30)
                yield session
        finally:
            with suppress(ProcessLookupError):
                agent.kill()
            await agent.wait()


async def _is_online(agent: ClientSession) -> bool:
    try:
        async with agent.get("/api/v1/cameras/left/snapshot") as answer:
            return answer.status == 200
    except OSError:
        return False


async def asked(agent: ClientSession, path: str) -> dict[str, Any]:
    async with agent.get(path) as answer:
        return dict(await answer.json())


async def plan(agent: ClientSession, lesson: dict[str, Any]) -> None:
    body = {"segment_s": 300, "bookings": [lesson]}
    async with agent.put("/api/v1/bookings", json=body) as answer:
        assert answer.status == 200


async def parts_of(agent: ClientSession, *status: str) -> list[dict[str, Any]]:
    """The parts, if there are as many as are asked for, and each as it is asked for."""
    found = (await asked(agent, "/api/v1/cameras/left/recordings"))["recordings"]
    return found if [one["status"] for one in found] == list(status) else []


async def fetch(agent: ClientSession, part: dict[str, Any], into: Path) -> Path:
    async with agent.get(f"/api/v1/cameras/left/recordings/{part['id']}") as answer:
        into.write_bytes(await answer.read())
    return into


async def test_an_agent_that_is_killed_goes_on_where_it_is_back(tmp_path: Path) -> None:
    site = Site(tmp_path)

    async with site.living() as agent:
        now = time.time()
        lesson = {"id": "lesson", "camera": "left", "since": now + 0.3, "until": now + 60.0}
        await plan(agent, lesson)
        await eventually(lambda: parts_of(agent, "recording"))
        await eventually(lambda: time.time() > now + 2.3)  # so that two groups are on the disk
        killed = time.time()
    dead = time.time()
    async with site.living() as agent:
        back = time.time()
        await eventually(lambda: parts_of(agent, "complete", "recording"))
        kept = json.loads((tmp_path / "data" / "bookings.json").read_text())
        lesson["until"] = time.time() + 1.0
        await plan(agent, lesson)
        first, second = await eventually(lambda: parts_of(agent, "complete", "complete"), 20)
        films = [
            await fetch(agent, part, tmp_path / f"{number}.mp4")
            for number, part in enumerate((first, second))
        ]
        (underway,) = (await asked(agent, "/api/v1/bookings"))["bookings"]

    assert kept["bookings"] == [lesson | {"until": now + 60.0}]
    assert (underway["recording"], underway["error"]) == (None, None)
    assert {part["booking"] for part in (first, second)} == {"lesson"}
    assert first["error"] == "The agent stopped before the end."
    assert lesson["since"] - KEY_S - 0.1 < first["started"] <= lesson["since"]
    assert killed - KEY_S - 0.5 < first["started"] + spans(films[0])[0] < dead + 0.1
    assert killed < second["started"] < back + 0.5
    assert second["error"] is None
    assert second["started"] + spans(films[1])[0] == pytest.approx(lesson["until"], abs=0.5)
