"""What may be booked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .errors import CamerasBad, TimesBad, WordsBad
from .grammar import parsed
from .nouns import Booking
from .recurrence import first_of

LONGEST: Final = timedelta(hours=24)
LONGEST_WORDS: Final = 200
LONGEST_DESCRIPTION: Final = 5000

_UTC: Final = ZoneInfo("UTC")


def checked(booking: Booking) -> Booking:
    """Return a booking as it can be kept; raises BookingError.

    A series begins with the first hour of its rule.
    """
    summary, owner = booking.summary.strip(), booking.owner.strip()
    if not summary:
        raise WordsBad("Give the booking a name")
    if max(len(summary), len(owner)) > LONGEST_WORDS:
        raise WordsBad(f"Shorten the name and the owner to {LONGEST_WORDS} characters")
    if len(booking.description) > LONGEST_DESCRIPTION:
        raise WordsBad(f"Shorten the description to {LONGEST_DESCRIPTION} characters")
    if not 1 <= len(booking.cameras) <= 2 or len(set(booking.cameras)) < len(booking.cameras):
        raise CamerasBad("Choose one camera, or two different ones")
    start, end = _in_one_zone(booking.start, booking.end)
    named = replace(booking, summary=summary, owner=owner, start=start, end=end)
    checked = named if booking.rrule is None else _aligned(named, booking.rrule)
    _check_length(checked)
    return checked


def _in_one_zone(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    if start.utcoffset() is None or end.utcoffset() is None:
        raise TimesBad("Give the booking a start and an end with their time zone")
    zone = start.tzinfo if isinstance(start.tzinfo, ZoneInfo) else _UTC
    # Between equal zones nothing is converted: a time that no clock shows stays as it was said.
    return tuple(each if each.tzinfo is zone else each.astimezone(zone) for each in (start, end))  # type: ignore[return-value]


def _aligned(booking: Booking, text: str) -> Booking:
    rule = parsed(text, booking.zone)
    length = booking.end.replace(tzinfo=None) - booking.start.replace(tzinfo=None)
    shown = booking.start.replace(tzinfo=None, microsecond=0, fold=0)
    start = first_of(rule, shown, booking.zone)
    return replace(
        booking,
        rrule=str(rule),
        start=start.replace(tzinfo=booking.zone),
        end=(start + length).replace(tzinfo=booking.zone),
    )


def _check_length(booking: Booking) -> None:
    length = booking.end.astimezone(UTC) - booking.start.astimezone(UTC)
    if booking.rrule is not None:
        # Its first hour may be one that a clock jumps over.
        length = booking.end.replace(tzinfo=None) - booking.start.replace(tzinfo=None)
    if length <= timedelta(0):
        raise TimesBad("Let the booking end after its start")
    if length > LONGEST:
        raise TimesBad("Let the booking end within 24 hours: book several hours for more")
