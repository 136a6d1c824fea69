"""The nouns of the room as the values of their rows, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Integer, Table, Text

from ..database import Moment, metadata
from ..models import BookingState, Layout
from .expansion import extent
from .nouns import Appointment, Booking, Series


def _columns_of_wishes() -> tuple[Column[Any], ...]:
    """Return the columns that say what is wanted of an hour, as `_wishes` fills them."""
    return (
        Column("cameras", Text, nullable=False),
        Column("layout", Text, nullable=False),
        Column("owner", Text, nullable=False),
        Column("owner_id", Text),
        Column("upload", Integer, nullable=False),
        Column("share", Integer, nullable=False),
        Column("notify", Text, nullable=False),
    )


BOOKINGS: Final = Table(
    "bookings",
    metadata,
    Column("uid", Text, primary_key=True),
    # Which hour of the series it is instead of; the series itself has none.
    Column("recurrence", Text, primary_key=True),
    Column("calendar", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("starts", Text, nullable=False),
    Column("stops", Text, nullable=False),
    Column("rrule", Text),
    Column("exceptions", Text, nullable=False),
    *_columns_of_wishes(),
    Column("source", Text),
    Column("source_uid", Text),
    Column("changed", Moment),
    Column("begins", Moment, nullable=False),
    Column("ends", Moment),
)
APPOINTMENTS: Final = Table(
    "appointments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("booking", Text, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("recurrence", Text),
    Column("begins", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("summary", Text, nullable=False),
    *_columns_of_wishes(),
    Column("state", Text, nullable=False),
    Column("recorded_since", Moment),
    Column("recorded_until", Moment),
    Column("movie", Text),
    Column("link", Text),
    Column("error", Text),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    Column("changed", Moment),
)

type Row = Mapping[Any, Any]
"""Values by the names of their columns."""


def booking_values(booking: Booking) -> dict[str, Any]:
    """Return what the columns hold of a booking."""
    begins, ends = extent(booking)
    return {
        "uid": booking.uid,
        "recurrence": booking.recurrence or "",
        "calendar": booking.calendar,
        "summary": booking.summary,
        "description": booking.description,
        "zone": booking.zone.key,
        "starts": booking.start.isoformat(),
        "stops": booking.end.isoformat(),
        "rrule": booking.rrule,
        "exceptions": json.dumps(sorted(booking.exceptions)),
        "source": booking.source,
        "source_uid": booking.source_uid,
        "changed": booking.changed,
        "begins": begins,
        "ends": ends,
        **_wishes(booking),
    }


def series_of(rows: Iterable[Row]) -> list[Series]:
    """Return the series of rows that are sorted by uid and recurrence."""
    bookings = map(_booking, rows)
    return [
        Series(booking=next(each), overrides=tuple(each))
        for _, each in groupby(bookings, key=lambda booking: booking.uid)
    ]


def appointment_values(row: Appointment) -> dict[str, Any]:
    """Return what the columns hold of an appointment."""
    return {
        "id": row.id,
        "booking": row.booking,
        "calendar": row.calendar,
        "recurrence": row.recurrence,
        "begins": row.start,
        "ends": row.end,
        "summary": row.summary,
        "state": row.state.value,
        "recorded_since": row.recorded_since,
        "recorded_until": row.recorded_until,
        "movie": row.movie,
        "link": row.link,
        "error": row.error,
        "attempts": row.attempts,
        "retry_at": row.retry_at,
        "changed": row.changed,
        **_wishes(row),
    }


def appointment_of(row: Row) -> Appointment:
    """Return what columns hold."""
    return Appointment(
        id=row["id"],
        booking=row["booking"],
        calendar=row["calendar"],
        recurrence=row["recurrence"],
        start=row["begins"],
        end=row["ends"],
        summary=row["summary"],
        state=BookingState(row["state"]),
        recorded_since=row["recorded_since"],
        recorded_until=row["recorded_until"],
        movie=row["movie"],
        link=row["link"],
        error=row["error"],
        attempts=row["attempts"],
        retry_at=row["retry_at"],
        changed=row["changed"],
        **_wished(row),
    )


def _booking(row: Row) -> Booking:
    zone = ZoneInfo(row["zone"])
    return Booking(
        uid=row["uid"],
        recurrence=row["recurrence"] or None,
        calendar=row["calendar"],
        summary=row["summary"],
        description=row["description"],
        start=_shown(row["starts"], zone),
        end=_shown(row["stops"], zone),
        rrule=row["rrule"],
        exceptions=frozenset(json.loads(row["exceptions"])),
        source=row["source"],
        source_uid=row["source_uid"],
        changed=row["changed"],
        **_wished(row),
    )


def _shown(text: str, zone: ZoneInfo) -> datetime:
    """Return what a zone's clock shows, the second time if it was that one when it was written.

    Times on the wall stay as they were said, even if a country changes its mind about summer.
    """
    said = datetime.fromisoformat(text)
    first, second = (said.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    is_second = first.utcoffset() != said.utcoffset() == second.utcoffset()
    return second if is_second else first


def _wishes(noun: Booking | Appointment) -> dict[str, Any]:
    return {
        "cameras": json.dumps(noun.cameras),
        "layout": noun.layout.value,
        "owner": noun.owner,
        "owner_id": noun.owner_id,
        "upload": int(noun.upload),
        "share": int(noun.share),
        "notify": json.dumps(noun.notify),
    }


def _wished(row: Row) -> dict[str, Any]:
    return {
        "cameras": tuple(json.loads(row["cameras"])),
        "layout": Layout(row["layout"]),
        "owner": row["owner"],
        "owner_id": row["owner_id"],
        "upload": bool(row["upload"]),
        "share": bool(row["share"]),
        "notify": tuple(json.loads(row["notify"])),
    }
