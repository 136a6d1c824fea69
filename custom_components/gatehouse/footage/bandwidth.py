"""How fast bytes may leave the house, all uploads together."""

from collections.abc import Callable
from threading import Event, Lock
import time
from typing import Final

# Blocks leave often enough that no server takes a slow sender for a dead one.
BLOCKS_A_SECOND: Final = 4
SMALLEST_BLOCK: Final = 1024


class Stopped(Exception):
    """Nothing more is to leave."""


class Bandwidth:
    """Grants bytes to threads; what one takes, the others wait for."""

    def __init__(
        self, bytes_per_second: int | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Grant so many a second; None for as many as are asked for."""
        self._rate = bytes_per_second
        self._clock = clock
        self._lock = Lock()
        self._free_at = 0.0

    def grant(self, most: int, stopped: Event) -> int:
        """Wait until bytes may leave, and return how many; raises Stopped when that is set."""
        if self._rate is None:
            if stopped.is_set():
                raise Stopped
            return most
        granted = min(most, max(self._rate // BLOCKS_A_SECOND, SMALLEST_BLOCK))
        if stopped.wait(self._pause(granted / self._rate)):
            raise Stopped
        return granted

    def _pause(self, takes: float) -> float:
        """Return how long to wait before what takes so many seconds may leave."""
        with self._lock:
            now = self._clock()
            begins = max(now, self._free_at)
            self._free_at = begins + takes
        return begins - now
