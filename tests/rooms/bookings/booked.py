"""What somebody books on a Wednesday in Berlin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.gatehouse.bookings import SITE, Appointment, Booking, Hour, Series
from custom_components.gatehouse.models import Layout

BERLIN: Final = ZoneInfo("Europe/Berlin")
LEFT: Final = "pi/left"
RIGHT: Final = "pi/right"
HOUR: Final = timedelta(hours=1)


def berlin(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    """Return a time of 2026 in Berlin."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


NOW: Final = berlin(18, 12).astimezone(UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def at(self, day: int, hour: int, minute: int = 0, *, month: int = 11) -> None:
        self.now = berlin(day, hour, minute, month=month).astimezone(UTC)


def booking(start: datetime | None = None, length: timedelta = HOUR, **more: object) -> Booking:
    """Return a booking of both cameras, of an hour at five in the evening."""
    start = start or berlin(18, 17)
    plain = Booking(
        uid="",
        calendar=SITE,
        summary="Tennis",
        start=start,
        end=start + length,
        cameras=(LEFT, RIGHT),
        owner="Anna",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def full() -> Booking:
    """Return a booking of which everything is said."""
    return booking(
        uid="full",
        calendar="pair",
        description="Final",
        rrule="FREQ=WEEKLY;COUNT=5",
        exceptions=frozenset({"20261125T170000"}),
        layout=Layout.PANORAMA,
        owner_id="user",
        upload=True,
        share=True,
        notify=("notify.anna", "notify.club"),
        source="calendar.club",
        source_uid="club",
        changed=NOW,
    )


def appointment(start: datetime | None = None, **more: object) -> Appointment:
    """Return an appointment of both cameras, of an hour at five in the evening."""
    start = (start or berlin(18, 17)).astimezone(UTC)
    plain = Appointment(
        id="a",
        booking="a",
        calendar=SITE,
        recurrence=None,
        start=start,
        end=start + HOUR,
        summary="Tennis",
        cameras=(LEFT, RIGHT),
        owner="Anna",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def series(start: datetime | None = None, rrule: str = "FREQ=WEEKLY", **more: object) -> Series:
    """Return a series without hours of their own."""
    return Series(booking=booking(start, uid="s", rrule=rrule, changed=NOW, **more))


def shown(hours: list[Hour]) -> list[str]:
    """Return when hours are, by the clock in Berlin."""
    return [
        f"{each.start.astimezone(BERLIN):%m-%d %H:%M}-{each.end.astimezone(BERLIN):%H:%M}"
        for each in hours
    ]
