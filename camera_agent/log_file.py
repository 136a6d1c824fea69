"""A file of lines that only grows, and outlives kills and power cuts; a full disk ends nothing."""

from collections.abc import Iterator
import logging
import os
from pathlib import Path
import stat
from threading import Lock
from typing import Final

from .durable import sync_folder

LOGGER = logging.getLogger(__name__)

MOST_UNWRITTEN: Final = 16 * 1024 * 1024  # bytes that wait in memory for a disk that takes no more
CHUNK: Final = 1024 * 1024
MARK: Final = b'{"mark":[%16d,%16d]}\n'  # of one length, so that it can be overwritten
NO_MARK: Final = MARK % (0, 0)
CLOSED: Final = -1  # no file has this number, and none will be given it


class LogFile:
    """Lines, found again by their positions, which stay when the file is begun anew.

    What the disk does not take waits in memory, in order. `add` and `mark` are one write to the
    page cache each and may be called in the event loop; all else blocks. `read` and `rewrite` raise
    OSError, the others only log it.
    """

    def __init__(self, path: Path) -> None:
        """Open or create it; where that cannot be, memory stands for it, which is logged."""
        self._path = path
        self._state = Lock()  # held for moments, by any thread
        self._disk = Lock()  # held while the disk is waited for; taken before the other
        self._file = _opened(path)
        self._failing = False
        self._unwritten = bytearray()
        self._begin = 0
        self._written = 0

    @property
    def begin(self) -> int:
        """The position of its first byte."""
        return self._begin

    @property
    def end(self) -> int:
        """The position of the next line."""
        with self._state:
            return self._written + len(self._unwritten)

    @property
    def behind(self) -> bool:
        """Whether something waits in memory for the disk."""
        return bool(self._unwritten)

    def replay(self) -> Iterator[tuple[int, bytes]]:
        """Yield position and text of each line that is whole, and cut off what is not; once."""
        with os.fdopen(os.dup(self._file), "rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield self._written, line
                    self._written += len(line)
        try:
            os.ftruncate(self._file, self._written)
        except OSError as error:
            self._tell_trouble(error)

    def add(self, line: bytes) -> int | None:
        """Write a line; returns its position, or None if too much waits already to keep it."""
        with self._state:
            position = self._written + len(self._unwritten)
            if len(self._unwritten) > MOST_UNWRITTEN:
                return None
            self._unwritten += line
            self._write()
            return position

    def mark(self, low: int, high: int) -> None:
        """Write two numbers over the first line, which succeeds on a full disk, too."""
        with self._state:
            try:
                os.pwrite(self._file, MARK % (low, high), 0)
            except OSError as error:
                self._tell_trouble(error)

    def sync(self) -> None:
        """Write what still waits, if that is possible, and have it all on the disk itself."""
        with self._disk:
            with self._state:
                if self._unwritten:
                    self._write()
            try:
                os.fdatasync(self._file)
            except OSError as error:
                self._tell_trouble(error)

    def read(self, begin: int, end: int) -> bytes:
        """Return what is between two positions, as far as it is still there."""
        with self._disk:
            with self._state:
                written, unwritten = self._written, bytes(self._unwritten)
            begin = max(begin, self._begin)
            stored = os.pread(self._file, max(0, min(end, written) - begin), begin - self._begin)
        return stored + unwritten[max(0, begin - written) : max(0, end - written)]

    def rewrite(self, head: bytes, keep: int) -> int:
        """Begin the file anew with a head, and go on with what is there from a position on.

        Returns that position, or an earlier one that could be kept. Lines may be added meanwhile.
        If it fails, the file is as it was.
        """
        draft = self._path.with_suffix(".draft")
        with self._disk:
            copied = keep = min(keep, self._written)
            file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                _write_all(file, NO_MARK + head)
                begin = keep - os.fstat(file).st_size
                former = None
                while former is None:
                    copied += self._copy(file, copied, self._written)
                    os.fsync(file)
                    former = self._adopted(file, draft, begin, copied)
                file = former
            except OSError:
                draft.unlink(missing_ok=True)
                raise
            finally:
                os.close(file)
            sync_folder(self._path.parent)
            return keep

    def close(self) -> None:
        """Write what still waits, and let go of the file."""
        self.sync()
        with self._disk, self._state:
            os.close(self._file)
            self._file = CLOSED

    def _write(self) -> None:
        try:
            written = os.pwrite(self._file, self._unwritten, self._written - self._begin)
        except OSError as error:
            self._tell_trouble(error)
            return
        self._written += written
        del self._unwritten[:written]
        if self._failing and not self._unwritten:
            self._failing = False
            LOGGER.warning("%s is written again, nothing of it was lost", self._path)

    def _copy(self, file: int, begin: int, end: int) -> int:
        """Add to a draft what is between two positions; returns how much that was."""
        for position in range(begin, end, CHUNK):
            size = min(CHUNK, end - position)
            _write_all(file, os.pread(self._file, size, position - self._begin))
        return end - begin

    def _adopted(self, file: int, draft: Path, begin: int, copied: int) -> int | None:
        """Put a draft in the place of the file, which is returned, unless something was added.

        It was on the disk before, so that adding waits for no more than the new name.
        """
        with self._state:
            if copied != self._written:
                return None
            mark = os.pread(self._file, len(NO_MARK), 0)
            os.pwrite(file, mark if mark.startswith(NO_MARK[:8]) else NO_MARK, 0)
            draft.replace(self._path)
            former, self._file, self._begin = self._file, file, begin
            return former

    def _tell_trouble(self, error: OSError) -> None:
        if not self._failing:
            self._failing = True
            LOGGER.error(
                "%s cannot be written (%s): what comes waits in memory, and is lost when the agent "
                "ends; is there room on the disk?",
                self._path,
                error,
            )


def _opened(path: Path) -> int:
    """Open or create a file; one that may only be read is at least read."""
    for access in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, access | os.O_CLOEXEC, 0o600)
        except OSError as error:
            LOGGER.error("%s cannot be opened: %s", path, error)
            continue
        if stat.S_ISREG(os.fstat(file).st_mode):
            return file
        os.close(file)
    LOGGER.error("%s is no file: what would be in it is lost when the agent ends", path)
    return os.memfd_create(path.name)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
