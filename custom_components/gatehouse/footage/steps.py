"""What one stage of footage does: ask for a recording, fetch it, check it, be done with it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
import logging
from typing import Any

from ..agent import (
    AgentError,
    AgentRefused,
    AgentUnreachable,
    ErrorCode,
    Recording,
    RecordingStatus,
)
from ..models import Footage, FootageStage
from .dates import Dates
from .disk import Disk, refusals
from .errors import FootageError, RecordingFailed, RecordingLost
from .filing import clear, filed, is_there
from .recorder import Recorder, Recorders
from .rules import FootageOptions, adopted, after_failure, is_short, needs_another_end, next_look
from .store import FootageStore
from .threads import to_the_end

_LOGGER = logging.getLogger(__name__)


class Steps:
    """Moves a row one stage on; every step may be broken off anywhere and taken again."""

    def __init__(
        self,
        store: FootageStore,
        recorders: Recorders,
        disk: Disk,
        options: FootageOptions,
        news: Callable[[Footage], None],
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Take the parts from the flow."""
        self._store = store
        self._recorders = recorders
        self._disk = disk
        self._options = options
        self._news = news
        self._now = now
        self._dates = Dates()
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._transfers = asyncio.Semaphore(options.transfers)
        self._transfer_of_parts = asyncio.Semaphore(1)

    def wish(self, row: Footage) -> None:
        """Know that somebody asks for a row now, by what the recorder's clock is said to show."""
        if found := self._recorders(row.camera):
            self._dates.note(row, found[0].now)

    async def take(self, row: Footage) -> None:
        """Take the step of a row's stage, or note when to try again and why."""
        try:
            match row.stage:
                case FootageStage.REQUESTED:
                    await self._ask(row)
                case FootageStage.RECORDING:
                    await self._look(row)
                case FootageStage.FETCHED:
                    await self._check(row)
                case FootageStage.CHECKED:
                    await self._finish(row)
        except (AgentError, FootageError) as error:
            await self._fail(row, error)

    async def release(self, camera: str, recording: str) -> None:
        """Have a recorder delete its copy; where that fails, its next word is a reason to try."""
        try:
            recorder, name = self._recorder(camera)
            await recorder.delete(name, recording)
        except (AgentError, FootageError) as error:
            _LOGGER.debug("Recording %s stays where it is for now: %s", recording, error)

    async def _ask(self, row: Footage) -> None:
        """Have the camera recorded; a recording that an earlier try began is taken up."""
        recorder, camera = self._recorder(row.camera)
        # One at a time: two rows must not take up the same recording.
        async with self._asking[row.camera]:
            row = await self._dated(row, recorder)
            known = await self._store.recordings(row.camera)
            recording = adopted(row, await recorder.list(camera), known)
            if recording is None:
                recording = await recorder.start(camera, row.since, row.until)
            self._dates.forget(row.id)
            await self._advance(row, FootageStage.RECORDING, recording=recording.id)

    async def _dated(self, row: Footage, recorder: Recorder) -> Footage:
        """Return a wish by the recorder's clock of now, which may have been set since."""
        shown = recorder.now
        if step := self._dates.step(row.id, shown):
            _LOGGER.info("Footage of %s is dated anew: its clock was set by %s", row.camera, step)
            row = await self._store.redate(row, step)
            self._dates.keep(row.id, shown)
        return row

    async def _look(self, row: Footage) -> None:
        """See how far the recorder is: end when it is to end, fetch what is complete."""
        recorder, camera = self._recorder(row.camera)
        there = {recording.id: recording for recording in await recorder.list(camera)}
        recording = there.get(row.recording or "")
        if recording is None:
            await self._salvage(row)
            return
        match recording.status:
            case RecordingStatus.FAILED:
                raise RecordingFailed(f"It could not be recorded: {recording.error}")
            case RecordingStatus.COMPLETE:
                await self._fetch(row, recorder, recording)
            case RecordingStatus.RECORDING:
                if needs_another_end(row, recording):
                    await _extend(recorder, recording, row.until)
                await self._advance(row, row.stage, retry_at=next_look(row, self._now()))

    async def _salvage(self, row: Footage) -> None:
        """Be content with what has arrived of a recording that is gone."""
        if not await asyncio.to_thread(self._disk.incoming(row.id).exists):
            raise RecordingLost("What recorded it no longer has the recording.")
        await self._advance(row, FootageStage.FETCHED)

    async def _fetch(self, row: Footage, recorder: Recorder, recording: Recording) -> None:
        part = self._disk.incoming(row.id)
        async with self._turn(row):
            # Once as it comes, and once more as it is filed.
            await asyncio.to_thread(self._disk.make_room, 2 * (recording.size or 0))
            with refusals():
                await recorder.fetch(recording.camera, recording.id, part, recording.sha256)
        await self._advance(row, FootageStage.FETCHED, duration=recording.duration)

    async def _check(self, row: Footage) -> None:
        """Put what arrived at its place if it plays, and its poster beside it."""
        async with self._turn(row):
            found = await to_the_end(filed, self._disk, row)
        if found is None:
            await self._advance(row, FootageStage.RECORDING)
            return
        place, clip = found
        if is_short(clip.duration, row.duration):
            _LOGGER.warning(
                "Footage of %s at %s plays for %s, and %s were recorded",
                *(row.camera, row.since, clip.duration, row.duration),
            )
        await self._advance(
            row,
            FootageStage.CHECKED,
            path=place,
            duration=clip.duration,
            size=clip.size,
            sha256=clip.sha256,
            md5=clip.md5,
        )

    def _turn(self, row: Footage) -> asyncio.Semaphore:
        """Return what is held while a file is moved: no part of an appointment delays a clip."""
        return self._transfer_of_parts if row.part else self._transfers

    async def _finish(self, row: Footage) -> None:
        """Let go of every other copy, if ours is still there."""
        if await asyncio.to_thread(is_there, row):
            await self.release(row.camera, row.recording or "")
            await asyncio.to_thread(self._disk.discard, row.id)
            await self._advance(row, FootageStage.READY)
        else:
            nothing = {"path": None, "size": None, "sha256": None, "md5": None}
            await self._advance(row, FootageStage.FETCHED, **nothing)

    async def _fail(self, row: Footage, error: AgentError | FootageError) -> None:
        moved = after_failure(row, error.code, self._now(), self._options)
        if moved.stage is FootageStage.FAILED:
            _LOGGER.warning("Footage of %s at %s is lost: %s", row.camera, row.since, error)
            self._dates.forget(row.id)
            await self._discard(row)
        else:
            _LOGGER.debug("Footage of %s at %s has to wait: %s", row.camera, row.since, error)
        await self._save(row, moved)

    async def _discard(self, row: Footage) -> None:
        """Remove what is here of footage that will never be whole."""
        try:
            await asyncio.to_thread(clear, self._disk, row)
        except FootageError as error:
            _LOGGER.warning("What is left of footage %s cannot be removed: %s", row.id, error)

    async def _advance(self, row: Footage, stage: FootageStage, **changes: Any) -> None:
        """Save a row that made progress: its failures before are forgiven."""
        progress = {"attempts": 0, "retry_at": None, "error": None, **changes}
        await self._save(row, replace(row, stage=stage, **progress))

    async def _save(self, row: Footage, moved: Footage) -> None:
        if not await self._store.move(row, moved):
            _LOGGER.debug("Footage %s was taken away while it was on its way", row.id)
            await self._discard(row)
        elif (row.stage, row.error) != (moved.stage, moved.error):
            self._news(moved)

    def _recorder(self, camera: str) -> tuple[Recorder, str]:
        found = self._recorders(camera)
        if found is None:
            raise AgentUnreachable(f"What records {camera} is not known yet.")
        return found


async def _extend(recorder: Recorder, recording: Recording, until: datetime) -> None:
    try:
        await recorder.extend(recording.camera, recording.id, until)
    except AgentRefused as error:
        # It ended between our two questions: the next look fetches what there is.
        if error.code != ErrorCode.RECORDING_OVER:
            raise
