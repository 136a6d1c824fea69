"""What can go wrong with a folder that a camera uploads to."""


class UploadError(Exception):
    """An upload or its folder is of no use; `code` is a short name of why, for translation."""

    code = "upload_failed"


class UploadsLost(UploadError):
    """The folder cannot be watched; it may be there again later."""

    code = "folder_lost"


class FolderMissing(UploadsLost):
    """There is no such folder."""

    code = "folder_missing"


class NotAFolder(UploadsLost):
    """What is there is no folder."""

    code = "not_a_folder"


class FolderUnreadable(UploadsLost):
    """The folder may not be read, or its disk does not answer."""

    code = "folder_unreadable"


class Unfinished(UploadError):
    """A file is no whole picture or video yet, and perhaps never will be."""

    code = "unfinished"
