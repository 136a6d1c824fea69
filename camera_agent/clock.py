"""By how much this machine's clock was put right: many a Pi starts with a time long gone."""

from collections.abc import Callable
import ctypes
import time
from typing import Final

STEP: Final = 2.0  # seconds; what is less is not worth correcting
_TIME_ERROR: Final = 5  # adjtimex(2): nobody has set this clock yet
_TIMEX_BYTES: Final = 512  # more than a struct timex has anywhere; all zeros only ask


def is_synchronised() -> bool | None:
    """Whether the clock follows another, as far as the kernel tells; None if it does not."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = int(ctypes.CDLL(None).adjtimex(timex))
    return None if state < 0 else state != _TIME_ERROR


def is_right() -> bool:
    """Whether somebody has set the clock, unless the kernel tells otherwise."""
    return is_synchronised() is not False


def started() -> float:
    """Return when this machine was started, by its wall clock as it is now."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """Notices when a clock that nobody had set is set."""

    def __init__(
        self, is_right: Callable[[], bool] = is_right, started: Callable[[], float] = started
    ) -> None:
        self._is_right = is_right
        self._started = started
        self._was_right = is_right()
        self._before = started()

    def correction(self) -> float:
        """Return by how many seconds the clock was put right since the last call; 0 mostly."""
        step = self._started() - self._before
        was_right, self._was_right = self._was_right, self._is_right()
        self._before += step
        return step if abs(step) >= STEP and not was_right else 0.0
