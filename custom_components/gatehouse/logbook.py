"""Incidents in the logbook, in plain words."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_INCIDENT


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, Any]]], None],
) -> None:
    """Describe the incidents that the site tells of."""
    async_describe_event(DOMAIN, EVENT_INCIDENT, _describe)


@callback
def _describe(event: Event) -> dict[str, Any]:
    return {
        LOGBOOK_ENTRY_NAME: event.data["place"],
        LOGBOOK_ENTRY_MESSAGE: _message(event.data),
        LOGBOOK_ENTRY_ENTITY_ID: event.data.get("entity_id"),
    }


def _message(data: Mapping[str, Any]) -> str:
    seen = _seen(data["labels"], data["count"]) + _where(data["zones"])
    match data["type"]:
        case "closed":
            return f"saw {seen} for {_span(data['duration'])}{_risk(data)}"
        case "assessed":
            return f"{data['summary'].rstrip('.')}{_risk(data)}"
        case "interrupted":
            return f"stopped watching {seen} after {_span(data['duration'])}{_risk(data)}"
        case _:
            return f"sees {seen}{_risk(data)}"


def _seen(labels: list[str], count: int) -> str:
    """Return who or what was there: "a person", "3 persons", "2 (car, person)"."""
    match labels:
        case []:
            return "something"
        case [label] if count <= 1:
            return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"
        case ["person"]:
            return f"{count} people"
        case [label]:
            return f"{count} × {label}"
        case _:
            return " and ".join(labels)


def _where(zones: list[str]) -> str:
    return f" in {' and '.join(zones)}" if zones else ""


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _risk(data: Mapping[str, Any]) -> str:
    return "" if data["risk"] is None else f" (risk {data['risk']}, {data['level']})"
