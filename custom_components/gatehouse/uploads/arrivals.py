"""Files that have come and were not taken yet: as many as fit, the newest."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
import logging
import os
from pathlib import Path
import stat
from threading import Lock
from typing import Final

from .rules import FileState, Kind, Progress, UploadOptions, kind_of, progress

_LOGGER = logging.getLogger(__name__)

# What was taken or given up is remembered for so many backlogs: closing a file that was whole for
# long, or giving it another name, makes no second upload of it.
MEMORY: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A file that may be whole."""

    path: Path
    kind: Kind
    state: FileState


@dataclass(slots=True)
class _Waiting:
    """What is known of a file that is waited for."""

    since: float
    state: FileState | None = None
    flaw: str | None = None
    """Why it is not whole, if it was tried."""


class Arrivals:
    """The files that came to a folder; told of them by any thread."""

    def __init__(
        self,
        folder: Path,
        options: UploadOptions,
        *,
        stir: Callable[[], object],
        clock: Callable[[], float],
    ) -> None:
        """Wait for files of a folder without links in its path; stir when the first has come."""
        self._folder = folder
        self._options = options
        self.stir = stir
        self._clock = clock
        self._lock = Lock()
        self._files: OrderedDict[str, _Waiting] = OrderedDict()
        self._over = _Memory[FileState](MEMORY * options.backlog)
        self._blamed = _Memory[str](MEMORY * options.backlog)
        self._passed_over = 0

    def __bool__(self) -> bool:
        return bool(self._files)

    def came(self, path: str) -> None:
        """Wait until a file is whole that came or changed, if it is an upload."""
        if self._kind(path) is None or os.path.realpath(path) != path:
            return
        with self._lock:
            is_first = not self._files
            # Anew, and at the end: uploads are taken in the order in which they became whole.
            self._files.pop(path, None)
            self._files[path] = _Waiting(self._clock())
            if len(self._files) > self._options.backlog:
                self._files.popitem(last=False)
                self._passed_over += 1
        if is_first:
            self.stir()

    def moved(self, source: str, target: str) -> None:
        """Follow a file that got another name; one that is no news by any name is none by this."""
        with self._lock:
            was_awaited = self._files.pop(source, None) is not None
        if was_awaited or self._kind(source) is None:
            self.came(target)

    def passed_over(self) -> int:
        """Return how many files were passed over since this was asked."""
        with self._lock:
            count, self._passed_over = self._passed_over, 0
        return count

    def settled(self) -> list[Arrival]:
        """Return the files that may be whole now, in the order in which they came; blocks."""
        with self._lock:
            files = list(self._files.items())
        now = self._clock()  # the same for all: none overtakes another for being looked at later
        return [arrival for path, file in files if (arrival := self._look(path, file, now))]

    def taken(self, arrival: Arrival) -> None:
        """Forget a file, unless it changes."""
        self._over.add(arrival.state)

    def refused(self, arrival: Arrival, flaw: str) -> None:
        """Wait for a file to change that is not whole."""
        with self._lock:
            file = self._files.get(str(arrival.path))
            if file is not None and file.state == arrival.state:
                file.flaw = flaw

    def _look(self, path: str, file: _Waiting, now: float) -> Arrival | None:
        kind, state = self._kind(path), _state(path)
        if kind is None or state is None or state in self._over:
            self._forget(path, file)
        elif state.size > self._options.largest(kind):
            self._give_up(
                path, file, state, f"it is larger than {self._options.largest(kind)} bytes"
            )
        elif state != file.state:
            file.state, file.since, file.flaw = state, now, None
        else:
            return self._judge(Arrival(path=Path(path), kind=kind, state=state), file, now)
        return None

    def _judge(self, arrival: Arrival, file: _Waiting, now: float) -> Arrival | None:
        still_for = timedelta(seconds=now - file.since)
        match progress(still_for, file.flaw is not None, self._options):
            case Progress.SETTLED:
                return arrival
            case Progress.EXPIRED:
                self._give_up(str(arrival.path), file, arrival.state, file.flaw or "")
        return None

    def _give_up(self, path: str, file: _Waiting, state: FileState, why: str) -> None:
        self._over.add(state)
        self._forget(path, file)
        if path not in self._blamed:
            self._blamed.add(path)
            # As repr: a name may hold what no log can, from line breaks to bytes of no alphabet.
            name = os.path.relpath(path, self._folder)
            _LOGGER.warning("The upload %r in %s is skipped: %s", name, self._folder, why)

    def _forget(self, path: str, file: _Waiting) -> None:
        with self._lock:
            # Unless it came anew in the meantime.
            if self._files.get(path) is file:
                del self._files[path]

    def _kind(self, path: str) -> Kind | None:
        inside = Path(path)
        return (
            kind_of(inside.relative_to(self._folder))
            if inside.is_relative_to(self._folder)
            else None
        )


class _Memory[T]:
    """The last so many of things."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[T, None] = OrderedDict()

    def __contains__(self, thing: T) -> bool:
        return thing in self._things

    def add(self, thing: T) -> None:
        self._things[thing] = None
        self._things.move_to_end(thing)
        if len(self._things) > self._most:
            self._things.popitem(last=False)


def _state(path: str) -> FileState | None:
    """Return what the disk tells of a file; None if there is none, or it is no plain file."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return FileState(number=status.st_ino, size=status.st_size, changed_ns=status.st_mtime_ns)
