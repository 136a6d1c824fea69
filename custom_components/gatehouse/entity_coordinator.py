"""A camera that Home Assistant has already."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .const import CONF_CAMERA, CONF_INTERVAL, CONF_MOTION, CONF_STREAM
from .footage import Stream, as_piece
from .incidents import PicturesLost, Watched
from .source_coordinator import SourceCoordinator, SourceListener
from .stills import Stills, async_stream_source

if TYPE_CHECKING:
    from . import GatehouseConfigEntry


class EntityCoordinator(SourceCoordinator):
    """A camera that Home Assistant has already, asked for stills while something moves."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        listener: SourceListener,
        encoders: asyncio.Semaphore,
    ) -> None:
        """Follow the entities of the subentry."""
        super().__init__(hass, entry, subentry, listener, encoders)
        self._camera: str = subentry.data[CONF_CAMERA]
        self._sensor: str | None = subentry.data.get(CONF_MOTION)
        self._entities = [self._camera, *filter(None, [self._sensor])]
        self._stills = Stills(hass, self._camera, self._refresh)
        self._records_stream: bool = subentry.data.get(CONF_STREAM, True)
        self._stream = Stream(
            subentry.title,
            partial(async_stream_source, hass, self._camera),
            self.recorder.take,
            now=dt_util.utcnow,
        )

    @override
    def watched(self, camera: str) -> Watched:
        """Return how to watch the camera: told by a motion sensor, or at an interval."""
        interval = timedelta(seconds=self.subentry.data[CONF_INTERVAL])
        return Watched(
            camera=self.key(camera),
            name=self.subentry.title,
            pictures=lambda fps: self._recorded(self._stills.pictures(fps)),
            idle_check=None if self._sensor else interval,
        )

    @callback
    @override
    def camera_entity_id(self, camera: str) -> str | None:
        """Return the camera that is there already."""
        return self._camera

    @property
    @override
    def stream_problem(self) -> str | None:
        return self._stream.problem if self._records_stream else "it is not to be recorded"

    @override
    def _stories(self) -> Iterable[Coroutine[Any, Any, None]]:
        yield self._follow()
        yield self._feed()
        if self._records_stream:
            yield self._stream.run()

    async def _feed(self) -> None:
        """Ask for stills while the camera is recorded and nobody else does."""
        while True:
            await self.recorder.starved()
            with suppress(PicturesLost):
                self.recorder.take(as_piece(await self._stills.newest()))

    async def _follow(self) -> None:
        hass, entities = self.hass, self._entities
        with ExitStack() as stack:
            stack.callback(async_track_state_change_event(hass, entities, self._refresh))
            stack.callback(async_at_started(hass, self._refresh))
            self._refresh()
            # Nothing is told to move in front of a camera that is away, so nobody else asks it.
            await self._stills.run()

    @callback
    def _refresh(self, _: object = None) -> None:
        """Show what the entities' states and the last stills tell."""
        error = next(filter(None, map(self._problem, self._entities)), self._stills.error)
        if error:
            self._be_away(error)
        else:
            self._be_there(moving=self.hass.states.is_state(self._sensor or "", STATE_ON))

    def _problem(self, entity: str) -> str | None:
        # Who cannot hear of motion would never look: better away than blind.
        state = self.hass.states.get(entity)
        if state is None:
            return f"{entity} does not exist"
        return f"{entity} is not available" if state.state == STATE_UNAVAILABLE else None
