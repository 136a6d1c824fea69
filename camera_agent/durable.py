"""Files that are whole or not there at all, whatever becomes of the power."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Put data in the place of a file, for its owner alone to read; it is on disk on return.

    Raises OSError; the file is as it was then.
    """
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know the new names in a folder, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
