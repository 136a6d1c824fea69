"""In which mode the grants want a door to be, from one moment to the next; no clock, no wires."""

from .grants import Grants
from .verdicts import CLOCK_SLACK
from .wire import DoorMode, SiteMode


def wanted_mode(grants: Grants | None, door: str, now: float) -> tuple[DoorMode, float | None]:
    """Return a door's mode and until when it lasts, if that is known.

    Grants that have run out, or a clock that is wrong, keep no door unlocked. Only an evacuation
    goes on: somebody may be inside.
    """
    if grants is None:
        return DoorMode.NORMAL, None
    if grants.site is SiteMode.EVACUATION:
        return DoorMode.KEEP_UNLOCKED, None
    if grants.site is SiteMode.LOCKDOWN:
        return DoorMode.KEEP_LOCKED, None
    rules = grants.rules_of(door)
    mode = rules.mode_at(now)
    is_fit = grants.issued - CLOCK_SLACK <= now < grants.until
    if mode is DoorMode.NORMAL or (mode is DoorMode.KEEP_UNLOCKED and not is_fit):
        return DoorMode.NORMAL, None
    return mode, rules.mode_until
