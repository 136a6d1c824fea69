"""Each camera in a process of its own, watched by the age of its frames and started again."""

import asyncio
from dataclasses import dataclass, replace
import logging
import random
import time
from typing import Any, Final, Protocol

from .camera_config import CameraConfig
from .capture import Message
from .child import Child
from .hardware import Opened
from .models import CameraState, Packet, Picture, Sound
from .motion import Motion
from .wire import CameraStatus

LOGGER: Final = logging.getLogger(__name__)

FPS_WINDOW_US: Final = 5_000_000
FPS_WORTH_TELLING: Final = 0.5


class Listener(Protocol):
    """What hears of a camera; called in the loop, so it must not wait."""

    def packet(self, camera: str, packet: Packet) -> None: ...

    def sound(self, camera: str, sound: Sound) -> None: ...

    def picture(self, camera: str, picture: Picture) -> None: ...

    def motion(self, camera: str, score: float, moving: bool, captured_us: int) -> None: ...

    def changed(self, camera: str, state: CameraState) -> None:
        """Hear of all but the motion, which has a call of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a camera is waited for, in seconds."""

    opening: float = 20.0  # a network camera that wakes up needs 15
    stalled: float = 2.0
    stalled_frames: int = 5
    ending: float = 0.5  # the child has no handler, so what outlives SIGTERM hangs
    first_retry: float = 1.0
    last_retry: float = 60.0
    healthy: float = 300.0  # whoever ran so long is retried as soon as at first

    def pause(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row; twice as long each time."""
        plain = min(self.first_retry * (1 << min(failures - 1, 16)), self.last_retry)
        return plain * random.uniform(0.8, 1.2)  # noqa: S311 - cameras shall not wake as one


class Camera:
    """One camera in its own process, restarted when its frames stop coming."""

    def __init__(
        self, config: CameraConfig, listener: Listener, patience: Patience | None = None
    ) -> None:
        self.config = config
        self._state = CameraState(
            status=CameraStatus.STARTING, width=config.width, height=config.height
        )
        self._listener = listener
        self._patience = patience or Patience()
        self._demand = 0.0
        self._child: Child | None = None
        self._work: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._may_look = asyncio.Event()
        self._may_look.set()
        self._arrived: float | None = None
        self._fps = config.fps
        self._lacks = ""
        self._meter = _Meter()

    @property
    def state(self) -> CameraState:
        """How the camera is doing now."""
        age = None if self._arrived is None else round(time.monotonic() - self._arrived, 2)
        return replace(self._state, frame_age_s=age)

    @property
    def process(self) -> int | None:
        """The number of the process that runs for it, if one does."""
        return self._child.process if self._child else None

    def demand(self, fps: float) -> None:
        """Ask for so many JPEGs a second from now on; 0 for none."""
        if fps != self._demand:
            self._demand = fps
            if self._child:
                self._child.order(fps)

    async def run(self) -> None:
        """Keep the camera running until cancelled; its process is gone within a second then."""
        while True:
            await self._may_look.wait()
            async with asyncio.TaskGroup() as tasks:
                self._work = tasks.create_task(self._persist(), name=f"process {self.config.id}")

    def hide(self) -> None:
        """Stop at once: nothing more is heard of it, and nothing begins, until `show`."""
        self._may_look.clear()
        self._arrived = None
        self._interrupt(CameraStatus.PRIVATE)

    async def ended(self) -> None:
        """Wait until the process that was stopped last is gone."""
        if self._ending:
            await asyncio.wait({self._ending})

    def show(self) -> None:
        """Look again."""
        self._may_look.set()
        self._change(status=CameraStatus.STARTING)

    def restart(self) -> None:
        """End the process and begin anew at once, however often it has failed."""
        self._interrupt(CameraStatus.STARTING)

    async def _persist(self) -> None:
        """Run the process again and again, after ever longer pauses while it fails."""
        failures = 0
        while self._may_look.is_set():
            began = time.monotonic()
            self._failed(await self._capture())
            healthy = time.monotonic() - began >= self._patience.healthy
            failures = 1 if healthy else failures + 1
            await asyncio.sleep(self._patience.pause(failures))

    async def _capture(self) -> str:
        """Run the process once; return why it ended, in words for the camera's owner."""
        try:
            child = await Child.start(self.config)
        except OSError as error:
            return f"The camera's process cannot be started: {error.strerror}."
        try:
            self._child = child
            child.order(self._demand)
            stalled = await self._follow(child)
        finally:
            self._child = None
            await child.end(self._patience.ending)
        return f"{stalled} {child.said}".strip() if stalled else child.last_words()

    async def _follow(self, child: Child) -> str:
        """Pass on what the camera gives until that ends; if it only stalled, say so."""
        patience = self._patience
        limit = patience.opening
        loop = asyncio.get_running_loop()
        self._meter = _Meter()

        def take(message: Message) -> None:
            nonlocal limit
            if not self._work:
                return  # it is interrupted, and ends in a moment
            if isinstance(message, Packet) and not deadline.expired():
                limit = max(patience.stalled, patience.stalled_frames / self._fps)
                deadline.reschedule(loop.time() + limit)
            self._take(message)

        try:
            async with asyncio.timeout(limit) as deadline:
                await child.pass_on(take)
                await child.exited()
        except TimeoutError:
            return f"No frame for {limit:.3g} s; restarting the camera."
        return ""

    def _take(self, message: Message) -> None:
        camera = self.config.id
        match message:
            case Packet():
                self._measure(message.captured_us)
                self._listener.packet(camera, message)
            case Sound():
                self._listener.sound(camera, message)
            case Picture():
                self._listener.picture(camera, message)
            case Motion(score, moving, captured_us):
                self._state = replace(self._state, motion=score, moving=moving)
                self._listener.motion(camera, score, moving, captured_us)
            case Opened(width=width, height=height, fps=fps, lacks=lacks):
                self._fps, self._lacks = fps, lacks
                self._state = replace(self._state, width=width, height=height)
                if lacks:
                    LOGGER.warning("Camera %s: %s", camera, lacks)

    def _measure(self, captured_us: int) -> None:
        fps = self._meter.tick(captured_us)
        self._arrived = time.monotonic()
        if self._state.status is not CameraStatus.ONLINE:
            self._change(status=CameraStatus.ONLINE, error=self._lacks or None)
        elif fps is not None and abs(fps - self._state.fps) > FPS_WORTH_TELLING:
            self._change(fps=fps)

    def _failed(self, error: str) -> None:
        LOGGER.warning("Camera %s: %s", self.config.id, error)
        self._stop(CameraStatus.OFFLINE, error=error, restarts=self._state.restarts + 1)

    def _interrupt(self, status: CameraStatus) -> None:
        """End what runs, but only once: the end itself shall not be interrupted."""
        if self._work:
            self._ending, self._work = self._work, None
            self._ending.cancel()
        self._stop(status, error=None)

    def _stop(self, status: CameraStatus, **changes: Any) -> None:
        if self._state.moving:
            self._take(Motion(0.0, False, time.time_ns() // 1000))
        self._change(status=status, fps=0.0, **changes)

    def _change(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        self._listener.changed(self.config.id, self.state)


class _Meter:
    """Frames a second, told once a window."""

    def __init__(self) -> None:
        self._since_us = 0
        self._frames = 0

    def tick(self, captured_us: int) -> float | None:
        """Count a frame; return the rate when a window is full."""
        if not self._since_us:
            self._since_us = captured_us
            return None
        self._frames += 1
        span_us = captured_us - self._since_us
        if span_us < FPS_WINDOW_US:
            return None
        fps = round(self._frames * 1e6 / span_us, 1)
        self._since_us, self._frames = captured_us, 0
        return fps
