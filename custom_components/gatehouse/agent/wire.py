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
HEALTH: Final = "/health"  # whether everything does what it should
HEALTH_LIVE: Final = "/health/live"  # whether the agent answers at all
HEALTH_READY: Final = "/health/ready"  # whether it gives pictures and decides on cards
SNAPSHOT: Final = "/api/v1/cameras/{camera}/snapshot"
STREAM: Final = "/api/v1/cameras/{camera}/stream"
LIVE: Final = "/api/v1/cameras/{camera}/live.ts"
RECORDINGS: Final = "/api/v1/cameras/{camera}/recordings"
RECORDING: Final = "/api/v1/cameras/{camera}/recordings/{recording}"
DETECT: Final = "/api/v1/detect"

# The same H.264 by WebRTC, if INFO says so (WHEP): POST an SDP offer to receive one video, as
# application/sdp, is answered by 201 with the SDP answer, which has all addresses of the agent, and
# Location, a path below that ends the session with DELETE. Candidates need not be told after that.
WHEP: Final = "/api/v1/cameras/{camera}/whep"
WHEP_SESSION: Final = "/api/v1/cameras/{camera}/whep/{session}"
SDP: Final = "application/sdp"

# What the agent kept of the time in which nobody listened to its feed: the recordings of that time
# are among the others, with their origin; GET here tells the readings and what was lost, DELETE
# forgets the readings up to the moment of the query.
SPOOL: Final = "/api/v1/spool"
QUERY_UNTIL: Final = "until"

# What an agent is to record by itself, Home Assistant or not: PUT {"segment_s": …, "bookings":
# [{"id": …, "camera": …, "since": …, "until": …}]} replaces all that was told before. The answer is
# that of GET: of each also the recording that runs for it, and the error why there is none, or
# null. Each segment of a booking is an ordinary recording that names it; the feed's state and stats
# tell how many bookings are planned, run, and wait to be fetched.
BOOKINGS: Final = "/api/v1/bookings"

# What an agent with doors may decide by itself: PUT {"document": text, "signature": hex}, where the
# signature is the HMAC-SHA256 of the text, keyed by the HMAC-SHA256 of GRANTS_PURPOSE keyed by the
# token; the text is JSON (`tests/wire/grants.json`). GET tells the version that it goes by.
GRANTS: Final = "/api/v1/grants"
GRANTS_PURPOSE: Final = b"gatehouse grants"

UNLOCK: Final = "/api/v1/doors/{door}/unlock"  # POST {"person": …, "seconds": …}: a passage
LOCK: Final = "/api/v1/doors/{door}/lock"  # POST: the door's state
ENROLL: Final = "/api/v1/doors/{door}/enroll"  # POST {"reader": …, "seconds": …}: the next card

# GET what happened at the doors ?after=SEQ&limit=N; DELETE ?until=SEQ&journal=ID what is kept.
PASSAGES: Final = "/api/v1/passages"
QUERY_AFTER: Final = "after"
QUERY_LIMIT: Final = "limit"
QUERY_JOURNAL: Final = "journal"

# How an agent gets an owner. One that has none serves only INFO (without its cameras), health and
# this, over TLS. POST {"nonce": HEX} is answered by {"id": …, "nonce": HEX}: 32 bytes each; the
# agent's is good for one try. POST {"nonce": …, "answer": the agent's, "proof": HEX} is answered by
# {"token": …, "proof": HEX}. A proof is the HMAC-SHA256, keyed by the code that the agent shows (in
# capitals, without its dashes), of WHO, both nonces (the asker's first), the agent's id and the
# SHA-256 of its certificate as hex, and for the agent's also the token; a line each.
PAIR: Final = "/api/v1/pair"
PROOF_OF_SITE: Final = "gatehouse site"
PROOF_OF_AGENT: Final = "gatehouse agent"
# With mutual TLS the site also sends {"certificate": PEM} beside its proof: from then on it must
# show that one, but for LIVE at a signed address: players have none.

# Capture stops on the machine itself, and stays so over restarts: PUT {"private": true or false}.
PRIVACY: Final = "/api/v1/cameras/{camera}/privacy"

# What runs is ended and begun anew, with POST: a camera's process, the agent, the machine.
RESTART_CAMERA: Final = "/api/v1/cameras/{camera}/restart"
RESTART: Final = "/api/v1/restart"
REBOOT: Final = "/api/v1/reboot"

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
    NO_WEBRTC = "no_webrtc"
    NO_CARD = "no_card"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    DOOR_FAILED = "door_failed"
    BAD_PICTURE = "bad_picture"
    BUSY = "busy"
    NOT_PAIRED = "not_paired"
    WRONG_CODE = "wrong_code"
    NO_CERTIFICATE = "no_certificate"
    CAMERA_PRIVATE = "camera_private"
    NOT_ALLOWED = "not_allowed"
    INTERNAL = "internal"


class MessageType(StrEnum):
    """The `type` of a message on the feed."""

    STATE = "state"
    CAMERA = "camera"
    MOTION = "motion"
    RECORDING = "recording"
    STATS = "stats"
    DOOR = "door"
    PASSAGE = "passage"
    RING = "ring"
    ACCESS = "access"
    LOGS = "logs"


class CameraStatus(StrEnum):
    """What a camera is doing."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"
    PRIVATE = "private"


class Quantity(StrEnum):
    """What a sensor of the machine measures; in °C, % and hPa."""

    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"
    PRESSURE = "pressure"


class LogLevel(StrEnum):
    """How bad a line of a log is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class RecordingOrigin(StrEnum):
    """Why there is a recording: somebody asked for it, booked it, or nobody listened to motion."""

    ASKED = "asked"
    SPOOL = "spool"
    BOOKED = "booked"


class RecordingStatus(StrEnum):
    """Where a recording on the agent stands."""

    RECORDING = "recording"
    COMPLETE = "complete"
    FAILED = "failed"


class PassageKind(StrEnum):
    """What came of one attempt at a door, or what was done to it."""

    GRANTED = "granted"
    DENIED = "denied"
    FORCED = "forced"
    HELD_OPEN = "held_open"
    EXIT = "exit"
    TAMPER = "tamper"


class Reason(StrEnum):
    """Why somebody was denied; the first that holds, in this order."""

    NO_GRANTS = "no_grants"
    CLOCK = "clock"
    GRANTS_EXPIRED = "grants_expired"
    LOCKED_OUT = "locked_out"
    UNKNOWN_CARD = "unknown_card"
    LOCKDOWN = "lockdown"
    KEEP_LOCKED = "keep_locked"
    DISABLED = "disabled"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    NO_ACCESS = "no_access"
    OUTSIDE_SCHEDULE = "outside_schedule"
    USES_EXHAUSTED = "uses_exhausted"
    ANTIPASSBACK = "antipassback"
    PIN_TIMEOUT = "pin_timeout"
    WRONG_PIN = "wrong_pin"


class Authentication(StrEnum):
    """How somebody said who they are."""

    RFID = "rfid"
    PIN = "pin"
    RFID_AND_PIN = "rfid_and_pin"
    APP = "app"
    EXIT = "exit"


class Verify(StrEnum):
    """What a door asks for."""

    CARD = "card"
    CARD_AND_PIN = "card_and_pin"
    CARD_OR_PIN = "card_or_pin"
    PIN = "pin"


class Direction(StrEnum):
    """Which way a reader lets people through."""

    IN = "in"
    OUT = "out"


class DoorMode(StrEnum):
    """Whether cards decide, or nobody does until the mode is over."""

    NORMAL = "normal"
    KEEP_LOCKED = "keep_locked"
    KEEP_UNLOCKED = "keep_unlocked"


class SiteMode(StrEnum):
    """Whether something goes before what any door says: nobody enters, or everybody leaves."""

    NORMAL = "normal"
    LOCKDOWN = "lockdown"
    EVACUATION = "evacuation"


class Antipassback(StrEnum):
    """What becomes of who enters twice without having left: nothing, a note, or a denial."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"


class Decider(StrEnum):
    """Who decided on a passage."""

    AGENT = "agent"
    SERVER = "server"
