"""One agent as Home Assistant sees it: its feed, its stats, its cameras."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
import logging
import random
from typing import TYPE_CHECKING, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .agent import (
    Agent,
    AgentError,
    AgentIncompatible,
    AgentUnauthorized,
    AgentUnreachable,
    CameraChanged,
    Message,
    MotionChanged,
    NotAnAgent,
    RecordingChanged,
    Spool,
    State,
    StatsChanged,
)
from .const import DOMAIN
from .coordinator import UNSEEN, CameraCoordinator, CameraData, CamerasData
from .incidents import PicturesLost, Watched
from .models import AgentInfo, AgentStats, CameraState, Picture
from .readings import async_import_readings, async_report_loss

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# A Pi that reboots is back within a minute; asking faster than this only fills its log.
RETRY_FIRST: Final = timedelta(seconds=1)
RETRY_LONGEST: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentData(CamerasData):
    """One agent: itself and its cameras, by their own ids."""

    info: AgentInfo | None
    stats: AgentStats
    spool: Spool | None = None
    """What the agent still has of its time alone; None if it keeps none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentListener:
    """Where an agent's news goes; cameras are called by their site-wide keys."""

    described: Callable[[str, AgentInfo], None]
    motion: Callable[[str, bool], None]
    lost: Callable[[str], None]
    recording: Callable[[str, RecordingChanged], None]


class AgentCoordinator(CameraCoordinator[AgentData]):
    """Follows the feed of one agent, and starts over when it breaks."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        known: AgentInfo | None,
        listener: AgentListener,
    ) -> None:
        """Start from what was last known of the agent, so that its entities exist at once."""
        super().__init__(
            hass,
            entry,
            subentry,
            subentry.unique_id or subentry.subentry_id,
            AgentData(info=known, stats=AgentStats(), cameras=_unseen(known)),
        )
        self.agent = Agent(
            async_get_clientsession(hass),
            subentry.data[CONF_HOST],
            subentry.data[CONF_PORT],
            subentry.data[CONF_TOKEN],
        )
        self.last_update_success = False
        self._listener = listener
        self._importing: asyncio.Task[None] | None = None

    @callback
    @override
    def async_register_device(self, site: str) -> None:
        """Register the Pi's device below the site's; its cameras hang below it."""
        info = self.data.info
        self.device_id = (
            dr.async_get(self.hass)
            .async_get_or_create(
                config_entry_id=self.config_entry.entry_id,
                config_subentry_id=self.subentry.subentry_id,
                identifiers={(DOMAIN, self.owner)},
                name=self.subentry.title,
                manufacturer="Gatehouse",
                model=info.model if info else None,
                sw_version=info.version if info else None,
                via_device_id=site,
            )
            .id
        )

    @override
    async def follow(self) -> None:
        """Follow the agent until cancelled: one connection after the other."""
        pause = RETRY_FIRST
        try:
            while True:
                try:
                    async with aclosing(self.agent.feed()) as feed:
                        async for message in feed:
                            self._hear(message)
                            pause = RETRY_FIRST
                except AgentError as err:
                    self._lose(err)
                else:
                    self._lose(AgentUnreachable("The agent closed the connection."))
                await asyncio.sleep(pause.total_seconds() * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, RETRY_LONGEST)
        finally:
            self._forget_cameras()

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
                self._change(camera, state=state)
                self._tell_motion(camera, state)
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
            case _:
                _LOGGER.debug("%s told of a camera it never described", self.name)

    def _measure(self, news: StatsChanged) -> None:
        """Take how the Pi is now; an older agent tells of its spool only when it is connected."""
        spool = news.spool or self.data.spool
        self.async_set_updated_data(replace(self.data, stats=news.stats, spool=spool))
        if news.spool:
            async_report_loss(self.hass, self.owner, self.name, news.spool.lost)

    def _describe(self, state: State) -> None:
        """Take the agent's full state: the first word after every connect."""
        if not self.last_update_success:
            _LOGGER.info("%s is connected", self.name)
        ir.async_delete_issue(self.hass, DOMAIN, self._issue)
        cameras = {}
        for info in state.info.cameras:
            known = self.data.cameras.get(info.id, CameraData(info=info, state=UNSEEN))
            now = state.cameras.get(info.id, UNSEEN)
            cameras[info.id] = replace(known, info=info, state=now)
        self._remove_devices_but(cameras)
        dr.async_get(self.hass).async_update_device(
            self.device_id, model=state.info.model, sw_version=state.info.version
        )
        self.async_set_updated_data(
            AgentData(info=state.info, stats=state.stats, cameras=cameras, spool=state.spool)
        )
        if state.spool:
            self._take_up(state.spool)
        self._listener.described(self.owner, state.info)
        for camera, data in cameras.items():
            self._tell_motion(camera, data.state)
        for recording in state.recordings:
            self._listener.recording(
                self.key(recording.camera), RecordingChanged(recording=recording)
            )

    def _take_up(self, spool: Spool) -> None:
        """Take what the agent kept of its time alone; its clips are among its recordings."""
        async_report_loss(self.hass, self.owner, self.name, spool.lost)
        if spool.readings and (self._importing is None or self._importing.done()):
            self._importing = self.config_entry.async_create_background_task(
                self.hass, self._import_readings(), f"{DOMAIN} readings {self.owner}"
            )

    async def _import_readings(self) -> None:
        try:
            await async_import_readings(self.hass, self.agent, self.owner)
        except AgentError as err:
            _LOGGER.warning("The readings of %s stay there until it returns: %s", self.name, err)

    def _lose(self, error: AgentError) -> None:
        """Everything of this agent is unavailable at once."""
        if isinstance(error, AgentUnauthorized):
            self.config_entry.async_start_reauth(self.hass)
        if isinstance(error, AgentIncompatible):
            self._report_incompatible(error)
        if self.last_update_success:
            self._forget_cameras()
        elif type(error) is not type(self.last_exception):
            _LOGGER.warning("%s is not connected: %s", self.name, error)
        self.async_set_update_error(error)

    def _report_incompatible(self, error: AgentIncompatible) -> None:
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._issue,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="agent_incompatible",
            translation_placeholders={"name": self.name, "error": str(error)},
        )

    @property
    def _issue(self) -> str:
        return f"agent_incompatible_{self.owner}"

    def _forget_cameras(self) -> None:
        for camera in self.data.cameras:
            self._listener.lost(self.key(camera))

    def _tell_motion(self, camera: str, state: CameraState) -> None:
        if state.online:
            self._listener.motion(self.key(camera), state.moving)
        else:
            self._listener.lost(self.key(camera))

    def _remove_devices_but(self, cameras: Mapping[str, CameraData]) -> None:
        """Remove the devices of cameras that the agent no longer has."""
        registry = dr.async_get(self.hass)
        kept = {(DOMAIN, self.owner), *((DOMAIN, self.key(camera)) for camera in cameras)}
        for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            ours = device.config_subentry_id == self.subentry.subentry_id
            if ours and not device.identifiers & kept:
                registry.async_remove_device(device.id)


def _unseen(info: AgentInfo | None) -> dict[str, CameraData]:
    if info is None:
        return {}
    return {camera.id: CameraData(info=camera, state=UNSEEN) for camera in info.cameras}
