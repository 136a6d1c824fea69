"""One agent as Home Assistant sees it; entities read this and nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
import logging
import random
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

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
    State,
    StatsChanged,
)
from .const import DOMAIN, EVENT_INCIDENT
from .incidents import IncidentNews, NewsKind, Presence
from .models import AgentInfo, AgentStats, CameraInfo, CameraState, Incident

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# A Pi that reboots is back within a minute; asking faster than this only fills its log.
RETRY_FIRST: Final = timedelta(seconds=1)
RETRY_LONGEST: Final = timedelta(seconds=60)

# "updated" would write a line for every better picture.
TOLD_TO_LOGBOOK: Final = frozenset({NewsKind.CONFIRMED, NewsKind.CLOSED, NewsKind.INTERRUPTED})

NOBODY: Final = Presence(present=False, count=0)
UNSEEN: Final = CameraState(online=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraData:
    """One camera: what its agent says of it, and what we saw on it."""

    info: CameraInfo
    state: CameraState
    presence: Presence = NOBODY
    incident: Incident | None = None
    """The newest confirmed incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentData:
    """One agent: itself and its cameras, by their own ids."""

    info: AgentInfo | None
    stats: AgentStats
    cameras: Mapping[str, CameraData]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentListener:
    """Where an agent's news goes; cameras are called by their site-wide keys."""

    described: Callable[[str, AgentInfo], None]
    motion: Callable[[str, bool], None]
    lost: Callable[[str], None]
    recording: Callable[[str, RecordingChanged], None]


def camera_key(agent: str, camera: str) -> str:
    """Return the id of a camera that is unique in the site."""
    return f"{agent}/{camera}"


def incident_attributes(incident: Incident) -> dict[str, Any]:
    """Return what states, events and responses tell of an incident."""
    assessment = incident.assessment
    return {
        "incident_id": incident.id,
        "state": incident.state.value,
        "started": incident.started.isoformat(),
        "duration": round((incident.last_seen - incident.started).total_seconds()),
        "labels": list(incident.labels),
        "count": incident.count,
        "risk": assessment.risk if assessment else None,
        "level": assessment.level.value if assessment else None,
        "reasons": list(assessment.reasons) if assessment else [],
    }


class AgentCoordinator(DataUpdateCoordinator[AgentData]):
    """Follows the feed of one agent, and starts over when it breaks."""

    config_entry: GatehouseConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        known: AgentInfo | None,
        listener: AgentListener,
    ) -> None:
        """Start from what was last known of the agent, so that its entities exist at once."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=subentry.title)
        self.subentry = subentry
        self.agent_id = subentry.unique_id or subentry.subentry_id
        self.agent = Agent(
            async_get_clientsession(hass),
            subentry.data[CONF_HOST],
            subentry.data[CONF_PORT],
            subentry.data[CONF_TOKEN],
        )
        self.data = AgentData(info=known, stats=AgentStats(), cameras=_unseen(known))
        self.last_update_success = False
        self.device_id = ""
        self._listener = listener
        self._incident_listeners: dict[str, list[Callable[[IncidentNews], None]]] = {}

    @callback
    def async_register_device(self, site: str) -> None:
        """Register the Pi's device below the site's; its cameras hang below it."""
        info = self.data.info
        self.device_id = (
            dr.async_get(self.hass)
            .async_get_or_create(
                config_entry_id=self.config_entry.entry_id,
                config_subentry_id=self.subentry.subentry_id,
                identifiers={(DOMAIN, self.agent_id)},
                name=self.subentry.title,
                manufacturer="Gatehouse",
                model=info.model if info else None,
                sw_version=info.version if info else None,
                via_device_id=site,
            )
            .id
        )

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

    def key(self, camera: str) -> str:
        """Return the site-wide key of one of this agent's cameras."""
        return camera_key(self.agent_id, camera)

    @callback
    def async_set_presence(self, camera: str, presence: Presence) -> None:
        """Take what the incidents room sees on a camera now."""
        self._change(camera, presence=presence)

    @callback
    def async_set_incident(self, camera: str, incident: Incident) -> None:
        """Take a camera's newest confirmed incident."""
        self._change(camera, incident=incident)

    @callback
    def async_tell_incident(self, camera: str, news: IncidentNews) -> None:
        """Tell an incident's news to the camera's event, to its other entities, to the logbook."""
        if camera not in self.data.cameras:
            return
        if news.incident.confirmed:
            self.async_set_incident(camera, news.incident)
        for listener in tuple(self._incident_listeners.get(camera, ())):
            listener(news)
        if news.incident.confirmed and news.kind in TOLD_TO_LOGBOOK:
            self._log_incident(camera, news)

    @callback
    def async_subscribe_incidents(
        self, camera: str, listener: Callable[[IncidentNews], None]
    ) -> CALLBACK_TYPE:
        """Call listener with every news of a camera's incidents until unsubscribed."""
        listeners = self._incident_listeners.setdefault(camera, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @override
    async def _async_update_data(self) -> AgentData:
        """Answer a forced refresh: the feed has told all there is."""
        return self.data

    def _hear(self, message: Message) -> None:
        match message:
            case State(info=info) if info.id != self.agent_id:
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
            case StatsChanged(stats=stats):
                self.async_set_updated_data(replace(self.data, stats=stats))
            case RecordingChanged(recording=recording):
                self._listener.recording(self.key(recording.camera), message)
            case _:
                _LOGGER.debug("%s told of a camera it never described", self.name)

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
        self.async_set_updated_data(AgentData(info=state.info, stats=state.stats, cameras=cameras))
        self._listener.described(self.agent_id, state.info)
        for camera, data in cameras.items():
            self._tell_motion(camera, data.state)
        for recording in state.recordings:
            self._listener.recording(
                self.key(recording.camera), RecordingChanged(recording=recording)
            )

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
        return f"agent_incompatible_{self.agent_id}"

    def _log_incident(self, camera: str, news: IncidentNews) -> None:
        entity_id = er.async_get(self.hass).async_get_entity_id(
            "camera", DOMAIN, f"{self.agent_id}_{camera}_camera"
        )
        self.hass.bus.async_fire(
            EVENT_INCIDENT,
            {
                "type": news.kind.value,
                "camera": self.data.cameras[camera].info.name,
                "entity_id": entity_id,
                **incident_attributes(news.incident),
            },
        )

    def _forget_cameras(self) -> None:
        for camera in self.data.cameras:
            self._listener.lost(self.key(camera))

    def _tell_motion(self, camera: str, state: CameraState) -> None:
        if state.online:
            self._listener.motion(self.key(camera), state.moving)
        else:
            self._listener.lost(self.key(camera))

    def _change(self, camera: str, *, shown: bool = True, **changes: object) -> None:
        """Replace fields of a camera that the agent still has; entities hear of what they show."""
        if camera not in self.data.cameras:
            return
        cameras = dict(self.data.cameras)
        cameras[camera] = replace(cameras[camera], **changes)  # type: ignore[arg-type]
        self.data = replace(self.data, cameras=cameras)
        if shown:
            self.async_update_listeners()

    def _remove_devices_but(self, cameras: Mapping[str, CameraData]) -> None:
        """Remove the devices of cameras that the agent no longer has."""
        registry = dr.async_get(self.hass)
        kept = {(DOMAIN, self.agent_id), *((DOMAIN, self.key(camera)) for camera in cameras)}
        for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            ours = device.config_subentry_id == self.subentry.subentry_id
            if ours and not device.identifiers & kept:
                registry.async_remove_device(device.id)


def _unseen(info: AgentInfo | None) -> dict[str, CameraData]:
    if info is None:
        return {}
    return {camera.id: CameraData(info=camera, state=UNSEEN) for camera in info.cameras}
