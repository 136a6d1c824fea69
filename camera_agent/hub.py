"""What the agent keeps alive, and who hears of what: composition only."""

import asyncio
from collections.abc import Callable, Coroutine
import time
from typing import Any, Final

from . import messages
from .allowance import Allowance
from .announce import announce
from .appointments import Appointments
from .camera_config import CameraConfig
from .cameras import Camera, Listener
from .channel import joined
from .clock import STEP, Clock, started
from .code_file import CodeFile
from .config import AgentConfig
from .doors import Doors
from .feed import Feed
from .hardware.probes import Probes
from .ledger import Ledger
from .log_feed import Batch, LogFeed
from .models import CameraState, Packet, Picture, Sound
from .owner import Owner
from .pairing import Pairing
from .power import Power
from .privacy import Privacy
from .rates import Efforts
from .reception import Reception
from .recorder import Recorder
from .spool import Spool
from .stats import Machine
from .surroundings import Surroundings
from .webrtc import WebRtc, is_there

MEASURED: Final = 10.0  # seconds between two looks at the machine
GLANCED: Final = 1.0  # seconds between two looks at whether the clock was set


class Hub:
    """The listener of all cameras, and what the server serves."""

    def __init__(
        self,
        config: AgentConfig,
        open_camera: Callable[[CameraConfig, Listener], Camera] = Camera,
        fingerprint: str = "",
        log: LogFeed | None = None,
    ) -> None:
        """Build everything and read what is on the disk; nothing runs yet.

        The fingerprint is that of the certificate; none without TLS. The log is what listeners
        are told of it.
        """
        self._config = config
        self._fingerprint = fingerprint
        self._log = log or LogFeed()
        self.owner = Owner(config)
        self._log.conceal(lambda: self.owner.token)
        pairing = Pairing(config.id, fingerprint)
        self.reception = Reception(self.owner, pairing, CodeFile(config.data))
        self.channels = {
            camera.id: joined(open_camera(camera, self), config.ring) for camera in config.cameras
        }
        self.feed = Feed(self.state, lambda: map(messages.logs, self._log.recent()))
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
            Doors(config.doors, config.data, self.owner.token, self.feed.publish)
            if config.doors
            else None
        )
        self.owner.follow(self._obey)
        self.webrtc = WebRtc()
        self.owner.follow(self.webrtc.close)
        self.power = Power()
        self._surroundings = Surroundings(Probes().read)
        self._efforts = Efforts()
        self._machine = Machine(config.data)
        self.stats = self._machine.read()
        self.privacy = Privacy(
            config.data / "privacy.json", self.channels, self.recorder, self.spool
        )

    async def run(self) -> None:
        """Keep everything running until cancelled; raises when any of it ends."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_endless(self.reception.run()), name="reception")
            tasks.create_task(_endless(self.recorder.run()), name="recorder")
            tasks.create_task(_endless(self.appointments.run()), name="appointments")
            tasks.create_task(_endless(self._measure()), name="stats")
            tasks.create_task(_endless(self._surroundings.run()), name="surroundings")
            tasks.create_task(_endless(self.privacy.run()), name="privacy")
            tasks.create_task(_endless(self._log.run(self._tell_log)), name="log")
            if self._config.spool.enabled:
                tasks.create_task(_endless(self.spool.run()), name="spool")
            if self.doors:
                tasks.create_task(_endless(self.doors.run()), name="doors")
            if self._config.announce:
                shown = announce(self._config, self._fingerprint, lambda: self.owner.is_there)
                tasks.create_task(_endless(shown), name="announce")
            for name, channel in self.channels.items():
                tasks.create_task(_endless(channel.camera.run()), name=f"camera {name}")

    async def close(self) -> None:
        """Say goodbye to who watches and listens, and finish what is being recorded."""
        for channel in self.channels.values():
            channel.pictures.close()
            channel.live.close()
        await asyncio.gather(self.feed.close(), self.recorder.close(), self.webrtc.close())

    def introduction(self) -> messages.Message:
        return messages.introduction(self._config, self._machine.model, self.owner.is_there)

    def info(self) -> messages.Message:
        return messages.info(self._config, self._states(), self._machine.model, is_there())

    def state(self) -> messages.Message:
        about = messages.state(
            time.time(),
            self.info(),
            self._states(),
            self.stats,
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

    async def _obey(self) -> None:
        if self.doors and self.owner.token:
            await self.doors.obey(self.owner.token)

    def _states(self) -> dict[str, CameraState]:
        return {name: channel.camera.state for name, channel in self.channels.items()}

    def _kept(self) -> messages.Message:
        kept = messages.kept(self.spool.spooled(), self.appointments.booked())
        return kept | messages.probes(self._surroundings.probes)

    def _tell_log(self, batch: Batch) -> None:
        self.feed.publish(messages.logs(batch))

    async def _measure(self) -> None:
        while True:
            await _until_due()
            processes = {name: one.camera.process for name, one in self.channels.items()}
            self.stats = await asyncio.to_thread(self._machine.read)
            efforts = await asyncio.to_thread(self._efforts.read, processes)
            now = time.time()
            about = messages.stats(now, self.stats, self._kept())
            about |= messages.figures(self._states(), efforts)
            self.feed.publish(about | ({"access": self.doors.access()} if self.doors else {}))
            if self._config.spool.enabled:
                await self.spool.note(messages.reading(now, self.stats))


async def _until_due() -> None:
    """Wait until it is time to tell how the machine is: at once where its clock was set.

    By what it shows then, listeners date all that they hear.
    """
    before, due = started(), time.monotonic() + MEASURED
    # Nobody tells that a clock was set.
    while (left := due - time.monotonic()) > 0 and abs(started() - before) < STEP:  # noqa: ASYNC110
        await asyncio.sleep(min(left, GLANCED))


async def _endless(work: Coroutine[Any, Any, None]) -> None:
    """Run what must never end: without it the agent would only seem to work."""
    await work
    raise RuntimeError("A part of the agent ended by itself.")
