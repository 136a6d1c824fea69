"""A real agent, in a process and a Python of its own, that plays a real video with people in it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
import json
import logging
import os
from pathlib import Path
import signal
import socket
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Before Home Assistant mounts the test plugin's own custom_components.
import custom_components.gatehouse  # noqa: F401
from tests.e2e.browser import browser, page, viewing
from tests.e2e.dashboards import home
from tests.e2e.llama import llama
from tests.executors import let_threads_end
from tests.ports import free_port
from tests.waiting import eventually

# The log is one of the things that are looked at.
logging.getLogger().setLevel(logging.INFO)
let_threads_end()

__all__ = ["browser", "home", "llama", "page", "viewing"]

ROOT = Path(__file__).parents[2]
MATERIAL = Path(os.environ.get("GATEHOUSE_MATERIAL", ROOT.parent / "shared"))
DEMO = ROOT / ".demo" / "assets.json"
TOKEN = "a-token-for-a-test-on-loopback"

CAMERA = "camera.front_door"
PERSON = "binary_sensor.front_door_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A video in which somebody comes and goes, and a model that sees them."""

    video: Path
    model: Path
    threshold: float
    settings: str
    """The camera's own lines of agent.toml."""
    people: int = 1
    """How many come at once, at most."""
    entering: float
    """Seconds from the first bit of the first one who comes until he is plainly visible."""


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Return the best scene that this machine has."""
    video = MATERIAL / "media" / "clips" / "onebyone_dev.mp4"
    model = MATERIAL / "models" / "yolox_nano.onnx"
    if video.is_file() and model.is_file():
        # Nobody, then one person who comes in and leaves.
        return Scene(
            video=video,
            model=model,
            threshold=0.35,
            settings="width = 768\nheight = 432\nfps = 10\nstart = 0\nend = 22.4\n",
            entering=0.7,
        )
    if DEMO.is_file():
        assets = json.loads(DEMO.read_text())
        if assets["model"] and assets["video_kind"] == "vtest":
            # The part of the picture in which nobody is at first, then people come and go.
            return Scene(
                video=Path(assets["video"]),
                model=Path(assets["model"]),
                threshold=assets["threshold"],
                settings=(
                    "width = 896\nheight = 512\nfps = 10\n"
                    "crop = [0, 320, 448, 256]\nstart = 46\nend = 79\n"
                ),
                people=2,
                entering=1.0,
            )
    pytest.skip(f"no video with people and no model: neither {MATERIAL.name}/ nor .demo/ has both")


class AgentProcess:
    """`python -m camera_agent` with one camera, `front`, on loopback."""

    def __init__(self, folder: Path, scene: Scene) -> None:
        self.port = free_port()
        self.folder = folder
        self._config = folder / "agent.toml"
        self._config.write_text(
            f'[agent]\nid = "c0ffee000001"\nname = "Porch"\ntoken = "{TOKEN}"\n'
            f'host = "127.0.0.1"\nport = {self.port}\ndata = "{folder / "data"}"\n'
            "announce = false\n\n[tls]\nenabled = false\n\n[spool]\nenabled = false\n\n"
            f'[[cameras]]\nid = "front"\nname = "Front door"\nsource = "video"\n'
            f'path = "{scene.video}"\n{scene.settings}'
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and wait until the port answers."""
        with (self.folder / "agent.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                ROOT / ".venv-agent" / "bin" / "python",
                *("-m", "camera_agent", "--config", self._config),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(60):
            while not _answers(self.port):
                assert self._process.returncode is None, self.log()
                await asyncio.sleep(0.1)

    @property
    def children(self) -> list[int]:
        """The pids of the camera processes."""
        assert self._process is not None
        pid = self._process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def begin_anew(self) -> None:
        """Let the video begin with its first frame; the camera starts again by itself."""
        for child in self.children:
            os.kill(child, signal.SIGKILL)

    def log(self) -> str:
        """What the agent wrote."""
        return (self.folder / "agent.log").read_text()

    async def kill(self) -> None:
        """End at once, as a Pi without power does."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and wait; it has two seconds."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                await self._process.wait()


@pytest.fixture
async def agent(tmp_path: Path, scene: Scene, socket_enabled: None) -> AsyncIterator[AgentProcess]:
    """A running agent."""
    agent = AgentProcess(tmp_path, scene)
    await agent.start()
    yield agent
    await agent.stop()


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A media folder of this test's own."""
    folder = tmp_path / "media"
    folder.mkdir()
    (tmp_path / "configuration").mkdir()
    hass.config.media_dirs = {"local": str(folder)}
    hass.config.config_dir = str(tmp_path / "configuration")
    return folder


@pytest.fixture
def options() -> dict[str, Any]:
    """What the site of a test has otherwise."""
    return {}


@pytest.fixture
async def site(
    hass: HomeAssistant, agent: AgentProcess, scene: Scene, media: Path, options: dict[str, Any]
) -> MockConfigEntry:
    """A site with the agent in it."""
    for component in ("http", "websocket_api", "media_source", "camera"):
        assert await async_setup_component(hass, component, {})
    entry = MockConfigEntry(
        domain="gatehouse",
        unique_id="site",
        title="Home",
        minor_version=2,
        options={
            "detectors": ["local"],
            "model": "file",
            "model_path": str(scene.model),
            "threshold": scene.threshold,
            "idle": 5,
            "window": 40,
            **options,
        },
        subentries_data=[
            ConfigSubentryData(
                subentry_type="agent",
                title="Porch",
                unique_id="c0ffee000001",
                data={"host": "127.0.0.1", "port": agent.port, "token": TOKEN},
            )
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(is_state(hass, CAMERA, "streaming"), 20, "the camera shows pictures")
    await eventually(is_state(hass, "sensor.home_detector", "ready"), 20, "the detector is ready")
    return entry


def is_state(hass: HomeAssistant, entity: str, state: str) -> Callable[[], bool]:
    """Return a question: is the entity in this state?"""
    return lambda: (found := hass.states.get(entity)) is not None and found.state == state


@pytest.fixture(autouse=True)
def _gatehouse_is_found(enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations."""


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
