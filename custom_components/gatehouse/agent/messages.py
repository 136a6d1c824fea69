"""What an agent says, from JSON to nouns: unknown keys and messages are passed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..models import CameraState
from . import wire
from .access import (
    AccessChanged,
    AccessState,
    DoorChanged,
    DoorInfo,
    DoorState,
    Rang,
    parse_access,
    parse_door,
    parse_door_info,
)
from .bookings import Booked, booked_or_none
from .cameras import parse_camera, parse_camera_info
from .decoding import (
    decoding,
    moment,
    moment_or_none,
    number,
    read_json,
    span_or_none,
    text_or_none,
)
from .errors import AgentIncompatible, NotAnAgent
from .logs import LogBatch, parse_logs
from .machine import (
    AgentInfo,
    AgentStats,
    CameraFigures,
    Probe,
    figures_of,
    probes_or_none,
    stats_of,
)
from .passages import PassageMade, parse_passage
from .recording import Recording, parse_recording
from .spool import Spool, spool_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All of an agent at once; the first message of every feed."""

    now: datetime
    """The agent's clock."""
    info: AgentInfo
    cameras: Mapping[str, CameraState]
    stats: AgentStats
    recordings: tuple[Recording, ...]
    spool: Spool | None = None
    """None if the agent keeps none."""
    bookings: Booked | None = None
    """None if the agent cannot record by appointment."""
    probes: tuple[Probe, ...] | None = None
    """None if the agent is too old to tell."""
    doors: tuple[DoorInfo, ...] = ()
    door_states: Mapping[str, DoorState] = field(default_factory=dict)
    """By the agent's own ids of its doors."""
    access: AccessState | None = None
    """None if the agent has no doors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraChanged:
    """A camera came, went, or counts its frames anew."""

    camera: str
    state: CameraState


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionChanged:
    """How much moves in front of a camera."""

    camera: str
    score: float
    moving: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged:
    """A recording began, was extended, or ended."""

    recording: Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsChanged:
    """How the Pi is now."""

    stats: AgentStats
    now: datetime | None = None
    """The agent's clock, if it tells."""
    spool: Spool | None = None
    """None if the agent keeps none, or tells of it only when it is connected."""
    bookings: Booked | None = None
    """None if the agent cannot record by appointment."""
    probes: tuple[Probe, ...] | None = None
    """None if the agent is too old to tell."""
    figures: Mapping[str, CameraFigures] = field(default_factory=dict)
    """Of its cameras, by their own ids."""
    access: AccessState | None = None
    """None if the agent has no doors."""


type Message = (
    State
    | CameraChanged
    | MotionChanged
    | RecordingChanged
    | StatsChanged
    | DoorChanged
    | PassageMade
    | Rang
    | AccessChanged
    | LogBatch
)


@decoding()
def parse_message(text: str) -> Message | None:
    """Return a message of the feed, None if it is of a type that we do not know."""
    body = read_json(text)
    match body["type"]:
        case wire.MessageType.STATE:
            return _state(body)
        case wire.MessageType.CAMERA:
            return CameraChanged(camera=str(body["camera"]), state=parse_camera(body["state"]))
        case wire.MessageType.MOTION:
            return _motion(body)
        case wire.MessageType.RECORDING:
            return RecordingChanged(recording=parse_recording(body["recording"]))
        case wire.MessageType.STATS:
            return _stats_changed(body)
        case wire.MessageType.LOGS:
            return parse_logs(body)
    return _at_a_door(body)


@decoding()
def parse_info(body: Mapping[str, Any]) -> AgentInfo:
    """Return who the agent is; NotAnAgent or AgentIncompatible if we cannot talk with it."""
    if body.get("product") != wire.PRODUCT:
        raise NotAnAgent("What answers there is not an agent of Gatehouse.")
    if body["api"] != wire.API_VERSION:
        raise AgentIncompatible(body["api"], wire.API_VERSION)
    return AgentInfo(
        id=str(body["id"]),
        name=str(body["name"]),
        version=str(body["version"]),
        model=text_or_none(body.get("model")),
        cameras=tuple(parse_camera_info(camera) for camera in body["cameras"]),
        ring=span_or_none(body.get("ring_s")),
        webrtc=body.get("webrtc") is True,
    )


def _at_a_door(body: Mapping[str, Any]) -> Message | None:
    match body["type"]:
        case wire.MessageType.DOOR:
            return DoorChanged(door=str(body["door"]), state=parse_door(body["state"]))
        case wire.MessageType.PASSAGE:
            passage = parse_passage(body["passage"])
            return None if passage is None else PassageMade(passage=passage)
        case wire.MessageType.RING:
            return Rang(door=str(body["door"]), at=moment(body["at"]))
        case wire.MessageType.ACCESS:
            return AccessChanged(access=parse_access(body["access"]))
    return None


def _state(body: Mapping[str, Any]) -> State:
    return State(
        now=moment(body["now"]),
        info=parse_info(body["info"]),
        cameras={camera: parse_camera(state) for camera, state in body["cameras"].items()},
        stats=stats_of(body["stats"]),
        recordings=tuple(parse_recording(recording) for recording in body["recordings"]),
        spool=spool_or_none(body),
        bookings=booked_or_none(body),
        probes=probes_or_none(body),
        doors=tuple(parse_door_info(door) for door in body["info"].get("doors", ())),
        door_states={door: parse_door(state) for door, state in body.get("doors", {}).items()},
        access=_access_or_none(body),
    )


def _stats_changed(body: Mapping[str, Any]) -> StatsChanged:
    return StatsChanged(
        stats=stats_of(body["stats"]),
        now=moment_or_none(body.get("now")),
        spool=spool_or_none(body),
        bookings=booked_or_none(body),
        probes=probes_or_none(body),
        figures=figures_of(body),
        access=_access_or_none(body),
    )


def _access_or_none(body: Mapping[str, Any]) -> AccessState | None:
    access = body.get("access")
    return None if not access else parse_access(access)


def _motion(body: Mapping[str, Any]) -> MotionChanged:
    return MotionChanged(
        camera=str(body["camera"]),
        score=number(body["score"]),
        moving=bool(body["moving"]),
        at=moment(body["at"]),
    )
