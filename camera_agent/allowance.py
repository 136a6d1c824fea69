"""How much of the disk each kind of recording may have, and which of them make way for others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from .config import BookingsConfig, SpoolConfig
from .shelf import Recording
from .wire import RecordingOrigin, RecordingStatus

MEGABYTE: Final = 1_000_000
FREE_BYTES: Final = 200_000_000  # to begin a recording with that somebody asked for
LEAST_BYTES: Final = 100_000_000  # what the system itself needs to go on
# To begin a part of a booking with, beyond what it needs to go on: five minutes at 2 Mbit/s have 75
# MB, and what is begun on the brink would end at once, again and again.
PART_BYTES: Final = 100_000_000
FAILED_KEPT: Final = timedelta(hours=24)  # there is nothing to fetch of it
BOOKED_KEPT: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The bounds of what is asked for, spooled, and booked; free and booked are bytes."""

    spool: SpoolConfig
    bookings: BookingsConfig

    def needed(self, origin: RecordingOrigin) -> int:
        """Return how many bytes of the disk must be free to begin a recording."""
        match origin:
            case RecordingOrigin.ASKED:
                return FREE_BYTES
            case RecordingOrigin.SPOOL:
                return self.spool.free_mb * MEGABYTE
            case RecordingOrigin.BOOKED:
                return self.bookings.free_mb * MEGABYTE + PART_BYTES

    def may_begin(self, origin: RecordingOrigin, free: int, booked: int) -> bool:
        """Whether there is room for one more recording."""
        fits = origin is not RecordingOrigin.BOOKED or booked + PART_BYTES <= self._booked
        return fits and free >= self.needed(origin)

    def may_go_on(self, origin: RecordingOrigin, free: int, booked: int) -> bool:
        """Whether a recording that runs may grow."""
        if origin is RecordingOrigin.BOOKED:
            return free >= self.bookings.free_mb * MEGABYTE and booked <= self._booked
        return free >= LEAST_BYTES

    def surplus(
        self, finished: Iterable[Recording], free: int, now: float, wanted: int = 0
    ) -> list[Recording]:
        """Return which finished recordings are to go, oldest first, if so much room is wanted.

        What is beyond the quota goes; of the spooled ones also what the disk is short of, for those
        that somebody asked for are promised. What waits may wait for days, unless it has failed.
        What was booked has a quota of its own, for which nothing goes: it waits for two weeks.
        """
        oldest_first = sorted(finished, key=lambda one: one.until)
        over = -self.spool.quota_mb * MEGABYTE
        over += sum(one.bytes or 0 for one in oldest_first if not is_booked(one))
        short = max(self.spool.free_mb * MEGABYTE, wanted) - free
        gone = []
        for one in oldest_first:
            if one.status is RecordingStatus.FAILED:
                goes = now - one.until > FAILED_KEPT.total_seconds()
            elif is_booked(one):
                goes = now - one.until > BOOKED_KEPT.total_seconds()
            else:
                goes = over > 0 or (short > 0 and one.origin is RecordingOrigin.SPOOL)
            if goes:
                gone.append(one)
                over -= 0 if is_booked(one) else one.bytes or 0
                short -= one.bytes or 0
        return gone

    @property
    def _booked(self) -> int:
        return self.bookings.quota_mb * MEGABYTE


def is_booked(recording: Recording) -> bool:
    return recording.origin is RecordingOrigin.BOOKED
