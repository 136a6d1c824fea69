"""What a site records by appointment: the parts of the bookings room, and who hears of them."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .agent import Agent
from .booking_events import BookingEvents
from .booking_notices import async_tell_ready
from .bookings import (
    SITE,
    Appointment,
    BookingOptions,
    Bookings,
    BookingStore,
    Diary,
    Frame,
    House,
    Parts,
    Production,
)
from .const import SUBENTRY_PAIR
from .database import Database
from .footage import Merger
from .models import BookingState, Footage, Layout
from .on_demand import Package, async_install
from .other_calendars import OtherCalendars
from .pair_health import async_report_pairs
from .pairs import Pair, pair_of
from .share_address import async_address, share_path
from .vision import DetectorUnavailable

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .roster import Roster
    from .storage import Storage

_LOGGER = logging.getLogger(__name__)

# How long whoever booked finds the movie behind its link.
SHARED_FOR: Final = timedelta(days=30)

# Faster than that nobody can read it.
TOLD_EVERY: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """How much of a movie is made."""

    began: datetime
    share: float
    told: datetime


class Schedule(House):
    """The bookings room of one site; its stories are run by the hub."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        database: Database,
        cameras: Roster,
        storage: Storage,
    ) -> None:
        """Have cameras recorded, and keep what comes of it in this storage."""
        self._hass = hass
        self._cameras = cameras
        self._storage = storage
        self._listeners: list[Callable[[tuple[Appointment, ...]], None]] = []
        self._work: dict[str, _Work] = {}
        self._uploads: dict[str, str] = {}
        self._title = entry.title
        self.pairs: Mapping[str, Pair] = {
            subentry.subentry_id: pair_of(subentry)
            for subentry in entry.get_subentries_of_type(SUBENTRY_PAIR)
        }
        now, options = dt_util.utcnow, BookingOptions()
        self.store = BookingStore(database)
        self.diary = Diary(self.store, now=now)
        parts = Parts(
            storage.flow, storage.library, storage.movies, cameras.recorder, options, self
        )
        production = Production(self.diary, parts, storage.movies, Merger(), options, self)
        self.flow = Bookings(self.diary, self.store, parts, production, options, self)
        self._others = OtherCalendars(hass, self.diary, self.pairs)
        self._events = BookingEvents(hass, self.store, cameras, self.calendars)
        self.diary.listen(self._events.hear)
        self.diary.listen(self._changed)
        storage.async_subscribe(self.flow.footage)

    def stories(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Give what is to run, by its names."""
        yield "panorama", self._fetch_opencv
        yield "booking events", self._events.recall
        yield "bookings", self.flow.run
        yield "other calendars", self._others.run

    def calendars(self) -> dict[str, str]:
        """Return the name of each calendar, by its key."""
        return {SITE: self._title} | {key: pair.name for key, pair in self.pairs.items()}

    def progress(self, appointment: str) -> float | None:
        """Return how much of a movie is made or uploaded, from 0 to 1; None if neither goes on."""
        if work := self._work.get(appointment):
            return work.share
        movie = self._uploads.get(appointment)
        under_way = self._storage.offsite.progress.uploading
        return next((each.percent / 100 for each in under_way if each.footage == movie), None)

    def eta(self, appointment: str) -> datetime | None:
        """Return when a movie is likely to be made."""
        work = self._work.get(appointment)
        if work is None or not work.share:
            return None
        spent = self.now() - work.began
        return work.began + spent / work.share

    @callback
    def async_subscribe(self, listener: Callable[[tuple[Appointment, ...]], None]) -> CALLBACK_TYPE:
        """Call listener with all appointments that change or come along, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @override
    def agents(self) -> Mapping[str, Agent]:
        return {
            owner: coordinator.agent
            for owner, coordinator in self._cameras.agents.items()
            if coordinator.last_update_success
        }

    @override
    def has_agent(self, camera: str) -> bool:
        return camera.partition("/")[0] in self._cameras.agents

    @override
    def frame(self, appointment: Appointment) -> Frame:
        pair = self.pairs.get(appointment.calendar)
        if pair is None:
            return Frame(name=appointment.cameras[0])
        return Frame(name=pair.key, corner=pair.corner, calibration=pair.calibration)

    @override
    def uploads(self) -> bool:
        return self._storage.uploads_movies

    @override
    async def share(self, appointment: Appointment, movie: Footage) -> str | None:
        link = await self._storage.links.create(movie.id, SHARED_FOR, None, appointment.summary)
        return async_address(self._hass, share_path(link))["url"]

    @override
    async def finished(self, appointment: Appointment) -> None:
        await async_tell_ready(self._hass, appointment, appointment.link)

    @callback
    @override
    def progressed(self, appointment: Appointment, share: float) -> None:
        now = self.now()
        work = self._work.get(appointment.id)
        if work is None or share < work.share:
            work = _Work(began=now, share=share, told=now - TOLD_EVERY)
        is_news = now - work.told >= TOLD_EVERY
        told = now if is_news else work.told
        self._work[appointment.id] = _Work(began=work.began, share=share, told=told)
        if is_news:
            self._tell((appointment,))

    @override
    def now(self) -> datetime:
        return dt_util.utcnow()

    async def _fetch_opencv(self) -> None:
        """Have what panoramas are made with: an update of the container takes it away."""
        if not any(pair.layout is Layout.PANORAMA for pair in self.pairs.values()):
            return
        try:
            await async_install(self._hass, Package.OPENCV)
        except DetectorUnavailable as error:
            _LOGGER.warning("Panoramas are made side by side: %s", error)

    @callback
    def _changed(self, appointments: tuple[Appointment, ...]) -> None:
        for row in appointments:
            if row.state is not BookingState.PROCESSING:
                self._work.pop(row.id, None)
            if row.state is BookingState.READY and row.upload and row.movie:
                self._uploads[row.id] = row.movie
            else:
                self._uploads.pop(row.id, None)
        async_report_pairs(self._hass, self.pairs, appointments)
        self._tell(appointments)

    @callback
    def _tell(self, appointments: tuple[Appointment, ...]) -> None:
        for listener in tuple(self._listeners):
            listener(appointments)
