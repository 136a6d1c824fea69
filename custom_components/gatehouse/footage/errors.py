"""What can go wrong between an agent's recording and the media folder."""

import errno
from typing import Final

# What the operating system says of a disk without room.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class FootageError(Exception):
    """Footage cannot move on; `code` is a short name of why, as its row keeps it."""

    code = "footage_failed"


class RecordingLost(FootageError):
    """The agent no longer has the recording."""

    code = "recording_lost"


class RecordingFailed(FootageError):
    """The agent could not record."""

    code = "recording_failed"


class NotPlayable(FootageError):
    """What arrived is no video that every phone and browser plays."""

    code = "not_playable"


class NoOverlap(FootageError):
    """Two pictures cannot become one; `reason` is short for why, the sentence says what to do."""

    code = "no_overlap"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class PanoramaUnavailable(FootageError):
    """No panorama can be made here, or not with this calibration; the sentence says what to do."""

    code = "panorama_unavailable"


class CamerasMoved(PanoramaUnavailable):
    """The pictures of two cameras fit together no more as they were compared, nor in any way."""

    code = NoOverlap.code


class MergeFailed(FootageError):
    """Parts could not be made one movie; another time they may."""

    code = "merge_failed"


class DiskFull(FootageError):
    """The media folder has no room."""

    code = "disk_full"


class DiskRefused(FootageError):
    """The media folder cannot be read or written."""

    code = "disk_refused"


class FileMissing(FootageError):
    """The file of a row is not in the media folder, or is not the one that was put there."""

    code = "file_missing"


class StorageError(FootageError):
    """The off-site storage did not do what it was asked; the sentence says what to do."""

    code = "storage_failed"


class StorageUnreachable(StorageError):
    """The storage does not answer, answers too slowly, or says that it cannot just now."""

    code = "storage_unreachable"


class StorageDenied(StorageError):
    """The storage does not let us in, or not do this."""

    code = "storage_denied"


class BucketMissing(StorageError):
    """There is no such bucket."""

    code = "bucket_missing"


class StorageRefused(StorageError):
    """The storage does not take what it was sent."""

    code = "storage_refused"


class UploadGone(StorageRefused):
    """The storage no longer knows the multipart upload; it has to begin anew."""

    code = "upload_gone"


class ClockSkewed(StorageError):
    """The clock here and that of the storage differ too much for signatures to hold."""

    code = "clock_skewed"


class NotVerified(StorageError):
    """What the storage has is not what it was sent."""

    code = "not_verified"
