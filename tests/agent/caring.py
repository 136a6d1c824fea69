"""An agent that is served in a test, and its owner who cares for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
import time
from typing import Any

from aiohttp import ClientResponse, ClientSession

from camera_agent.camera_config import CameraConfig
from camera_agent.cameras import Camera, Listener
from camera_agent.config import AgentConfig
from camera_agent.hub import Hub
from camera_agent.server import application

from .loopback import serving

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FRONT = "/api/v1/cameras/front"


class StillCamera(Camera):
    """A stand-in for a camera, without a process; it is as the test turns it."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    def turn(self, **changes: Any) -> None:
        self._change(**changes)


class Cared:
    """A running agent: its parts, and what somebody gets who asks it over HTTP."""

    def __init__(self, hub: Hub, session: ClientSession, port: int) -> None:
        self.hub = hub
        self.session = session
        self.port = port

    def camera(self, name: str = "front") -> Camera:
        return self.hub.channels[name].camera

    def turn(self, name: str, **changes: Any) -> None:
        camera = self.camera(name)
        assert isinstance(camera, StillCamera)
        camera.turn(**changes)

    async def hide(self, private: bool = True) -> dict[str, Any]:
        async with self.session.put(f"{FRONT}/privacy", json={"private": private}) as answer:
            assert answer.status == 200
            return dict(await answer.json())

    async def recordings(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{FRONT}/recordings") as answer:
            return list((await answer.json())["recordings"])

    async def record(self, seconds: float) -> dict[str, Any]:
        now = time.time()
        span = {"since": now - 1.0, "until": now + seconds}
        async with self.session.post(f"{FRONT}/recordings", json=span) as answer:
            assert answer.status == 201
            return dict(await answer.json())


def owned(folder: Path, *cameras: CameraConfig, **settings: Any) -> AgentConfig:
    return AgentConfig(
        id="9f2c41d07ab3",
        name="Porch",
        token=TOKEN,
        data=folder,
        announce=False,
        cameras=cameras,
        **settings,
    )


@asynccontextmanager
async def cared(
    config: AgentConfig, open_camera: Callable[[CameraConfig, Listener], Camera] = StillCamera
) -> AsyncIterator[Cared]:
    hub = Hub(config, open_camera)
    hub.stats = replace(hub.stats, clock_synchronised=True, disk_free_bytes=50_000_000_000)
    story = asyncio.create_task(hub.run())
    async with (
        serving(application(hub)) as port,
        ClientSession(f"http://127.0.0.1:{port}", headers=BEARER) as session,
    ):
        try:
            yield Cared(hub, session, port)
        finally:
            await hub.close()
            story.cancel()
            with suppress(asyncio.CancelledError):
                await story


async def refusal(answer: AbstractAsyncContextManager[ClientResponse]) -> tuple[int, str, str]:
    """The status of a refusal, its code, and its sentence."""
    async with answer as response:
        error = (await response.json())["error"]
    return response.status, error["code"], error["message"]
