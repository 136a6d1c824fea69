"""The nouns of Gatehouse: read this first."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in a picture, as fractions of its width and height (0 to 1)."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object in one frame."""

    label: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One JPEG and when its light fell on the sensor (the agent's clock, aware UTC)."""

    jpeg: bytes = field(repr=False)
    captured: datetime


class Level(StrEnum):
    """How bad an incident is: low below 30, medium below 60, high below 85, else critical."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The risk of an incident, 0 to 100, and why."""

    risk: int
    level: Level
    reasons: tuple[str, ...]


class IncidentState(StrEnum):
    """Open while signs come, closed when they ended, interrupted when we stopped looking."""

    OPEN = "open"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What happened at a place between its first and its last sign."""

    id: str
    camera: str
    state: IncidentState
    started: datetime
    last_seen: datetime
    ended: datetime | None = None
    confirmed: datetime | None = None
    labels: tuple[str, ...] = ()
    count: int = 0
    """The most objects seen at once."""
    score: float = 0.0
    """The best score of any detection."""
    picture: Path | None = None
    assessment: Assessment | None = None


class FootageStage(StrEnum):
    """How far a recording has come; the column is the queue."""

    REQUESTED = "requested"
    RECORDING = "recording"
    FETCHED = "fetched"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A recording on its way from an agent to the media folder."""

    id: str
    camera: str
    incident: str | None
    stage: FootageStage
    since: datetime
    until: datetime
    recording: str | None = None
    """The agent's own id of it."""
    path: Path | None = None
    duration: timedelta | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    error: str | None = None
    """A short code (`agent_unreachable`, `not_playable` …), for translation at the floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInfo:
    """A camera as its agent describes it."""

    id: str
    name: str
    width: int
    height: int
    fps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInfo:
    """A Pi as it describes itself."""

    id: str
    name: str
    version: str
    model: str | None
    cameras: tuple[CameraInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """What a camera on an agent is doing now."""

    online: bool
    error: str | None = None
    motion: float = 0.0
    moving: bool = False
    fps: float = 0.0
    restarts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStats:
    """How a Pi is; a reading that failed is None."""

    cpu_percent: float | None = None
    memory_percent: float | None = None
    disk_percent: float | None = None
    disk_free_bytes: int | None = None
    temperature: float | None = None
    """Degrees Celsius."""
    booted: datetime | None = None
    load: float | None = None
    under_voltage: bool | None = None
    throttled: bool | None = None
