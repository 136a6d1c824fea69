"""Who would be let in, and who is where no reader is an agent's."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.core import Context, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .access import Attempt, Credential, CredentialKind, Decision, card_hash, decide
from .access_fields import (
    ATTR_CREDENTIAL,
    ATTR_DOOR,
    ATTR_NUMBER,
    ATTR_PIN,
    ATTR_READER,
    ATTR_USER,
    CARD_NUMBER,
    called,
    card_of,
    one_of,
)
from .agent import Direction
from .asking import MOMENT, site_of
from .const import DOMAIN
from .deeds import Asked, Deed
from .door_choice import door_called
from .other_doors import async_check
from .passage_events import MILLISECOND
from .secret_fields import secret

ATTR_AT: Final = "at"
ATTR_DIRECTION: Final = "direction"


async def _check_access(asked: Asked) -> dict[str, Any]:
    """Tell whether somebody would be let in; nothing is logged or counted, no door moves."""
    door, policy = door_called(asked.hub, asked.fields[ATTR_DOOR]), asked.policy
    at = asked.fields.get(ATTR_AT, dt_util.utcnow())
    uses = await asked.hub.admission.access.uses()
    decisions = [
        decide(
            policy,
            door,
            credential,
            at,
            uses=sum(uses.get(credential.id, {}).values()) if credential else 0,
        )
        for credential in _shown(asked)
    ]
    # Somebody with several cards takes the one that opens the door.
    decisions.sort(key=lambda each: (not each.granted, not each.wants_pin))
    return {"door": door, "at": at.isoformat(), **_decision_json(decisions[0])}


def _shown(asked: Asked) -> list[Credential | None]:
    """Return what may be shown; None is a card that nobody knows."""
    fields, policy = asked.fields, asked.policy
    match one_of(fields, ATTR_USER, ATTR_CREDENTIAL, ATTR_NUMBER):
        case "number":
            return [policy.find(CredentialKind.RFID, card_hash(policy.key, card_of(fields)))]
        case "credential_id":
            return [called(policy.credentials, fields[ATTR_CREDENTIAL])]
    user = called(policy.people, fields[ATTR_USER])
    theirs = [each for each in policy.credentials.values() if each.person == user.id]
    if not theirs:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="nothing_to_show",
            translation_placeholders={"user": user.name},
        )
    return [*theirs]


async def _check(asked: Asked) -> dict[str, Any]:
    """Decide for a reader that is no agent's: it counts, and is in the log."""
    fields, clock = asked.fields, asked.hub.admission.clock
    began = clock()
    if not asked.given(ATTR_NUMBER, ATTR_PIN):
        one_of(fields, ATTR_NUMBER, ATTR_PIN)
    attempt = Attempt(
        door=door_called(asked.hub, fields[ATTR_DOOR]),
        source=fields.get(ATTR_READER) or await asked.asker() or "",
        card=card_of(fields) if ATTR_NUMBER in fields else None,
        pin=fields[ATTR_PIN].text() if ATTR_PIN in fields else None,
        direction=fields.get(ATTR_DIRECTION),
    )
    hass = asked.hub.hass
    decision = await async_check(hass, site_of(hass), attempt, Context(user_id=asked.user))
    latency = timedelta(seconds=clock() - began) / MILLISECOND
    return _decision_json(decision) | {"latency_ms": round(latency, 3)}


def _decision_json(decision: Decision) -> dict[str, Any]:
    person, credential = decision.person, decision.credential
    return {
        "granted": decision.granted,
        "reason": decision.reason,
        "warning": decision.warning,
        "wants_pin": decision.wants_pin,
        "user": person.name if person else None,
        "user_id": person.id if person else None,
        "credential_name": credential.name if credential else None,
    }


CHECKS: Final = (
    Deed(
        action="check_access",
        do=_check_access,
        fields={
            vol.Required(ATTR_DOOR): cv.string,
            vol.Optional(ATTR_USER): cv.string,
            vol.Optional(ATTR_CREDENTIAL): cv.string,
            **CARD_NUMBER,
            vol.Optional(ATTR_AT): MOMENT,
        },
        secrets=frozenset({ATTR_NUMBER}),
        response=SupportsResponse.ONLY,
    ),
    Deed(
        command="access/check",
        do=_check,
        fields={
            vol.Required(ATTR_DOOR): cv.string,
            **CARD_NUMBER,
            vol.Optional(ATTR_PIN): secret,
            vol.Optional(ATTR_DIRECTION): vol.Coerce(Direction),
            vol.Optional(ATTR_READER): cv.string,
        },
    ),
)
