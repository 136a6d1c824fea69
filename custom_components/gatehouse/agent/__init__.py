"""The Pis, over HTTP and WebSocket."""

from .client import Agent
from .errors import (
    AgentError,
    AgentGarbled,
    AgentIncompatible,
    AgentRefused,
    AgentUnauthorized,
    AgentUnreachable,
    NotAnAgent,
)
from .messages import (
    CameraChanged,
    Message,
    MotionChanged,
    Reading,
    Recording,
    RecordingChanged,
    Spool,
    SpoolReport,
    State,
    StatsChanged,
)
from .recordings import Recordings
from .wire import DEFAULT_PORT, SERVICE_TYPE, ErrorCode, RecordingOrigin, RecordingStatus

__all__ = [
    "DEFAULT_PORT",
    "SERVICE_TYPE",
    "Agent",
    "AgentError",
    "AgentGarbled",
    "AgentIncompatible",
    "AgentRefused",
    "AgentUnauthorized",
    "AgentUnreachable",
    "CameraChanged",
    "ErrorCode",
    "Message",
    "MotionChanged",
    "NotAnAgent",
    "Reading",
    "Recording",
    "RecordingChanged",
    "RecordingOrigin",
    "RecordingStatus",
    "Recordings",
    "Spool",
    "SpoolReport",
    "State",
    "StatsChanged",
]
