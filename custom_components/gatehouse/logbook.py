"""Incidents, what happens at doors, and bookings, in the logbook, in plain words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_BOOKING, EVENT_INCIDENT, EVENT_PASSAGE

DONE_TO_IT: Final = {
    "door_forced": "was forced open",
    "door_held_open": "was held open",
    "reader_tamper": "has a reader that somebody tampers with",
}
SOMEBODY: Final = {"pin": "an unknown PIN", "rfid": "a card", "app": "Home Assistant"}
WHY: Final = {
    "no_grants": "its agent was never told who may enter",
    "clock": "the clock of its agent is wrong",
    "grants_expired": "its agent was alone for too long",
    "locked_out": "there were too many failures",
    "unknown_card": "nobody knows the card",
    "lockdown": "there is a lockdown",
    "keep_locked": "the door is kept locked",
    "disabled": "it is disabled",
    "not_yet_valid": "it is not valid yet",
    "expired": "it has expired",
    "no_access": "it is not for this door",
    "outside_schedule": "it is not for this time",
    "uses_exhausted": "it is used up",
    "antipassback": "they entered twice without leaving",
    "pin_timeout": "no PIN came in time",
    "wrong_pin": "the PIN was wrong",
}

CAME_OF_IT: Final = {
    "scheduled": "is booked",
    "recording": "is being recorded",
    "completed": "has been recorded",
    "processing": "is being made a movie",
    "ready": "is ready to be watched",
    "uploaded": "has been uploaded",
    "shared": "has been shared",
    "failed": "could not be made a movie",
    "missed": "was missed: nobody recorded it",
    "cancelled": "was cancelled",
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, Any]]], None],
) -> None:
    """Describe the incidents, passages and bookings that the site tells of."""
    async_describe_event(DOMAIN, EVENT_INCIDENT, _describe)
    async_describe_event(DOMAIN, EVENT_PASSAGE, _describe_passage)
    async_describe_event(DOMAIN, EVENT_BOOKING, _describe_booking)


@callback
def _describe(event: Event) -> dict[str, Any]:
    return {
        LOGBOOK_ENTRY_NAME: event.data["place"],
        LOGBOOK_ENTRY_MESSAGE: _message(event.data),
        LOGBOOK_ENTRY_ENTITY_ID: event.data.get("entity_id"),
    }


@callback
def _describe_passage(event: Event) -> dict[str, Any]:
    return {
        LOGBOOK_ENTRY_NAME: event.data["door"],
        LOGBOOK_ENTRY_MESSAGE: _passage(event.data),
        LOGBOOK_ENTRY_ENTITY_ID: event.data.get("entity_id"),
    }


@callback
def _describe_booking(event: Event) -> dict[str, Any]:
    data = event.data
    whose = f" for {data['owner']}" if data["owner"] else ""
    return {
        LOGBOOK_ENTRY_NAME: data["summary"],
        LOGBOOK_ENTRY_MESSAGE: f"{CAME_OF_IT[data['type']]}{whose}",
        LOGBOOK_ENTRY_ENTITY_ID: data["entity_id"],
    }


def _passage(data: Mapping[str, Any]) -> str:
    match data["type"]:
        case "access_granted":
            return f"was opened by {_who(data)}{_way(data)}"
        case "access_denied":
            return f"stayed shut for {_who(data)}: {_why(data['reason'])}"
        case "exit_request":
            return "was opened by the exit button"
        case "tailgating_suspected":
            return f"let in more people than cards, perhaps: {data['reason']}"
        case other:
            return DONE_TO_IT[other]


def _who(data: Mapping[str, Any]) -> str:
    """Return who showed what: "Anna (blue tag)", "an unknown card (9c1185a5)"."""
    if data["card"]:
        return f"an unknown card ({data['card']})"
    who = data["actor"] or SOMEBODY.get(data["authentication"], "somebody")
    return f"{who} ({data['credential_name']})" if data["credential_name"] else str(who)


def _way(data: Mapping[str, Any]) -> str:
    """Return which way they went, and what is worth a note of it."""
    way = {"in": ", entering", "out": ", leaving"}.get(data["direction"], "")
    return f"{way}; {_why(data['warning'])}" if data["warning"] else way


def _why(reason: str | None) -> str:
    return WHY.get(reason or "", reason or "no reason is known")


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
