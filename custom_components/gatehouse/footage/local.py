"""Recordings of a camera that has no agent, made of what it gives: movies, a stream, stills."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
import secrets
from typing import Final

from ..agent import AgentRefused, ErrorCode, Recording, RecordingStatus
from .darkroom import Darkroom
from .errors import DiskFull, DiskRefused, RecordingLost
from .film import Movie
from .running import Running
from .shelf import Shelf, surplus
from .tape import Piece, Ring
from .threads import to_the_end

_LOGGER = logging.getLogger(__name__)

MOST_RUNNING: Final = 8

# A camera that is recorded is asked for a still if nothing came for so many seconds.
SILENCE: Final = 0.5

STOPPED: Final = "Home Assistant stopped before the end."


class LocalRecorder:
    """The recordings of one camera; times are by the site's clock."""

    def __init__(
        self,
        folder: Path,
        *,
        late: timedelta,
        movies: Callable[[], Iterable[Movie]] = tuple,
        encoders: asyncio.Semaphore,
        changed: Callable[[Recording], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep files in a folder of the camera's own, and tell how recordings end.

        What the camera shows may come so late: it is waited for. Movies are the videos that came
        from it lately. So many encoders work at once for all cameras.
        """
        self._shelf = Shelf(folder)
        self._late = late
        self._darkroom = Darkroom(self._shelf, movies, encoders)
        self._changed = changed
        self._now = now
        self._ring = Ring()
        self._known: dict[str, Recording] | None = None
        self._loading = asyncio.Lock()
        self._running: dict[str, Running] = {}
        self._begun: asyncio.Queue[Running] = asyncio.Queue()
        self._is_recording = asyncio.Event()
        self._heard = 0.0

    @property
    def now(self) -> datetime:
        """What the site's clock shows now."""
        return self._now()

    async def run(self) -> None:
        """Write recordings, and finish those that were left behind, until cancelled."""
        self._darkroom.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                for recording in tuple((await self._load()).values()):
                    if self._is_left(recording):
                        tasks.create_task(self._finish(recording, recording.until, STOPPED))
                try:
                    while True:
                        tasks.create_task(self._write(await self._begun.get()))
                finally:
                    self._darkroom.close()
        finally:
            self._running.clear()
            self._known = None

    def take(self, piece: Piece) -> None:
        """Take what the camera shows."""
        self._heard = asyncio.get_running_loop().time()
        self._ring.add(piece)
        for running in self._running.values():
            running.take(piece)

    async def starved(self) -> None:
        """Wait until something is recorded, and nothing of the camera has come for a moment."""
        loop = asyncio.get_running_loop()
        while True:
            await self._is_recording.wait()
            silent = loop.time() - self._heard
            if silent >= SILENCE:
                self._heard = loop.time()
                return
            await asyncio.sleep(SILENCE - silent)

    async def start(self, camera: str, since: datetime, until: datetime) -> Recording:
        """Record from a moment, which may lie in the near past, to another."""
        known = await self._load()
        if since >= until:
            raise AgentRefused(ErrorCode.BAD_REQUEST, "since must be earlier than until.")
        if len(self._running) >= MOST_RUNNING:
            raise AgentRefused(
                ErrorCode.TOO_MANY, f"{MOST_RUNNING} recordings of this camera run already."
            )
        recording = Recording(
            id=secrets.token_hex(8),
            camera=camera,
            status=RecordingStatus.RECORDING,
            started=None,
            until=until,
            duration=None,
            size=None,
            sha256=None,
            error=None,
        )
        await to_the_end(self._shelf.save, recording)
        known[recording.id] = recording
        running, now = Running(recording, since, self._late, self._now), self._now()
        for piece in self._ring.since(since):
            # What is of a time to come was kept before the clock was set back.
            if piece.at <= now:
                running.take(piece)
        self._running[recording.id] = running
        self._begun.put_nowait(running)
        self._is_recording.set()
        return running.recording

    async def extend(self, camera: str, recording: str, until: datetime) -> Recording:
        """Let a running recording end at another time, or at once if that has passed.

        Raises AgentRefused with RECORDING_OVER if it has ended.
        """
        running = self._running.get(recording)
        if running is None or running.is_over:
            raise AgentRefused(ErrorCode.RECORDING_OVER, f"Recording {recording} is over.")
        running.end_at(until)
        return running.recording

    async def list(self, camera: str) -> tuple[Recording, ...]:
        """Return all recordings that are there."""
        known = await self._load()
        running = {name: each.recording for name, each in self._running.items()}
        return tuple((known | running).values())

    async def fetch(
        self, camera: str, recording: str, into: Path, sha256: str | None = None
    ) -> None:
        """Write the MP4 of a complete recording to a file; an OSError of it comes through."""
        found = (await self._load()).get(recording)
        if found is None or found.status is not RecordingStatus.COMPLETE:
            raise RecordingLost(f"There is no film of recording {recording}.")
        await to_the_end(self._shelf.fetch, found, into)

    async def delete(self, camera: str, recording: str) -> None:
        """Remove a recording; a running one is stopped first."""
        known = await self._load()
        known.pop(recording, None)
        if running := self._running.pop(recording, None):
            running.end()
        await to_the_end(self._shelf.remove, recording)

    async def _load(self) -> dict[str, Recording]:
        """Return what is known, which is read from the disk once."""
        async with self._loading:
            if self._known is None:
                found = await to_the_end(self._shelf.load)
                self._known = {recording.id: recording for recording in found}
            return self._known

    def _is_left(self, recording: Recording) -> bool:
        """Whether nobody writes a recording any more that has not ended."""
        is_open = recording.status is RecordingStatus.RECORDING
        return is_open and recording.id not in self._running

    async def _write(self, running: Running) -> None:
        """Write what comes until the recording is over, then make a film of it."""
        try:
            await self._pour(running)
        except (DiskFull, DiskRefused) as error:
            _LOGGER.warning("Recording %s ends early: %s", running.recording.id, error)
            running.end(str(error))
        self._rest_if_idle()
        await self._finish(running.recording, running.since, running.error)

    async def _pour(self, running: Running) -> None:
        name, noted = running.recording.id, None
        try:
            async for pieces in running.batches():
                await to_the_end(self._shelf.append, name, pieces)
                if running.recording != noted:
                    noted = running.recording
                    await to_the_end(self._shelf.save, noted)
        finally:
            if pieces := running.rest():
                await to_the_end(self._shelf.append, name, pieces)

    def _rest_if_idle(self) -> None:
        if all(running.is_over for running in self._running.values()):
            self._is_recording.clear()

    async def _finish(self, recording: Recording, since: datetime, error: str | None) -> None:
        finished = await self._darkroom.finished(recording, since, error)
        self._running.pop(recording.id, None)
        known = await self._load()
        if recording.id in known:
            known[recording.id] = finished
            self._changed(finished)
            gone = [one.id for one in surplus(known.values(), self._now())]
        else:
            gone = [recording.id]  # somebody has deleted it meanwhile
        for name in gone:
            await self._drop(known, name)

    async def _drop(self, known: dict[str, Recording], name: str) -> None:
        known.pop(name, None)
        try:
            await to_the_end(self._shelf.remove, name)
        except DiskRefused as error:
            _LOGGER.warning("Recording %s cannot be removed: %s", name, error)
