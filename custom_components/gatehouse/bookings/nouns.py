"""The nouns of the room: what people book, and the hours that come of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ..models import BookingState, Layout

SITE: Final = "site"
"""The calendar of the whole site; a pair's is the id of its subentry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What somebody entered in a calendar: a single hour, a series, or an hour of one by itself.

    Start and end are by the clock of the zone that they are in: that of the first hour, if there
    are several.
    """

    uid: str
    calendar: str
    summary: str
    start: datetime
    end: datetime
    cameras: tuple[str, ...]
    """The keys of one camera or two, the left one first."""
    description: str = ""
    rrule: str | None = None
    """How it repeats, as RFC 5545 writes it."""
    exceptions: frozenset[str] = frozenset()
    """The hours of the series that are deleted, by their recurrence."""
    recurrence: str | None = None
    """Which hour of the series this one is instead of."""
    layout: Layout = Layout.SIDE_BY_SIDE
    owner: str = ""
    owner_id: str | None = None
    """The id of a user of Home Assistant."""
    upload: bool = False
    share: bool = False
    notify: tuple[str, ...] = ()
    """Whom to tell when it is ready: notify entities or actions."""
    source: str | None = None
    """The calendar entity that it was taken over from."""
    source_uid: str | None = None
    """What it is called there."""
    changed: datetime | None = None
    """When somebody said so; hours that were over by then are none of it."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone by whose clock it repeats."""
        return self.start.tzinfo if isinstance(self.start.tzinfo, ZoneInfo) else _UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All that is said under one uid."""

    booking: Booking
    overrides: tuple[Booking, ...] = ()
    """Hours that were edited by themselves."""

    @property
    def uid(self) -> str:
        """What it is called by."""
        return self.booking.uid

    @property
    def cameras(self) -> frozenset[str]:
        """All cameras that any of its hours needs."""
        return frozenset(key for each in (self.booking, *self.overrides) for key in each.cameras)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One hour of a booking that is to be recorded, as far as it has come; moments are in UTC."""

    id: str
    booking: str
    """The uid of the booking."""
    calendar: str
    recurrence: str | None
    start: datetime
    end: datetime
    summary: str
    cameras: tuple[str, ...]
    layout: Layout = Layout.SIDE_BY_SIDE
    owner: str = ""
    owner_id: str | None = None
    upload: bool = False
    share: bool = False
    notify: tuple[str, ...] = ()
    state: BookingState = BookingState.SCHEDULED
    recorded_since: datetime | None = None
    recorded_until: datetime | None = None
    movie: str | None = None
    """The id of the footage that is all of it."""
    link: str | None = field(default=None, repr=False)
    """The address at which anybody can see it."""
    error: str | None = None
    """A short code, for translation at the floor."""
    attempts: int = 0
    retry_at: datetime | None = None
    changed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour as a calendar shows it; moments are in UTC."""

    booking: Booking
    """What is said of it: the series', or its own."""
    recurrence: str | None
    start: datetime
    end: datetime
    appointment: Appointment | None = None
    """What came of it; None as long as it is far away."""

    @property
    def id(self) -> str:
        """The id of its appointment."""
        return appointment_id(self.booking.uid, self.recurrence)

    @property
    def state(self) -> BookingState:
        """How far it has come."""
        return self.appointment.state if self.appointment else BookingState.SCHEDULED


def appointment_id(uid: str, recurrence: str | None) -> str:
    """Return what the appointment of one hour of a booking is called by."""
    return uid if recurrence is None else f"{uid}@{recurrence}"


def recurrence_of(start: datetime) -> str:
    """Return what an hour of a series is called by, of its start by the clock of the series."""
    return start.strftime(_RECURRENCE)


def start_of(recurrence: str) -> datetime:
    """Return what the clock of a series shows when one of its hours begins; raises ValueError."""
    return datetime.strptime(recurrence, _RECURRENCE)  # noqa: DTZ007 (a clock on the wall has no zone)


_UTC: Final = ZoneInfo(str(UTC))
_RECURRENCE: Final = "%Y%m%dT%H%M%S"
