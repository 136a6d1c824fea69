"""Other calendars of Home Assistant, whose events are bookings of a pair."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.calendar.const import DATA_COMPONENT
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .bookings import HORIZON, Booking, Diary
from .care import Problem, ProblemKind
from .database import DatabaseError
from .issues import Issues

if TYPE_CHECKING:
    from .pairs import Pair

_LOGGER = logging.getLogger(__name__)

# Calendars of the network ask their server about every quarter of an hour.
LOOK_EVERY: Final = timedelta(minutes=5)

# A booking has no longer words; an invitation that has is booked nevertheless.
LONGEST_SUMMARY: Final = 200
LONGEST_DESCRIPTION: Final = 5000


class OtherCalendars:
    """Lets the calendars of pairs say what the calendars say that they follow."""

    def __init__(self, hass: HomeAssistant, diary: Diary, pairs: Mapping[str, Pair]) -> None:
        """Take over into this diary; pairs are by the keys of their calendars."""
        self._hass = hass
        self._diary = diary
        self._followed = {key: pair for key, pair in pairs.items() if pair.source}

    async def run(self) -> None:
        """Follow all of them, until cancelled; raises DatabaseError."""
        await self._forget()
        async with asyncio.TaskGroup() as following:
            for pair in self._followed.values():
                following.create_task(self._follow(pair, str(pair.source)))

    async def _forget(self) -> None:
        """Take back what is followed no more."""
        now = dt_util.utcnow()
        hours = await self._diary.between(now, now + HORIZON)
        known = {(hour.booking.calendar, hour.booking.source) for hour in hours}
        for calendar, source in known:
            pair = self._followed.get(calendar)
            if source is not None and (pair is None or pair.source != source):
                await self._diary.take_over(calendar, source, ())

    async def _follow(self, pair: Pair, source: str) -> None:
        changed, issues = asyncio.Event(), Issues(self._hass)
        unsubscribe = async_track_state_change_event(self._hass, source, lambda _: changed.set())
        try:
            while True:
                changed.clear()
                self._report(pair, source, issues)
                await self._take_over(pair, source)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY.total_seconds()):
                        await changed.wait()
        finally:
            unsubscribe()

    async def _take_over(self, pair: Pair, source: str) -> None:
        """Take over what a calendar says; as long as it says nothing, nothing changes."""
        calendar = self._calendar(source)
        if calendar is None:
            return
        now = dt_util.now()
        # A calendar is anybody's code: whatever it raises is that it says nothing.
        (events,) = await asyncio.gather(
            calendar.async_get_events(self._hass, now, now + HORIZON), return_exceptions=True
        )
        if isinstance(events, BaseException):
            _LOGGER.debug("Nothing is taken over from %s now: %r", source, events)
            return
        try:
            await self._diary.take_over(pair.key, source, _entries(pair, source, events))
        except DatabaseError as err:
            _LOGGER.debug("What %s says is taken over later: %s", source, err)

    def _calendar(self, source: str) -> CalendarEntity | None:
        """Return a calendar that can be asked now."""
        component = self._hass.data.get(DATA_COMPONENT)
        calendar = component.get_entity(source) if component else None
        return calendar if calendar and calendar.available else None

    @callback
    def _report(self, pair: Pair, source: str, issues: Issues) -> None:
        """Tell while a calendar is not there at all; others may still be starting."""
        known = self._hass.states.get(source) or er.async_get(self._hass).async_get(source)
        if known or self._hass.state is not CoreState.running:
            issues.keep()
            return
        words = {"pair": pair.name, "calendar": source}
        issues.keep(Problem(kind=ProblemKind.OTHER_CALENDAR_GONE, about=pair.key, words=words))


def _entries(pair: Pair, source: str, events: list[CalendarEvent]) -> Iterator[Booking]:
    """Yield the events that have an hour: what is of whole days is of none."""
    for event in events:
        if not isinstance(event.start, datetime) or not isinstance(event.end, datetime):
            continue
        summary = event.summary.strip()[:LONGEST_SUMMARY] or pair.name
        yield Booking(
            uid="",
            calendar=pair.key,
            summary=summary,
            description=(event.description or "")[:LONGEST_DESCRIPTION],
            start=dt_util.as_local(event.start),
            end=dt_util.as_local(event.end),
            cameras=(pair.left, pair.right),
            layout=pair.layout,
            upload=pair.upload,
            share=pair.share,
            notify=pair.notify,
            source=source,
            # Some calendars have no names for their events but what they are about.
            source_uid=event.uid or summary,
        )
