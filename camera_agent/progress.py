"""How far one appointment is: up to when it is recorded, and when its next part is to begin."""

from dataclasses import dataclass
import logging
import time
from typing import Final

from .errors import Refused
from .plan import Planned
from .shelf import Recording
from .wire import ErrorCode, RecordingStatus

LOGGER = logging.getLogger(__name__)

INSTANT: Final = 0.001  # seconds; less is no time, but how numbers are rounded
LATE: Final = 10.0  # seconds after its end in which an appointment can be had out of the ring
LONGEST_PAUSE: Final = 60.0  # seconds until the next try, of a disk that fails again and again


@dataclass(slots=True)
class Progress:
    """One camera's appointment: up to when it is recorded, and the part that runs."""

    planned: Planned
    reached: float
    part: Recording | None = None
    began: float = 0.0
    error: ErrorCode | None = None
    _failures: int = 0
    _patient_until: float = 0.0

    def is_due(self, now: float) -> bool:
        """Whether a part is to begin now."""
        if self.part or time.monotonic() < self._patient_until:
            return False
        left = self.planned.until - min(self.reached, now)
        return left > INSTANT and self.planned.since <= now < self.planned.until + LATE

    def begin(self, part: Recording, since: float) -> None:
        self.part, self.error = part, None
        self.began = max(part.started, since)

    def hand_over(self) -> None:
        """Let the next part begin where this one ends, though its last pictures may be to come."""
        if self.part:
            self.reached, self.part, self._failures = self.part.until, None, 0

    def over(self, part: Recording | None, now: float) -> None:
        """Take what became of the part; None if somebody has deleted it."""
        self.reached = end_of(part) if part else now
        self.part = None
        if part and part.error:
            self.error = ErrorCode.INTERNAL
            self._patient_until = time.monotonic() + min(1 << self._failures, LONGEST_PAUSE)
            self._failures += 1

    def fail(self, error: Refused | OSError) -> None:
        """Take why no part could begin; it is told once."""
        code = error.code if isinstance(error, Refused) else ErrorCode.INTERNAL
        if code is not self.error:
            LOGGER.warning("Camera %s is not recorded: %s", self.planned.camera, error)
        self.error = code


def end_of(part: Recording) -> float:
    """Return up to when a part has pictures."""
    if part.status is RecordingStatus.FAILED:
        return part.started
    if part.error is None:
        return part.until
    return min(part.until, part.started + (part.duration_s or 0.0))
