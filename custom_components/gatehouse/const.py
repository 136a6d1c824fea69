"""Names that more than one file of Home Assistant's floor uses."""

from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from homeassistant.const import CONF_TOKEN

DOMAIN: Final = "gatehouse"

SUBENTRY_AGENT: Final = "agent"
SUBENTRY_FOLDER: Final = "folder"
SUBENTRY_ENTITY: Final = "entity"
SUBENTRY_GROUP: Final = "group"
SUBENTRY_DOOR: Final = "door"
SUBENTRY_PAIR: Final = "pair"

# The SHA-256 of the certificate that an agent was paired with; none where it speaks plain HTTP.
CONF_FINGERPRINT: Final = "fingerprint"
# A folder that pictures are uploaded to.
CONF_FOLDER: Final = "folder"
# A camera that Home Assistant has already.
CONF_CAMERA: Final = "camera"
CONF_MOTION: Final = "motion"
CONF_INTERVAL: Final = "interval"
CONF_STREAM: Final = "stream"
# A camera group.
CONF_CAMERAS: Final = "cameras"
CONF_DOORS: Final = "doors"

CONF_DETECTORS: Final = "detectors"
CONF_MODEL: Final = "model"
CONF_MODEL_PATH: Final = "model_path"
CONF_THREADS: Final = "threads"
CONF_PROVIDERS: Final = "providers"
CONF_DETECTOR_AGENT: Final = "detector_agent"
CONF_REMOTE_URL: Final = "remote_url"
CONF_LAMBDA_URL: Final = "lambda_url"
CONF_LAMBDA_REGION: Final = "lambda_region"
CONF_LAMBDA_KEY_ID: Final = "lambda_key_id"
CONF_LAMBDA_SECRET: Final = "lambda_secret"  # noqa: S105 - the name of a field
CONF_KSERVE_URL: Final = "kserve_url"
CONF_KSERVE_MODEL: Final = "kserve_model"
CONF_CODEPROJECT_URL: Final = "codeproject_url"
CONF_THRESHOLD: Final = "threshold"
CONF_CERTAINTY: Final = "certainty"
CONF_LABELS: Final = "labels"
CONF_NEEDED: Final = "needed"
CONF_OF: Final = "of"
CONF_WINDOW: Final = "window"
CONF_IDLE: Final = "idle"
CONF_IDLE_CHECK: Final = "idle_check"
CONF_COOLDOWN: Final = "cooldown"
CONF_SNOOZE: Final = "snooze"
CONF_ALARM: Final = "alarm"
CONF_PRE_ROLL: Final = "pre_roll"
CONF_POST_ROLL: Final = "post_roll"
CONF_LONGEST: Final = "longest"
CONF_OPTIMISE: Final = "optimise"
CONF_OPTIMISE_HEIGHT: Final = "optimise_height"
CONF_OPTIMISE_BITRATE: Final = "optimise_bitrate"
CONF_S3_ENDPOINT: Final = "s3_endpoint"
CONF_S3_BUCKET: Final = "s3_bucket"
CONF_S3_REGION: Final = "s3_region"
CONF_S3_KEY_ID: Final = "s3_key_id"
CONF_S3_SECRET: Final = "s3_secret"  # noqa: S105 - the name of a field
CONF_S3_PREFIX: Final = "s3_prefix"
CONF_S3_STYLE: Final = "s3_style"
CONF_S3_STORAGE_CLASS: Final = "s3_storage_class"
CONF_UPLOAD_LEVELS: Final = "upload_levels"
CONF_UPLOAD_BY_HAND: Final = "upload_by_hand"
CONF_UPLOAD_LIMIT: Final = "upload_limit"
CONF_OFFSITE_DAYS: Final = "offsite_days"
CONF_DAYS: Final = "days"
CONF_MOST_GB: Final = "most_gb"
CONF_FLOOR_GB: Final = "floor_gb"
# What a camera has instead of the site's, by its key: days, levels, or both.
CONF_CAMERA_RULES: Final = "camera_rules"
CONF_LEVELS: Final = "levels"
CONF_RULE_UPLOADS: Final = "rule_uploads"
CONF_LANGUAGE_MODEL: Final = "language_model"
CONF_AI_TASK: Final = "ai_task"
CONF_SERVER_URL: Final = "server_url"
CONF_SERVER_MODEL: Final = "server_model"
CONF_SERVER_KEY: Final = "server_key"
CONF_BUDGET: Final = "budget"
CONF_AT_ONCE: Final = "at_once"
CONF_LOG_DAYS: Final = "log_days"
CONF_TAG_EVENTS: Final = "tag_events"
CONF_DB_URL: Final = "db_url"
CONF_DB_PASSWORD: Final = "db_password"  # noqa: S105 - the name of a field

# Those whose values are in no diagnostics and no log.
SECRET_OPTIONS: Final = frozenset(
    {
        CONF_DB_PASSWORD,
        CONF_LAMBDA_KEY_ID,
        CONF_LAMBDA_SECRET,
        CONF_S3_KEY_ID,
        CONF_S3_SECRET,
        CONF_SERVER_KEY,
        CONF_TOKEN,
    }
)


class DetectorKind(StrEnum):
    """Where pictures are looked at; the order of the option is the order of asking."""

    LOCAL = "local"
    AGENT = "agent"
    REMOTE = "remote"
    LAMBDA = "lambda"
    KSERVE = "kserve"
    CODEPROJECT = "codeproject"


class AddressStyle(StrEnum):
    """Where a storage's address has the name of the bucket: in the path, or in the host."""

    AUTO = "auto"
    PATH = "path"
    VIRTUAL = "virtual"


class RuleUploads(StrEnum):
    """Whose levels say what of one camera is uploaded."""

    SITE = "site"
    OWN = "own"


class ModelKind(StrEnum):
    """Who is asked what an incident was."""

    OFF = "off"
    AI_TASK = "ai_task"
    SERVER = "server"


MODEL_FILE: Final = "file"

# How bad an incident is; and the option of those days that a level may have for itself.
LEVELS: Final = ("low", "medium", "high", "critical")
LEVEL_DAYS: Final = MappingProxyType({level: f"{CONF_DAYS}_{level}" for level in LEVELS})

# Seconds, where they are times; the snooze is minutes, and what is kept is kept for days. Nobody
# has to open the options for a working site. No detector at all means that nothing is detected,
# no bucket that nothing is uploaded; where 0 is allowed, it stands for no limit.
DEFAULTS: Final[dict[str, Any]] = {
    CONF_DETECTORS: [DetectorKind.LOCAL.value],
    CONF_MODEL: "yolox_tiny",
    CONF_MODEL_PATH: "",
    CONF_THREADS: 1,
    CONF_PROVIDERS: [],
    CONF_DETECTOR_AGENT: "",
    CONF_REMOTE_URL: "",
    CONF_LAMBDA_URL: "",
    CONF_LAMBDA_REGION: "",
    CONF_LAMBDA_KEY_ID: "",
    CONF_LAMBDA_SECRET: "",
    CONF_KSERVE_URL: "",
    CONF_KSERVE_MODEL: "",
    CONF_CODEPROJECT_URL: "",
    CONF_THRESHOLD: 0.35,
    CONF_CERTAINTY: 0.45,
    CONF_LABELS: ["person"],
    CONF_NEEDED: 3,
    CONF_OF: 5,
    CONF_WINDOW: 90,
    CONF_IDLE: 30,
    CONF_IDLE_CHECK: 15,
    CONF_COOLDOWN: 120,
    CONF_SNOOZE: 60,
    CONF_ALARM: None,
    CONF_PRE_ROLL: 5,
    CONF_POST_ROLL: 5,
    CONF_LONGEST: 120,
    CONF_OPTIMISE: False,
    CONF_OPTIMISE_HEIGHT: "720",
    CONF_OPTIMISE_BITRATE: 1500,
    CONF_S3_ENDPOINT: "",
    CONF_S3_BUCKET: "",
    CONF_S3_REGION: "",
    CONF_S3_KEY_ID: "",
    CONF_S3_SECRET: "",
    CONF_S3_PREFIX: "gatehouse",
    CONF_S3_STYLE: AddressStyle.AUTO.value,
    CONF_S3_STORAGE_CLASS: "",
    CONF_UPLOAD_LEVELS: [*LEVELS],
    CONF_UPLOAD_BY_HAND: True,
    CONF_UPLOAD_LIMIT: 0,
    CONF_OFFSITE_DAYS: 0,
    CONF_DAYS: 30,
    **dict.fromkeys(LEVEL_DAYS.values()),
    CONF_MOST_GB: 0,
    CONF_FLOOR_GB: 2,
    CONF_CAMERA_RULES: {},
    CONF_LANGUAGE_MODEL: ModelKind.OFF.value,
    CONF_AI_TASK: None,
    CONF_SERVER_URL: "",
    CONF_SERVER_MODEL: "",
    CONF_SERVER_KEY: "",
    CONF_BUDGET: 50,
    CONF_AT_ONCE: 1,
    CONF_LOG_DAYS: 365,
    CONF_TAG_EVENTS: False,
    CONF_DB_URL: "",
    CONF_DB_PASSWORD: "",
}

EVENT_BOOKING: Final = "gatehouse_booking"
EVENT_INCIDENT: Final = "gatehouse_incident"
EVENT_PASSAGE: Final = "gatehouse_passage"
