"""One agent as Home Assistant sees it: its feed, its stats, its cameras."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
import logging
from typing import TYPE_CHECKING, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .access import door_key
from .agent import (
    AccessChanged,
    AgentError,
    AgentImpostor,
    AgentIncompatible,
    AgentUnauthorized,
    CameraChanged,
    DoorChanged,
    LogBatch,
    Message,
    MotionChanged,
    NotAnAgent,
    PassageMade,
    Rang,
    RecordingChanged,
    Spool,
    State,
    StatsChanged,
)
from .agent_data import AgentData, described, measured, unseen_agent
from .agent_devices import async_register_agent, async_remove_devices_but, async_update_agent
from .const import DOMAIN
from .coordinator import CameraCoordinator
from .door_data import with_state
from .incidents import PicturesLost, Watched
from .incompatible_agents import async_forget_incompatible, async_report_incompatible
from .known_agents import KnownAgent
from .losses import async_report_lost_clips
from .models import CameraState, Picture
from .readings import async_take_readings
from .reconnecting import async_follow_feed
from .site_identity import agent_of

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# A Pi has no clock of its own and is set right by the network; words are late by less than that.
CLOCK_SET: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentListener:
    """Where an agent's news goes; cameras are called by their site-wide keys."""

    described: Callable[[str, State], None]
    clock_set: Callable[[str], None]
    motion: Callable[[str, bool], None]
    lost: Callable[[str], None]
    recording: Callable[[str, RecordingChanged], None]
    at_doors: Callable[[str, Message], None]
    logged: Callable[[str, LogBatch, timedelta], None]


class AgentCoordinator(CameraCoordinator[AgentData]):
    """Follows the feed of one agent, and starts over when it breaks."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        known: KnownAgent,
        listener: AgentListener,
    ) -> None:
        """Start from what was last known of the agent, so that its entities exist at once."""
        super().__init__(
            hass,
            entry,
            subentry,
            subentry.unique_id or subentry.subentry_id,
            unseen_agent(known),
        )
        self.agent = agent_of(hass, subentry.data)
        self.last_update_success = False
        self.since = dt_util.utcnow()
        """Since when the agent is connected, or away."""
        self._listener = listener
        self._clock_told = timedelta()
        self._importing: asyncio.Task[None] | None = None

    @callback
    @override
    def async_register_device(self, site: str) -> None:
        """Register the Pi's device below the site's; its cameras and doors hang below it."""
        self.device_id = async_register_agent(
            self.hass, self.config_entry, self.subentry, (self.owner, self.data.info), site
        )

    def door_key(self, door: str) -> str:
        """Return the site-wide key of one of the agent's doors."""
        return door_key(self.owner, door)

    @override
    async def follow(self) -> None:
        """Follow the agent until cancelled: one connection after the other."""
        try:
            await async_follow_feed(self.agent, self._hear, self._lose)
        finally:
            self._forget_cameras()

    async def async_set_private(self, camera: str, *, private: bool) -> None:
        """Have a camera's capture stopped, or begun again; raises AgentError.

        What the feed tells of it may come before the answer.
        """
        state = await self.agent.upkeep.set_private(camera, private)
        known = self.data.cameras.get(camera)
        if known and state.private is not known.state.private:
            self._show(camera, state)

    @override
    def watched(self, camera: str) -> Watched:
        """Return how to watch one of the agent's cameras."""
        return Watched(
            camera=self.key(camera),
            name=self.data.cameras[camera].info.name,
            pictures=partial(self._pictures, camera),
            clock_ahead=lambda: self.agent.clock_ahead,
        )

    async def _pictures(self, camera: str, fps: float) -> AsyncGenerator[Picture]:
        """Give a camera's pictures in the words of the incidents room."""
        try:
            async with aclosing(self.agent.pictures(camera, fps)) as pictures:
                async for picture in pictures:
                    # What an agent shows then is a sign, and nothing that anybody saw.
                    if self.data.cameras[camera].state.private:
                        raise PicturesLost("it is private")
                    yield picture
        except AgentError as err:
            raise PicturesLost(str(err)) from err

    def _hear(self, message: Message) -> None:
        match message:
            case State(info=info) if info.id != self.owner:
                raise NotAnAgent(f"Another agent, {info.name}, answers at this address.")
            case State():
                self._describe(message)
            case CameraChanged(camera=camera, state=state) if camera in self.data.cameras:
                self._show(camera, state)
            case MotionChanged(camera=camera, moving=moving) if camera in self.data.cameras:
                state = self.data.cameras[camera].state
                flips = state.moving is not moving
                state = replace(state, motion=message.score, moving=moving)
                self._change(camera, shown=flips, state=state)
                self._tell_motion(camera, state)
            case StatsChanged():
                self._measure(message)
            case RecordingChanged(recording=recording):
                self._listener.recording(self.key(recording.camera), message)
            case DoorChanged() | AccessChanged() | PassageMade() | Rang():
                self._hear_at_doors(message)
            case LogBatch():
                self._listener.logged(self.owner, message, self.agent.clock_ahead)
            case _:
                _LOGGER.debug("%s told of a camera it never described", self.name)

    def _show(self, camera: str, state: CameraState) -> None:
        """Take what a camera of the agent is doing now."""
        if known := self.data.cameras.get(camera):
            # How hard it is for the machine is told only with the stats.
            encoder = known.state.encoder_percent
            self._change(camera, state=replace(state, encoder_percent=encoder))
            self._tell_motion(camera, state)

    def _hear_at_doors(self, message: DoorChanged | AccessChanged | PassageMade | Rang) -> None:
        """Show how the doors are before anybody is told of what happened there."""
        match message:
            case DoorChanged(door=door, state=state):
                doors = with_state(self.data.doors, door, state)
                self.async_set_updated_data(replace(self.data, doors=doors))
            case AccessChanged(access=access):
                self.async_set_updated_data(replace(self.data, access=access))
        self._listener.at_doors(self.owner, message)

    def _measure(self, news: StatsChanged) -> None:
        """Take how the Pi is now."""
        ahead = self.agent.clock_ahead
        self.async_set_updated_data(measured(self.data, news, ahead))
        if abs(ahead - self._clock_told) > CLOCK_SET:
            self._clock_told = ahead
            self._listener.clock_set(self.owner)
        if news.spool:
            async_report_lost_clips(self.hass, self.owner, self.name, news.spool.lost)
        if news.access:
            self._listener.at_doors(self.owner, news)

    def _describe(self, state: State) -> None:
        """Take the agent's full state: the first word after every connect."""
        if not self.last_update_success:
            _LOGGER.info("%s is connected", self.name)
            self.since = dt_util.utcnow()
        async_forget_incompatible(self.hass, self.owner)
        self._clock_told = self.agent.clock_ahead
        data = described(self.data, state, self._clock_told)
        keys = (self.owner, *map(self.key, data.cameras), *map(self.door_key, data.doors))
        async_remove_devices_but(self.hass, self.config_entry, self.subentry, keys)
        async_update_agent(self.hass, self.device_id, state.info)
        self.async_set_updated_data(data)
        if state.spool:
            self._take_up(state.spool)
        self._listener.described(self.owner, state)
        for camera, each in data.cameras.items():
            self._tell_motion(camera, each.state)
        for recording in state.recordings:
            self._listener.recording(
                self.key(recording.camera), RecordingChanged(recording=recording)
            )

    def _take_up(self, spool: Spool) -> None:
        """Take what the agent kept of its time alone; its clips are among its recordings."""
        async_report_lost_clips(self.hass, self.owner, self.name, spool.lost)
        if spool.readings and (self._importing is None or self._importing.done()):
            self._importing = self.config_entry.async_create_background_task(
                self.hass,
                async_take_readings(self.hass, self.agent, self.owner, self.name),
                f"{DOMAIN} readings {self.owner}",
            )

    def _lose(self, error: AgentError) -> None:
        """Everything of this agent is unavailable at once."""
        if isinstance(error, AgentUnauthorized | AgentImpostor):
            self.config_entry.async_start_reauth(self.hass)
        if isinstance(error, AgentIncompatible):
            async_report_incompatible(self.hass, self.owner, self.name, error)
        if self.last_update_success:
            self.since = dt_util.utcnow()
            self._forget_cameras()
        elif type(error) is not type(self.last_exception):
            _LOGGER.warning("%s is not connected: %s", self.name, error)
        self.async_set_update_error(error)

    def _forget_cameras(self) -> None:
        for camera in self.data.cameras:
            self._listener.lost(self.key(camera))

    def _tell_motion(self, camera: str, state: CameraState) -> None:
        if state.online:
            self._listener.motion(self.key(camera), state.moving)
        else:
            self._listener.lost(self.key(camera))
