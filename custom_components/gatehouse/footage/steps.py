"""What one stage of footage does: ask for a recording, look after it and fetch it, file it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
import logging
from pathlib import Path
from typing import Any

from ..agent import (
    AgentError,
    AgentRefused,
    AgentUnreachable,
    ErrorCode,
    Recording,
    Recordings,
    RecordingStatus,
)
from ..models import Footage, FootageStage
from .disk import Disk, refusals
from .errors import FootageError, RecordingFailed, RecordingLost
from .mp4 import Clip, inspect, remux
from .rules import FootageOptions, adopted, after_failure, needs_extension, next_look
from .store import FootageStore

_LOGGER = logging.getLogger(__name__)


class Steps:
    """Moves a row one stage on; every step may be broken off anywhere and taken again."""

    def __init__(
        self,
        store: FootageStore,
        agents: Callable[[str], tuple[Recordings, str] | None],
        disk: Disk,
        options: FootageOptions,
        news: Callable[[Footage], None],
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Take the parts from the flow."""
        self._store = store
        self._agents = agents
        self._disk = disk
        self._options = options
        self._news = news
        self._now = now
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._transfers = asyncio.Semaphore(options.transfers)

    async def take(self, row: Footage) -> None:
        """Take the step of a row's stage, or note when to try again and why."""
        try:
            match row.stage:
                case FootageStage.REQUESTED:
                    await self._ask(row)
                case FootageStage.RECORDING:
                    await self._look(row)
                case FootageStage.FETCHED:
                    await self._file(row)
        except (AgentError, FootageError) as error:
            await self._fail(row, error)

    async def _ask(self, row: Footage) -> None:
        """Have the agent record; a recording that an earlier try began is taken up."""
        recordings, camera = self._agent(row)
        # One at a time: two rows must not take up the same recording.
        async with self._asking[row.camera]:
            known = await self._store.recordings(row.camera)
            recording = adopted(row, await recordings.list(camera), known)
            if recording is None:
                recording = await recordings.start(camera, row.since, row.until)
            await self._advance(row, FootageStage.RECORDING, recording=recording.id)

    async def _look(self, row: Footage) -> None:
        """See how far the agent is: extend what is to go on, fetch what is complete."""
        recordings, camera = self._agent(row)
        there = {recording.id: recording for recording in await recordings.list(camera)}
        recording = there.get(row.recording or "")
        if recording is None:
            raise RecordingLost("The agent no longer has the recording.")
        match recording.status:
            case RecordingStatus.FAILED:
                raise RecordingFailed(f"The agent could not record: {recording.error}")
            case RecordingStatus.COMPLETE:
                await self._fetch(row, recordings, recording)
            case RecordingStatus.RECORDING:
                if needs_extension(row, recording):
                    await _extend(recordings, recording, row.until)
                await self._advance(row, row.stage, retry_at=next_look(row, self._now()))

    async def _fetch(self, row: Footage, recordings: Recordings, recording: Recording) -> None:
        part = self._disk.incoming(row.id)
        async with self._transfers:
            # Once as it comes, and once more as it is filed.
            await asyncio.to_thread(self._disk.make_room, 2 * (recording.size or 0))
            with refusals():
                await recordings.fetch(recording.camera, recording.id, part, recording.sha256)
        await self._advance(row, FootageStage.FETCHED)

    async def _file(self, row: Footage) -> None:
        """Put the file at its place; only then does the agent need its copy no longer."""
        async with self._transfers:
            filed = await _to_the_end(_filed, self._disk, row)
        if filed is None:
            await self._advance(row, FootageStage.RECORDING)
            return
        place, clip = filed
        await self._release(row)
        await self._advance(row, FootageStage.READY, path=place, duration=clip.duration)

    async def _release(self, row: Footage) -> None:
        """Have the agent delete its copy; where that fails, it does so itself within a day."""
        try:
            recordings, camera = self._agent(row)
            await recordings.delete(camera, row.recording or "")
        except AgentError as error:
            _LOGGER.debug("The agent keeps recording %s for now: %s", row.recording, error)

    async def _fail(self, row: Footage, error: AgentError | FootageError) -> None:
        moved = after_failure(row, error.code, self._now(), self._options)
        if moved.stage is FootageStage.FAILED:
            _LOGGER.warning("Footage of %s at %s is lost: %s", row.camera, row.since, error)
            await self._discard(row)
        else:
            _LOGGER.debug("Footage of %s at %s has to wait: %s", row.camera, row.since, error)
        await self._save(row, moved)

    async def _discard(self, row: Footage) -> None:
        """Remove what is here of footage that will never be whole."""
        try:
            await asyncio.to_thread(self._disk.discard, row.id)
        except FootageError as error:
            _LOGGER.warning("What is left of footage %s cannot be removed: %s", row.id, error)

    async def _advance(self, row: Footage, stage: FootageStage, **changes: Any) -> None:
        """Save a row that made progress: its failures before are forgiven."""
        progress = {"attempts": 0, "retry_at": None, "error": None, **changes}
        await self._save(row, replace(row, stage=stage, **progress))

    async def _save(self, row: Footage, moved: Footage) -> None:
        await self._store.move(moved)
        if (row.stage, row.error) != (moved.stage, moved.error):
            self._news(moved)

    def _agent(self, row: Footage) -> tuple[Recordings, str]:
        found = self._agents(row.camera)
        if found is None:
            raise AgentUnreachable(f"The agent of {row.camera} is not known yet.")
        return found


async def _extend(recordings: Recordings, recording: Recording, until: datetime) -> None:
    try:
        await recordings.extend(recording.camera, recording.id, until)
    except AgentRefused as error:
        # It ended between our two questions: the next look fetches what there is.
        if error.code != ErrorCode.RECORDING_OVER:
            raise


def _filed(disk: Disk, row: Footage) -> tuple[Path, Clip] | None:
    """Put what was fetched at its place, or find it there already; None if it is nowhere."""
    part = disk.incoming(row.id)
    place = disk.place(row.camera, row.since, row.id, ".mp4")
    with refusals():
        if part.exists():
            draft = disk.incoming(row.id, ".mp4")
            clip = remux(part, draft)
            disk.publish(draft, place)
            part.unlink()
            return place, clip
        return (place, inspect(place)) if place.exists() else None


async def _to_the_end[**Arguments, Result](
    work: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Run work in a thread; who is cancelled meanwhile still waits until it writes no more."""
    running = asyncio.create_task(asyncio.to_thread(work, *arguments, **named))
    try:
        await asyncio.wait([running])
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.exception()
        raise
    return running.result()
