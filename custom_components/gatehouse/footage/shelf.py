"""The recordings that we make ourselves, on the disk: a note, tapes, and in the end a film each."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
import hashlib
import json
import logging
import os
from pathlib import Path
import shutil
from typing import Any, Final

from ..agent import Recording, RecordingStatus
from .disk import FLOOR_BYTES, refusals
from .errors import DiskFull, DiskRefused
from .tape import MICROSECOND, Material, Piece

_LOGGER = logging.getLogger(__name__)

FILM: Final = ".mp4"
NOTE: Final = ".json"
DRAFT: Final = ".draft"

# Who asked for them fetches them within minutes, or days later if the disk was full so long.
KEPT: Final = timedelta(days=7)


class Shelf:
    """Files in one folder. Every method blocks, and raises DiskFull or DiskRefused: for threads."""

    def __init__(self, folder: Path, floor_bytes: int = FLOOR_BYTES) -> None:
        """Keep files there as long as so much of the disk is free."""
        self._folder = folder
        self._floor_bytes = floor_bytes

    def load(self) -> list[Recording]:
        """Return what is there, without what an interruption left; no other file is touched."""
        with refusals():
            notes = sorted(self._folder.glob(f"*{NOTE}"))
        recordings = [recording for note in notes if (recording := _read(note))]
        for recording in recordings:
            if recording.status is not RecordingStatus.RECORDING:
                self._tidy(recording.id)
        return recordings

    def save(self, recording: Recording) -> None:
        """Note a recording, whole or not at all."""
        self.make_room()
        draft = self._file(recording.id, DRAFT)
        with refusals():
            with draft.open("w", encoding="utf-8") as file:
                json.dump(_plain(recording), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._file(recording.id, NOTE))

    def append(self, recording: str, pieces: Iterable[Piece]) -> None:
        """Write pieces at the ends of a recording's tapes, through to the disk."""
        self.make_room()
        tapes = self.tapes(recording)
        for material in Material:
            if data := b"".join(each.data for each in pieces if each.material is material):
                with refusals(), tapes[material].open("ab") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())

    def make_room(self) -> None:
        """Have the folder; raises DiskFull if the disk is nearly full."""
        with refusals():
            self._folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
        if free < self._floor_bytes:
            raise DiskFull(f"{self._folder} has {free // 1_000_000} MB left; delete something.")

    def tapes(self, recording: str) -> dict[Material, Path]:
        """Return where the tapes of a recording are, if there are any."""
        return {material: self._file(recording, material.value) for material in Material}

    def film(self, recording: str) -> Path:
        """Return where the film of a recording is, if it is whole."""
        return self._file(recording, FILM)

    def finish(self, recording: Recording, lasts: timedelta, error: str | None) -> Recording:
        """Note a recording whose film is whole; its tapes are needed no longer."""
        with refusals(), self.film(recording.id).open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        finished = replace(
            recording,
            status=RecordingStatus.COMPLETE,
            duration=lasts,
            size=size,
            sha256=digest,
            error=error,
        )
        self.save(finished)
        self._remove(recording.id, *Material)
        return finished

    def fail(self, recording: Recording, error: str) -> Recording:
        """Note a recording of which there is nothing."""
        failed = replace(recording, status=RecordingStatus.FAILED, error=error)
        self.save(failed)
        self._remove(recording.id, FILM, *Material)
        return failed

    def fetch(self, recording: Recording, into: Path) -> None:
        """Copy a film, unless that was done already; an OSError comes through."""
        if into.exists() and _digest(into) == recording.sha256:
            return
        shutil.copyfile(self.film(recording.id), into)
        with into.open("rb") as file:
            os.fsync(file.fileno())

    def remove(self, recording: str) -> None:
        """Delete all of a recording, its note last: an interruption leaves no orphan."""
        self._remove(recording, FILM, DRAFT, *Material, NOTE)

    def _tidy(self, recording: str) -> None:
        try:
            self._remove(recording, DRAFT, *Material)
        except DiskRefused as error:
            _LOGGER.warning("What is left of recording %s stays: %s", recording, error)

    def _remove(self, recording: str, *suffixes: str) -> None:
        with refusals():
            for suffix in suffixes:
                self._file(recording, suffix).unlink(missing_ok=True)

    def _file(self, recording: str, suffix: str) -> Path:
        return self._folder / f"{recording}{suffix}"


def surplus(recordings: Iterable[Recording], now: datetime) -> list[Recording]:
    """Return the finished recordings that nobody fetches any more."""
    return [
        one
        for one in recordings
        if one.status is not RecordingStatus.RECORDING and now - one.until > KEPT
    ]


def _plain(recording: Recording) -> dict[str, Any]:
    """Return a recording as JSON has it."""
    return {
        "id": recording.id,
        "camera": recording.camera,
        "status": recording.status.value,
        "started": recording.started and recording.started.isoformat(),
        "until": recording.until.isoformat(),
        "duration_us": recording.duration and recording.duration // MICROSECOND,
        "bytes": recording.size,
        "sha256": recording.sha256,
        "error": recording.error,
    }


def _read(note: Path) -> Recording | None:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        duration, started = found["duration_us"], found["started"]
        return Recording(
            id=note.stem,
            camera=found["camera"],
            status=RecordingStatus(found["status"]),
            started=None if started is None else datetime.fromisoformat(started),
            until=datetime.fromisoformat(found["until"]),
            duration=None if duration is None else duration * MICROSECOND,
            size=found["bytes"],
            sha256=found["sha256"],
            error=found["error"],
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        _LOGGER.warning("%s is not the note of a recording: %s", note, error)
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
