"""The words that an agent and the integration both know: paths, keys and closed sets, no behaviour.

This file is a twin: the agent's copy leads, the integration carries it byte for byte.
Times on the wire are seconds since the epoch (float, the agent's clock); spans are seconds.
"""

from enum import StrEnum
from typing import Final

API_VERSION: Final = 1
PRODUCT: Final = "gatehouse-agent"
SERVICE_TYPE: Final = "_gatehouse._tcp.local."
DEFAULT_PORT: Final = 8467

INFO: Final = "/api/v1/info"
FEED: Final = "/api/v1/feed"
HEALTH: Final = "/health"
SNAPSHOT: Final = "/api/v1/cameras/{camera}/snapshot"
STREAM: Final = "/api/v1/cameras/{camera}/stream"
LIVE: Final = "/api/v1/cameras/{camera}/live.ts"
RECORDINGS: Final = "/api/v1/cameras/{camera}/recordings"
RECORDING: Final = "/api/v1/cameras/{camera}/recordings/{recording}"
DETECT: Final = "/api/v1/detect"

# What the agent kept of the time in which nobody listened to its feed: the recordings of that time
# are among the others, with their origin; GET here tells the readings and what was lost, DELETE
# forgets the readings up to the moment of the query.
SPOOL: Final = "/api/v1/spool"
QUERY_UNTIL: Final = "until"

# A signed address is PATH?expires=EPOCH&auth=HEX, where HEX is the HMAC-SHA256, keyed by the
# token, of "PATH\nEPOCH". It is good for GET and HEAD of that one path until then.
QUERY_EXPIRES: Final = "expires"
QUERY_SIGNATURE: Final = "auth"  # a name that Home Assistant hides in its log
QUERY_FPS: Final = "fps"

# A JPEG is posted to DETECT, with these if the agent's own are not wanted; labels have commas
# between them. The answer gives boxes in pixels.
QUERY_THRESHOLD: Final = "threshold"
QUERY_LABELS: Final = "labels"

CAPTURED_HEADER: Final = "X-Timestamp"


class ErrorCode(StrEnum):
    """Why a request was refused: `{"error": {"code": …, "message": "a sentence"}}`."""

    UNAUTHORIZED = "unauthorized"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    CAMERA_OFFLINE = "camera_offline"
    RECORDING_RUNNING = "recording_running"
    RECORDING_OVER = "recording_over"
    NO_SPACE = "no_space"
    TOO_MANY = "too_many"
    NO_DETECTOR = "no_detector"
    BAD_PICTURE = "bad_picture"
    BUSY = "busy"
    INTERNAL = "internal"


class MessageType(StrEnum):
    """The `type` of a message on the feed."""

    STATE = "state"
    CAMERA = "camera"
    MOTION = "motion"
    RECORDING = "recording"
    STATS = "stats"


class CameraStatus(StrEnum):
    """What a camera is doing."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"


class RecordingOrigin(StrEnum):
    """Why there is a recording: somebody asked for it, or something moved and nobody listened."""

    ASKED = "asked"
    SPOOL = "spool"


class RecordingStatus(StrEnum):
    """Where a recording on the agent stands."""

    RECORDING = "recording"
    COMPLETE = "complete"
    FAILED = "failed"
