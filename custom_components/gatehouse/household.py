"""What the incidents room hears and asks of this Home Assistant."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import time
from typing import override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .incidents import House, IncidentNews, Presence, Surroundings
from .models import AssessmentState
from .roster import Names, Roster
from .snooze import Snoozes
from .surroundings import surroundings


class Household(House):
    """Passes the news on to whoever wants it, and tells what the house knows."""

    def __init__(
        self,
        hass: HomeAssistant,
        cameras: Roster,
        snoozes: Snoozes,
        alarm: str | None,
        pending: Callable[[], None],
        seen: Callable[[str, Presence], None],
    ) -> None:
        """Call pending when an incident waits for a language model; alarm is a panel's entity.

        Call seen with who is in a camera's view.
        """
        self._hass = hass
        self._cameras = cameras
        self._snoozes = snoozes
        self._alarm = alarm
        self._pending = pending
        self._seen = seen
        self._names = Names(cameras)
        self._listeners: list[Callable[[IncidentNews], None]] = []

    @callback
    def async_subscribe(self, listener: Callable[[IncidentNews], None]) -> CALLBACK_TYPE:
        """Call listener with the news of all incidents until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    @override
    def presence(self, camera: str, presence: Presence) -> None:
        self._cameras.presence(camera, presence)
        self._seen(camera, presence)

    @callback
    @override
    def incident(self, news: IncidentNews) -> None:
        news = replace(news, due=news.due and not self._snoozes.covers(news.incident.cameras))
        self._cameras.incident(news)
        for listener in tuple(self._listeners):
            listener(news)
        if news.incident.assessing is AssessmentState.PENDING:
            self._pending()

    @callback
    @override
    def surroundings(self) -> Surroundings:
        return surroundings(self._hass, self._alarm)

    @override
    def camera_names(self) -> Mapping[str, str]:
        return self._names

    @override
    def clock_ahead(self, camera: str) -> timedelta:
        found = self._cameras.find(camera)
        told = found[0].watched(found[1]).clock_ahead if found else None
        return told() if told else timedelta()

    @override
    def now(self) -> datetime:
        return dt_util.utcnow()

    @override
    def clock(self) -> float:
        return time.monotonic()
