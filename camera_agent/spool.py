"""What moves while nobody listens is recorded all the same, and how the machine was is noted."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
import logging
import math
import time
from typing import Final

from .clock import Clock
from .errors import Refused
from .ledger import Ledger, Reading, Spooled
from .recorder import Recorder
from .shelf import Recording
from .wire import RecordingOrigin, RecordingStatus

LOGGER = logging.getLogger(__name__)

PATIENCE: Final = 5.0  # seconds; who is back by then has missed nothing that the rings do not have
PRE_ROLL: Final = 5.0
POST_ROLL: Final = 5.0
LONGEST: Final = 120.0  # seconds of one clip; what still moves then goes on in the next
LOOKED: Final = 1.0  # seconds between two looks at what moves
NOTED: Final = 60.0  # seconds between two readings
REMEMBERED: Final = 1000  # clips of this run, which are dated anew when the clock is set
EXACT: Final = 0.1  # seconds; no clip is extended for less


class Spool:
    """Records around the motion of an absence: a clip lives only as long as it is extended.

    So whatever becomes of this story, each clip ends by itself, and those that run when somebody
    listens again end with their post-roll.
    """

    def __init__(
        self,
        cameras: Iterable[str],
        recorder: Recorder,
        ledger: Ledger,
        silent_since: Callable[[], float | None],
        clock: Clock,
    ) -> None:
        """Silent_since tells since when nobody listens, by the monotonic clock."""
        self._traces = {camera: _Trace() for camera in cameras}
        self._recorder = recorder
        self._ledger = ledger
        self._silent_since = silent_since
        self._noted = -math.inf
        self._clock = clock
        self._made: deque[str] = deque(maxlen=REMEMBERED)
        self._misdated: dict[str, float] = {}

    async def run(self) -> None:
        """Look at what moves, until cancelled."""
        while True:
            await self._correct()
            if (silent_since := self._absence()) is not None:
                for camera, trace in self._traces.items():
                    await self._follow(camera, trace, silent_since)
            await asyncio.sleep(LOOKED)

    def motion(self, camera: str, moving: bool) -> None:
        """Hear whether something moves."""
        self._traces[camera].see(moving, time.monotonic())

    def forget_motion(self, camera: str) -> None:
        """Let go of what moved: the camera is private, and nothing of it is to be recorded."""
        self._traces[camera] = _Trace()

    async def note(self, reading: Reading) -> None:
        """Keep a reading of the machine, if nobody listens and the last is a minute old."""
        now = time.monotonic()
        if self._absence() is not None and now - self._noted >= NOTED:
            self._noted = now
            await asyncio.to_thread(self._ledger.note, reading)

    def spooled(self) -> Spooled:
        """Return how much waits."""
        clips = [
            one
            for one in self._recorder.recordings()
            if one.origin is RecordingOrigin.SPOOL and one.status is RecordingStatus.COMPLETE
        ]
        return Spooled(
            clips=len(clips),
            bytes=sum(one.bytes or 0 for one in clips),
            lost=self._ledger.lost,
            readings=self._ledger.readings,
        )

    async def readings(self) -> list[Reading]:
        """Return the readings of the absence, oldest first; raises OSError."""
        return await asyncio.to_thread(self._ledger.read)

    async def forget(self, until: float) -> None:
        """Forget the readings up to a moment; raises OSError."""
        await asyncio.to_thread(self._ledger.forget, until)

    def _absence(self) -> float | None:
        """Return since when nobody listens, if that is long enough."""
        since = self._silent_since()
        return since if since is not None and time.monotonic() - since >= PATIENCE else None

    async def _correct(self) -> None:
        """Date the clips anew that were made before somebody set the clock of this machine."""
        if seconds := self._clock.correction():
            LOGGER.warning("The clock was put right by %.0f s, and so are the clips", seconds)
            self._misdated = {name: self._misdated.get(name, 0.0) + seconds for name in self._made}
        for name in await self._recorder.redate(self._misdated):
            self._misdated.pop(name)

    async def _follow(self, camera: str, trace: "_Trace", silent_since: float) -> None:
        """Let the clip of a camera last until its motion is over, or begin one."""
        now = time.monotonic()
        last = now if trace.moving else trace.last
        if last < silent_since or last + POST_ROLL < trace.kept + EXACT:
            return
        wall = time.time() - now
        until = wall + last + POST_ROLL
        clip = self._extended(trace.clip, until)
        if clip is None:
            since = wall + max(trace.began, silent_since) - PRE_ROLL
            if trace.clip and since < trace.clip.until <= wall + now:
                since = trace.clip.until
            clip = await self._begun(camera, since, until)
        if clip is None:
            await self._missed(trace, now)
        else:
            trace.clip, trace.kept = clip, clip.until - wall

    def _extended(self, clip: Recording | None, until: float) -> Recording | None:
        """Return the clip as it is now, or None if there is none or it is over."""
        if clip is None:
            return None
        try:
            until = min(until, clip.started + LONGEST)
            return self._recorder.extend(clip.camera, clip.id, until)
        except Refused:
            return None

    async def _begun(self, camera: str, since: float, until: float) -> Recording | None:
        try:
            clip = await self._recorder.start(camera, since, until, RecordingOrigin.SPOOL)
        except (Refused, OSError) as error:
            LOGGER.debug("Camera %s cannot be recorded: %s", camera, error)
            return None
        self._made.append(clip.id)
        return clip

    async def _missed(self, trace: "_Trace", now: float) -> None:
        """Count what could not be recorded, once for each clip that it would have been."""
        if not trace.moving:
            trace.kept = now + POST_ROLL  # it is too late
        if now - trace.missed >= LONGEST:
            trace.missed = now
            LOGGER.warning("Something moves and cannot be recorded; is there room on the disk?")
            await asyncio.to_thread(self._ledger.lose)


@dataclass(slots=True)
class _Trace:
    """One camera's motion, by the monotonic clock: when it began, was last seen, is kept until."""

    moving: bool = False
    began: float = -math.inf
    last: float = -math.inf
    kept: float = -math.inf
    missed: float = -math.inf
    clip: Recording | None = None

    def see(self, moving: bool, now: float) -> None:
        if moving and not self.moving:
            self.began = now
            if now - self.last > POST_ROLL:
                self.missed = -math.inf
        if moving or self.moving:
            self.last = now
        self.moving = moving
