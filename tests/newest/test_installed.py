"""Gatehouse as the Marketplace installs it, in a fresh Home Assistant; and removed again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import re
import shutil
import sys
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from scripts.demonstration.children import Child
from scripts.demonstration.gatehouse import ENTRIES
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.places import AGENT_PYTHON, LOCAL, ROOT, write_home
from tests.ports import free_port
from tests.waiting import eventually

from .log import complaints

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

CODE = re.compile(r"with the code (\S+),")
OWNER = ("owner", "a-long-password")

# Nobody owns it: its log shows the code.
AGENT = """\
[agent]
id = "9f2c41d07ab3"
name = "Porch"
host = "{host}"
port = {port}
data = "{data}"
announce = false

[[cameras]]
id = "front"
name = "Front door"
source = "pattern"
width = 320
height = 180
"""

# Home Assistant itself remembers what was removed, so that it comes back as it was.
REMEMBERED = {"core.device_registry", "core.entity_registry", "core.restore_state"}


class Stranger:
    """Somebody who has a Home Assistant and an agent, and has never heard of Gatehouse."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.port = free_port()
        self._session = session
        self._home_port = free_port()
        self._children: dict[str, Child] = {}

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def installed(self) -> Path:
        return self.config / "custom_components" / "gatehouse"

    def install(self) -> None:
        """Have nothing but the integration's folder, as an archive of the repository holds it."""
        write_home(self.folder, LOCAL, self._home_port)
        self.installed.unlink()  # the demonstration's, a link into the repository
        source = ROOT / "custom_components" / "gatehouse"
        shutil.copytree(source, self.installed, ignore=shutil.ignore_patterns("__pycache__"))

    async def start_agent(self) -> str:
        """Start the agent; return the code that its log shows."""
        file, log = self.folder / "agent.toml", self.folder / "agent.log"
        data = self.folder / "agent"
        file.write_text(AGENT.format(host=LOCAL, port=self.port, data=data))
        command = [AGENT_PYTHON, "-m", "camera_agent", "--config", file]
        self._children["agent"] = await Child.start("agent", command, ROOT, log)
        shown = await eventually(lambda: CODE.search(log.read_text()), 20, "the code")
        return shown[1]

    async def start_home(self, *, new: bool) -> HomeAssistant:
        command = [sys.executable, "-m", "homeassistant", "-c", self.config]
        log = self.folder / f"{'first' if new else 'second'}.log"
        self._children["home"] = await Child.start("home", command, self.config, log)
        home = HomeAssistant(self._session, f"http://{LOCAL}:{self._home_port}")
        await home.wait_until_up()
        await home.enter(*OWNER, new=new)
        return home

    async def stop_home(self) -> None:
        await self._children.pop("home").stop()

    async def stop(self) -> None:
        for child in self._children.values():
            await child.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(tmp_path: Path) -> AsyncIterator[Stranger]:
    async with aiohttp.ClientSession() as session:
        stranger = Stranger(tmp_path, session)
        try:
            yield stranger
        finally:
            await stranger.stop()


async def answered(home: HomeAssistant, path: str, begin: object, *answers: object) -> Any:
    """Go through a flow; return its end."""
    step = await home.post(path, {"handler": begin})
    for answer in answers:
        step = await home.post(f"{path}/{step['flow_id']}", answer)
    return step


async def entities(home: HomeAssistant) -> list[str]:
    """Return Gatehouse's entities."""
    known = await home.ask("config/entity_registry/list")
    return [each["entity_id"] for each in known if each["platform"] == "gatehouse"]


async def picture(home: HomeAssistant, camera: str) -> bytes:
    """Return what a camera shows, nothing as long as it shows nothing."""
    status, body = await home.fetch(f"/api/camera_proxy/{camera}")
    return body if status == 200 else b""


async def test_a_stranger_installs_it_sees_a_picture_and_removes_it_without_a_trace(
    stranger: Stranger,
) -> None:
    stranger.install()
    code, home = await asyncio.gather(stranger.start_agent(), stranger.start_home(new=True))

    # Set up, and seen.
    site = await answered(home, f"{ENTRIES}/flow", "gatehouse", {"name": "Home"})
    assert site["type"] == "create_entry"
    entry = site["result"]["entry_id"]
    await home.delete(f"{ENTRIES}/subentries/flow/{site['next_flow'][1]}")
    paired = await answered(
        home,
        f"{ENTRIES}/subentries/flow",
        [entry, "agent"],
        {"host": LOCAL, "port": stranger.port},
        {"code": code},
    )
    assert (paired["type"], paired["title"]) == ("create_entry", "Porch")

    async def shown() -> bytes:
        cameras = [each for each in await entities(home) if each.startswith("camera.")]
        return b"".join([await picture(home, camera) for camera in cameras])

    assert (await eventually(shown, 40, "a picture")).startswith(b"\xff\xd8")
    assert "gatehouse" in await home.ask("get_panels")
    blueprints = stranger.config / "blueprints" / "automation"
    assert any((blueprints / "gatehouse").iterdir())
    storage = stranger.config / ".storage"
    assert [*storage.glob("gatehouse.*")]
    assert complaints((stranger.folder / "first.log").read_text()) == []

    # Removed: the site first, then the folder.
    await home.delete(f"{ENTRIES}/entry/{entry}")
    assert await entities(home) == []
    assert "gatehouse" not in await home.ask("get_panels")
    assert not (blueprints / "gatehouse").exists()
    await stranger.stop_home()
    shutil.rmtree(stranger.installed)
    home = await stranger.start_home(new=False)

    assert await home.get(f"{ENTRIES}/entry?domain=gatehouse") == []
    assert await entities(home) == []
    devices = await home.ask("config/device_registry/list")
    assert [each for each in devices if "gatehouse" in str(each).lower()] == []
    issues = (await home.ask("repairs/list_issues"))["issues"]
    assert [each for each in issues if "gatehouse" in str(each)] == []
    assert "gatehouse" not in await home.ask("get_panels")
    assert "gatehouse" not in await home.ask("get_services")
    texts = {
        file.name: file.read_text().lower()
        for file in storage.rglob("*")
        if file.is_file() and file.name not in REMEMBERED
    }
    assert [name for name, text in texts.items() if "9f2c41d07ab3" in text] == []
    assert [name for name in texts if "gatehouse" in name] == []
    assert "gatehouse" not in (stranger.folder / "second.log").read_text().lower()
    # What the user keeps: docs/removal.md names it.
    left = {file.name for file in stranger.config.iterdir() if "gatehouse" in file.name}
    assert "gatehouse.db" in left <= {"gatehouse.db", "gatehouse.db-shm", "gatehouse.db-wal"}
