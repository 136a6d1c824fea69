"""Which files are uploads, when one has arrived, and when its light fell on the sensor."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import PurePath
from typing import Final

SUFFIXES: Final = {
    ".jpg": "picture",
    ".jpeg": "picture",
    ".png": "picture",
    ".mp4": "video",
    ".m4v": "video",
    ".mov": "video",
    ".avi": "video",
    ".mkv": "video",
}

# What network drives keep beside the files of their users: thumbnails, the bin, old states.
NOT_UPLOADS: Final = frozenset({"@eaDir", "#recycle", "#snapshot", "@Recycle", "lost+found"})

# Changes made by others on these are told to nobody; the folder has to be read again and again.
REMOTE: Final = frozenset(
    "9p afs ceph cifs davfs davfs2 glusterfs lustre ncpfs nfs nfs4 smb smb2 smb3 smbfs vboxsf "
    "virtiofs vmhgfs".split()
)

# A camera whose clock is further off than this tells nothing by it.
SANE: Final = timedelta(days=1)


class Kind(StrEnum):
    """What an upload is, going by its name."""

    PICTURE = "picture"
    VIDEO = "video"


class Watching(StrEnum):
    """How changes in a folder are noticed."""

    AUTOMATIC = "automatic"
    TOLD = "told"
    """The system tells of each change (inotify)."""
    POLLED = "polled"
    """The folder is read again and again: slower, but right on every network drive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """When an upload is whole, how large it may be, and how many may wait."""

    settle: timedelta = timedelta(seconds=0.5)
    """A file that has not changed for this long may be whole."""
    patience: timedelta = timedelta(seconds=60)
    """A file that is not whole is waited for until it has not changed for this long."""
    linger: timedelta = timedelta(seconds=10)
    """So long after the last picture something is still taken to be going on."""
    keep: timedelta = timedelta(minutes=5)
    """What nobody has looked at for this long is passed over."""
    backlog: int = 100
    """So many files may wait; the oldest of more are passed over."""
    largest_picture: int = 32 * 2**20
    largest_video: int = 500 * 2**20
    """In bytes."""
    longest: timedelta = timedelta(minutes=2)
    """So much of a video is looked at."""
    zone: tzinfo = UTC
    """Where a camera's clock is that does not tell its zone."""
    watching: Watching = Watching.AUTOMATIC
    check: timedelta = timedelta(seconds=5)
    """How often it is seen whether the folder is still there."""
    polling: timedelta = timedelta(seconds=2)
    """How often the folder is read where nobody tells of changes."""

    def largest(self, kind: Kind) -> int:
        """Return how many bytes a file of that kind may have."""
        return self.largest_picture if kind is Kind.PICTURE else self.largest_video


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What a file's folder tells of it; another state is another upload."""

    number: int
    """Its inode, which stays when it is renamed."""
    size: int
    changed_ns: int


class Progress(StrEnum):
    """How far a file has come."""

    GROWING = "growing"
    SETTLED = "settled"
    EXPIRED = "expired"


def kind_of(inside: PurePath) -> Kind | None:
    """Return what a file is by its path inside the folder; None for what is no upload."""
    if any(part.startswith(".") or part in NOT_UPLOADS for part in inside.parts):
        return None
    kind = SUFFIXES.get(inside.suffix.lower())
    return None if kind is None else Kind(kind)


def progress(still_for: timedelta, tried: bool, options: UploadOptions) -> Progress:
    """Tell how far a file has come that has not changed for so long; tried: and was not whole."""
    if still_for >= options.patience and tried:
        return Progress.EXPIRED
    if still_for >= options.settle and not tried:
        return Progress.SETTLED
    return Progress.GROWING


def captured(taken: datetime | None, written: datetime, *, now: datetime, zone: tzinfo) -> datetime:
    """Return when a picture was taken: as its camera says if that is sane, else when written."""
    if taken is not None and taken.tzinfo is None:
        taken = taken.replace(tzinfo=zone)
    if taken is None or abs(taken - written) > SANE:
        taken = written
    return min(taken.astimezone(UTC), now)


def needs_polling(filesystem: str) -> bool:
    """Tell whether nobody tells of changes on a file system, going by its kind's name."""
    return filesystem in REMOTE or filesystem.startswith("fuse")
