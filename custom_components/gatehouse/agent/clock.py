"""How far an agent's clock is ahead of ours, from what it says the time is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time
from typing import Final

# Words are delayed, by a little or by seconds, and never come early: of all that were heard within
# this time the greatest is the truth. Two quartzes drift apart by 15 ms meanwhile.
WINDOW: Final = timedelta(minutes=5)

# A delay that differs so much from the others, so often in a row, is none: a clock was set back.
STEP: Final = timedelta(seconds=2)
DOUBTS: Final = 3


class AgentClock:
    """What an agent's clock shows, measured against ours by each of its words."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing was heard; the clock counts seconds and is never set."""
        self._now = now
        self._clock = clock
        self._heard: list[tuple[float, timedelta]] = []
        self._doubts = 0

    @property
    def ahead(self) -> timedelta:
        """How far the agent's clock is ahead of ours; zero before the agent has said anything."""
        return max((ahead for _, ahead in self._heard), default=timedelta())

    @property
    def now(self) -> datetime:
        """What the agent's clock shows now."""
        return self._now() + self.ahead

    def hear(self, said: datetime, *, anew: bool = False) -> None:
        """Take what the agent's clock showed just now.

        Anew is the first word of a connection: the Pi may have started without knowing the date.
        """
        at, ahead = self._clock(), said - self._now()
        since = at - WINDOW.total_seconds()
        doubtful = bool(self._heard) and ahead < self.ahead - STEP
        self._doubts = self._doubts + 1 if doubtful else 0
        self._heard = [each for each in self._heard if each[0] > since] + [(at, ahead)]
        if doubtful and (anew or self._doubts >= DOUBTS):
            self._heard = self._heard[-self._doubts :]
            self._doubts = 0
