"""Recordings, from what records them to the media folder, off-site, and to oblivion."""

from .backlog import Backlog
from .calibration import Calibration
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
    MergeFailed,
    NoOverlap,
    NotPlayable,
    NotVerified,
    PanoramaUnavailable,
    RecordingFailed,
    RecordingLost,
    StorageDenied,
    StorageError,
    StorageRefused,
    StorageUnreachable,
    UploadGone,
)
from .expiry import Held, RetentionOptions, lifetime, shortest_lifetime
from .film import Movie
from .flow import FootageFlow
from .frames import frames_of, length_of
from .library import Library
from .links import LinkExpired, LinkOver, LinkRefused, LinkRevoked, Links, LinkUnknown, LinkUsedUp
from .linkstore import Link, LinkStore
from .local import LocalRecorder
from .merging import Merged, Merger
from .movies import Movies
from .mp4 import Clip
from .offsite import Offsite
from .optimise import OptimiseOptions, Optimiser
from .panorama import calibrate, calibrate_by_points, has_moved, why_no_panorama
from .plan import Corner, MergeOptions, MergePlan, Part, Reel
from .progress import Progress, Transfer
from .recorder import Recorder, Recorders
from .retention import Retention, Swept
from .rules import FootageOptions
from .s3 import S3, Quirk, S3Options
from .stock import Stock
from .store import FootageStore
from .stream import Stream
from .tape import as_piece
from .trash import Trash
from .wanted import OffsiteOptions, is_wanted_offsite

__all__ = [
    "S3",
    "Backlog",
    "BucketMissing",
    "Calibration",
    "Clip",
    "Clips",
    "ClockSkewed",
    "Corner",
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
    "Link",
    "LinkExpired",
    "LinkOver",
    "LinkRefused",
    "LinkRevoked",
    "LinkStore",
    "LinkUnknown",
    "LinkUsedUp",
    "Links",
    "LocalRecorder",
    "MergeFailed",
    "MergeOptions",
    "MergePlan",
    "Merged",
    "Merger",
    "Movie",
    "Movies",
    "NoOverlap",
    "NotPlayable",
    "NotVerified",
    "Offsite",
    "OffsiteOptions",
    "OptimiseOptions",
    "Optimiser",
    "PanoramaUnavailable",
    "Part",
    "Progress",
    "Quirk",
    "Recorder",
    "Recorders",
    "RecordingFailed",
    "RecordingLost",
    "Reel",
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
    "calibrate",
    "calibrate_by_points",
    "frames_of",
    "has_moved",
    "is_wanted_offsite",
    "length_of",
    "lifetime",
    "shortest_lifetime",
    "why_no_panorama",
]
