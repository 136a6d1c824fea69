"""When footage moves on, when it waits, when it is given up, and what its file is called."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import PurePath
import re
from typing import Final

from ..agent import ErrorCode, Recording, RecordingOrigin, RecordingStatus
from ..models import Footage, FootageStage, Replay
from .errors import NotPlayable, RecordingFailed, RecordingLost

# With the default pauses, so many tries in a row take a month: an agent that comes back after that
# has other things to tell. Counting tries is safe from a Pi that does not know the date.
MOST_ATTEMPTS: Final = 4320

# What is still to become ready.
UNFINISHED: Final = (
    FootageStage.REQUESTED,
    FootageStage.RECORDING,
    FootageStage.FETCHED,
    FootageStage.CHECKED,
)

# Asking again would not help.
HOPELESS: Final = frozenset(
    {
        ErrorCode.NOT_FOUND,
        NotPlayable.code,
        RecordingFailed.code,
        RecordingLost.code,
    }
)

# A moment that an agent refuses may be one of a clock that was set since, as its next words tell:
# with the default pauses, so many tries last half a minute.
MOST_REFUSALS: Final = 5

# The agent tells its feed when a recording ends; looking is for when that word got lost, or the
# two clocks differ.
LOOK_EVERY: Final = timedelta(seconds=10)

# An agent waits two seconds for late frames, then closes the file.
CLOSING: Final = timedelta(seconds=3)

# A recording begins at the key frame before the moment that was asked for; there is one a second.
KEY_FRAMES: Final = timedelta(seconds=3)

# Times travel as floats.
ROUNDING: Final = timedelta(milliseconds=10)

# What a clip may be shorter than it was promised to be: so much, or such a share of it.
SHORT: Final = timedelta(seconds=1)
SHORT_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FootageOptions:
    """The bounds of footage."""

    longest: timedelta = timedelta(seconds=120)
    segment: timedelta = timedelta(minutes=5)
    """The same for a part of an appointment."""
    retry_first: timedelta = timedelta(seconds=2)
    retry_longest: timedelta = timedelta(minutes=10)
    transfers: int = 2
    """How many files are fetched or written at once; a part of an appointment is one more."""


def bound(part: bool, options: FootageOptions) -> timedelta:
    """Return how long a recording may be; one that is a part of an appointment may be longer."""
    return max(options.segment, options.longest) if part else options.longest


def is_due(row: Footage, now: datetime, options: FootageOptions) -> bool:
    """Whether an unfinished row's time has come."""
    # A pause longer than the longest comes from a clock that was set back since.
    pause = timedelta(0) if row.retry_at is None else row.retry_at - now
    return pause <= timedelta(0) or pause > options.retry_longest


def after_failure(row: Footage, code: str, now: datetime, options: FootageOptions) -> Footage:
    """Return the row as a failed try leaves it: with a later time, or given up."""
    attempts = row.attempts + 1
    most = MOST_REFUSALS if code == ErrorCode.BAD_REQUEST else MOST_ATTEMPTS
    given_up = code in HOPELESS or (attempts >= most and row.path is None)
    return replace(
        row,
        stage=FootageStage.FAILED if given_up else row.stage,
        attempts=attempts,
        retry_at=None if given_up else now + pause_after(attempts, options),
        error=code,
    )


def pause_after(attempts: int, options: FootageOptions) -> timedelta:
    """Return how long to wait after so many failed tries: twice as long each time."""
    times: int = 2 ** min(attempts - 1, 32)
    return min(options.retry_first * times, options.retry_longest)


def next_look(row: Footage, now: datetime) -> datetime:
    """Return when to look whether a running recording has ended."""
    return min(max(now, row.until) + CLOSING, now + LOOK_EVERY)


def needs_another_end(row: Footage, recording: Recording) -> bool:
    """Whether a running recording would end at another time than its row wants."""
    return abs(recording.until - row.until) > ROUNDING


def is_short(duration: timedelta, promised: timedelta | None) -> bool:
    """Whether a clip plays for clearly less time than its recorder told."""
    missing = timedelta(0) if promised is None else promised - duration
    return missing > SHORT and missing > SHORT_SHARE * duration


def adopted(
    row: Footage, recordings: Iterable[Recording], known: frozenset[str]
) -> Recording | None:
    """Return the recording that an earlier try began without hearing the answer, if there is one.

    It is one that no row knows and that lies within what this row asks for. A part of an
    appointment, in which there may be incidents, only takes what ends when it does.
    """
    for recording in recordings:
        began = recording.started or row.since
        unclaimed = recording.id not in known and recording.origin is RecordingOrigin.ASKED
        useful = unclaimed and recording.status is not RecordingStatus.FAILED
        within = began >= row.since - KEY_FRAMES and recording.until <= row.until + ROUNDING
        meant = recording.until > row.since and not (row.part and needs_another_end(row, recording))
        if useful and within and meant:
            return recording
    return None


def unasked(camera: str, recording: Recording, name: str) -> Footage | None:
    """Return the row, of this id, of what an agent recorded by itself and is done with.

    None if it is none of that.
    """
    if recording.status is not RecordingStatus.COMPLETE:
        return None
    match recording.origin:
        case RecordingOrigin.SPOOL:
            return spooled(camera, recording, name)
        case RecordingOrigin.BOOKED:
            return booked(camera, recording, name)
    return None


def spooled(camera: str, recording: Recording, name: str) -> Footage:
    """Return the row, of this id, of what an agent recorded because nobody listened."""
    return replace(_own(camera, recording, name), replay=Replay.PENDING)


def booked(camera: str, recording: Recording, name: str) -> Footage:
    """Return the row, of this id, of a part of an appointment that an agent recorded."""
    return part_of(recording.booking, _own(camera, recording, name))


def part_of(booking: str | None, row: Footage) -> Footage:
    """Return a row as a part of an appointment: it stays as it is until there is a movie of it."""
    return replace(row, booking=booking, part=True, kept=True, wanted=False, optimised=True)


def is_finished(row: Footage) -> bool:
    """Whether the flow is done with a row, one way or another."""
    return row.stage not in UNFINISHED


def is_same_movie(row: Footage, camera: str, since: datetime, until: datetime) -> bool:
    """Whether a row of an appointment is the movie of this time, and not a part of it.

    A booking that is moved after its time keeps its name.
    """
    is_of_then = row.since < until and since < row.until
    return not row.part and row.camera == camera and is_of_then


def file_path(camera: str, at: datetime, name: str, suffix: str, zone: tzinfo) -> PurePath:
    """Return where a file of a camera belongs, below the media folder, by the local time."""
    local = at.astimezone(zone)
    # The end of an id is random in every kind of id; the beginning may be a time.
    stem = f"{local:%H%M%S}-{slug(name)[-8:]}"
    return PurePath(slug(camera), f"{local:%Y-%m-%d}", f"{stem}{suffix}")


def slug(text: str) -> str:
    """Return a text as a file name that is safe everywhere."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:64] or "unnamed"


def _own(camera: str, recording: Recording, name: str) -> Footage:
    length = recording.duration or timedelta(0)
    since = recording.started or recording.until - length
    return Footage(
        id=name,
        camera=camera,
        incident=None,
        stage=FootageStage.RECORDING,
        since=since,
        # A clock that was set back meanwhile shows its end before its beginning.
        until=recording.until if since < recording.until else since + length,
        recording=recording.id,
    )
