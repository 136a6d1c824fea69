"""How long to leave an agent or a database alone that fails."""

from datetime import timedelta
from random import uniform


class Backoff:
    """Counts failures in a row, and says how long to wait."""

    def __init__(self, first: timedelta, longest: timedelta) -> None:
        """Wait that long at most after the first failure, and that long after any."""
        self._first = first
        self._longest = longest
        self._failures = 0

    def fail(self) -> float:
        """Count a failure, and return the seconds until the next try: twice as many each time."""
        times: int = 2 ** min(self._failures, 32)
        self._failures += 1
        # At random, so that many agents do not come all at once.
        return min(self._first * times, self._longest).total_seconds() * uniform(0.5, 1)  # noqa: S311

    def succeed(self) -> None:
        """Forget the failures."""
        self._failures = 0
