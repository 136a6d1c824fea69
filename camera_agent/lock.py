"""The lock of a door: its relay, whichever way that is wired, and never open unwatched."""

from .door_config import DoorConfig, Fail
from .hardware import Line
from .hardware.deadman import Allowed
from .keeper import Keeper


class Lock:
    """Unlocks only what the keeper was told of before, and tells it when it is locked again."""

    def __init__(self, config: DoorConfig, relay: Line | None, keeper: Keeper) -> None:
        self._door = config.id
        self._relay = relay
        self._keeper = keeper
        self._energised_when_locked = config.fail is Fail.SAFE
        self._may_be_open = False
        self.allowed: Allowed | None = None
        """What was last written; None before that, and after it failed."""

    def set(self, allowed: Allowed) -> None:
        """Write the relay before it returns; raises LineError."""
        is_locked = allowed is Allowed.LOCKED
        self.allowed = None
        if not is_locked:
            self._keeper.tell(self._door, allowed)
        try:
            self._write(energised=is_locked is self._energised_when_locked)
            self._may_be_open = not is_locked
        finally:
            if not self._may_be_open:
                self._keeper.tell(self._door, Allowed.LOCKED)
        self.allowed = allowed

    def _write(self, *, energised: bool) -> None:
        if self._relay is not None:
            self._relay.set(energised)
