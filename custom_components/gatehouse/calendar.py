"""The calendars in which people book: the site's, and one of each pair."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.calendar import (
    EVENT_DESCRIPTION,
    EVENT_END,
    EVENT_LOCATION,
    EVENT_RRULE,
    EVENT_START,
    EVENT_SUMMARY,
    CalendarEntity,
    CalendarEntityFeature,
    CalendarEvent,
)
from homeassistant.components.websocket_api import current_connection
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .asking import translated
from .booking_coordinator import BookingCoordinator, BookingEntity
from .booking_deeds import ATTR_FOLLOWING, ATTR_RECURRENCE, ATTR_UID, book, cancel, edit
from .booking_fields import (
    ATTR_CALENDAR,
    ATTR_END,
    ATTR_OWNER,
    ATTR_RRULE,
    ATTR_START,
    ATTR_SUMMARY,
)
from .booking_words import check_cameras, read, state_words, written
from .bookings import SITE, BookingNotFound, Hour
from .const import DOMAIN
from .deeds import Asked

PARALLEL_UPDATES = 0

EVERYTHING: Final = (
    CalendarEntityFeature.CREATE_EVENT
    | CalendarEntityFeature.DELETE_EVENT
    | CalendarEntityFeature.UPDATE_EVENT
)

# What the calendar page says of an hour of a series and those that follow it.
THIS_AND_FUTURE: Final = "THISANDFUTURE"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the site's calendar, and one for each pair."""
    coordinator = BookingCoordinator(hass, entry)
    await coordinator.async_start()
    for key in coordinator.schedule.calendars():
        subentry = None if key == SITE else key
        async_add_entities([BookingCalendar(coordinator, key)], config_subentry_id=subentry)


class BookingCalendar(BookingEntity, CalendarEntity):
    """The bookings of the site, or of a pair; what another calendar says is changed only there."""

    def __init__(self, coordinator: BookingCoordinator, calendar: str) -> None:
        """Show the bookings of this calendar."""
        super().__init__(coordinator, calendar, "bookings")
        pair = self._hub.schedule.pairs.get(calendar)
        is_ours = pair is None or pair.source is None
        self._attr_supported_features = EVERYTHING if is_ours else CalendarEntityFeature(0)

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The hour that it is, or else the next one."""
        hour = self.agenda.shown
        return self._event(hour) if hour else None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the hours that overlap a span."""
        self._context = None  # who looks is not who books next
        async with translated():
            hours = await self._hub.schedule.diary.between(start_date, end_date, self.calendar)
        return [self._event(hour) for hour in hours]

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Book an hour, or a series."""
        # An action says in whose name it is called, the calendar page does not.
        context, self._context = self._context, None
        user = context.user_id if context else _visitor()
        async with translated():
            said = self._said(kwargs)
            check_cameras(self._hub, self.calendar, said)
            await book(self._asked(said, user))

    @override
    async def async_update_event(
        self,
        uid: str,
        event: dict[str, Any],
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Edit a booking, one hour of a series, or that and the following ones."""
        which = _which(uid, recurrence_id, recurrence_range)
        async with translated():
            said, owner = self._said(event), await self._owner(uid, recurrence_id)
            if said.get(ATTR_OWNER) == owner:
                del said[ATTR_OWNER]
            await edit(self._asked(said | which, _visitor()))

    @override
    async def async_delete_event(
        self,
        uid: str,
        recurrence_id: str | None = None,
        recurrence_range: str | None = None,
    ) -> None:
        """Delete a booking, one hour of a series, or that and the following ones."""
        async with translated():
            await self._owner(uid, recurrence_id)
            await cancel(self._asked(_which(uid, recurrence_id, recurrence_range), _visitor()))

    def _event(self, hour: Hour) -> CalendarEvent:
        booking = hour.booking
        return CalendarEvent(
            start=dt_util.as_local(hour.start),
            end=dt_util.as_local(hour.end),
            summary=booking.summary,
            description=written(self._hub, booking, state_words(self._hub, hour)),
            uid=booking.uid,
            recurrence_id=hour.recurrence,
            rrule=booking.rrule,
        )

    def _said(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an event says, as the action that books takes it."""
        start, end = event[EVENT_START], event[EVENT_END]
        if not isinstance(start, datetime):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="booking_all_day"
            )
        said = {
            ATTR_SUMMARY: event[EVENT_SUMMARY],
            ATTR_START: dt_util.as_local(start),
            ATTR_END: dt_util.as_local(end),
            ATTR_RRULE: event.get(EVENT_RRULE),
        }
        # A booking has no place but its cameras: what is said of one is not lost.
        texts = [event[name] for name in (EVENT_LOCATION, EVENT_DESCRIPTION) if name in event]
        return said | read(self._hub, self.calendar, "\n".join(texts)) if texts else said

    async def _owner(self, uid: str, recurrence: str | None) -> str:
        """Return in whose name a booking is, or an hour of it; raises BookingNotFound."""
        series = await self._hub.schedule.store.booking(uid)
        if series is None or series.booking.calendar != self.calendar:
            raise BookingNotFound("There is no such booking any more: look at the calendar again")
        edited = (each for each in series.overrides if each.recurrence == recurrence)
        return next(edited, series.booking).owner

    def _asked(self, fields: dict[str, Any], user: str | None) -> Asked:
        """Return what a user asks; None is an automation."""
        return Asked(
            hub=self._hub,
            fields={ATTR_CALENDAR: self.calendar, ATTR_FOLLOWING: False, **fields},
            user=user,
        )


def _visitor() -> str | None:
    """Return who is at the calendar page; it alone changes what is booked, and deletes it."""
    connection = current_connection.get()
    return connection.user.id if connection else None


def _which(uid: str, recurrence: str | None, extent: str | None) -> dict[str, Any]:
    """Return what an edit is of, as actions name it."""
    hour = {ATTR_RECURRENCE: recurrence} if recurrence else {}
    return {ATTR_UID: uid, ATTR_FOLLOWING: extent == THIS_AND_FUTURE, **hour}
