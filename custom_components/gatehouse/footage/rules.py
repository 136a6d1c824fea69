"""When footage moves on, when it waits, when it is given up, and what its file is called."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import PurePath
import re
from typing import Final

from ..agent import ErrorCode, Recording, RecordingStatus
from ..models import Footage, FootageStage
from .errors import NotPlayable, RecordingFailed, RecordingLost

# An agent keeps what nobody fetches for a day. With the default pauses, 150 tries in a row take
# one; counting tries instead of hours is safe from a Pi that does not know the date.
MOST_ATTEMPTS: Final = 150

# Asking again would not help.
HOPELESS: Final = frozenset(
    {
        ErrorCode.BAD_REQUEST,
        ErrorCode.NOT_FOUND,
        NotPlayable.code,
        RecordingFailed.code,
        RecordingLost.code,
    }
)

# The agent tells its feed when a recording ends; looking is for when that word got lost, or the
# two clocks differ.
LOOK_EVERY: Final = timedelta(seconds=10)

# An agent waits two seconds for late frames, then closes the file.
CLOSING: Final = timedelta(seconds=3)

# A recording begins at the key frame before the moment that was asked for; there is one a second.
KEY_FRAMES: Final = timedelta(seconds=3)

# Times travel as floats.
ROUNDING: Final = timedelta(milliseconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class FootageOptions:
    """The bounds of footage."""

    longest: timedelta = timedelta(seconds=120)
    retry_first: timedelta = timedelta(seconds=2)
    retry_longest: timedelta = timedelta(minutes=10)
    transfers: int = 2
    """How many files are fetched or written at once."""


def is_due(row: Footage, now: datetime, options: FootageOptions) -> bool:
    """Whether an unfinished row's time has come."""
    # A pause longer than the longest comes from a clock that was set back since.
    pause = timedelta(0) if row.retry_at is None else row.retry_at - now
    return pause <= timedelta(0) or pause > options.retry_longest


def after_failure(row: Footage, code: str, now: datetime, options: FootageOptions) -> Footage:
    """Return the row as a failed try leaves it: with a later time, or given up."""
    attempts = row.attempts + 1
    given_up = code in HOPELESS or attempts >= MOST_ATTEMPTS
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


def needs_extension(row: Footage, recording: Recording) -> bool:
    """Whether a running recording would end earlier than its row wants."""
    return recording.until < row.until - ROUNDING


def adopted(
    row: Footage, recordings: Iterable[Recording], known: frozenset[str]
) -> Recording | None:
    """Return the recording that an earlier try began without hearing the answer, if there is one.

    It is one that no row knows and that lies within what this row asks for.
    """
    for recording in recordings:
        began = recording.started or row.since
        unclaimed = recording.id not in known and recording.status is not RecordingStatus.FAILED
        within = began >= row.since - KEY_FRAMES and recording.until <= row.until + ROUNDING
        if unclaimed and within and recording.until > row.since:
            return recording
    return None


def file_path(camera: str, at: datetime, name: str, suffix: str, zone: tzinfo) -> PurePath:
    """Return where a file of a camera belongs, below the media folder, by the local time."""
    local = at.astimezone(zone)
    # The end of an id is random in every kind of id; the beginning may be a time.
    stem = f"{local:%H%M%S}-{slug(name)[-8:]}"
    return PurePath(slug(camera), f"{local:%Y-%m-%d}", f"{stem}{suffix}")


def slug(text: str) -> str:
    """Return a text as a file name that is safe everywhere."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:64] or "unnamed"
