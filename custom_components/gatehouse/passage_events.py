"""What Home Assistant is told of a passage: its attributes, the logbook's event, and tags."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from .access import SHOWN_DIGITS, Credential, CredentialKind, Policy
from .const import DOMAIN, EVENT_PASSAGE
from .models import Passage, PassageKind

TYPES: Final[Mapping[PassageKind, str]] = {
    PassageKind.GRANTED: "access_granted",
    PassageKind.DENIED: "access_denied",
    PassageKind.FORCED: "door_forced",
    PassageKind.HELD_OPEN: "door_held_open",
    PassageKind.EXIT: "exit_request",
    PassageKind.TAILGATING: "tailgating_suspected",
    PassageKind.TAMPER: "reader_tamper",
}
"""What automations call what came of an attempt."""

MILLISECOND: Final = timedelta(milliseconds=1)


def passage_attributes(passage: Passage) -> dict[str, Any]:
    """Return what states and events tell of a passage: never a card's number, nor a PIN."""
    latency = passage.latency
    return {
        "actor": passage.person,
        "authentication": passage.authentication,
        "credential_name": passage.credential,
        "card": passage.card,
        "reason": passage.reason,
        "warning": passage.warning,
        "direction": passage.direction,
        "reader": passage.reader,
        "latency_ms": None if latency is None else round(latency / MILLISECOND, 3),
        "decided_by": passage.decided_by,
        "occurred_at": passage.at.isoformat(),
        "replayed": passage.replayed,
        "incident_id": passage.incident,
    }


@callback
def async_log_passage(
    hass: HomeAssistant, passage: Passage, name: str, entity_id: str | None
) -> None:
    """Tell the logbook what happens at a door of this name; an entry is of now."""
    hass.bus.async_fire(
        EVENT_PASSAGE,
        {
            "type": TYPES[passage.kind],
            "door": name,
            "entity_id": entity_id,
            **passage_attributes(passage),
        },
    )


def tag_of(passage: Passage, policy: Policy) -> str | None:
    """Return by which tag a card is told: the first digits of its keyed hash, never its number."""
    if passage.card is not None:
        return passage.card
    shown = [each for each in policy.credentials.values() if _is_shown(each, passage)]
    return shown[0].hash[:SHOWN_DIGITS] if len(shown) == 1 else None


async def async_tell_tag(hass: HomeAssistant, tag: str, device: str | None) -> None:
    """Tell automations of a tag that was shown at a door; it opens nothing."""
    from homeassistant.components.tag import DOMAIN as TAG, async_scan_tag

    if TAG in hass.config.components:
        await async_scan_tag(hass, f"{DOMAIN}-{tag}", device)


def _is_shown(credential: Credential, passage: Passage) -> bool:
    return (
        credential.kind is CredentialKind.RFID
        and credential.person == passage.holder
        and credential.name == passage.credential
    )
