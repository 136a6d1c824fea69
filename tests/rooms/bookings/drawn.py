"""Series as hypothesis draws them: near the days on which clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from custom_components.gatehouse.bookings import Booking
from tests.rooms.bookings.booked import booking

ZONES: Final = tuple(
    map(
        ZoneInfo,
        (
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "America/St_Johns",
            "Pacific/Apia",
            "Asia/Kathmandu",
            "Africa/Casablanca",
            "UTC",
        ),
    )
)

# Days around which the zones above change their clocks, leap days, and the turn of a year.
TURNS: Final = (
    date(2011, 12, 28),
    date(2027, 3, 13),
    date(2027, 3, 27),
    date(2027, 4, 3),
    date(2027, 10, 2),
    date(2027, 10, 30),
    date(2027, 11, 6),
    date(2027, 12, 30),
    date(2028, 2, 28),
    date(2032, 2, 29),
)
DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def by[T](name: str, values: st.SearchStrategy[T]) -> st.SearchStrategy[str]:
    """Draw a part of a rule that lists some values."""
    some = st.lists(values, min_size=1, max_size=3, unique=True)
    return some.map(lambda each: f";{name}={','.join(map(str, each))}")


_DAY: Final = st.sampled_from(DAYS)
_NTH: Final = st.builds("{}{}".format, st.sampled_from([1, 2, 3, 4, -1, -2]), _DAY)
_DATE: Final = st.sampled_from([1, 13, 15, 28, 29, 30, 31, -1, -2])
_MONTHS: Final = by("BYMONTH", st.integers(1, 12))
_POSITION: Final = st.sampled_from([";BYSETPOS=1", ";BYSETPOS=-1", ";BYSETPOS=-2,2"])
_NOTHING: Final = st.just("")


def _parts(*strategies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*strategies).map("".join)


BODIES: Final[dict[str, st.SearchStrategy[str]]] = {
    "DAILY": st.one_of(_NOTHING, by("BYDAY", _DAY), _MONTHS, by("BYMONTHDAY", _DATE)),
    "WEEKLY": _parts(
        st.one_of(_NOTHING, by("BYDAY", _DAY)),
        st.one_of(_NOTHING, _DAY.map(";WKST={}".format)),
        st.one_of(_NOTHING, _MONTHS),
    ),
    "MONTHLY": st.one_of(
        _NOTHING,
        by("BYDAY", st.one_of(_DAY, _NTH)),
        by("BYMONTHDAY", _DATE),
        _parts(by("BYDAY", _DAY), _POSITION),
        _parts(by("BYDAY", _DAY), by("BYMONTHDAY", _DATE)),
    ),
    "YEARLY": st.one_of(
        _NOTHING,
        _MONTHS,
        by("BYMONTHDAY", _DATE),
        _parts(_MONTHS, by("BYDAY", st.one_of(_DAY, _NTH))),
        by("BYDAY", _NTH),
    ),
}


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw what a rule says without its end."""
    frequency = draw(st.sampled_from(sorted(BODIES)))
    body = draw(BODIES[frequency])
    # Only days after each other can be chosen from.
    most = 1 if frequency == "DAILY" and body else 4
    return f"FREQ={frequency}{body};INTERVAL={draw(st.integers(1, most))}"


@st.composite
def endings(draw: st.DrawFn, start: datetime, zone: ZoneInfo) -> str:
    """Draw how a rule ends, if it does: most often near one of its hours."""
    days, minutes = draw(st.integers(0, 900)), draw(st.integers(-1, 1))
    until = (start + timedelta(days=days, minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)
    count = draw(st.integers(1, 60))
    return draw(st.sampled_from(["", f";COUNT={count}", f";UNTIL={until:%Y%m%dT%H%M%SZ}"]))


@st.composite
def said(draw: st.DrawFn) -> Booking:
    """Draw a series, as somebody may say it."""
    zone = draw(st.sampled_from(ZONES))
    day = draw(st.sampled_from(TURNS)) + timedelta(days=draw(st.integers(-3, 3)))
    clock = time(draw(st.sampled_from([0, 1, 2, 3, 10, 23])), draw(st.sampled_from([0, 15, 30])))
    start = datetime.combine(day, clock)
    length = timedelta(minutes=draw(st.sampled_from([15, 60, 150, 1440])))
    rule = draw(rules()) + draw(endings(start, zone))
    times = {"start": start.replace(tzinfo=zone), "end": (start + length).replace(tzinfo=zone)}
    return replace(booking(), uid="s", rrule=rule, **times)
