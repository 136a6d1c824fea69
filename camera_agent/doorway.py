"""What a door is allowed to do and how it stands, from one moment to the next; no clock, no wires.

`now` is the monotonic clock, `wall` the time of day; modes end by the latter.
"""

import math
from typing import Final

from .hardware.deadman import Allowed
from .wire import DoorMode

GRACE: Final = 2.0  # seconds; whoever pulls at the last moment has not forced the door


class Doorway:
    """Is told what happens at a door, and tells what its lock has to do, and what is wrong."""

    def __init__(self, held_open: float) -> None:
        self._limit = held_open
        self._released = -math.inf
        """Until when it is unlocked for somebody."""
        self._trusted = -math.inf
        """Until when an opening is nobody's crime."""
        self._passed = False
        """Whether it was opened since somebody was let in."""
        self._since: float | None = None
        """Since when it stands open with good reason."""
        self.mode = DoorMode.NORMAL
        self.mode_until: float | None = None
        self.open: bool | None = None
        self.forced = False
        self.held_open = False

    def allowed(self, now: float) -> Allowed:
        if self.mode is DoorMode.KEEP_UNLOCKED:
            return Allowed.HELD
        return Allowed.RELEASED if now < self._released else Allowed.LOCKED

    def release(self, span: float, now: float) -> None:
        """Unlock for somebody; who is let in later never shortens it for who came before."""
        self._released = max(self._released, now + span)
        self._trusted = max(self._trusted, self._released + GRACE)
        self._passed = False
        self._restart(now)

    def lock(self, now: float) -> None:
        """End a release before its time."""
        if now < self._released:
            self._released, self._trusted = now, now + GRACE

    def hold(self, mode: DoorMode, until: float | None, now: float) -> None:
        """Change the mode; keeping it locked ends a release, and the end of any mode is normal."""
        if mode is DoorMode.KEEP_LOCKED and mode is not self.mode:
            self.lock(now)
        if self.mode is DoorMode.KEEP_UNLOCKED and mode is not self.mode:
            self._trusted = max(self._trusted, now + GRACE)
            self._restart(now)
        self.mode, self.mode_until = mode, until

    def contact(self, open_: bool | None, now: float) -> bool:
        """Take in how the door stands, None if nobody knows; tell whether it is forced now."""
        before, self.open = self.open, open_
        if before is open_:
            return False
        if not open_:
            if open_ is False and self._passed:
                self.lock(now)
            self._passed = self.forced = self.held_open = False
            self._since = None
        elif before is None or now < self._trusted or self.allowed(now) is not Allowed.LOCKED:
            self._passed = True
            self._since = now
        else:
            self.forced = True
            return True
        return False

    def tick(self, now: float, wall: float) -> bool:
        """Let time do its work; tell whether it is held open from now on."""
        if self.mode_until is not None and wall >= self.mode_until:
            self.hold(DoorMode.NORMAL, None, now)
        if self.held_open or self._standing(now) < self._limit:
            return False
        self.held_open = True
        return True

    def is_late(self, now: float) -> bool:
        """Whether it stands open so long that somebody should hear of it."""
        return self._standing(now) >= self._limit / 2

    def left(self, now: float, wall: float) -> float:
        """Return the seconds until time has something to do; infinite if it has nothing."""
        standing = self._standing(now)
        waits = [self._released - now, self._limit / 2 - standing, self._limit - standing]
        if self.mode_until is not None:
            waits.append(self.mode_until - wall)
        return min((one for one in waits if one > 0), default=math.inf)

    def _standing(self, now: float) -> float:
        """Return for how long it has stood open although it should not; minus infinity if not."""
        if self._since is None or self.mode is DoorMode.KEEP_UNLOCKED:
            return -math.inf
        return now - self._since

    def _restart(self, now: float) -> None:
        """Count anew how long it stands open."""
        self._since = now if self._since is not None else None
