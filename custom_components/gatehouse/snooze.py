"""Cameras whose incidents nobody wants to be notified of for a while."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN

VERSION: Final = 1
SAVE_DELAY: Final = 1


class Snoozes:
    """Until when each camera is snoozed; remembered over restarts."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is snoozed before load()."""
        self._hass = hass
        self._store = Store[dict[str, str]](hass, VERSION, f"{DOMAIN}.snoozes")
        self._until: dict[str, datetime] = {}
        self._ends: dict[str, CALLBACK_TYPE] = {}
        self._listeners: list[Callable[[], None]] = []

    async def load(self) -> None:
        """Take up what was snoozed before the restart."""
        for camera, text in (await self._store.async_load() or {}).items():
            if (until := dt_util.parse_datetime(text)) and until > dt_util.utcnow():
                self._set(camera, until)

    async def close(self) -> None:
        """Write what is snoozed, and forget the alarm clocks."""
        for cancel in self._ends.values():
            cancel()
        self._ends.clear()
        await self._store.async_save(self._fields())

    async def remove(self) -> None:
        """Forget everything, also on disk."""
        await self._store.async_remove()

    def until(self, camera: str) -> datetime | None:
        """Return until when a camera is snoozed, None if it is not."""
        return self._until.get(camera)

    def covers(self, cameras: Iterable[str]) -> bool:
        """Return whether all of these cameras are snoozed; of none, none is."""
        keys = tuple(cameras)
        return bool(keys) and all(camera in self._until for camera in keys)

    @callback
    def snooze(self, camera: str, until: datetime | None) -> None:
        """Snooze a camera until then, or wake it."""
        self._set(camera, until)
        self._store.async_delay_save(self._fields, SAVE_DELAY)
        for listener in tuple(self._listeners):
            listener()

    @callback
    def subscribe(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call listener when a camera is snoozed or wakes, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _set(self, camera: str, until: datetime | None) -> None:
        if cancel := self._ends.pop(camera, None):
            cancel()
        if until is None or until <= dt_util.utcnow():
            self._until.pop(camera, None)
            return
        self._until[camera] = until

        @callback
        def wake(_: datetime) -> None:
            self._ends.pop(camera, None)
            self.snooze(camera, None)

        self._ends[camera] = async_track_point_in_utc_time(self._hass, wake, until)

    def _fields(self) -> dict[str, str]:
        return {camera: until.isoformat() for camera, until in self._until.items()}
