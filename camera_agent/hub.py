"""What the agent keeps alive, and who hears of what: composition only."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
import time
from typing import Any, Final

from . import messages
from .allowance import Allowance
from .announce import announce
from .appointments import Appointments
from .broadcast import Broadcast
from .cameras import Camera, Listener
from .clock import Clock
from .config import AgentConfig, CameraConfig
from .doors import Doors
from .feed import Feed, MotionNews
from .ledger import Ledger
from .live import Live
from .models import CameraState, Packet, Picture, Sound
from .recorder import Recorder
from .ring import Ring
from .spool import Spool
from .stats import Machine

MEASURED: Final = 10.0  # seconds between two looks at the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A camera and what its frames go to."""

    camera: Camera
    pictures: Broadcast
    ring: Ring
    live: Live
    motion: MotionNews


class Hub:
    """The listener of all cameras, and what the server serves."""

    def __init__(
        self,
        config: AgentConfig,
        open_camera: Callable[[CameraConfig, Listener], Camera] = Camera,
    ) -> None:
        """Build everything and read what is on the disk; nothing runs yet."""
        self._config = config
        self.channels = {
            camera.id: _channel(open_camera(camera, self), config.ring) for camera in config.cameras
        }
        self.feed = Feed(self.state)
        ledger = Ledger(config.data / "spool")
        rings = {name: channel.ring for name, channel in self.channels.items()}
        self.recorder = Recorder(
            config.data / "recordings",
            rings,
            lambda recording: self.feed.publish(messages.recording(recording)),
            Allowance(spool=config.spool, bookings=config.bookings),
            ledger,
        )
        self.appointments = Appointments(config.data / "bookings.json", self.recorder, rings)
        self.spool = Spool(
            self.channels, self.recorder, ledger, lambda: self.feed.silent_since, Clock()
        )
        self.doors = (
            Doors(config.doors, config.data, config.token, self.feed.publish)
            if config.doors
            else None
        )
        self._machine = Machine(config.data)
        self._stats = self._machine.read()

    async def run(self) -> None:
        """Keep everything running until cancelled; raises when any of it ends."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_endless(self.recorder.run()), name="recorder")
            tasks.create_task(_endless(self.appointments.run()), name="appointments")
            tasks.create_task(_endless(self._measure()), name="stats")
            if self._config.spool.enabled:
                tasks.create_task(_endless(self.spool.run()), name="spool")
            if self.doors:
                tasks.create_task(_endless(self.doors.run()), name="doors")
            if self._config.announce:
                tasks.create_task(_endless(announce(self._config)), name="announce")
            for name, channel in self.channels.items():
                tasks.create_task(_endless(channel.camera.run()), name=f"camera {name}")

    async def close(self) -> None:
        """Say goodbye to who watches and listens, and finish what is being recorded."""
        for channel in self.channels.values():
            channel.pictures.close()
            channel.live.close()
        await asyncio.gather(self.feed.close(), self.recorder.close())

    def info(self) -> messages.Message:
        return messages.info(self._config, self._states(), self._machine.model)

    def state(self) -> messages.Message:
        about = messages.state(
            time.time(),
            self.info(),
            self._states(),
            self._stats,
            self.recorder.recordings(),
            self._kept(),
        )
        return about | (self.doors.state() if self.doors else {})

    def packet(self, camera: str, packet: Packet) -> None:
        channel = self.channels[camera]
        channel.ring.append(packet)
        channel.live.packet(packet)
        self.recorder.packet(camera, packet)

    def sound(self, camera: str, sound: Sound) -> None:
        self.channels[camera].ring.hear(sound)
        self.recorder.hear(camera, sound)

    def picture(self, camera: str, picture: Picture) -> None:
        self.channels[camera].pictures.publish(picture)

    def motion(self, camera: str, score: float, moving: bool, captured_us: int) -> None:
        self.spool.motion(camera, moving)
        if self.channels[camera].motion.has(score, moving):
            self.feed.publish(messages.motion(camera, score, moving, captured_us))

    def changed(self, camera: str, state: CameraState) -> None:
        self.feed.publish(messages.camera(camera, state))

    def _states(self) -> dict[str, CameraState]:
        return {name: channel.camera.state for name, channel in self.channels.items()}

    def _kept(self) -> messages.Message:
        return messages.kept(self.spool.spooled(), self.appointments.booked())

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(MEASURED)
            self._stats = await asyncio.to_thread(self._machine.read)
            now = time.time()
            about = messages.stats(now, self._stats, self._kept())
            self.feed.publish(about | ({"access": self.doors.access()} if self.doors else {}))
            if self._config.spool.enabled:
                await self.spool.note(messages.reading(now, self._stats))


def _channel(camera: Camera, span: timedelta) -> Channel:
    ring = Ring(span)
    return Channel(
        camera=camera,
        pictures=Broadcast(camera.config.jpeg_fps, camera.demand),
        ring=ring,
        live=Live(ring),
        motion=MotionNews(),
    )


async def _endless(work: Coroutine[Any, Any, None]) -> None:
    """Run what must never end: without it the agent would only seem to work."""
    await work
    raise RuntimeError("A part of the agent ended by itself.")
