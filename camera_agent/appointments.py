"""Appointments are kept by the agent itself: recorded in parts at their time, whoever listens."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
import logging
from pathlib import Path
import time
from typing import Final

from . import plan as plans
from .errors import Refused
from .plan import Plan, Planned
from .progress import INSTANT, Progress, end_of
from .recorder import Recorder
from .ring import Ring
from .shelf import Recording
from .wire import ErrorCode, RecordingOrigin, RecordingStatus

LOGGER = logging.getLogger(__name__)

LOOKED: Final = 1.0  # seconds between two looks at the clock, which somebody may set
SILENT: Final = 5.0  # seconds without a picture, after which a camera gives none
MOST_RUNNING: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """How far an appointment is: the recording that runs for it, or why there is none."""

    id: str
    camera: str
    since: float
    until: float
    recording: str | None
    error: ErrorCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """How many appointments are not over and how many run, and what waits to be fetched."""

    planned: int
    running: int
    waiting: int
    bytes: int
    error: ErrorCode | None


class Appointments:
    """Begins each part of an appointment where the one before ends, out of the ring.

    So nothing is lost when this wakes up late, and a restart goes on with what the camera gives.
    """

    def __init__(self, path: Path, recorder: Recorder, rings: Mapping[str, Ring]) -> None:
        """Read what is to be recorded from a file; blocks. The rings are those of all cameras."""
        self._path = path
        self._recorder = recorder
        self._rings = rings
        self._segment = plans.LONGEST
        self._progress: dict[tuple[str, str], Progress] = {}
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._follow(plans.load(path))

    async def run(self) -> None:
        """Record what is due, until cancelled."""
        while True:
            self._changed.clear()
            await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._changed.wait()

    async def accept(self, plan: Plan) -> None:
        """Go by a plan from now on, here and after a restart; raises OSError.

        What it does not have any more ends, what it has goes on until the end that it says. Of a
        camera that is not here any more, nothing is recorded; what others are to record is.
        """
        async with self._lock:
            await asyncio.to_thread(plans.keep, self._path, plan)
            self._follow(plan)
        self._changed.set()

    @property
    def segment(self) -> float:
        """How long a part may be, in seconds."""
        return self._segment

    def underway(self) -> list[Underway]:
        """Return how far each appointment is, in the order of the plan."""
        return [
            Underway(
                **asdict(one.planned),
                recording=one.part.id if one.part else None,
                error=one.error,
            )
            for one in self._progress.values()
        ]

    def booked(self) -> Booked:
        """Return how much is to be recorded, and how much waits."""
        now = time.time()
        ahead = [one for one in self._progress.values() if now < one.planned.until]
        waiting = [
            one
            for one in self._recorder.recordings()
            if one.origin is RecordingOrigin.BOOKED and one.status is RecordingStatus.COMPLETE
        ]
        return Booked(
            planned=len(ahead),
            running=self._running,
            waiting=len(waiting),
            bytes=sum(one.bytes or 0 for one in waiting),
            error=next((one.error for one in ahead if one.error), None),
        )

    @property
    def _running(self) -> int:
        return sum(one.part is not None for one in self._progress.values())

    def _follow(self, plan: Plan) -> None:
        """Keep how far everything is that is still in the plan, and end what is not."""
        before, self._progress = self._progress, {}
        self._segment = plan.segment_s
        for planned in plan.bookings:
            if planned.camera not in self._rings:
                LOGGER.warning("There is no camera %s any more to be recorded", planned.camera)
                continue
            key = planned.id, planned.camera
            progress = before.pop(key, None) or Progress(planned, self._reached(planned))
            progress.planned = planned
            self._progress[key] = progress
        for gone in before.values():
            if gone.part:
                self._end(gone.part, 0.0)

    def _reached(self, planned: Planned) -> float:
        """Return up to when an appointment is recorded already; 0 for not at all."""
        parts = self._recorder.recordings(planned.camera)
        return max((end_of(one) for one in parts if one.booking == planned.id), default=0.0)

    async def _look(self) -> None:
        """Begin, move and end what is to begin, move and end now."""
        async with self._lock:
            known = {one.id: one for one in self._recorder.recordings()}
            for progress in self._progress.values():
                now = time.time()
                if progress.part:
                    self._see(progress, known.get(progress.part.id), now)
                if progress.is_due(now):
                    await self._begin(progress, now)

    def _see(self, progress: Progress, part: Recording | None, now: float) -> None:
        """Look at the part of an appointment: move its end, or notice that it is over."""
        planned = progress.planned
        if part is None or part.status is not RecordingStatus.RECORDING:
            progress.over(part, now)
            return
        end = min(progress.began + self._segment, planned.until)
        if now < planned.since:
            end = now  # the appointment was put off, or the clock back
        if abs(part.until - end) > INSTANT:
            part = self._end(part, end)
        progress.part = part
        if now >= min(end, part.until):
            progress.hand_over()

    def _end(self, part: Recording, until: float) -> Recording:
        """Move the end of a part, if it is not over; return the part as it is then."""
        try:
            return self._recorder.extend(part.camera, part.id, until)
        except Refused:
            return part

    async def _begin(self, progress: Progress, now: float) -> None:
        planned = progress.planned
        # A clock that was set back says the same time twice.
        since = min(max(progress.reached, planned.since), now)
        try:
            self._check(planned.camera, now)
            part = await self._recorder.start(
                planned.camera,
                since,
                planned.until,
                RecordingOrigin.BOOKED,
                planned.id,
                self._segment,
            )
        except (Refused, OSError) as error:
            if now < planned.until:
                progress.fail(error)
        else:
            progress.begin(part, since)

    def _check(self, camera: str, now: float) -> None:
        """Refuse what would be recorded of nothing, or at the cost of the others."""
        newest = self._rings[camera].newest()
        if not newest or abs(now - newest[-1].captured_us / 1e6) > SILENT:
            raise Refused(ErrorCode.CAMERA_OFFLINE, "The camera gives no pictures.")
        if self._running >= MOST_RUNNING:
            raise Refused(ErrorCode.TOO_MANY, f"{MOST_RUNNING} appointments are recorded already.")

    def _pause(self) -> float:
        """Return how long nothing is due, in seconds; a second at most."""
        now = time.time()
        moments = (
            one.part.until if one.part else one.planned.since for one in self._progress.values()
        )
        soon = [moment - now for moment in moments if now < moment < now + LOOKED]
        return min(soon, default=LOOKED)
