"""The entry's options, as the small frozen dataclasses that the rooms take."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from typing import Any, Final

from .const import (
    CONF_DETECTOR,
    CONF_IDLE,
    CONF_LABELS,
    CONF_LONGEST,
    CONF_MODEL,
    CONF_MODEL_PATH,
    CONF_NEEDED,
    CONF_OF,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_REMOTE_URL,
    CONF_THRESHOLD,
    CONF_WINDOW,
    DEFAULTS,
)
from .detection import DetectorChoice
from .incidents import IncidentOptions
from .vision import DetectorOptions

# An agent ends a recording after this long, and the action takes no longer wish; how much is
# kept of an incident is the incidents' own option.
LONGEST_RECORDING: Final = timedelta(seconds=300)


def detector_choice(options: Mapping[str, Any]) -> DetectorChoice:
    """Return which detector the user chose."""
    chosen = DEFAULTS | dict(options)
    return DetectorChoice(
        kind=chosen[CONF_DETECTOR],
        model=chosen[CONF_MODEL],
        model_path=chosen[CONF_MODEL_PATH],
        remote_url=chosen[CONF_REMOTE_URL],
        options=DetectorOptions(
            threshold=chosen[CONF_THRESHOLD], labels=frozenset(chosen[CONF_LABELS])
        ),
    )


def incident_options(options: Mapping[str, Any], zone: tzinfo) -> IncidentOptions:
    """Return when detections become an incident, and when it ends."""
    chosen = DEFAULTS | dict(options)
    return IncidentOptions(
        labels=frozenset(chosen[CONF_LABELS]),
        needed=int(chosen[CONF_NEEDED]),
        of=int(chosen[CONF_OF]),
        window=timedelta(seconds=chosen[CONF_WINDOW]),
        idle=timedelta(seconds=chosen[CONF_IDLE]),
        pre_roll=timedelta(seconds=chosen[CONF_PRE_ROLL]),
        post_roll=timedelta(seconds=chosen[CONF_POST_ROLL]),
        longest=timedelta(seconds=chosen[CONF_LONGEST]),
        zone=zone,
    )
