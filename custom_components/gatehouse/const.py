"""Names that more than one file of Home Assistant's floor uses."""

from typing import Any, Final

DOMAIN: Final = "gatehouse"

SUBENTRY_AGENT: Final = "agent"


CONF_DETECTOR: Final = "detector"
CONF_MODEL: Final = "model"
CONF_MODEL_PATH: Final = "model_path"
CONF_REMOTE_URL: Final = "remote_url"
CONF_THRESHOLD: Final = "threshold"
CONF_LABELS: Final = "labels"
CONF_NEEDED: Final = "needed"
CONF_OF: Final = "of"
CONF_WINDOW: Final = "window"
CONF_IDLE: Final = "idle"
CONF_PRE_ROLL: Final = "pre_roll"
CONF_POST_ROLL: Final = "post_roll"
CONF_LONGEST: Final = "longest"

DETECTOR_LOCAL: Final = "local"
DETECTOR_REMOTE: Final = "remote"
DETECTOR_OFF: Final = "off"

MODEL_FILE: Final = "file"

# Seconds, where they are times. Nobody has to open the options for a working site.
DEFAULTS: Final[dict[str, Any]] = {
    CONF_DETECTOR: DETECTOR_LOCAL,
    CONF_MODEL: "yolox_tiny",
    CONF_MODEL_PATH: "",
    CONF_REMOTE_URL: "",
    CONF_THRESHOLD: 0.35,
    CONF_LABELS: ["person"],
    CONF_NEEDED: 3,
    CONF_OF: 5,
    CONF_WINDOW: 90,
    CONF_IDLE: 30,
    CONF_PRE_ROLL: 5,
    CONF_POST_ROLL: 5,
    CONF_LONGEST: 120,
}

EVENT_INCIDENT: Final = "gatehouse_incident"
