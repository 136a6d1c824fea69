"""Who tries one card or PIN after the other is not heard for a while, and each time for longer."""

from collections import deque
from dataclasses import dataclass, field
import math
from typing import Final

FAILURES: Final = 5
WITHIN: Final = 60.0  # seconds
FIRST: Final = 30.0  # seconds; each further time is twice as long
LONGEST: Final = 900.0  # seconds
FORGIVEN: Final = 3600.0  # seconds of quiet


class Guard:
    """Counts what failed at each reader; now is any clock that is never set, in seconds."""

    def __init__(self) -> None:
        self._readers: dict[str, _Reader] = {}

    def locked_out(self, reader: str, now: float) -> bool:
        """Whether nothing that is shown to a reader counts now; an attempt is no quiet."""
        known = self._readers.get(reader)
        if known is None or now >= known.until:
            return False
        known.last = now
        return True

    def failed(self, reader: str, now: float) -> None:
        """Count a card that nobody knows, or a wrong PIN."""
        known = self._readers.setdefault(reader, _Reader())
        if now - known.last >= FORGIVEN:
            known.times = 0
        known.last = now
        known.failures.append(now)
        if len(known.failures) == FAILURES and now - known.failures[0] < WITHIN:
            known.until = now + min(FIRST * 2**known.times, LONGEST)
            known.times += 1
            known.failures.clear()

    def granted(self, reader: str) -> None:
        """Forgive the lock-outs of a reader; what failed just now still counts.

        Else who has a card of their own could guess a PIN for as long as they like.
        """
        if known := self._readers.get(reader):
            known.times = 0


@dataclass(slots=True)
class _Reader:
    times: int = 0
    until: float = -math.inf
    last: float = -math.inf
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))
