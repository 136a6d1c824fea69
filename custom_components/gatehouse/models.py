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


class Author(StrEnum):
    """Who wrote a summary: we, from the facts alone, or a language model."""

    FACTS = "facts"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The risk of an incident, 0 to 100, and why: first by rule, then by a language model."""

    risk: int
    level: Level
    reasons: tuple[str, ...]
    floor: int = 0
    """The risk below which no language model may go."""
    summary: str = ""
    author: Author = Author.FACTS
    """Who wrote the summary."""


class AssessmentState(StrEnum):
    """How far a language model has come; the column is the queue.

    None: it is not asked. Pending: its turn comes. Failed: it gave no answer that makes sense, the
    facts speak. Skipped: the day's budget was used up.
    """

    NONE = "none"
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class PassageKind(StrEnum):
    """What came of one attempt at a door."""

    GRANTED = "granted"
    DENIED = "denied"
    FORCED = "forced"
    HELD_OPEN = "held_open"
    EXIT = "exit"
    TAMPER = "tamper"
    TAILGATING = "tailgating"
    """More people were seen to enter than were let in: a hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One attempt at a door, or what was done to it; codes are those of `agent.wire`."""

    id: str
    door: str
    kind: PassageKind
    at: datetime
    person: str | None = None
    """Whose card it was, as people call them."""
    reason: str | None = None
    """Why it was denied: the code of a `Reason`, or plain words."""
    reader: str | None = None
    holder: str | None = None
    """The id of the person."""
    credential: str | None = None
    """What people call the card."""
    card: str | None = None
    """The first digits of the keyed hash of a card that nobody knows."""
    authentication: str | None = None
    direction: str | None = None
    latency: timedelta | None = None
    """From the last byte of the card to the word for the relay."""
    decided_by: str | None = None
    warning: str | None = None
    """What would have been a reason on a stricter door."""
    replayed: bool = False
    """Whether it happened while nobody listened."""
    incident: str | None = None
    """The incident that it is part of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture of an incident as the camera gave it, and what was detected in it."""

    path: Path
    detections: tuple[Detection, ...] = ()
    """The surest of them, the surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one camera saw of an incident: from when to when, and its best detection."""

    camera: str
    first: datetime
    last: datetime
    best: Detection


class IncidentState(StrEnum):
    """Open while signs come, closed when they ended, interrupted when we stopped looking."""

    OPEN = "open"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What happened at a place between its first and its last sign.

    All moments are by the site's clock.
    """

    id: str
    group: str
    """The camera group it happened in; a camera without a group is one, by its own key."""
    place: str
    """What people call that group or camera."""
    state: IncidentState
    started: datetime
    last_seen: datetime
    ended: datetime | None = None
    labels: tuple[str, ...] = ()
    count: int = 0
    """The most objects that one camera saw at once."""
    zones: tuple[str, ...] = ()
    """The names of the zones that somebody was in, in the order of entering."""
    sightings: tuple[Sighting, ...] = ()
    """One for each camera that saw it, the first one first."""
    passages: tuple[Passage, ...] = ()
    picture: Path | None = None
    """The best picture, with boxes: a frame for who cannot draw them."""
    frames: tuple[Frame, ...] = ()
    """At most four pictures without boxes, in the order of time; none while it is open."""
    assessment: Assessment | None = None
    assessing: AssessmentState = AssessmentState.NONE
    reviewed: datetime | None = None
    false_alarm: bool = False
    note: str = ""
    notified: datetime | None = None
    """When somebody was notified of it."""
    kept: bool = False
    """Whether its media are never deleted for their age or for room."""
    replayed: bool = False
    """Whether it happened while nobody listened, and was made of what an agent kept of it."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """The keys of the cameras that saw it, the first one first."""
        return tuple(sighting.camera for sighting in self.sightings)

    @property
    def level(self) -> Level | None:
        """How bad it is, as far as that has been assessed."""
        return self.assessment.level if self.assessment else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cameras and doors of one place: what they see and hear at one time is one incident."""

    id: str
    name: str
    cameras: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()


class ZoneKind(StrEnum):
    """Whether only what is inside counts, or nothing that is."""

    ZONE = "zone"
    MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon in one camera's picture: a zone to look in, or a mask to look away from."""

    id: str
    camera: str
    kind: ZoneKind
    name: str
    points: tuple[tuple[float, float], ...]
    """Three or more corners, as fractions of the picture's width and height."""
    sensitive: bool = False
    """Whether somebody in this zone is a greater risk than elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreBox:
    """Where something stands in a camera's picture that is not what it is taken for."""

    id: str
    camera: str
    label: str
    box: Box
    created: datetime
    incident: str | None = None
    """The incident that showed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How sure of a detection one camera must be, and how large it may be."""

    threshold: float | None = None
    """The score from which on a detection counts; None for the site's."""
    certainty: float | None = None
    """What the median of an object's scores must reach before anybody is told; None as above."""
    smallest: float = 0.0
    largest: float = 1.0
    """The least and the greatest share of the picture's area."""


class FootageStage(StrEnum):
    """How far a recording has come; the column is the queue.

    Fetched: its bytes are here. Checked: it plays, and is at its place. Ready: only we have it.
    Uploaded: it is in the off-site storage, and perhaps no longer here. Expired: it is nowhere.
    """

    REQUESTED = "requested"
    RECORDING = "recording"
    FETCHED = "fetched"
    CHECKED = "checked"
    READY = "ready"
    UPLOADED = "uploaded"
    EXPIRED = "expired"
    FAILED = "failed"


class Layout(StrEnum):
    """How the pictures of two cameras are one; separate is none of it."""

    SIDE_BY_SIDE = "side_by_side"
    PICTURE_IN_PICTURE = "picture_in_picture"
    PANORAMA = "panorama"
    SEPARATE = "separate"


class BookingState(StrEnum):
    """How far an hour that is to be recorded has come.

    Completed: all of it is recorded. Processing: its parts are made one movie. Ready: the movie is
    here, and nothing more is wanted of it. Missed: nobody recorded any of it.
    """

    SCHEDULED = "scheduled"
    RECORDING = "recording"
    COMPLETED = "completed"
    PROCESSING = "processing"
    READY = "ready"
    UPLOADED = "uploaded"
    SHARED = "shared"
    FAILED = "failed"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Replay(StrEnum):
    """Whether somebody has looked at footage that nobody asked for; the column is the queue."""

    NONE = "none"
    PENDING = "pending"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A recording on its way from a camera's recorder to the media folder, and beyond it."""

    id: str
    camera: str
    incident: str | None
    stage: FootageStage
    since: datetime
    until: datetime
    level: Level | None = None
    """How bad its incident is; None for what belongs to none."""
    kept: bool = False
    """Whether it is never deleted for its age or for room."""
    replay: Replay = Replay.NONE
    booking: str | None = None
    """The appointment that it is of."""
    part: bool = False
    """Whether it is one piece of an appointment, to be made a movie with the others."""
    wanted: bool | None = None
    """Whether it is to be uploaded, if somebody said so; None leaves that to the rules."""
    recording: str | None = None
    """The recorder's own id of it."""
    path: Path | None = None
    """Where it is in the media folder; None before, and after it was deleted there."""
    duration: timedelta | None = None
    size: int | None = None
    """Bytes of the file."""
    sha256: str | None = None
    md5: str | None = None
    """What an S3 storage tells of an object that was put in one part."""
    optimised: bool = False
    """Whether the file was encoded anew, or will never be."""
    key: str | None = None
    """The key of its object in the off-site storage; None while there is none."""
    upload: str | None = None
    """The id of a multipart upload that has begun."""
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


class CameraStatus(StrEnum):
    """Whether a camera gives pictures; while it is private, somebody wants it to give none."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """What a camera is doing now."""

    status: CameraStatus
    error: str | None = None
    motion: float = 0.0
    moving: bool = False
    fps: float = 0.0
    restarts: int = 0
    frame_age: timedelta | None = None
    """How old its newest picture was when that was told."""
    encoder_percent: float | None = None
    """What its process takes of one core."""

    @property
    def online(self) -> bool:
        """Whether it gives pictures."""
        return self.status is CameraStatus.ONLINE

    @property
    def private(self) -> bool:
        """Whether nobody is to see anything."""
        return self.status is CameraStatus.PRIVATE
