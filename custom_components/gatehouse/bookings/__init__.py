"""An hour is to be recorded: what people book, and what comes of it."""

from .course import MOVED, BookingOptions
from .diary import Diary, Listener
from .errors import (
    BookedElsewhere,
    BookingBegun,
    BookingError,
    BookingNotFound,
    BookingOver,
    CamerasBad,
    Clash,
    RuleBad,
    StepBad,
    TimesBad,
    WordsBad,
)
from .flow import Bookings
from .grammar import Rule, parsed
from .house import Frame, House
from .nouns import SITE, Appointment, Booking, Hour, Series, appointment_id, recurrence_of
from .parts import Parts
from .production import Production
from .rules import AHEAD, CLASH, GRACE, HORIZON, Changes, may_become, reconcile
from .store import AppointmentQuery, BookingStore, Page, Tally

__all__ = [
    "AHEAD",
    "CLASH",
    "GRACE",
    "HORIZON",
    "MOVED",
    "SITE",
    "Appointment",
    "AppointmentQuery",
    "BookedElsewhere",
    "Booking",
    "BookingBegun",
    "BookingError",
    "BookingNotFound",
    "BookingOptions",
    "BookingOver",
    "BookingStore",
    "Bookings",
    "CamerasBad",
    "Changes",
    "Clash",
    "Diary",
    "Frame",
    "Hour",
    "House",
    "Listener",
    "Page",
    "Parts",
    "Production",
    "Rule",
    "RuleBad",
    "Series",
    "StepBad",
    "Tally",
    "TimesBad",
    "WordsBad",
    "appointment_id",
    "may_become",
    "parsed",
    "reconcile",
    "recurrence_of",
]
