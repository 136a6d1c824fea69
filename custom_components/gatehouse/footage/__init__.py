"""Recordings, from what records them to the media folder, off-site, and to oblivion."""

from .clips import Clips
from .disk import Disk
from .disposal import Disposal
from .errors import (
    BucketMissing,
    ClockSkewed,
    DiskFull,
    DiskRefused,
    FileMissing,
    FootageError,
    NotPlayable,
    NotVerified,
    RecordingFailed,
    RecordingLost,
    StorageDenied,
    StorageError,
    StorageRefused,
    StorageUnreachable,
    UploadGone,
)
from .expiry import Held, lifetime, shortest_lifetime
from .film import Movie
from .flow import FootageFlow
from .frames import frames_of, length_of
from .library import Library
from .links import LinkExpired, LinkOver, LinkRefused, LinkRevoked, Links, LinkUnknown, LinkUsedUp
from .linkstore import LinkStore
from .local import LocalRecorder
from .mp4 import Clip
from .offsite import Offsite
from .optimise import OptimiseOptions, Optimiser
from .progress import Progress, Transfer
from .recorder import Recorder, Recorders
from .retention import Retention, Swept
from .rules import FootageOptions, OffsiteOptions, RetentionOptions, is_wanted_offsite
from .s3 import S3, Quirk, S3Options
from .store import Backlog, FootageStore, Stock
from .stream import Stream
from .tape import as_piece
from .trash import Trash

__all__ = [
    "S3",
    "Backlog",
    "BucketMissing",
    "Clip",
    "Clips",
    "ClockSkewed",
    "Disk",
    "DiskFull",
    "DiskRefused",
    "Disposal",
    "FileMissing",
    "FootageError",
    "FootageFlow",
    "FootageOptions",
    "FootageStore",
    "Held",
    "Library",
    "LinkExpired",
    "LinkOver",
    "LinkRefused",
    "LinkRevoked",
    "LinkStore",
    "LinkUnknown",
    "LinkUsedUp",
    "Links",
    "LocalRecorder",
    "Movie",
    "NotPlayable",
    "NotVerified",
    "Offsite",
    "OffsiteOptions",
    "OptimiseOptions",
    "Optimiser",
    "Progress",
    "Quirk",
    "Recorder",
    "Recorders",
    "RecordingFailed",
    "RecordingLost",
    "Retention",
    "RetentionOptions",
    "S3Options",
    "Stock",
    "StorageDenied",
    "StorageError",
    "StorageRefused",
    "StorageUnreachable",
    "Stream",
    "Swept",
    "Transfer",
    "Trash",
    "UploadGone",
    "as_piece",
    "frames_of",
    "is_wanted_offsite",
    "length_of",
    "lifetime",
    "shortest_lifetime",
]
