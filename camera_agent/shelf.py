"""The recordings on this machine's disk: an MP4 and a small JSON file each; it blocks."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
import hashlib
import json
import logging
import os
from pathlib import Path
import shutil

import av

from .mux import mend
from .wire import RecordingOrigin, RecordingStatus

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording, in the wire's words and units."""

    id: str
    camera: str
    status: RecordingStatus = RecordingStatus.RECORDING
    started: float
    until: float
    duration_s: float | None = None
    bytes: int | None = None
    sha256: str | None = None
    error: str | None = None
    origin: RecordingOrigin = RecordingOrigin.ASKED
    booking: str | None = None
    """The appointment that this is a part of."""


class Shelf:
    """Files under one folder, by camera and recording."""

    def __init__(self, folder: Path) -> None:
        """Make the folder; raises OSError if that cannot be."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def path(self, recording: Recording) -> Path:
        """Where the MP4 of a recording is."""
        return self._folder / recording.camera / f"{recording.id}.mp4"

    def load(self) -> Iterator[Recording]:
        """Return what is here, and finish what a crash or a power cut left behind."""
        for note in sorted(self._folder.glob("*/*.json")):
            try:
                recording = _read(note)
            except (OSError, ValueError, TypeError, KeyError) as error:
                LOGGER.warning("%s is not the note of a recording: %s", note, error)
                continue
            if recording.status is RecordingStatus.RECORDING:
                recording = self.finish(recording, "The agent stopped before the end.")
            yield recording

    def save(self, recording: Recording) -> None:
        """Note a recording beside its file, whole or not at all."""
        note = self._note(recording)
        note.parent.mkdir(exist_ok=True)
        draft = self._draft(recording)
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(recording), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(note)

    def finish(self, recording: Recording, error: str | None = None) -> Recording:
        """Measure a written file: complete if it plays, whatever ended it, else failed.

        If the disk refuses the note, the next start finishes the recording again.
        """
        try:
            finished = self._measured(recording, error)
        except OSError as problem:
            finished = replace(recording, status=RecordingStatus.FAILED, error=str(problem))
        self._note_down(finished)
        return finished

    def redate(self, recording: Recording, seconds: float) -> Recording:
        """Move a finished recording in time; if the disk refuses the note, until the next start."""
        started = recording.started + seconds
        redated = replace(recording, started=started, until=started + (recording.duration_s or 0.0))
        self._note_down(redated)
        return redated

    def remove(self, recording: Recording) -> None:
        """Delete the file first and its note last, so that an interruption leaves no orphan."""
        self.path(recording).unlink(missing_ok=True)
        self._draft(recording).unlink(missing_ok=True)
        self._note(recording).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """How many bytes of the disk are free."""
        return shutil.disk_usage(self._folder).free

    def _note_down(self, recording: Recording) -> None:
        try:
            self.save(recording)
        except OSError as problem:
            LOGGER.error("The note of recording %s cannot be written: %s", recording.id, problem)

    def _measured(self, recording: Recording, error: str | None) -> Recording:
        path = self.path(recording)
        duration = _duration(path) if path.exists() else None
        if duration is None:
            path.unlink(missing_ok=True)
            reason = error or "The camera gave no picture in that time."
            return replace(recording, status=RecordingStatus.FAILED, error=reason)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return replace(
            recording,
            status=RecordingStatus.COMPLETE,
            duration_s=round(duration, 3),
            bytes=path.stat().st_size,
            sha256=digest,
            error=error,
        )

    def _note(self, recording: Recording) -> Path:
        return self.path(recording).with_suffix(".json")

    def _draft(self, recording: Recording) -> Path:
        """A note as long as it is not whole; on a full disk it stays behind."""
        return self.path(recording).with_suffix(".draft")


def _read(note: Path) -> Recording:
    fields = json.loads(note.read_text(encoding="utf-8"))
    words = {
        "status": RecordingStatus(fields["status"]),
        "origin": RecordingOrigin(fields.get("origin", RecordingOrigin.ASKED)),
    }
    return Recording(**fields | words)


def _duration(path: Path) -> float | None:
    """How long a file plays, by its packets, since an unfinished one has no index; None if not."""
    try:
        mend(path)
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            ends = [
                (packet.pts + (packet.duration or 0)) * packet.time_base
                for packet in container.demux(stream)
                if packet.pts is not None
            ]
    except (OSError, av.FFmpegError, IndexError):
        return None
    return float(max(ends)) if ends else None
