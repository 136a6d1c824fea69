"""Clocks that are not together, or are set by an hour, and the times that are told by them."""

from typing import Final

from .ledger import Ledger, Trouble
from .schedule import Kind

# The clocks of an agent and of Home Assistant are compared every now and then.
CLOCKS_S: Final = 2.0

# A clock is set by so many seconds.
HOUR: Final = 3600.0

# Times of rows that are made while a clock is wrong are wrong, and so they stay.
CLOCKS: Final = {Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND}


def is_misdated(ledger: Ledger, span: tuple[float, float]) -> bool:
    """Whether a row of that time may have been made while a clock was wrong."""
    return any(
        trouble.kind in CLOCKS and may_have_struck(trouble, span) for trouble in ledger.troubles
    )


def may_have_struck(trouble: Trouble, span: tuple[float, float]) -> bool:
    """Whether it was wrong in that time, which may have been told by a clock that was set."""
    since, until = span
    return any(
        trouble.since <= until - ahead and trouble.until >= since - ahead
        for ahead in (-HOUR, 0.0, HOUR)
    )
