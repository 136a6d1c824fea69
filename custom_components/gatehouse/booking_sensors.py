"""What is booked next, today and last in each calendar, and how many hours came of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .booking_coordinator import Agenda, BookingCoordinator, BookingEntity
from .booking_payload import progress_json
from .booking_words import LAST_BOOKING
from .bookings import SITE, Appointment, Booking, Hour, Tally
from .hub import Hub
from .models import BookingState

ATTR_AGENT_ERRORS: Final = "agent_errors"

HOUR: Final = timedelta(hours=1)

LOST: Final = frozenset({BookingState.FAILED, BookingState.MISSED})
NEVER: Final = Tally(count=0, booked=timedelta(), recorded=timedelta())


@dataclass(frozen=True, kw_only=True)
class AgendaFigure(SensorEntityDescription):
    """What is told of one calendar."""

    value_fn: Callable[[Agenda], datetime | int | str | None]
    attributes_fn: Callable[[Hub, Agenda], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class HoursFigure(SensorEntityDescription):
    """How many hours of the last days came to something."""

    value_fn: Callable[[Mapping[BookingState, Tally]], timedelta]
    device_class: SensorDeviceClass | None = SensorDeviceClass.DURATION
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    native_unit_of_measurement: str | None = UnitOfTime.HOURS
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 1


def _next(hub: Hub, agenda: Agenda) -> dict[str, Any]:
    if agenda.next is None:
        return {}
    booking = agenda.next.booking
    return _said(hub, booking) | _agent_errors(hub, booking.cameras)


def _today(hub: Hub, agenda: Agenda) -> dict[str, Any]:
    cameras = [camera for hour in agenda.today for camera in hour.booking.cameras]
    return {
        "bookings": [_listed(hub, hour) for hour in agenda.today],
        **_agent_errors(hub, cameras),
    }


def _last(hub: Hub, agenda: Agenda) -> dict[str, Any]:
    if (last := agenda.last) is None:
        return {}
    return {
        **_said(hub, last),
        "start": last.start,
        "end": last.end,
        **progress_json(hub, last.id),
        "error": last.error,
    }


def _booked(tallies: Mapping[BookingState, Tally]) -> timedelta:
    return _sum(tallies[state].booked for state in tallies if state is not BookingState.CANCELLED)


def _recorded(tallies: Mapping[BookingState, Tally]) -> timedelta:
    return _sum(tally.recorded for tally in tallies.values())


def _lost(tallies: Mapping[BookingState, Tally]) -> timedelta:
    return _sum(tallies.get(state, NEVER).booked for state in LOST)


def _sum(spans: Iterable[timedelta]) -> timedelta:
    return sum(spans, timedelta())


AGENDA_FIGURES: Final = (
    AgendaFigure(
        key="next_booking",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda agenda: agenda.next.start if agenda.next else None,
        attributes_fn=_next,
    ),
    AgendaFigure(
        key="bookings_today",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda agenda: len(agenda.today),
        attributes_fn=_today,
    ),
    AgendaFigure(
        key=LAST_BOOKING,
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in BookingState if state is not BookingState.CANCELLED],
        value_fn=lambda agenda: agenda.last.state.value if agenda.last else None,
        attributes_fn=_last,
    ),
)

HOURS_FIGURES: Final = (
    HoursFigure(key="hours_booked", value_fn=_booked),
    HoursFigure(key="hours_recorded", value_fn=_recorded),
    HoursFigure(key="hours_lost", value_fn=_lost),
)


async def async_add_booking_sensors(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each calendar, and those of all bookings of the site."""
    coordinator = BookingCoordinator(hass, entry)
    await coordinator.async_start()
    async_add_entities(HoursSensor(coordinator, figure) for figure in HOURS_FIGURES)
    for key in coordinator.schedule.calendars():
        async_add_entities(
            (AgendaSensor(coordinator, key, figure) for figure in AGENDA_FIGURES),
            config_subentry_id=None if key == SITE else key,
        )


class AgendaSensor(BookingEntity, SensorEntity):
    """One thing that a calendar tells."""

    # Who books what is told by the calendar itself, and progress is of no use later.
    _unrecorded_attributes = frozenset({"bookings", "progress", "eta", ATTR_AGENT_ERRORS})
    entity_description: AgendaFigure

    def __init__(
        self, coordinator: BookingCoordinator, calendar: str, description: AgendaFigure
    ) -> None:
        """Tell what the description tells."""
        super().__init__(coordinator, calendar, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> datetime | int | str | None:
        """What it is now; None while there is nothing of the kind."""
        return self.entity_description.value_fn(self.agenda)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What explains it."""
        return self.entity_description.attributes_fn(self._hub, self.agenda)


class HoursSensor(BookingEntity, SensorEntity):
    """How many hours of the last 30 days, of all calendars."""

    entity_description: HoursFigure

    def __init__(self, coordinator: BookingCoordinator, description: HoursFigure) -> None:
        """Count what the description counts."""
        super().__init__(coordinator, SITE, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float:
        """The hours."""
        return self.entity_description.value_fn(self.coordinator.data.tallies) / HOUR


def _said(hub: Hub, said: Booking | Appointment) -> dict[str, Any]:
    names = hub.camera_names()
    return {
        "summary": said.summary,
        "owner": said.owner,
        "cameras": [names.get(key, key) for key in said.cameras],
    }


def _agent_errors(hub: Hub, cameras: Iterable[str]) -> dict[str, Any]:
    """Return why agents that are to record these cameras cannot, by their names, if any cannot."""
    owners = {camera.partition("/")[0] for camera in cameras}
    booked = {
        agent.name: agent.data.bookings
        for owner, agent in hub.cameras.agents.items()
        if owner in owners
    }
    errors = {name: each.error for name, each in booked.items() if each and each.error}
    return {ATTR_AGENT_ERRORS: errors} if errors else {}


def _listed(hub: Hub, hour: Hour) -> dict[str, Any]:
    return {
        **_said(hub, hour.booking),
        "start": dt_util.as_local(hour.start).isoformat(),
        "end": dt_util.as_local(hour.end).isoformat(),
        "state": hour.state.value,
        **progress_json(hub, hour.id),
    }
