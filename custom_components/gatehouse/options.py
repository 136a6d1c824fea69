"""The entry's options, as the small frozen dataclasses that the rooms take."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from .access import AccessOptions, door_key
from .const import (
    CONF_AI_TASK,
    CONF_ALARM,
    CONF_AT_ONCE,
    CONF_BUDGET,
    CONF_CAMERAS,
    CONF_CERTAINTY,
    CONF_COOLDOWN,
    CONF_DETECTORS,
    CONF_DOORS,
    CONF_IDLE,
    CONF_IDLE_CHECK,
    CONF_LABELS,
    CONF_LANGUAGE_MODEL,
    CONF_LOG_DAYS,
    CONF_LONGEST,
    CONF_NEEDED,
    CONF_OF,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_SERVER_KEY,
    CONF_SERVER_MODEL,
    CONF_SERVER_URL,
    CONF_SNOOZE,
    CONF_TAG_EVENTS,
    CONF_THRESHOLD,
    CONF_WINDOW,
    DEFAULTS,
    SUBENTRY_DOOR,
    SUBENTRY_GROUP,
    DetectorKind,
    ModelKind,
)
from .incidents import AssessorOptions, IncidentOptions
from .language_model import ModelChoice
from .models import Group

# What version 1.1 had instead of a list of detectors: one of these.
ONLY_DETECTOR: Final = "detector"
DETECTORS_OF: Final = {
    "local": [DetectorKind.LOCAL.value],
    "remote": [DetectorKind.REMOTE.value],
    "off": [],
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


def assessor_options(entry: ConfigEntry) -> AssessorOptions:
    """Return how often a language model is asked."""
    options = chosen(entry)
    return AssessorOptions(budget=int(options[CONF_BUDGET]), at_once=int(options[CONF_AT_ONCE]))


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
