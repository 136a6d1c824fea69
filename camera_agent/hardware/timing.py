"""When a frame is due, which frames to take, and what time it is on them and their sounds."""

import math
import time
from typing import Final

from . import CameraError

# Later than this the frame is not shown: the viewers are better served by the next one.
LATE: Final = 0.25
# Later than this it was not one slow frame; the machine slept, and nothing is made up for.
ASLEEP: Final = 2.0
# Frames come a little early and late; without this every other one might be missed.
EARLY_US: Final = 20_000
CLOCK_STEP_US: Final = 1_000_000
# Pictures come late by turns, sounds must not: their clock is the average of about two seconds.
FRAMES: Final = 30
JUMP_US: Final = 500_000  # no average: the source has begun to count anew
# People notice from about here on; less is caught up with over some sounds.
ASYNC_US: Final = 40_000
GENTLY: Final = 0.1


class Pace:
    """Plays moments of a film, in seconds, at the speed of the monotonic clock."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def wait(self, due: float) -> int | None:
        """Sleep until the moment; None if it is over and its frame should be skipped.

        Return when it was, in microseconds since the epoch: a busy machine shows a frame late, but
        like one of a sensor it is of the moment that it was due.
        """
        if (late := self._late(due)) < 0:
            time.sleep(-late)
            late = self._late(due)
        if late > ASLEEP:
            self._start += late
            return now_us()
        return now_us() - round(late * 1e6) if late <= LATE else None

    def _late(self, due: float) -> float:
        return time.monotonic() - self._start - due


class Rate:
    """Takes as many frames out of a stream as are wanted a second, evenly."""

    def __init__(self) -> None:
        self._next = 0.0

    def takes(self, at_us: int, fps: float) -> bool:
        if fps <= 0:
            return False
        interval = 1e6 / fps
        late = at_us - self._next
        if late < -min(EARLY_US, interval / 4):
            return False
        self._next = (self._next if late < interval else at_us) + interval
        return True


class Stamps:
    """Capture times in microseconds since the epoch that strictly increase."""

    def __init__(self) -> None:
        self._last = 0

    def stamp(self, captured_us: int) -> int:
        """Return the time, or just after the last; CameraError when the clock was set back."""
        if captured_us < self._last - CLOCK_STEP_US:
            raise CameraError("The clock of this machine was set back; the camera begins anew.")
        self._last = max(captured_us, self._last + 1)
        return self._last


class SoundClock:
    """Puts a source's sounds on the capture clock of its pictures, as evenly as they are there."""

    def __init__(self) -> None:
        self._offset_us = 0.0
        self._frames = 0
        self._next_us = -math.inf

    def restart(self) -> None:
        """Know nothing of the source's time any more."""
        self._frames = 0

    def follow(self, moment: float, captured_us: int) -> None:
        """Learn when a picture was captured that has a moment (seconds) of the source's time."""
        offset_us = captured_us - moment * 1e6
        if abs(offset_us - self._offset_us) > JUMP_US:
            self.restart()
        self._frames = min(self._frames + 1, FRAMES)
        self._offset_us += (offset_us - self._offset_us) / self._frames

    def stamp(self, moment: float, span: float) -> int | None:
        """Return when a sound was captured; None if it is of a time that has sounded already."""
        captured_us = moment * 1e6 + self._offset_us
        early_us = self._next_us - captured_us
        if early_us > ASYNC_US:
            return None
        if early_us > -ASYNC_US:
            captured_us = self._next_us - early_us * GENTLY
        self._next_us = captured_us + span * 1e6
        return round(captured_us)


def now_us() -> int:
    """Return the wall clock in microseconds since the epoch."""
    return time.time_ns() // 1000
