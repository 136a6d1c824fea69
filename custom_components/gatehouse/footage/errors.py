"""What can go wrong between an agent's recording and the media folder."""


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


class DiskFull(FootageError):
    """The media folder has no room."""

    code = "disk_full"


class DiskRefused(FootageError):
    """The media folder cannot be read or written."""

    code = "disk_refused"
