"""The media folder: where files belong, whole or not at all, and only while there is room."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
import os
from pathlib import Path, PurePath
import shutil
from threading import Lock
from typing import Final

from .errors import FULL, DiskFull, DiskRefused
from .rules import file_path, slug

# Home Assistant shares this disk, and its own database must never be what does not fit.
FLOOR_BYTES: Final = 500_000_000

# Hidden, so that the media browser does not show what is still arriving.
INCOMING: Final = ".gatehouse"

# Where the parts of appointments wait to be made movies: nobody is to see them one by one.
PARTS: Final = "parts"

# What is incoming under one name: the recording as it comes, the clip, and its poster.
SUFFIXES: Final = (".part", ".mp4", ".jpg")


class Disk:
    """Files below one folder. Every method blocks: for threads."""

    def __init__(self, root: Path, zone: tzinfo, floor_bytes: int = FLOOR_BYTES) -> None:
        """Keep files below root, sorted by the days of this time zone."""
        self.zone = zone
        self.root = root
        self._floor_bytes = floor_bytes
        self._writing = Lock()

    def place(
        self, camera: str, at: datetime, name: str, suffix: str, *, hidden: bool = False
    ) -> Path:
        """Return where a file of a camera belongs; the same for the same arguments."""
        root = self.root / INCOMING / PARTS if hidden else self.root
        return root / file_path(camera, at, name, suffix, self.zone)

    def incoming(self, name: str, suffix: str = ".part") -> Path:
        """Return where a file is while it is not whole."""
        return self.root / INCOMING / f"{slug(name)}{suffix}"

    def incoming_files(self, name: str) -> tuple[Path, ...]:
        """Return where all that may be incoming under this name is."""
        return tuple(self.incoming(name, suffix) for suffix in SUFFIXES)

    def make_room(self, size: int) -> None:
        """Have the folder for incoming files; DiskFull if so many bytes would leave too few."""
        with refusals():
            (self.root / INCOMING).mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.root).free
        if free - size < self._floor_bytes:
            raise DiskFull(
                f"{self.root} has {free // 1_000_000} MB left; Gatehouse keeps "
                f"{self._floor_bytes // 1_000_000} MB free. Delete something there."
            )

    def write(self, place: Path, data: bytes) -> None:
        """Write a file at its place, whole or not at all."""
        self.make_room(len(data))
        draft = self.incoming("one file")
        with self._writing:
            with refusals():
                draft.write_bytes(data)
            self.publish(draft, place)

    def publish(self, draft: Path, place: Path) -> None:
        """Move a whole file to its place, so that it is there even after a power cut."""
        with refusals():
            _sync(draft)
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(place)
            _sync(place.parent)

    def discard(self, name: str) -> None:
        """Remove what is incoming under this name."""
        with refusals():
            for path in self.incoming_files(name):
                path.unlink(missing_ok=True)

    def remove(self, path: Path) -> None:
        """Remove one file of ours, if it is there; what is not below the root is not ours."""
        self.relative(path)
        with refusals():
            path.unlink(missing_ok=True)

    def relative(self, path: Path) -> PurePath:
        """Return where below the root a file of ours is; DiskRefused if it is not ours."""
        with refusals():
            root, real = self.root.resolve(), path.resolve()
        if path.is_symlink() or not real.is_relative_to(root):
            raise DiskRefused(f"{path} is not below {self.root}; it is not touched.")
        return real.relative_to(root)

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        with refusals():
            return shutil.disk_usage(self.root).free


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the operating system says of a file into an error of this room."""
    try:
        yield
    except OSError as error:
        kind = DiskFull if error.errno in FULL else DiskRefused
        raise kind(f"The media folder cannot be used: {error}") from error


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
