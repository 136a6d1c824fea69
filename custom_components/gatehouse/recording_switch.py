"""The switch by which a camera is recorded all the time, in parts that follow without a gap."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import callback
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .const import DOMAIN
from .coordinator import CameraCoordinator
from .database import DatabaseError
from .entity import CameraEntity
from .footage_options import LONGEST_RECORDING
from .models import Footage, FootageStage
from .storage import Storage

_LOGGER = logging.getLogger(__name__)

# The next part is asked for when the last one ends: what the camera remembers of the past closes
# the gap, also the one that a short absence makes.
MEMORY: Final = timedelta(seconds=15)

# A camera's clock may be set while we wait for a moment of it.
LOOK_EVERY: Final = timedelta(seconds=10)
RETRY: Final = timedelta(seconds=5)

# A part that has come so far is over, also where a Pi that lost its power cut it short. One that
# failed is not taken up at once: the next one would fail too.
OVER: Final = frozenset({FootageStage.FETCHED, FootageStage.CHECKED, FootageStage.READY})

ON: Final = "on"
PART: Final = "part"


class RecordingSwitch(CameraEntity, SwitchEntity, RestoreEntity):
    """Whether a camera is recorded all the time; remembered over restarts.

    It can also be turned off while the camera is away: a recording that nobody wants any more must
    not begin when it is back.
    """

    def __init__(
        self, entry: GatehouseConfigEntry, coordinator: CameraCoordinator[Any], camera: str
    ) -> None:
        """Record the camera through the footage room."""
        super().__init__(coordinator, camera, "recording")
        self._entry = entry
        self._recording: RollingRecording | None = None
        self._story: asyncio.Task[None] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Go on where a restart has interrupted the recording."""
        await super().async_added_to_hass()
        last = await self.async_get_last_extra_data()
        if last and (kept := last.as_dict())[ON]:
            self._begin(kept[PART])

    @override
    async def async_will_remove_from_hass(self) -> None:
        """End the part that runs: nobody would ask for the next one."""
        await self._end()

    @property
    @override
    def available(self) -> bool:
        """Whether there is such a camera, be it away or not."""
        return self.camera in self.coordinator.data.cameras

    @property
    @override
    def is_on(self) -> bool:
        """Whether the camera is to be recorded."""
        return self._recording is not None

    @property
    @override
    def extra_restore_state_data(self) -> RestoredExtraData:
        """The setting, and the part that may still run after a restart."""
        part = self._recording.part if self._recording else None
        return RestoredExtraData({ON: self.is_on, PART: part.id if part else None})

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Record from now on, or as soon as the camera is there."""
        if self._recording is None:
            self._begin()
            self.async_write_ha_state()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """End the recording now."""
        ending = self._end()
        self.async_write_ha_state()
        await ending

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Begin when the camera is back."""
        if self._recording:
            self._recording.wake()
        super()._handle_coordinator_update()

    @callback
    def _begin(self, interrupted: str | None = None) -> None:
        storage = self._entry.runtime_data.storage
        self._recording = RollingRecording(storage, self.coordinator, self.camera)
        self._story = self._entry.async_create_background_task(
            self.hass,
            self._recording.run(interrupted),
            f"{DOMAIN} recording {self.camera_key}",
        )

    @callback
    def _end(self) -> asyncio.Future[Any]:
        """Have what runs end, also what is just asked for; returns what waits for that."""
        if self._recording:
            self._recording.stop()
        stories = [self._story] if self._story else []
        self._recording = self._story = None
        return asyncio.gather(*stories)


class RollingRecording:
    """One camera, recorded part after part whenever it is there, until that is stopped."""

    def __init__(self, storage: Storage, coordinator: CameraCoordinator[Any], camera: str) -> None:
        """Record nothing before it runs."""
        self._storage = storage
        self._coordinator = coordinator
        self._camera = camera
        self._key = coordinator.key(camera)
        self._is_cut = False
        self._is_failing = False
        self._stopped = False
        self._woken = asyncio.Event()
        self.part: Footage | None = None
        """What was asked for last."""

    async def run(self, interrupted: str | None) -> None:
        """Record from the end of an interrupted part on; when stopped, end what runs."""
        unsubscribe = self._storage.async_subscribe(self._footage_changed)
        try:
            while not self._stopped:
                try:
                    if interrupted is not None:
                        self.part = await self._storage.library.get(interrupted)
                        interrupted = None
                    if await self._is_due():
                        await self._record_part()
                except DatabaseError as error:
                    await self._bide(error)
            await self._end_part()
        finally:
            unsubscribe()

    @callback
    def stop(self) -> None:
        """Have it end soon."""
        self._stopped = True
        self.wake()

    @callback
    def wake(self) -> None:
        """Look whether the camera is there."""
        self._woken.set()

    @callback
    def _footage_changed(self, row: Footage) -> None:
        if self.part and row.id == self.part.id and row.stage in OVER:
            self._is_cut = self._left > timedelta(0)
            self.wake()

    async def _is_due(self) -> bool:
        """Wait for the end of the part that runs, and for the camera; False once stopped."""
        while not self._stopped:
            left = self._left
            if left <= timedelta(0) and self._coordinator.is_online(self._camera):
                return True
            await self._sleep(left if timedelta(0) < left < LOOK_EVERY else LOOK_EVERY)
        return False

    async def _record_part(self) -> None:
        since = self._next_since
        self.part = await self._storage.flow.record(self._key, since, since + LONGEST_RECORDING)
        self._is_cut = self._is_failing = False

    async def _end_part(self) -> None:
        if self.part is None or self._left <= timedelta(0):
            return
        try:
            await self._storage.flow.end(self.part.id, self._now)
        except DatabaseError as error:
            until = self.part.until
            _LOGGER.warning("The recording of %s goes on until %s: %s", self._key, until, error)

    async def _bide(self, error: DatabaseError) -> None:
        if not self._is_failing:
            _LOGGER.warning("%s cannot be recorded for now: %s", self._key, error)
        self._is_failing = True
        await self._sleep(RETRY)

    async def _sleep(self, pause: timedelta) -> None:
        """Sleep so long, or until something has changed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._woken.wait()
        self._woken.clear()

    @property
    def _left(self) -> timedelta:
        """How long the part goes on; one that seems endless is of a clock that was set back."""
        if self.part is None or self._is_cut:
            return timedelta(0)
        left = self.part.until - self._now
        return left if left <= LONGEST_RECORDING else timedelta(0)

    @property
    def _next_since(self) -> datetime:
        """Where the next part begins: where the last one ended, as far as that is remembered."""
        now = self._now
        if self.part is None:
            return now
        remembered = now - MEMORY
        return remembered if self._is_cut else min(now, max(self.part.until, remembered))

    @property
    def _now(self) -> datetime:
        """The time by the clock that stamps the camera's pictures."""
        now = dt_util.utcnow()
        if self._camera not in self._coordinator.data.cameras:
            return now
        ahead = self._coordinator.watched(self._camera).clock_ahead
        return now if ahead is None else now + ahead()
