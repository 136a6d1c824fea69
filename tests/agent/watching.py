"""A camera that runs in a test, and what is heard of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from camera_agent.camera_config import CameraConfig
from camera_agent.cameras import Camera, Patience
from camera_agent.models import CameraState, Packet, Picture, Sound

Eventually = Callable[..., Awaitable[None]]
SOON = Patience(opening=10.0, stalled=1.0, ending=0.3, first_retry=0.05, last_retry=0.2)


class Notes:
    """Writes down all that is heard of a camera."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.sounds: list[Sound] = []
        self.pictures: list[Picture] = []
        self.motions: list[tuple[float, bool]] = []
        self.states: list[CameraState] = []

    def packet(self, camera: str, packet: Packet) -> None:
        self.packets.append(packet)

    def sound(self, camera: str, sound: Sound) -> None:
        self.sounds.append(sound)

    def picture(self, camera: str, picture: Picture) -> None:
        self.pictures.append(picture)

    def motion(self, camera: str, score: float, moving: bool, captured_us: int) -> None:
        self.motions.append((score, moving))

    def changed(self, camera: str, state: CameraState) -> None:
        self.states.append(state)


@asynccontextmanager
async def running(
    config: CameraConfig, notes: Notes, patience: Patience = SOON
) -> AsyncIterator[Camera]:
    camera = Camera(config, notes, patience)
    story = asyncio.create_task(camera.run())
    try:
        yield camera
    finally:
        story.cancel()
        await asyncio.gather(story, return_exceptions=True)


def state(camera: Camera) -> CameraState:
    return camera.state


def process(camera: Camera) -> int:
    assert camera._child is not None
    return camera._child._process.pid
