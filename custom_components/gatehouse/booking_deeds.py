"""What people do about bookings: each an action, and a command of the WebSocket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .booking_askers import asker_of, check_control, owner_of
from .booking_fields import (
    ATTR_CALENDAR,
    ATTR_OWNER,
    ATTR_START,
    ATTR_SUMMARY,
    LOCAL,
    MORE,
    calendar_called,
    changed_booking,
    naming_cameras,
    new_booking,
)
from .booking_payload import SHOWN, Asker, Wanted, bookings_json, hour_json
from .bookings import HORIZON, Booking, BookingNotFound, Hour, Series, appointment_id
from .const import DOMAIN
from .deeds import Asked, Deed
from .footage_services import ATTR_SINCE, ATTR_UNTIL
from .models import BookingState

ATTR_UID: Final = "uid"
ATTR_RECURRENCE: Final = "recurrence"
ATTR_FOLLOWING: Final = "following"
ATTR_STATES: Final = "states"

# A series has no end; a year of it is enough to read at once.
LONGEST_SPAN: Final = timedelta(days=366)
WEEK: Final = timedelta(days=7)

# No hour is farther from where its name says it was, unless somebody moved it by itself.
AROUND: Final = timedelta(days=2)

WHICH: Final = {
    vol.Required(ATTR_UID): cv.string,
    vol.Optional(ATTR_RECURRENCE): cv.string,
    vol.Optional(ATTR_FOLLOWING, default=False): cv.boolean,
}
"""A booking, one hour of it, or that and the following ones."""

ASKED_OF_BOOKINGS: Final = {
    vol.Optional(ATTR_SINCE): LOCAL,
    vol.Optional(ATTR_UNTIL): LOCAL,
    vol.Optional(ATTR_CALENDAR): cv.string,
    vol.Optional(ATTR_OWNER): cv.string,
    vol.Optional(ATTR_STATES): vol.All(cv.ensure_list, [vol.Coerce(BookingState)]),
}
"""What can be asked of bookings by everybody."""


def wanted_by(asked: Asked) -> Wanted:
    """Return which bookings ASKED_OF_BOOKINGS let somebody ask for: a week of them from today.

    Raises ServiceValidationError.
    """
    fields = asked.fields
    since: datetime = fields.get(ATTR_SINCE) or dt_util.start_of_local_day()
    until: datetime = fields.get(ATTR_UNTIL) or since + WEEK
    if not since < until <= since + LONGEST_SPAN:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="span_bad",
            translation_placeholders={"days": str(LONGEST_SPAN.days)},
        )
    calendar = fields.get(ATTR_CALENDAR)
    return Wanted(
        since=since,
        until=until,
        calendar=calendar and calendar_called(asked.hub, calendar),
        owner=fields.get(ATTR_OWNER),
        states=frozenset(fields.get(ATTR_STATES, SHOWN)),
    )


async def _get_bookings(asked: Asked) -> dict[str, Any]:
    asker = await asker_of(asked)
    return {"bookings": await bookings_json(asked.hub, wanted_by(asked), asker)}


async def book(asked: Asked) -> dict[str, Any]:
    """Book what is asked for; raises BookingError and HomeAssistantError, as the others do."""
    asker = await asker_of(asked)
    name, identity = await owner_of(asked, asker)
    draft = new_booking(asked.hub, asked.fields)
    check_control(asked, asker, draft)
    with naming_cameras(asked.hub):
        kept = await asked.hub.schedule.diary.create(replace(draft, owner=name, owner_id=identity))
    return await _told(asked, asker, kept)


async def edit(asked: Asked) -> dict[str, Any]:
    """Change what is said of a booking; what is not said stays."""
    asker, series = await _own(asked)
    fields, diary = asked.fields, asked.hub.schedule.diary
    recurrence, following = fields.get(ATTR_RECURRENCE), fields[ATTR_FOLLOWING]
    was = await _meant(asked, series)
    wanted = changed_booking(asked.hub, was, fields)
    if ATTR_OWNER in fields:
        name, identity = await owner_of(asked, asker)
        wanted = replace(wanted, owner=name, owner_id=identity)
    if wanted.cameras != was.cameras:
        check_control(asked, asker, wanted)
    with naming_cameras(asked.hub):
        kept = await diary.edit(wanted, recurrence, following=following)
    return await _told(asked, asker, kept)


async def cancel(asked: Asked) -> dict[str, Any]:
    """Cancel a booking, one hour of it, or that and the following ones."""
    _, series = await _own(asked)
    recurrence, following = asked.fields.get(ATTR_RECURRENCE), asked.fields[ATTR_FOLLOWING]
    await asked.hub.schedule.diary.delete(series.uid, recurrence, following=following)
    return {
        "uid": series.uid,
        "recurrence": recurrence,
        "summary": series.booking.summary,
    }


async def _own(asked: Asked) -> tuple[Asker, Series]:
    """Return what somebody may change; raises ServiceValidationError and BookingNotFound."""
    asker, fields = await asker_of(asked), asked.fields
    series = await asked.hub.schedule.store.booking(fields[ATTR_UID])
    if series is None:
        raise BookingNotFound("There is no such booking any more: look at the calendar again")
    this = None if fields[ATTR_FOLLOWING] else fields.get(ATTR_RECURRENCE)
    own = (each for each in series.overrides if each.recurrence == this)
    if not asker.owns(next(own, series.booking)):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="booking_of_others")
    return asker, series


async def _meant(asked: Asked, series: Series) -> Booking:
    """Return what is said now of what somebody wants to change."""
    recurrence, booking = asked.fields.get(ATTR_RECURRENCE), series.booking
    hour = await _hour(asked, series, recurrence) if recurrence else None
    if hour is None:
        return booking
    said = booking if asked.fields[ATTR_FOLLOWING] else hour.booking
    zone = booking.zone
    return replace(
        said,
        start=hour.start.astimezone(zone),
        end=hour.end.astimezone(zone),
        rrule=booking.rrule,
        recurrence=None,
    )


async def _hour(asked: Asked, series: Series, recurrence: str) -> Hour | None:
    """Return one hour of a series as it is to be, None if there is no such hour."""
    for own in series.overrides:
        if own.recurrence == recurrence:
            return Hour(booking=own, recurrence=recurrence, start=own.start, end=own.end)
    try:
        near = datetime.strptime(recurrence, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError as err:
        raise BookingNotFound("Name the hour by its first start, as 20261118T170000") from err
    hours = await asked.hub.schedule.diary.between(
        near - AROUND, near + AROUND, series.booking.calendar
    )
    identity = appointment_id(series.uid, recurrence)
    return next((hour for hour in hours if hour.id == identity), None)


async def _told(asked: Asked, asker: Asker, kept: Booking) -> dict[str, Any]:
    """Return what a booking is called by, and its first hours."""
    since = max(kept.start.astimezone(UTC), dt_util.utcnow())
    hours = await asked.hub.schedule.diary.between(since, since + HORIZON, kept.calendar)
    return {
        "uid": kept.uid,
        "appointments": [
            hour_json(asked.hub, hour, asker, {}) for hour in hours if hour.booking.uid == kept.uid
        ],
    }


_DEEDS: Final = (
    Deed(
        action="get_bookings",
        command="bookings/list",
        do=_get_bookings,
        fields=ASKED_OF_BOOKINGS,
        response=SupportsResponse.ONLY,
        admin=False,
    ),
    Deed(
        action="book",
        command="bookings/book",
        do=book,
        fields={
            vol.Optional(ATTR_CALENDAR): cv.string,
            vol.Required(ATTR_SUMMARY): cv.string,
            vol.Required(ATTR_START): LOCAL,
            **MORE,
        },
        admin=False,
    ),
    Deed(
        action="cancel_booking",
        command="bookings/cancel",
        do=cancel,
        fields=WHICH,
        admin=False,
    ),
    Deed(
        command="bookings/edit",
        do=edit,
        fields={
            **WHICH,
            vol.Optional(ATTR_SUMMARY): cv.string,
            vol.Optional(ATTR_START): LOCAL,
            **MORE,
        },
        admin=False,
    ),
)

BOOKING_ACTIONS: Final = tuple(deed.as_action() for deed in _DEEDS if deed.action)
BOOKING_COMMANDS: Final = tuple(deed.as_command() for deed in _DEEDS if deed.command)
