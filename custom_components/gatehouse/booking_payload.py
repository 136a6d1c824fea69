"""Bookings as actions, cards and automations are told of them, and who may read what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.auth.models import User
from homeassistant.util import dt as dt_util

from .bookings import Appointment, AppointmentQuery, Booking, Hour
from .models import BookingState, Footage
from .serialize import MEDIA, is_playable, iso

if TYPE_CHECKING:
    from .hub import Hub

# A movie begins when its hour does, or where somebody put that off.
EARLIER: Final = timedelta(days=2)

SHOWN: Final = frozenset(BookingState) - {BookingState.CANCELLED}
"""The states of what is to be, and of what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks: a user of Home Assistant, or an automation, which may do what an owner may."""

    user: User | None

    @property
    def may_all(self) -> bool:
        """Whether what belongs to others may be seen and changed."""
        return self.user is None or self.user.is_admin

    def owns(self, said: Booking | Appointment) -> bool:
        """Return whether a booking is theirs, or as good as that."""
        return self.may_all or (self.user is not None and said.owner_id == self.user.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bookings: the hours that overlap a span; what is not said is all the same."""

    since: datetime
    until: datetime
    calendar: str | None = None
    owner: str | None = None
    """The name of an owner, or the id of a user."""
    states: frozenset[BookingState] = SHOWN

    def includes(self, said: Booking | Appointment, state: BookingState) -> bool:
        """Return whether an hour in this state is wanted."""
        names = {said.owner.casefold(), (said.owner_id or "").casefold()}
        mine = self.owner is None or self.owner.casefold() in names
        return mine and state in self.states


async def bookings_json(hub: Hub, wanted: Wanted, asker: Asker) -> list[dict[str, Any]]:
    """Return the hours that are wanted, the first one first; raises DatabaseError."""
    span = wanted.since, wanted.until, wanted.calendar
    hours = {hour.id: hour for hour in await hub.schedule.diary.between(*span)}
    query = AppointmentQuery(since=wanted.since, until=wanted.until, calendar=wanted.calendar)
    rows = {row.id: row for row in await hub.schedule.store.find(query)}
    movies = await _movies(hub, wanted)
    told = [
        hour_json(hub, hour, asker, movies)
        for hour in hours.values()
        if wanted.includes(hour.appointment or hour.booking, hour.state)
    ]
    # Of what somebody deleted there is only what came of it.
    told += [
        appointment_json(hub, row, asker, movies)
        for key, row in rows.items()
        if key not in hours and wanted.includes(row, row.state)
    ]
    return sorted(told, key=lambda each: (each["start"], each["id"]))


def hour_json(hub: Hub, hour: Hour, asker: Asker, movies: Mapping[str, Footage]) -> dict[str, Any]:
    """Return what is said of an hour, and what came of it."""
    booking = hour.booking
    more = {"description": booking.description, "rrule": booking.rrule, "source": booking.source}
    if hour.appointment is not None:
        return appointment_json(hub, hour.appointment, asker, movies) | more
    return {
        "id": hour.id,
        "uid": booking.uid,
        "recurrence": hour.recurrence,
        **_span_json(hour),
        **_said_json(hub, booking),
        **_come_json(None, asker, movies),
        **progress_json(hub, hour.id),
        **more,
    }


def appointment_json(
    hub: Hub, row: Appointment, asker: Asker, movies: Mapping[str, Footage]
) -> dict[str, Any]:
    """Return how far an appointment has come; the link only to those whom it belongs to."""
    return {
        "id": row.id,
        "uid": row.booking,
        "recurrence": row.recurrence,
        **_span_json(row),
        **_said_json(hub, row),
        **_come_json(row, asker, movies),
        **progress_json(hub, row.id),
        "description": "",
        "rrule": None,
        "source": None,
    }


def progress_json(hub: Hub, appointment: str) -> dict[str, Any]:
    """Return how much of a movie is made or uploaded, in percent, and until when it may be."""
    share = hub.schedule.progress(appointment)
    return {
        "progress": None if share is None else round(100 * share),
        "eta": iso(hub.schedule.eta(appointment)),
    }


async def _movies(hub: Hub, wanted: Wanted) -> dict[str, Footage]:
    """Return the movies of a span by their ids."""
    found = await hub.storage.library.find(
        since=wanted.since - EARLIER, until=wanted.until, limit=None, booked=True
    )
    return {row.id: row for row in found}


def _span_json(said: Hour | Appointment) -> dict[str, Any]:
    """Return start and end as the clock of the house shows them."""
    return {
        "start": dt_util.as_local(said.start).isoformat(),
        "end": dt_util.as_local(said.end).isoformat(),
    }


def _said_json(hub: Hub, said: Booking | Appointment) -> dict[str, Any]:
    entities = hub.cameras.entities()
    return {
        "calendar": said.calendar,
        "calendar_name": hub.schedule.calendars().get(said.calendar),
        "summary": said.summary,
        "cameras": [entities.get(key, key) for key in said.cameras],
        "layout": said.layout.value,
        "owner": said.owner,
        "owner_id": said.owner_id,
        "upload": said.upload,
        "share": said.share,
        "notify": list(said.notify),
    }


def _come_json(
    row: Appointment | None, asker: Asker, movies: Mapping[str, Footage]
) -> dict[str, Any]:
    movie = movies.get(row.movie) if row and row.movie else None
    return {
        "state": row.state.value if row else BookingState.SCHEDULED.value,
        "recorded_since": iso(row.recorded_since) if row else None,
        "recorded_until": iso(row.recorded_until) if row else None,
        "error": row.error if row else None,
        "movie": f"{MEDIA}/footage/{movie.id}" if movie and is_playable(movie) else None,
        "link": row.link if row and asker.owns(row) else None,
    }
