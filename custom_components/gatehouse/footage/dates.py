"""What a recorder's clock was said to show when footage was asked for; it may be set later."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ..agent import steady
from ..models import Footage

# Two measures of one clock differ by less.
STEP: Final = timedelta(seconds=2)

# Whoever asks for what is further from now goes by another clock, and knows better.
NEAR: Final = timedelta(minutes=1)

# So many wishes are remembered; older ones keep their dates.
MOST: Final = 1000


class Dates:
    """Knows by how much a recorder's clock was set since a wish; forgets it all with a restart."""

    def __init__(self, clock: Callable[[], float] = steady) -> None:
        """The clock counts seconds and is never set."""
        self._clock = clock
        self._zeros: dict[str, datetime] = {}

    def note(self, row: Footage, shown: datetime) -> None:
        """Keep what the recorder's clock shows as a row is asked for."""
        if abs(row.since - shown) < NEAR:
            self.keep(row.id, shown)
        if len(self._zeros) > MOST:
            self.forget(next(iter(self._zeros)))

    def keep(self, footage: str, shown: datetime) -> None:
        """Take the dates of a wish for those of the clock that shows this."""
        self._zeros[footage] = self._zero(shown)

    def step(self, footage: str, shown: datetime) -> timedelta:
        """Return by how much the clock, which shows this now, was set since, if that is known."""
        zero = self._zero(shown)
        step = zero - self._zeros.get(footage, zero)
        return step if abs(step) > STEP else timedelta()

    def forget(self, footage: str) -> None:
        """The wish has come true, or never will."""
        self._zeros.pop(footage, None)

    def _zero(self, shown: datetime) -> datetime:
        """Return what a clock showed when ours that is never set was at zero."""
        return shown - timedelta(seconds=self._clock())
