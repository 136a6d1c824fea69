"""The Pis, over HTTP and WebSocket."""

from .access import (
    AccessChanged,
    AccessState,
    DoorChanged,
    DoorInfo,
    DoorState,
    Enrolled,
    Rang,
    ReaderInfo,
    ReaderState,
)
from .bookings import Booked, Planned, Underway
from .client import Agent
from .clock import steady
from .doors import AgentDoors
from .errors import (
    AgentError,
    AgentGarbled,
    AgentImpostor,
    AgentIncompatible,
    AgentOutdated,
    AgentRefused,
    AgentUnauthorized,
    AgentUnreachable,
    NotAnAgent,
)
from .logs import LogBatch, LogLine
from .machine import AgentInfo, AgentStats, CameraFigures, Gpu, Probe, stats_of
from .messages import CameraChanged, Message, MotionChanged, RecordingChanged, State, StatsChanged
from .mjpeg import BOUNDARY
from .pairing import BadCode, PairingLocked, Stranger, WrongCode, fingerprint_of, greet, pair
from .passages import AgentPassage, PassageMade, PassagePage
from .pin import Identity, Pin
from .recording import Recording
from .recordings import Recordings
from .spool import Reading, Spool, SpoolReport
from .upkeep import Upkeep
from .webrtc import Watching, WebRtc
from .wire import (
    DEFAULT_PORT,
    SERVICE_TYPE,
    Antipassback,
    Authentication,
    Decider,
    Direction,
    DoorMode,
    ErrorCode,
    LogLevel,
    Quantity,
    Reason,
    RecordingOrigin,
    RecordingStatus,
    SiteMode,
    Verify,
)

__all__ = [
    "BOUNDARY",
    "DEFAULT_PORT",
    "SERVICE_TYPE",
    "AccessChanged",
    "AccessState",
    "Agent",
    "AgentDoors",
    "AgentError",
    "AgentGarbled",
    "AgentImpostor",
    "AgentIncompatible",
    "AgentInfo",
    "AgentOutdated",
    "AgentPassage",
    "AgentRefused",
    "AgentStats",
    "AgentUnauthorized",
    "AgentUnreachable",
    "Antipassback",
    "Authentication",
    "BadCode",
    "Booked",
    "CameraChanged",
    "CameraFigures",
    "Decider",
    "Direction",
    "DoorChanged",
    "DoorInfo",
    "DoorMode",
    "DoorState",
    "Enrolled",
    "ErrorCode",
    "Gpu",
    "Identity",
    "LogBatch",
    "LogLevel",
    "LogLine",
    "Message",
    "MotionChanged",
    "NotAnAgent",
    "PairingLocked",
    "PassageMade",
    "PassagePage",
    "Pin",
    "Planned",
    "Probe",
    "Quantity",
    "Rang",
    "ReaderInfo",
    "ReaderState",
    "Reading",
    "Reason",
    "Recording",
    "RecordingChanged",
    "RecordingOrigin",
    "RecordingStatus",
    "Recordings",
    "SiteMode",
    "Spool",
    "SpoolReport",
    "State",
    "StatsChanged",
    "Stranger",
    "Underway",
    "Upkeep",
    "Verify",
    "Watching",
    "WebRtc",
    "WrongCode",
    "fingerprint_of",
    "greet",
    "pair",
    "stats_of",
    "steady",
]
