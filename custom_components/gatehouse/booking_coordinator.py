"""What the entities of bookings read: the hours of each calendar, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
    UpdateFailed,
)
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .bookings import AHEAD, HORIZON, SITE, Appointment, AppointmentQuery, Hour, Tally
from .const import DOMAIN
from .database import DatabaseError
from .models import BookingState

_LOGGER = logging.getLogger(__name__)

# Hours begin and end without anybody telling.
LOOK_EVERY: Final = timedelta(minutes=1)

# While a movie is made, that tells as often how far it is.
AT_MOST_EVERY: Final = timedelta(seconds=1)

# What is booked for later than this is not near enough to be the next.
FARTHEST: Final = timedelta(days=366)

COUNTED: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What one calendar says."""

    hours: tuple[Hour, ...] = ()
    """From the beginning of today on, the soonest first."""
    last: Appointment | None = None
    """The newest one that has begun."""

    @property
    def today(self) -> tuple[Hour, ...]:
        """The hours of today."""
        tomorrow = dt_util.start_of_local_day() + timedelta(days=1)
        return tuple(hour for hour in self.hours if hour.start < tomorrow)

    @property
    def shown(self) -> Hour | None:
        """The hour that it is, or else the next one."""
        now = dt_util.utcnow()
        return next((hour for hour in self.hours if hour.end > now), None)

    @property
    def next(self) -> Hour | None:
        """The next hour that is to be recorded."""
        now = dt_util.utcnow()
        coming = (hour for hour in self.hours if hour.start > now and hour.state in AHEAD)
        return next(coming, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What all calendars say, and what came of the last days."""

    agendas: Mapping[str, Agenda] = field(default_factory=dict)
    tallies: Mapping[BookingState, Tally] = field(default_factory=dict)


class BookingCoordinator(DataUpdateCoordinator[Overview]):
    """Reads all of it anew when something changes."""

    config_entry: GatehouseConfigEntry

    def __init__(self, hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
        """Nothing is read yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="the bookings",
            update_interval=LOOK_EVERY,
            request_refresh_debouncer=Debouncer(
                hass, _LOGGER, cooldown=AT_MOST_EVERY.total_seconds(), immediate=True
            ),
        )
        self.data = Overview()
        self.schedule = entry.runtime_data.schedule

    async def async_start(self) -> None:
        """Read for the first time, and follow what happens until the site is unloaded."""
        await self.async_refresh()
        self.config_entry.async_on_unload(self.schedule.async_subscribe(self._changed))

    @override
    async def _async_update_data(self) -> Overview:
        try:
            return await self._read()
        except DatabaseError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="database_failed",
                translation_placeholders={"error": str(err)},
            ) from err

    async def _read(self) -> Overview:
        now, today = dt_util.utcnow(), dt_util.start_of_local_day()
        near = await self.schedule.diary.between(today, now + HORIZON)
        return Overview(
            agendas={
                calendar: Agenda(
                    hours=await self._hours(calendar, near, now),
                    last=await self._last(calendar, now),
                )
                for calendar in self.schedule.calendars()
            },
            tallies=await self.schedule.store.tally(now - COUNTED, now),
        )

    async def _hours(self, calendar: str, near: list[Hour], now: datetime) -> tuple[Hour, ...]:
        """Return the hours of one calendar: far ones only if there are no near ones."""
        own = tuple(hour for hour in near if hour.booking.calendar == calendar)
        if any(hour.start > now for hour in own):
            return own
        far = await self.schedule.diary.between(now + HORIZON, now + FARTHEST, calendar)
        known = {hour.id for hour in own}
        return (*own, *(hour for hour in far if hour.id not in known))

    async def _last(self, calendar: str, now: datetime) -> Appointment | None:
        begun = AppointmentQuery(
            calendar=calendar,
            until=now,
            states=frozenset(BookingState) - {BookingState.CANCELLED},
            newest_first=True,
            limit=1,
        )
        return next(iter(await self.schedule.store.find(begun)), None)

    @callback
    def _changed(self, _: object) -> None:
        self._debounced_refresh.async_schedule_call()


class BookingEntity(CoordinatorEntity[BookingCoordinator]):
    """Something about bookings: of the site, or of one pair."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: BookingCoordinator, calendar: str, key: str) -> None:
        """Belong to the site's device, or the pair's."""
        super().__init__(coordinator)
        self.calendar = calendar
        self._hub = coordinator.config_entry.runtime_data
        owner = coordinator.config_entry.entry_id if calendar == SITE else f"/pair/{calendar}"
        self._attr_unique_id = f"{owner}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = self._device(owner)

    @property
    def agenda(self) -> Agenda:
        """What its calendar says."""
        return self.coordinator.data.agendas.get(self.calendar, Agenda())

    def _device(self, owner: str) -> DeviceInfo:
        identifiers = {(DOMAIN, owner)}
        if self.calendar == SITE:
            return DeviceInfo(identifiers=identifiers)
        info = DeviceInfo(
            identifiers=identifiers,
            name=self._hub.schedule.pairs[self.calendar].name,
            manufacturer="Gatehouse",
            model="Camera pair",
        )
        entry = self.coordinator.config_entry.entry_id
        devices = dr.async_get(self.coordinator.hass)
        if site := devices.async_get_device_by_identifier((DOMAIN, entry), entry):
            info["via_device_id"] = site.id
        return info
