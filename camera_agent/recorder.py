"""Recordings out of the rings: begun in the past, extended or ended, never encoded again."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
import logging
from pathlib import Path
import secrets
import time
from typing import Final

import av

from .allowance import Allowance, is_booked
from .errors import Refused
from .ledger import Ledger
from .models import Packet, Sound
from .ring import Ring
from .running import Running
from .shelf import Recording
from .stock import Stock
from .wire import ErrorCode, RecordingOrigin, RecordingStatus

LOGGER = logging.getLogger(__name__)

LONGEST: Final = 300.0  # seconds; who still wants more by then says so
MOST_RUNNING: Final = 16  # besides what is booked, whose bound is that of the appointments
AHEAD: Final = 5.0  # seconds that another clock may be ahead of ours
TIDIED: Final = 60.0  # seconds between two looks at what is to go, if nothing was recorded
CLOSING: Final = 0.7  # seconds for the last writes; what is not finished then is at the next start


class Recorder:
    """All recordings of all cameras; tells `changed` of every step."""

    def __init__(
        self,
        folder: Path,
        rings: Mapping[str, Ring],
        changed: Callable[[Recording], None],
        allowance: Allowance,
        ledger: Ledger,
    ) -> None:
        """Read what is on the disk; blocks. What goes unfetched is counted in the ledger."""
        self._stock = Stock(folder, allowance, ledger, self._booked_bytes)
        self._rings = rings
        self._changed = changed
        self._running: dict[str, Running] = {}
        self._untidy = asyncio.Event()
        self._stories = asyncio.TaskGroup()
        self._is_closing = False

    async def run(self) -> None:
        """Write recordings and delete the surplus, until cancelled."""
        try:
            async with self._stories:
                while True:
                    self._untidy.clear()
                    await self._stock.tidy()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(TIDIED):
                            await self._untidy.wait()
        finally:
            self._stock.close()

    async def close(self) -> None:
        """End all recordings now and write what they have; nothing is begun any more."""
        self._is_closing = True
        for running in self._running.values():
            running.end()
        if stories := [running.story for running in self._running.values() if running.story]:
            _, late = await asyncio.wait(stories, timeout=CLOSING)
            for story in late:
                story.cancel()  # and again when `run` is: the first only ends the writing

    def packet(self, camera: str, packet: Packet) -> None:
        """Take the next packet of a camera, after its ring did."""
        for running in list(self._running.values()):
            if running.recording.camera == camera and running.take(packet):
                self._changed(running.recording)

    def hear(self, camera: str, sound: Sound) -> None:
        """Take the next sound of a camera, after its ring did."""
        for running in self._running.values():
            if running.recording.camera == camera:
                running.hear(sound)

    def recordings(self, camera: str | None = None) -> list[Recording]:
        """Return the recordings of a camera, or all, oldest first."""
        running = [running.recording for running in self._running.values()]
        known = sorted([*self._stock, *running], key=lambda one: one.started)
        return [one for one in known if camera in (None, one.camera)]

    def file(self, camera: str, name: str) -> Path:
        """Return the MP4 of a finished recording."""
        recording = self._find(camera, name)
        if recording.status is RecordingStatus.RECORDING:
            raise Refused(ErrorCode.RECORDING_RUNNING, f"Recording {name} runs; end it first.")
        if recording.status is RecordingStatus.FAILED:
            raise Refused(ErrorCode.NOT_FOUND, f"There is no file: {recording.error}")
        return self._stock.path(recording)

    async def start(
        self,
        camera: str,
        since: float,
        until: float,
        origin: RecordingOrigin = RecordingOrigin.ASKED,
        booking: str | None = None,
        longest: float = LONGEST,
    ) -> Recording:
        """Record from the key frame before a moment, if the ring still has it, until another.

        It is cut when it lasts as long as the longest, in seconds from what there is of its time.
        """
        self._check_bounds(origin)
        await self._stock.make_room(origin)
        self._check_bounds(origin)  # others may have begun meanwhile
        now = time.time()
        past = self._rings[camera].since(round(since * 1_000_000))
        first = past[0].captured_us / 1_000_000 if past else now
        _check(since, until, first, now)
        until = min(until, max(since, first) + longest)
        recording = Recording(
            id=secrets.token_hex(8),
            camera=camera,
            started=max(since, first),
            until=until,
            origin=origin,
            booking=booking,
        )
        running = self._running[recording.id] = Running(recording, until - now)
        for item in past:
            if isinstance(item, Packet):
                running.take(item)
            else:
                running.hear(item)
        running.story = self._stories.create_task(self._write(running), name=f"record {camera}")
        self._changed(running.recording)
        return running.recording

    def extend(self, camera: str, name: str, until: float) -> Recording:
        """Let a running recording end at another moment; one that is past ends it at once."""
        self._find(camera, name)
        running = self._running.get(name)
        if running is None or running.is_over:
            raise Refused(ErrorCode.RECORDING_OVER, f"Recording {name} is over; start another.")
        now = time.time()
        # By a clock that was set back it would end before it began.
        running.end_in(min(until - now, LONGEST), max(now, running.recording.started))
        self._changed(running.recording)
        return running.recording

    async def redate(self, misdated: Mapping[str, float]) -> list[str]:
        """Move recordings in time by so many seconds; return which are done, as running are not."""
        done = [name for name in misdated if name not in self._running]
        for name in done:
            if redated := await self._stock.redate(name, misdated[name]):
                self._changed(redated)
        return done

    async def delete(self, camera: str, name: str) -> None:
        """Remove a recording, also while it runs."""
        recording = self._find(camera, name)
        running = self._running.pop(name, None)
        if running and running.story:
            running.end()
            await asyncio.wait([running.story])
        await self._stock.remove(recording)

    async def _write(self, running: Running) -> None:
        """Write one recording until it is over; whatever ends it, what was written stays."""
        try:
            await self._pour(running)
        except (OSError, av.FFmpegError) as error:
            LOGGER.error("Recording %s cannot be written: %s", running.recording.id, error)
            running.end(f"The file could not be written: {error}")
        finished = await self._stock.finish(running.recording, running.error)
        if self._running.pop(finished.id, None):  # or else somebody deleted it meanwhile
            self._stock.add(finished)
            self._changed(finished)
            self._untidy.set()

    async def _pour(self, running: Running) -> None:
        async with self._stock.filming(running.recording) as write:
            async for items in running.batches():
                await write(items)
                if not await self._stock.may_go_on(running.recording.origin):
                    running.end("There is no more room for it; the recording ends early.")

    def _check_bounds(self, origin: RecordingOrigin) -> None:
        if self._is_closing:
            raise Refused(ErrorCode.BUSY, "The agent is about to end.")
        others = sum(not is_booked(one.recording) for one in self._running.values())
        if origin is not RecordingOrigin.BOOKED and others >= MOST_RUNNING:
            raise Refused(ErrorCode.TOO_MANY, f"{MOST_RUNNING} recordings are running already.")

    def _booked_bytes(self) -> int:
        return sum(one.size for one in self._running.values() if is_booked(one.recording))

    def _find(self, camera: str, name: str) -> Recording:
        running = self._running.get(name)
        recording = running.recording if running else self._stock.get(name)
        if recording is None or recording.camera != camera:
            raise Refused(ErrorCode.NOT_FOUND, f"Camera {camera!r} has no recording {name!r}.")
        return recording


def _check(since: float, until: float, first: float, now: float) -> None:
    if not since < until or since > now + AHEAD:
        sentence = "since must be earlier than until, and not in the future."
    elif until <= min(first, now):
        sentence = f"Nothing is left of that time; the oldest picture is of {first:.3f}."
    else:
        return
    raise Refused(ErrorCode.BAD_REQUEST, sentence)
