"""How long to leave a storage alone that fails."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import random


class Backoff:
    """Counts failures in a row, and says when to try again."""

    def __init__(self, first: timedelta, longest: timedelta, now: Callable[[], datetime]) -> None:
        """Wait that long at most after the first failure, and that long after any."""
        self._first = first
        self._longest = longest
        self._now = now
        self.failures = 0
        self.resumes: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether there may be another try."""
        if self.resumes is None:
            return True
        # A pause longer than the longest comes from a clock that was set back since.
        return not timedelta(0) < self.resumes - self._now() <= self._longest

    def fail(self, before: int) -> None:
        """Count the failure of a try that began after so many; those side by side are one."""
        self.failures = max(self.failures, before + 1)
        self.resumes = self.after(self.failures)

    def succeed(self) -> None:
        """Forget the failures."""
        self.failures, self.resumes = 0, None

    def after(self, failures: int) -> datetime:
        """Return when to try again after so many: on average twice as late each time.

        At random, so that many sites do not come back to a storage all at once.
        """
        times: int = 2 ** min(failures - 1, 32)
        return self._now() + min(self._first * times, self._longest) * random()  # noqa: S311
