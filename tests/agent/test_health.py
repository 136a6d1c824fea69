"""How the agent is, told to whoever asks."""

from collections.abc import AsyncIterator
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
import pytest

from camera_agent import __version__
from camera_agent.wire import CameraStatus

from .caring import Cared, cared, owned
from .conftest import Configured

ONLINE, OFFLINE = CameraStatus.ONLINE, CameraStatus.OFFLINE


@pytest.fixture
async def agent(configured: Configured, tmp_path: Path) -> AsyncIterator[Cared]:
    config = owned(tmp_path, configured(id="front"), configured(id="back"))
    async with cared(config) as agent:
        yield agent


async def asked(agent: Cared, path: str = "/health") -> tuple[int, dict[str, Any]]:
    """What somebody hears who has no token."""
    async with (
        ClientSession() as stranger,
        stranger.get(f"http://127.0.0.1:{agent.port}{path}") as answer,
    ):
        return answer.status, await answer.json()


async def test_everybody_hears_that_all_is_well_and_no_names(agent: Cared) -> None:
    for camera in ("front", "back"):
        agent.turn(camera, status=ONLINE)

    told = await asked(agent)

    cameras = {"online": 2, "of": 2}
    assert told == (200, {"status": "ok", "version": __version__, "cameras": cameras})
    assert "front" not in json.dumps(told)


@pytest.mark.parametrize(
    "trouble",
    [{"clock_synchronised": False}, {"disk_free_bytes": 900_000_000}],
    ids=["clock", "disk"],
)
async def test_a_machine_in_trouble_is_degraded(agent: Cared, trouble: dict[str, Any]) -> None:
    for camera in ("front", "back"):
        agent.turn(camera, status=ONLINE)
    agent.hub.stats = replace(agent.hub.stats, **trouble)

    status, about = await asked(agent)

    assert (status, about["status"]) == (503, "degraded")


async def test_what_is_unknown_is_no_trouble(agent: Cared) -> None:
    for camera in ("front", "back"):
        agent.turn(camera, status=ONLINE)
    agent.hub.stats = replace(agent.hub.stats, clock_synchronised=None, disk_free_bytes=None)

    assert (await asked(agent))[0] == 200


async def test_a_camera_without_a_picture_is_trouble(agent: Cared) -> None:
    agent.turn("front", status=ONLINE)
    agent.turn("back", status=OFFLINE, error="Unplugged.")

    status, about = await asked(agent)

    assert (status, about["status"]) == (503, "degraded")
    assert about["cameras"] == {"online": 1, "of": 2}


async def test_a_private_camera_is_no_trouble(agent: Cared) -> None:
    agent.turn("back", status=ONLINE)
    await agent.hide()

    status, about = await asked(agent)

    assert (status, about["cameras"]) == (200, {"online": 1, "of": 1})


async def test_the_agent_lives_as_soon_as_it_answers(agent: Cared) -> None:
    assert await asked(agent, "/health/live") == (200, {"status": "ok"})


async def test_the_agent_is_ready_with_the_first_camera(agent: Cared) -> None:
    assert await asked(agent, "/health/ready") == (503, {"status": "starting"})

    agent.turn("back", status=ONLINE)

    assert await asked(agent, "/health/ready") == (200, {"status": "ok"})


async def test_an_agent_that_must_not_look_is_ready(configured: Configured, tmp_path: Path) -> None:
    async with cared(owned(tmp_path, configured())) as agent:
        await agent.hide()

        assert (await asked(agent, "/health/ready"))[0] == 200
