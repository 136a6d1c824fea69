"""Cameras as Home Assistant sees them; entities read this and nothing else."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import logging
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import DOMAIN, EVENT_INCIDENT
from .incidents import IncidentNews, NewsKind, Presence, Watched
from .models import CameraInfo, CameraState, CameraStatus, Incident

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# "updated" would write a line for every better picture.
TOLD_TO_LOGBOOK: Final = frozenset({NewsKind.CONFIRMED, NewsKind.CLOSED, NewsKind.INTERRUPTED})

NOBODY: Final = Presence()
UNSEEN: Final = CameraState(status=CameraStatus.OFFLINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraData:
    """One camera: what is known of it, and what we saw on it."""

    info: CameraInfo
    state: CameraState
    presence: Presence = NOBODY
    incident: Incident | None = None
    """The newest incident that it saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CamerasData:
    """Cameras by the ids that they have where they are."""

    cameras: Mapping[str, CameraData]


def camera_key(owner: str, camera: str) -> str:
    """Return the id of a camera that is unique in the site."""
    return f"{owner}/{camera}"


def incident_attributes(incident: Incident) -> dict[str, Any]:
    """Return what states, events and responses tell of an incident."""
    assessment = incident.assessment
    return {
        "incident_id": incident.id,
        "place": incident.place,
        "state": incident.state.value,
        "started": incident.started.isoformat(),
        "duration": round((incident.last_seen - incident.started).total_seconds()),
        "labels": list(incident.labels),
        "count": incident.count,
        "zones": list(incident.zones),
        "risk": assessment.risk if assessment else None,
        "level": assessment.level.value if assessment else None,
        "reasons": list(assessment.reasons) if assessment else [],
        "summary": assessment.summary if assessment else "",
        "assessment": incident.assessing.value,
        "reviewed": incident.reviewed is not None,
        "false_alarm": incident.false_alarm,
        "kept": incident.kept,
        "replayed": incident.replayed,
    }


class CameraCoordinator[Data: CamerasData](DataUpdateCoordinator[Data]):
    """The cameras of one subentry: an agent's, or the one that comes from elsewhere."""

    config_entry: GatehouseConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        owner: str,
        data: Data,
    ) -> None:
        """Start with these cameras; owner is what makes their ids unique in the site."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=subentry.title)
        self.subentry = subentry
        self.owner = owner
        self.data = data
        self.device_id = ""
        """The device that the cameras' devices hang below."""
        self._incident_listeners: dict[str, list[Callable[[IncidentNews], None]]] = {}

    @callback
    @abstractmethod
    def async_register_device(self, site: str) -> None:
        """Register the devices that the cameras need, below the site's."""

    @abstractmethod
    async def follow(self) -> None:
        """Follow the cameras until cancelled."""

    @abstractmethod
    def watched(self, camera: str) -> Watched:
        """Return how to watch one of the cameras."""

    def is_online(self, camera: str) -> bool:
        """Return whether a camera gives pictures now."""
        cameras = self.data.cameras
        return self.last_update_success and camera in cameras and cameras[camera].state.online

    def tells_of(self, camera: str) -> bool:
        """Return whether anybody knows how a camera is now."""
        return self.last_update_success and camera in self.data.cameras

    def tells_motion(self, camera: str) -> bool:
        """Return whether somebody tells that something moves in a camera's view."""
        return self.watched(camera).idle_check is None

    def key(self, camera: str) -> str:
        """Return the site-wide key of one of these cameras."""
        return camera_key(self.owner, camera)

    @callback
    def async_set_presence(self, camera: str, presence: Presence) -> None:
        """Take what the incidents room sees on a camera now."""
        self._change(camera, presence=presence)

    @callback
    def async_set_incident(self, camera: str, incident: Incident) -> None:
        """Take an incident that a camera saw, unless it has seen a newer one."""
        known = self.data.cameras.get(camera)
        newest = known.incident if known else None
        if newest is None or newest.id == incident.id or newest.started <= incident.started:
            self._change(camera, incident=incident)

    @callback
    def async_tell_incident(self, camera: str, news: IncidentNews) -> None:
        """Tell an incident's news to the camera's event and to its other entities."""
        self.async_set_incident(camera, news.incident)
        for listener in tuple(self._incident_listeners.get(camera, ())):
            listener(news)

    @callback
    def async_log_incident(self, camera: str, news: IncidentNews) -> None:
        """Tell the logbook, as what this camera saw; an entry is of now, whatever it is about."""
        if not (news.is_live and (news.assessed or news.kind in TOLD_TO_LOGBOOK)):
            return
        self.hass.bus.async_fire(
            EVENT_INCIDENT,
            {
                "type": "assessed" if news.assessed else news.kind.value,
                "camera": self.data.cameras[camera].info.name,
                "entity_id": self.camera_entity_id(camera),
                **incident_attributes(news.incident),
            },
        )

    @callback
    def camera_entity_id(self, camera: str) -> str | None:
        """Return the entity that shows a camera."""
        return er.async_get(self.hass).async_get_entity_id(
            "camera", DOMAIN, f"{self.owner}_{camera}_camera"
        )

    @callback
    def async_subscribe_incidents(
        self, camera: str, listener: Callable[[IncidentNews], None]
    ) -> CALLBACK_TYPE:
        """Call listener with every news of a camera's incidents until unsubscribed."""
        listeners = self._incident_listeners.setdefault(camera, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @override
    async def _async_update_data(self) -> Data:
        """Answer a forced refresh: all there is was told."""
        return self.data

    def _change(self, camera: str, *, shown: bool = True, **changes: object) -> None:
        """Replace fields of a camera that is still there; entities hear of what they show."""
        if camera not in self.data.cameras:
            return
        cameras = dict(self.data.cameras)
        cameras[camera] = replace(cameras[camera], **changes)  # type: ignore[arg-type]
        self.data = replace(self.data, cameras=cameras)
        if shown:
            self.async_update_listeners()
