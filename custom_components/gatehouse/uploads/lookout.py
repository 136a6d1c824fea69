"""A folder's changes, told by the system where it can, read off the disk where it cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
import logging
import os
from pathlib import Path
from threading import Lock
import time
from typing import Final

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from .arrivals import Arrivals
from .errors import FolderMissing, FolderUnreadable, NotAFolder, UploadsLost
from .rules import UploadOptions, Watching, needs_polling

_LOGGER = logging.getLogger(__name__)

FOLDERS: Final = (DirCreatedEvent, DirMovedEvent, DirDeletedEvent)
NEWS: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    *FOLDERS,
]
# The system tells when a file is closed, and so need not tell of each change before.
POLLED_NEWS: Final[list[type[FileSystemEvent]]] = [*NEWS, FileModifiedEvent]

OVERLAP: Final = timedelta(seconds=0.5)
MOUNTS: Final = Path("/proc/self/mountinfo")


def resolve(folder: Path) -> Path:
    """Return a folder's path without links; raises UploadsLost if it cannot be read. Blocks."""
    try:
        real = folder.resolve(strict=True)
        with os.scandir(real) as entries:
            next(entries, None)
    except FileNotFoundError as error:
        raise FolderMissing(f"{folder} does not exist; make it, or mount its drive") from error
    except NotADirectoryError as error:
        raise NotAFolder(f"{folder} is a file; name the folder that it is in") from error
    except (OSError, RuntimeError) as error:
        raise FolderUnreadable(f"{folder} cannot be read: {error}") from error
    return real


class Lookout:
    """The threads that watch a folder; everything here blocks."""

    def __init__(self, folder: Path, arrivals: Arrivals, options: UploadOptions) -> None:
        """Be ready to watch a folder whose path has no links in it."""
        self._folder = folder
        self._options = options
        self._news = _News(arrivals)
        self._lock = Lock()
        self._identity: tuple[int, int] | None = None
        self._observer: BaseObserver | None = None

    @property
    def has_news(self) -> bool:
        """Whether folders have come or gone that are perhaps not watched."""
        return self._news.folders

    def start(self) -> None:
        """Begin to watch; raises UploadsLost."""
        with self._lock, _watchable(self._folder):
            self._identity = _identity(self._folder)
            self._observer = self._begin()

    def check(self) -> None:
        """Raise UploadsLost if the folder is not watched any more."""
        resolve(self._folder)
        with self._lock, _watchable(self._folder):
            if _identity(self._folder) != self._identity or not _is_alive(self._observer):
                raise UploadsLost(f"{self._folder} was replaced, or its watch broke off")

    def renew(self) -> None:
        """Watch the folders too that have come; raises UploadsLost.

        Nobody tells watchdog 6 of what happens in a folder that was moved in.
        """
        self._news.folders = False
        resolve(self._folder)
        with self._lock, _watchable(self._folder):
            if self._observer is None or isinstance(self._observer, PollingObserver):
                return
            old, self._observer = self._observer, self._begin()
            # Until then the old one tells what happened before the new one saw it.
            time.sleep(OVERLAP.total_seconds())
            _end(old)

    def stop(self) -> None:
        """End it, and wait for its threads."""
        with self._lock:
            observer, self._observer = self._observer, None
            if observer is not None:
                _end(observer)

    def _begin(self) -> BaseObserver:
        if not self._polls:
            try:
                return self._observe(Observer(), NEWS)
            except OSError as error:
                _LOGGER.warning(
                    "%s is read every %s, as the system does not tell of changes: %s",
                    self._folder,
                    self._options.polling,
                    error,
                )
        interval = self._options.polling.total_seconds()
        return self._observe(PollingObserver(timeout=interval), POLLED_NEWS)

    def _observe(self, observer: BaseObserver, news: list[type[FileSystemEvent]]) -> BaseObserver:
        observer.schedule(self._news, str(self._folder), recursive=True, event_filter=news)
        try:
            observer.start()
        except OSError:
            _end(observer)
            raise
        return observer

    @property
    def _polls(self) -> bool:
        watching = self._options.watching
        if watching is Watching.AUTOMATIC:
            return needs_polling(_filesystem(self._folder))
        return watching is Watching.POLLED


class _News(FileSystemEventHandler):
    """What the threads tell, passed on."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self.folders = False
        """Whether folders have come or gone."""

    def on_any_event(self, event: FileSystemEvent) -> None:
        if isinstance(event, FOLDERS):
            self.folders = True
            self._arrivals.stir()
        elif isinstance(event, FileMovedEvent):
            self._arrivals.moved(os.fsdecode(event.src_path), os.fsdecode(event.dest_path))
        else:
            self._arrivals.came(os.fsdecode(event.src_path))


@contextmanager
def _watchable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderUnreadable(f"{folder} cannot be watched: {error}") from error


def _end(observer: BaseObserver) -> None:
    observer.stop()
    # One that could not be started has no thread to wait for.
    if observer.is_alive():
        observer.join()


def _is_alive(observer: BaseObserver | None) -> bool:
    return observer is not None and all(emitter.is_alive() for emitter in observer.emitters)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _filesystem(folder: Path) -> str:
    """Return the kind of file system that a folder is on; "" where the system does not tell."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = [line.split() for line in MOUNTS.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return ""
    kinds = {mount[2]: mount[mount.index("-") + 1] for mount in mounts}
    return kinds.get(number, "")
