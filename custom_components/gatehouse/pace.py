"""How often somebody may ask."""

from time import monotonic
from typing import Final, NamedTuple

# Whoever asked longest ago is forgotten first; nobody has as many devices.
MOST: Final = 1000


class Rate(NamedTuple):
    """So many times at once, and so many times a second in the long run."""

    burst: int
    per_second: float


class Pace:
    """Lets everybody ask at a rate."""

    def __init__(self, rate: Rate) -> None:
        """Nobody has asked."""
        self._rate = rate
        self._left: dict[object, tuple[float, float]] = {}

    def wait(self, who: object) -> float:
        """Let somebody ask once, or return the seconds until they may; who waits loses nothing."""
        now = monotonic()
        left, since = self._left.pop(who, (float(self._rate.burst), now))
        left = min(self._rate.burst, left + (now - since) * self._rate.per_second)
        may = left >= 1
        self._left[who] = (left - 1 if may else left, now)
        if len(self._left) > MOST:
            del self._left[next(iter(self._left))]
        return 0.0 if may else (1 - left) / self._rate.per_second
