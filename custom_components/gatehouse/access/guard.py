"""Who tries one card or PIN after the other is not heard for a while, and each time for longer."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
import math
from typing import Final

# As on an agent, for each source that asks us.
FAILURES: Final = 5
WITHIN: Final = timedelta(minutes=1)
FIRST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=15)
FORGIVEN: Final = timedelta(hours=1)

# So many sources are remembered; nobody has as many readers.
MOST: Final = 1000


@dataclass(slots=True)
class _Source:
    times: int = 0
    until: float = -math.inf
    last: float = -math.inf
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))


class Guard:
    """Counts what failed at each source; now is seconds of a clock that is never set."""

    def __init__(self) -> None:
        """Nobody has failed."""
        self._sources: dict[str, _Source] = {}

    def locked_out(self, source: str, now: float) -> bool:
        """Whether nothing that is shown to a source counts now; an attempt is no quiet."""
        known = self._sources.get(source)
        if known is None or now >= known.until:
            return False
        known.last = now
        return True

    def failed(self, source: str, now: float) -> None:
        """Count a card that nobody knows, or a wrong PIN; now a lock-out may begin."""
        known = self._sources.pop(source, None) or _Source()
        self._sources[source] = known
        if now - known.last >= FORGIVEN.total_seconds():
            known.times = 0
        known.last = now
        known.failures.append(now)
        is_often = len(known.failures) == FAILURES
        if is_often and now - known.failures[0] < WITHIN.total_seconds():
            span = min(FIRST * 2**known.times, LONGEST)
            known.until = now + span.total_seconds()
            known.times += 1
            known.failures.clear()
        if len(self._sources) > MOST:
            del self._sources[next(iter(self._sources))]

    def granted(self, source: str) -> None:
        """Forgive the lock-outs of a source; what failed just now still counts.

        Else who has a card of their own could guess a PIN for as long as they like.
        """
        if known := self._sources.get(source):
            known.times = 0
