"""Folders that cameras upload to."""

from .errors import FolderMissing, FolderUnreadable, NotAFolder, UploadError, UploadsLost
from .folder import UploadFolder, check
from .rules import UploadOptions, Watching

__all__ = [
    "FolderMissing",
    "FolderUnreadable",
    "NotAFolder",
    "UploadError",
    "UploadFolder",
    "UploadOptions",
    "UploadsLost",
    "Watching",
    "check",
]
