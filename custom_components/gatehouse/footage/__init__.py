"""Recordings, from an agent's disk to the media folder."""

from .disk import Disk
from .errors import DiskFull, DiskRefused, FootageError, NotPlayable, RecordingFailed, RecordingLost
from .flow import FootageFlow
from .frames import frames_of, length_of
from .mp4 import Clip
from .rules import FootageOptions
from .store import FootageStore

__all__ = [
    "Clip",
    "Disk",
    "DiskFull",
    "DiskRefused",
    "FootageError",
    "FootageFlow",
    "FootageOptions",
    "FootageStore",
    "NotPlayable",
    "RecordingFailed",
    "RecordingLost",
    "frames_of",
    "length_of",
]
