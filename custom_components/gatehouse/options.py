"""The entry's options, as the small frozen dataclasses that the rooms take."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from .access import AccessOptions, door_key
from .const import (
    CONF_AI_TASK,
    CONF_ALARM,
    CONF_BUDGET,
    CONF_CAMERA_RULES,
    CONF_CAMERAS,
    CONF_CERTAINTY,
    CONF_COOLDOWN,
    CONF_DAYS,
    CONF_DETECTORS,
    CONF_DOORS,
    CONF_FLOOR_GB,
    CONF_IDLE,
    CONF_IDLE_CHECK,
    CONF_LABELS,
    CONF_LANGUAGE_MODEL,
    CONF_LEVELS,
    CONF_LOG_DAYS,
    CONF_LONGEST,
    CONF_MOST_GB,
    CONF_NEEDED,
    CONF_OF,
    CONF_OFFSITE_DAYS,
    CONF_OPTIMISE,
    CONF_OPTIMISE_BITRATE,
    CONF_OPTIMISE_HEIGHT,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_S3_BUCKET,
    CONF_S3_ENDPOINT,
    CONF_S3_KEY_ID,
    CONF_S3_PREFIX,
    CONF_S3_REGION,
    CONF_S3_SECRET,
    CONF_S3_STORAGE_CLASS,
    CONF_S3_STYLE,
    CONF_SERVER_KEY,
    CONF_SERVER_MODEL,
    CONF_SERVER_URL,
    CONF_SNOOZE,
    CONF_TAG_EVENTS,
    CONF_THRESHOLD,
    CONF_UPLOAD_BY_HAND,
    CONF_UPLOAD_LEVELS,
    CONF_UPLOAD_LIMIT,
    CONF_WINDOW,
    DEFAULTS,
    LEVEL_DAYS,
    SUBENTRY_DOOR,
    SUBENTRY_GROUP,
    AddressStyle,
    DetectorKind,
    ModelKind,
)
from .footage import FootageOptions, OffsiteOptions, OptimiseOptions, RetentionOptions, S3Options
from .incidents import AssessorOptions, IncidentOptions
from .language_model import ModelChoice
from .models import Group, Level

# An agent ends a recording after this long, and the action takes no longer wish; how much is
# kept of an incident is the incidents' own option.
LONGEST_RECORDING: Final = timedelta(seconds=300)

GIGABYTE: Final = 1_000_000_000
KILOBYTE: Final = 1000
KILOBIT: Final = 1000

# What version 1.1 had instead of a list of detectors: one of these.
ONLY_DETECTOR: Final = "detector"
DETECTORS_OF: Final = {
    "local": [DetectorKind.LOCAL.value],
    "remote": [DetectorKind.REMOTE.value],
    "off": [],
}

PATH_STYLES: Final = {
    AddressStyle.AUTO: None,
    AddressStyle.PATH: True,
    AddressStyle.VIRTUAL: False,
}


def migrated(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of version 1.1 as those of 1.2."""
    others = {key: value for key, value in options.items() if key != ONLY_DETECTOR}
    if (only := options.get(ONLY_DETECTOR)) is None:
        return others
    return others | {CONF_DETECTORS: DETECTORS_OF[only]}


def chosen(entry: ConfigEntry, answers: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return all options, or these answers, with the defaults of what nobody chose."""
    return DEFAULTS | dict(entry.options if answers is None else answers)


def incident_options(entry: ConfigEntry) -> IncidentOptions:
    """Return when detections become an incident, and when it ends."""
    options = chosen(entry)
    return IncidentOptions(
        labels=frozenset(options[CONF_LABELS]),
        threshold=options[CONF_THRESHOLD],
        certainty=options[CONF_CERTAINTY],
        needed=int(options[CONF_NEEDED]),
        of=int(options[CONF_OF]),
        window=timedelta(seconds=options[CONF_WINDOW]),
        idle=timedelta(seconds=options[CONF_IDLE]),
        cooldown=timedelta(seconds=options[CONF_COOLDOWN]),
        idle_check=timedelta(seconds=options[CONF_IDLE_CHECK]),
        pre_roll=timedelta(seconds=options[CONF_PRE_ROLL]),
        post_roll=timedelta(seconds=options[CONF_POST_ROLL]),
        longest=timedelta(seconds=options[CONF_LONGEST]),
        groups=groups(entry),
        ask_model=options[CONF_LANGUAGE_MODEL] != ModelKind.OFF,
    )


def groups(entry: ConfigEntry) -> tuple[Group, ...]:
    """Return the site's camera groups."""
    return tuple(
        Group(
            id=subentry.subentry_id,
            name=subentry.title,
            cameras=tuple(subentry.data[CONF_CAMERAS]),
            doors=tuple(subentry.data.get(CONF_DOORS, ())),
        )
        for subentry in entry.get_subentries_of_type(SUBENTRY_GROUP)
    )


def other_doors(entry: ConfigEntry) -> dict[str, str]:
    """Return the names of the doors that are on no agent, by their keys."""
    return {
        other_door_key(subentry_id): subentry.title
        for subentry_id, subentry in entry.subentries.items()
        if subentry.subentry_type == SUBENTRY_DOOR
    }


def other_door_key(subentry_id: str) -> str:
    """Return the key of a door that is on no agent."""
    return door_key("", subentry_id)


def access_options(entry: ConfigEntry) -> AccessOptions:
    """Return which cameras see which doors, and how long the log is kept."""
    days = chosen(entry)[CONF_LOG_DAYS]
    return AccessOptions(groups=groups(entry), keep=timedelta(days=days))


def tells_tags(entry: ConfigEntry) -> bool:
    """Return whether cards are also told as tags."""
    return bool(chosen(entry)[CONF_TAG_EVENTS])


def footage_options(entry: ConfigEntry) -> FootageOptions:
    """Return how long a recording may be, whoever asks for it."""
    longest = timedelta(seconds=chosen(entry)[CONF_LONGEST])
    return FootageOptions(longest=max(LONGEST_RECORDING, longest))


def optimise_options(entry: ConfigEntry) -> OptimiseOptions:
    """Return whether clips are made smaller, and how small."""
    options = chosen(entry)
    return OptimiseOptions(
        enabled=options[CONF_OPTIMISE],
        height=int(options[CONF_OPTIMISE_HEIGHT]),
        bitrate=int(options[CONF_OPTIMISE_BITRATE]) * KILOBIT,
    )


def s3_options(entry: ConfigEntry, answers: Mapping[str, Any] | None = None) -> S3Options:
    """Return which storage the user chose, or chooses by these answers.

    Without a bucket it cannot be asked for anything; offsite_options() wants nothing of it then.
    """
    options = chosen(entry, answers)
    return S3Options(
        bucket=options[CONF_S3_BUCKET],
        endpoint=options[CONF_S3_ENDPOINT] or None,
        region=options[CONF_S3_REGION] or None,
        key_id=options[CONF_S3_KEY_ID],
        secret=options[CONF_S3_SECRET],
        prefix=options[CONF_S3_PREFIX].strip("/"),
        path_style=PATH_STYLES[options[CONF_S3_STYLE]],
        storage_class=options[CONF_S3_STORAGE_CLASS] or None,
    )


def offsite_options(entry: ConfigEntry) -> OffsiteOptions:
    """Return what is uploaded; nothing where there is no bucket."""
    options = chosen(entry)
    if not options[CONF_S3_BUCKET]:
        return OffsiteOptions()
    return OffsiteOptions(
        levels=_levels(options[CONF_UPLOAD_LEVELS]),
        by_camera={
            camera: _levels(rule[CONF_LEVELS])
            for camera, rule in options[CONF_CAMERA_RULES].items()
            if CONF_LEVELS in rule
        },
        by_hand=options[CONF_UPLOAD_BY_HAND],
        booked=True,
        bytes_per_second=int(options[CONF_UPLOAD_LIMIT]) * KILOBYTE or None,
    )


def retention_options(entry: ConfigEntry) -> RetentionOptions:
    """Return how long what is kept, here and, where there is a bucket, off-site."""
    options = chosen(entry)
    offsite = options[CONF_OFFSITE_DAYS] if options[CONF_S3_BUCKET] else 0
    return RetentionOptions(
        age=timedelta(days=options[CONF_DAYS]),
        by_level={
            Level(level): timedelta(days=options[field])
            for level, field in LEVEL_DAYS.items()
            if options[field]
        },
        by_camera={
            camera: timedelta(days=rule[CONF_DAYS])
            for camera, rule in options[CONF_CAMERA_RULES].items()
            if CONF_DAYS in rule
        },
        most_bytes=int(options[CONF_MOST_GB]) * GIGABYTE or None,
        floor_bytes=int(options[CONF_FLOOR_GB]) * GIGABYTE,
        offsite_age=timedelta(days=offsite) or None,
    )


def assessor_options(entry: ConfigEntry) -> AssessorOptions:
    """Return how often a language model is asked."""
    return AssessorOptions(budget=int(chosen(entry)[CONF_BUDGET]))


def model_choice(entry: ConfigEntry, answers: Mapping[str, Any] | None = None) -> ModelChoice:
    """Return which language model the user chose, or chooses by these answers."""
    options = chosen(entry, answers)
    return ModelChoice(
        kind=ModelKind(options[CONF_LANGUAGE_MODEL]),
        entity=options[CONF_AI_TASK] or None,
        url=options[CONF_SERVER_URL],
        model=options[CONF_SERVER_MODEL] or None,
        api_key=options[CONF_SERVER_KEY] or None,
    )


def alarm_panel(entry: ConfigEntry) -> str | None:
    """Return the entity of the alarm panel, if the user has named one."""
    return chosen(entry)[CONF_ALARM] or None


def snooze_for(entry: ConfigEntry) -> timedelta:
    """Return how long a camera is snoozed if nobody says how long."""
    return timedelta(minutes=chosen(entry)[CONF_SNOOZE])


def _levels(chosen: Iterable[str]) -> frozenset[Level]:
    return frozenset(map(Level, chosen))
