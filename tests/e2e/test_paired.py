"""A new agent is paired by the code that it shows, watched, restarted, reset and paired again."""

import asyncio
from collections.abc import AsyncIterator
import json
from pathlib import Path
import shutil
from typing import Any

import aiohttp
import av
from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
import pytest

from camera_agent import wire
from tests.ha import words
from tests.ha.joining import answer, discover, found, stored
from tests.waiting import eventually

from .conftest import CAMERA, ROOT, AgentProcess, Scene, is_state

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CONFIG = words.ENGLISH["config"]
NO_SCENE = Scene(video=Path(), model=Path(), threshold=0, settings="", entering=0)
AGENT_TOML = """
[agent]
id = "c0ffee000001"
name = "Porch"
host = "127.0.0.1"
port = {port}
data = "{data}"
announce = false

[tls]
mutual = {mutual}

[spool]
enabled = false

[[cameras]]
id = "front"
name = "Front door"
source = "pattern"
width = 320
height = 180
fps = 10
"""


class UnpairedAgent(AgentProcess):
    """A new agent; what it shows is a test pattern."""

    def __init__(self, folder: Path, *, mutual: bool) -> None:
        super().__init__(folder, NO_SCENE)
        self.state = {"info": {"id": "c0ffee000001"}}
        self.data = folder / "data"
        self._config.write_text(
            AGENT_TOML.format(port=self.port, data=self.data, mutual=str(mutual).lower())
        )

    async def code(self) -> str:
        """Ask on its machine for a code."""
        asking = await asyncio.create_subprocess_exec(
            ROOT / ".venv-agent" / "bin" / "python",
            *("-m", "camera_agent", "--config", self._config, "pair", "--json"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asking.communicate()
        return str(json.loads(said)["code"])


@pytest.fixture
def mutual() -> bool:
    """Whether the agent wants to be shown a certificate."""
    return False


@pytest.fixture
async def agent(tmp_path: Path, socket_enabled: None, mutual: bool) -> AsyncIterator[UnpairedAgent]:
    """A running agent that nobody owns."""
    agent = UnpairedAgent(tmp_path, mutual=mutual)
    await agent.start()
    yield agent
    await agent.stop()


@pytest.fixture
async def home(hass: HomeAssistant, media: Path) -> HomeAssistant:
    """Home Assistant before anybody has heard of Gatehouse."""
    for component in ("http", "websocket_api", "media_source", "camera"):
        assert await async_setup_component(hass, component, {})
    return hass


async def streams(home: HomeAssistant) -> None:
    """Wait until the camera shows pictures."""
    await eventually(is_state(home, CAMERA, "streaming"), 30, "the camera shows pictures")


async def plays(home: HomeAssistant) -> av.VideoFrame:
    """Open the camera as Home Assistant's stream worker does; return what is seen first."""
    source = await async_get_stream_source(home, CAMERA)
    assert source
    assert source.startswith("https://127.0.0.1:")

    def first() -> av.VideoFrame:
        with av.open(source, options={"tls_verify": "0"}, timeout=10) as container:
            return next(container.decode(video=0))

    return await asyncio.to_thread(first)


async def asks_to_pair(home: HomeAssistant) -> Any:
    """Wait for the form that asks to pair an agent again."""

    def shown() -> Any:
        flows = home.config_entries.flow.async_progress()
        return next((flow for flow in flows if flow.get("step_id") == "reauth_pair"), None)

    form = await eventually(shown, 30, "the form")
    return await home.config_entries.flow.async_configure(form["flow_id"])


async def test_an_agent_is_paired_watched_restarted_reset_and_paired_again(
    home: HomeAssistant, agent: UnpairedAgent
) -> None:
    form = await discover(home, found(agent))
    again = await answer(home, form, code="AAAA-AAAA-AAAA")
    assert words.error(again, CONFIG, "code")
    created = await answer(home, again, code=await agent.code())
    site = created["result"]

    await streams(home)
    assert (await async_get_image(home, CAMERA)).content.startswith(b"\xff\xd8")
    assert (await plays(home)).width == 320
    before = stored(site)

    await agent.stop()
    await eventually(is_state(home, CAMERA, "unavailable"), 10, "its absence")
    await agent.start()
    await streams(home)
    assert stored(site) == before

    await agent.stop()
    shutil.rmtree(agent.data)
    await agent.start()
    form = await asks_to_pair(home)
    assert "the certificate is another one" in words.error(form, CONFIG)
    ended = await answer(home, form, code=await agent.code())
    assert ended["reason"] == "reauth_successful"
    await home.async_block_till_done()
    await streams(home)
    after = stored(site)
    assert [key for key in after if after[key] != before[key]] == ["token", "fingerprint"]
    assert before["token"] not in agent.log()


@pytest.mark.parametrize("mutual", [True])
async def test_an_agent_that_wants_a_certificate_shows_players_its_pictures_and_nobody_else(
    home: HomeAssistant, agent: UnpairedAgent
) -> None:
    created = await answer(home, await discover(home, found(agent)), code=await agent.code())
    site = stored(created["result"])

    await streams(home)
    assert (await plays(home)).width == 320

    session = async_get_clientsession(home)
    url = f"https://127.0.0.1:{agent.port}{wire.SPOOL}"
    stolen = {"Authorization": f"Bearer {site['token']}"}
    pin = aiohttp.Fingerprint(bytes.fromhex(site["fingerprint"]))
    async with session.get(url, headers=stolen, ssl=pin) as refused:
        assert refused.status == 403
        assert (await refused.json())["error"]["code"] == "no_certificate"
