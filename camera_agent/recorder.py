"""Recordings out of the rings: begun in the past, extended or ended, never encoded again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import logging
from pathlib import Path
import secrets
import time
from typing import Final, TypeVar

import av

from .errors import Refused
from .models import Packet
from .mux import Mp4File
from .ring import Ring
from .shelf import FREE_BYTES, LEAST_BYTES, Recording, Shelf, surplus
from .wire import ErrorCode, RecordingStatus

LOGGER = logging.getLogger(__name__)
Result = TypeVar("Result")

LONGEST: Final = 300.0  # seconds; who still wants more by then says so
MOST_RUNNING: Final = 16
LATE: Final = 2.0  # seconds that a frame may need from the sensor to here
AHEAD: Final = 5.0  # seconds that another clock may be ahead of ours
BACKLOG_BYTES: Final = 32_000_000  # of one recording in memory while the disk hesitates
TIDIED: Final = 60.0  # seconds between two looks at what is to go
CLOSING: Final = 0.7  # seconds for the last writes; what is not finished then is at the next start


class Recorder:
    """All recordings of all cameras; tells `changed` of every step."""

    def __init__(
        self, folder: Path, rings: Mapping[str, Ring], changed: Callable[[Recording], None]
    ) -> None:
        """Read what is on the disk; blocks."""
        self._shelf = Shelf(folder)
        self._rings = rings
        self._changed = changed
        self._finished = {recording.id: recording for recording in self._shelf.load()}
        self._running: dict[str, _Running] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder")
        self._stories = asyncio.TaskGroup()

    async def run(self) -> None:
        """Write recordings and delete the surplus, until cancelled."""
        try:
            async with self._stories:
                while True:
                    await self._tidy()
                    await asyncio.sleep(TIDIED)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def close(self) -> None:
        """End all recordings now and write what they have."""
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

    def recordings(self, camera: str | None = None) -> list[Recording]:
        """Return the recordings of a camera, or all, oldest first."""
        running = [running.recording for running in self._running.values()]
        known = sorted([*self._finished.values(), *running], key=lambda one: one.started)
        return [one for one in known if camera in (None, one.camera)]

    def file(self, camera: str, name: str) -> Path:
        """Return the MP4 of a finished recording."""
        recording = self._find(camera, name)
        if recording.status is RecordingStatus.RECORDING:
            raise Refused(ErrorCode.RECORDING_RUNNING, f"Recording {name} runs; end it first.")
        if recording.status is RecordingStatus.FAILED:
            raise Refused(ErrorCode.NOT_FOUND, f"There is no file: {recording.error}")
        return self._shelf.path(recording)

    async def start(self, camera: str, since: float, until: float) -> Recording:
        """Record from the key frame before a moment, if the ring still has it, until another."""
        if not await self._in_thread(self._shelf.has_room, FREE_BYTES):
            raise Refused(ErrorCode.NO_SPACE, "The disk is nearly full; delete recordings.")
        if len(self._running) >= MOST_RUNNING:
            raise Refused(ErrorCode.TOO_MANY, f"{MOST_RUNNING} recordings are running already.")
        now = time.time()
        past = self._rings[camera].since(round(since * 1_000_000))
        first = past[0].captured_us / 1_000_000 if past else now
        _check(since, until, first, now)
        until = min(until, max(since, first) + LONGEST)
        recording = Recording(
            id=secrets.token_hex(8), camera=camera, started=max(since, first), until=until
        )
        running = self._running[recording.id] = _Running(recording, until - now)
        for packet in past:
            running.take(packet)
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
        running.end_in(min(until - now, LONGEST), now)
        self._changed(running.recording)
        return running.recording

    async def delete(self, camera: str, name: str) -> None:
        """Remove a recording, also while it runs."""
        recording = self._find(camera, name)
        running = self._running.pop(name, None)
        if running and running.story:
            running.end()
            await asyncio.wait([running.story])
        await self._in_thread(self._shelf.remove, recording)
        self._finished.pop(name, None)

    async def _write(self, running: "_Running") -> None:
        """Write one recording until it is over; whatever ends it, what was written stays."""
        try:
            await self._in_thread(self._shelf.save, running.recording)
            await self._pour(running)
        except (OSError, av.FFmpegError) as error:
            LOGGER.error("Recording %s cannot be written: %s", running.recording.id, error)
            running.end(f"The file could not be written: {error}")
        finished = await self._in_thread(self._shelf.finish, running.recording, running.error)
        if self._running.pop(finished.id, None):  # or else somebody deleted it meanwhile
            self._finished[finished.id] = finished
            self._changed(finished)

    async def _pour(self, running: "_Running") -> None:
        file = Mp4File(self._shelf.path(running.recording))
        try:
            async for packets in running.batches():
                await self._in_thread(file.write, packets)
                if not await self._in_thread(self._shelf.has_room, LEAST_BYTES):
                    running.end("The disk is nearly full; the recording ends early.")
        finally:
            await self._in_thread(file.close)

    async def _tidy(self) -> None:
        for recording in surplus(self._finished.values(), time.time()):
            LOGGER.warning("Deleting recording %s, which nobody fetched", recording.id)
            try:
                await self.delete(recording.camera, recording.id)
            except (Refused, OSError) as error:  # refused if somebody was faster
                LOGGER.error("Recording %s cannot be deleted: %s", recording.id, error)

    def _find(self, camera: str, name: str) -> Recording:
        running = self._running.get(name)
        recording = running.recording if running else self._finished.get(name)
        if recording is None or recording.camera != camera:
            raise Refused(ErrorCode.NOT_FOUND, f"Camera {camera!r} has no recording {name!r}.")
        return recording

    async def _in_thread(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


class _Running:
    """A recording that packets still come for; they are handed over in whole groups of pictures."""

    def __init__(self, recording: Recording, seconds: float) -> None:
        self.recording = recording
        self.story: asyncio.Task[None] | None = None
        self.error: str | None = None
        self.is_over = False
        self._newest_us = 0
        self._backlog: list[Packet] = []
        self._backlog_bytes = 0
        self._wake = asyncio.Event()
        self._deadline = _deadline(seconds)

    def take(self, packet: Packet) -> bool:
        """Keep a packet of its time; true if it is the first, and so tells when this began."""
        if self.is_over or not (self._newest_us or packet.key):
            return False
        if packet.captured_us <= self._newest_us:
            self.end("The clock of this machine was set back; the recording ends there.")
            return False
        if packet.captured_us >= self.recording.until * 1_000_000:
            self.end()
            return False
        if packet.key:
            self._wake.set()
        self._backlog.append(packet)
        self._backlog_bytes += len(packet.data)
        if self._backlog_bytes > BACKLOG_BYTES:
            self.end("The disk was too slow; the recording ends early.")
        is_first, self._newest_us = not self._newest_us, packet.captured_us
        if is_first:
            self.recording = replace(self.recording, started=packet.captured_us / 1_000_000)
        return is_first

    def end_in(self, seconds: float, now: float) -> None:
        """Move the end; one in the past is now."""
        self.recording = replace(self.recording, until=now + max(seconds, 0.0))
        self._deadline = _deadline(seconds)
        self._wake.set()
        if seconds <= 0:
            self.end()

    def end(self, error: str | None = None) -> None:
        """Take no more packets."""
        self.is_over = True
        self.error = self.error or error
        self._wake.set()

    async def batches(self) -> AsyncIterator[list[Packet]]:
        """Yield what came, until the recording is over or its time is up."""
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self._wake.wait()
            except TimeoutError:
                self.end()  # the camera is silent
            self._wake.clear()
            batch, self._backlog, self._backlog_bytes = self._backlog, [], 0
            if batch:
                yield batch
            if self.is_over and not self._backlog:
                return


def _check(since: float, until: float, first: float, now: float) -> None:
    if not since < until or since > now + AHEAD:
        sentence = "since must be earlier than until, and not in the future."
    elif until <= min(first, now):
        sentence = f"Nothing is left of that time; the oldest picture is of {first:.3f}."
    else:
        return
    raise Refused(ErrorCode.BAD_REQUEST, sentence)


def _deadline(seconds: float) -> float:
    """The moment, by the loop's clock, when the last frame of a span must be here."""
    return asyncio.get_running_loop().time() + max(seconds, 0.0) + LATE
