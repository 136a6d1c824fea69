"""An upload's pictures, one after the other, read from the disk when they are wanted."""

from collections import deque
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import ceil
import os
from pathlib import Path
from threading import Lock
from typing import Final

from ..footage import NotPlayable, frames_of, length_of
from ..models import Picture
from ..vision import BadPicture, read_still
from .arrivals import Arrival
from .errors import Unfinished
from .rules import Kind, UploadOptions, captured

# So much of a video is decoded at once: soon there, and small enough to be kept.
STRETCH: Final = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A whole picture or video: where it is, and when its first light fell on the sensor."""

    path: Path
    kind: Kind
    captured: datetime
    length: timedelta = timedelta()


def read(arrival: Arrival, options: UploadOptions, now: datetime) -> tuple[Upload, Picture]:
    """Return a whole upload and its first picture; blocks.

    Raises Unfinished, or FileNotFoundError.
    """
    try:
        if arrival.kind is Kind.PICTURE:
            picture = _picture(arrival.path, options, now)
            return Upload(path=arrival.path, kind=arrival.kind, captured=picture.captured), picture
        return _video(arrival, now)
    except FileNotFoundError:
        raise
    except (BadPicture, NotPlayable, OSError) as error:
        raise Unfinished(str(error)) from error


class Playback:
    """One upload, being looked at."""

    def __init__(self, upload: Upload, options: UploadOptions) -> None:
        """Begin with its first picture."""
        self._upload = upload
        self._options = options
        self._lock = Lock()
        self._fps = 0.0
        self._shown: timedelta | None = None
        self._decoded: deque[tuple[timedelta, bytes]] = deque()
        self._decoded_to = timedelta()

    def next(self, fps: float, now: datetime) -> Picture | None:
        """Return the next picture of so many a second, None after the last; blocks.

        Raises Unfinished if the file is no longer what it was.
        """
        # Whoever stopped waiting for a picture may have left its thread behind.
        with self._lock:
            try:
                if self._upload.kind is Kind.PICTURE:
                    return self._still(now)
                return self._frame(fps)
            except (BadPicture, NotPlayable, OSError) as error:
                raise Unfinished(str(error)) from error

    def _still(self, now: datetime) -> Picture | None:
        if self._shown is not None:
            return None
        self._shown = timedelta()
        return _picture(self._upload.path, self._options, now)

    def _frame(self, fps: float) -> Picture | None:
        if fps != self._fps:
            self._change(fps)
        end = min(self._upload.length, self._options.longest)
        while not self._decoded and self._decoded_to < end:
            self._decode(end)
        if not self._decoded:
            return None
        self._shown, jpeg = self._decoded.popleft()
        return Picture(jpeg=jpeg, captured=self._upload.captured + self._shown)

    def _change(self, fps: float) -> None:
        """Go on at another pace, from where we are."""
        self._fps = fps
        self._decoded.clear()
        if self._shown is not None:
            self._decoded_to = self._shown + timedelta(seconds=1 / fps)

    def _decode(self, end: timedelta) -> None:
        pictures = ceil(STRETCH.total_seconds() * self._fps)
        since = self._decoded_to
        self._decoded_to = min(end, since + timedelta(seconds=pictures / self._fps))
        found = frames_of(self._upload.path, self._fps, since=since, until=self._decoded_to)
        with closing(found):
            self._decoded.extend(islice(found, pictures))


def _picture(path: Path, options: UploadOptions, now: datetime) -> Picture:
    # A link that took the file's place in the meantime is not followed.
    with open(path, "rb", opener=_open_plain) as file:
        written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        found = read_still(file.read(options.largest_picture + 1))
    at = captured(found.taken, written, now=now, zone=options.zone)
    return Picture(jpeg=found.jpeg, captured=at)


def _video(arrival: Arrival, now: datetime) -> tuple[Upload, Picture]:
    lasts = length_of(arrival.path)
    written = datetime.fromtimestamp(arrival.path.stat().st_mtime, UTC)
    began = min(written, now) - lasts
    upload = Upload(path=arrival.path, kind=arrival.kind, captured=began, length=lasts)
    for offset, jpeg in frames_of(arrival.path, 1.0, since=timedelta(), until=lasts):
        return upload, Picture(jpeg=jpeg, captured=began + offset)
    raise Unfinished("it has no picture that can be decoded")


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
