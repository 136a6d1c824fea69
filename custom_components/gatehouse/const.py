"""Names that more than one file of Home Assistant's floor uses."""

from enum import StrEnum
from typing import Any, Final

DOMAIN: Final = "gatehouse"

SUBENTRY_AGENT: Final = "agent"
SUBENTRY_FOLDER: Final = "folder"
SUBENTRY_ENTITY: Final = "entity"
SUBENTRY_GROUP: Final = "group"

# A folder that pictures are uploaded to.
CONF_FOLDER: Final = "folder"
# A camera that Home Assistant has already.
CONF_CAMERA: Final = "camera"
CONF_MOTION: Final = "motion"
CONF_INTERVAL: Final = "interval"
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
CONF_LANGUAGE_MODEL: Final = "language_model"
CONF_AI_TASK: Final = "ai_task"
CONF_SERVER_URL: Final = "server_url"
CONF_SERVER_MODEL: Final = "server_model"
CONF_SERVER_KEY: Final = "server_key"
CONF_BUDGET: Final = "budget"


class DetectorKind(StrEnum):
    """Where pictures are looked at; the order of the option is the order of asking."""

    LOCAL = "local"
    AGENT = "agent"
    REMOTE = "remote"
    LAMBDA = "lambda"
    KSERVE = "kserve"
    CODEPROJECT = "codeproject"


class ModelKind(StrEnum):
    """Who is asked what an incident was."""

    OFF = "off"
    AI_TASK = "ai_task"
    SERVER = "server"


MODEL_FILE: Final = "file"

# Seconds, where they are times; the snooze is minutes. Nobody has to open the options for a
# working site. No detector at all means that nothing is detected.
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
    CONF_LANGUAGE_MODEL: ModelKind.OFF.value,
    CONF_AI_TASK: None,
    CONF_SERVER_URL: "",
    CONF_SERVER_MODEL: "",
    CONF_SERVER_KEY: "",
    CONF_BUDGET: 50,
}

EVENT_INCIDENT: Final = "gatehouse_incident"
