"""Clips and their pictures, put into the off-site storage and deleted there; for threads."""

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Final

from ..models import Footage
from .bandwidth import Bandwidth
from .errors import FileMissing
from .parcel import Pace, Parcel, poster_key, poster_of
from .s3 import S3

# A movie goes on all the same where clips never end.
LONGEST_WAY: Final = 60.0  # seconds for each of its parts


class Delivery:
    """Sends what is not there yet, as fast as is allowed, from any number of threads."""

    def __init__(self, s3: S3, bytes_per_second: int | None, clips_are_idle: Event) -> None:
        """Let movies wait for that event, part by part."""
        self._s3 = s3
        self._bandwidth = Bandwidth(bytes_per_second)
        self._clips_are_idle = clips_are_idle
        self._stopped = Event()

    def open(self) -> None:
        """Let bytes leave, until `close`."""
        self._stopped = Event()

    def close(self) -> None:
        """Let nothing leave any more; who sends in another thread gets Stopped, or an error."""
        self._stopped.set()
        self._s3.break_off()

    def begin(self, row: Footage, clip: Parcel) -> str | None:
        """Begin to put a large clip, and return the id of that; None if it is there already."""
        return None if self._is_there(row, clip) else self._s3.begin(clip)

    def deliver(self, row: Footage, clip: Parcel, count: Callable[[int], None]) -> None:
        """Put a clip, of which each byte is counted, and the picture beside it if there is one."""
        if not self._is_there(row, clip):
            give_way = self._give_way if row.booking else None
            self._s3.put(clip, self._pace(count), row.upload, give_way)
        with suppress(FileMissing):
            poster = poster_of(clip)
            if not self._is_there(row, poster):
                self._s3.put(poster, self._pace())

    def remove(self, key: str) -> None:
        """Delete a clip and its picture; no error if there is none."""
        for gone in (poster_key(key), key):
            self._s3.delete(gone)

    def _is_there(self, row: Footage, parcel: Parcel) -> bool:
        """Whether an earlier try succeeded, and only the answer was lost."""
        return row.attempts > 0 and self._s3.is_there(parcel)

    def _give_way(self) -> None:
        """Let clips go before the next part of a movie."""
        if not self._stopped.is_set():
            self._clips_are_idle.wait(LONGEST_WAY)

    def _pace(self, count: Callable[[int], None] = lambda _: None) -> Pace:
        stopped = self._stopped

        def pace(most: int) -> int:
            granted = self._bandwidth.grant(most, stopped)
            count(granted)
            return granted

        return pace
