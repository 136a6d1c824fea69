"""One agent as entities read it, and how what it tells changes that."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from .agent import (
    AccessState,
    AgentInfo,
    AgentStats,
    Booked,
    CameraFigures,
    Probe,
    Spool,
    State,
    StatsChanged,
)
from .coordinator import UNSEEN, CameraData, CamerasData
from .door_data import DoorData, doors_told, unseen_doors
from .known_agents import KnownAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentData(CamerasData):
    """One agent: itself, its cameras and its doors, by their own ids."""

    info: AgentInfo | None
    stats: AgentStats
    spool: Spool | None = None
    """What the agent still has of its time alone; None if it keeps none."""
    bookings: Booked | None = None
    """What it records by itself; None if it cannot."""
    probes: tuple[Probe, ...] = ()
    clock_ahead: timedelta = timedelta()
    """How far its clock was ahead of ours when it told its stats."""
    doors: Mapping[str, DoorData] = field(default_factory=dict)
    access: AccessState | None = None
    """By which grants it decides; None if it has no doors, or has told nothing yet."""

    @property
    def has_webrtc(self) -> bool:
        """Whether browsers may watch its cameras by WebRTC."""
        return self.info is not None and self.info.webrtc


def unseen_agent(known: KnownAgent) -> AgentData:
    """Return an agent as it was known last, of which nothing was told since."""
    infos = known.info.cameras if known.info else ()
    return AgentData(
        info=known.info,
        stats=AgentStats(),
        cameras={info.id: CameraData(info=info, state=UNSEEN) for info in infos},
        doors=unseen_doors(known.doors),
    )


def described(was: AgentData, state: State, clock_ahead: timedelta) -> AgentData:
    """Return an agent as it says when it is connected; what we saw on its cameras stays."""
    cameras = {}
    for info in state.info.cameras:
        known = was.cameras.get(info.id, CameraData(info=info, state=UNSEEN))
        cameras[info.id] = replace(known, info=info, state=state.cameras.get(info.id, UNSEEN))
    return AgentData(
        info=state.info,
        stats=state.stats,
        cameras=cameras,
        spool=state.spool,
        bookings=state.bookings,
        # An agent that has just begun has read none yet.
        probes=state.probes or was.probes,
        clock_ahead=clock_ahead,
        doors=doors_told(state),
        access=state.access,
    )


def measured(was: AgentData, news: StatsChanged, clock_ahead: timedelta) -> AgentData:
    """Return an agent as it is now; an older one tells of its spool only when it is connected."""
    return replace(
        was,
        stats=news.stats,
        cameras=_with_figures(was.cameras, news.figures),
        spool=news.spool or was.spool,
        bookings=news.bookings,
        probes=was.probes if news.probes is None else news.probes,
        clock_ahead=clock_ahead,
        access=news.access or was.access,
    )


def _with_figures(
    cameras: Mapping[str, CameraData], figures: Mapping[str, CameraFigures]
) -> dict[str, CameraData]:
    return {
        camera: _with(data, figures[camera]) if camera in figures else data
        for camera, data in cameras.items()
    }


def _with(camera: CameraData, told: CameraFigures) -> CameraData:
    state = replace(
        camera.state,
        fps=told.fps,
        frame_age=told.frame_age,
        encoder_percent=told.encoder_percent,
    )
    return replace(camera, state=state)
