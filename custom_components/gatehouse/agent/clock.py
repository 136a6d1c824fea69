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

# No word is so long on its way: a feed that is silent for 15 s is over.
LONGEST_DELAY: Final = timedelta(minutes=1)

_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> float:
    """Return seconds that go on while this machine sleeps, where there is such a clock."""
    return time.clock_gettime(_STEADY)


class AgentClock:
    """What an agent's clock shows, measured against ours by each of its words.

    When ours is set, that is known at once; when the agent's is, with its next word.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = steady,
    ) -> None:
        """Nothing was heard; the clock counts seconds and is never set."""
        self._now = now
        self._clock = clock
        self._zero = self._now_zero()
        self._heard: list[tuple[float, timedelta]] = []
        self._doubts = 0

    @property
    def ahead(self) -> timedelta:
        """How far the agent's clock is ahead of ours; zero before the agent has said anything."""
        self._follow_ours()
        return self._ahead

    @property
    def now(self) -> datetime:
        """What the agent's clock shows now."""
        return self._now() + self.ahead

    def hear(self, said: datetime, *, anew: bool = False) -> None:
        """Take what the agent's clock showed just now.

        Anew is the first word of a connection: the Pi may have started without knowing the date.
        """
        self._follow_ours()
        self._zero = self._now_zero()
        at, ahead = self._clock(), said - self._now()
        since = at - WINDOW.total_seconds()
        behind = self._ahead - ahead if self._heard else timedelta()
        self._doubts = self._doubts + 1 if behind > STEP else 0
        self._heard = [each for each in self._heard if each[0] > since] + [(at, ahead)]
        if self._doubts and (anew or self._doubts >= DOUBTS or behind > LONGEST_DELAY):
            self._heard = self._heard[-self._doubts :]
            self._doubts = 0

    @property
    def _ahead(self) -> timedelta:
        return max((ahead for _, ahead in self._heard), default=timedelta())

    def _follow_ours(self) -> None:
        """If our own clock was set, measure what was heard against it as it is now."""
        zero = self._now_zero()
        if abs(step := zero - self._zero) > STEP:
            self._zero = zero
            self._heard = [(at, ahead - step) for at, ahead in self._heard]

    def _now_zero(self) -> datetime:
        """Return what our clock showed when the one that is never set was at zero."""
        return self._now() - timedelta(seconds=self._clock())
