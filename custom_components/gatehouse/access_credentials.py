"""What people show at doors: cards and PINs, of which only a hash is kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import re
from typing import Any, Final

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .access import (
    AccessNotFound,
    CardNumberBad,
    Credential,
    CredentialKind,
    NameBad,
    card_hash,
    checked_pin,
    pin_hash,
)
from .access_fields import (
    ATTR_ACTIVE,
    ATTR_CREDENTIAL,
    ATTR_DOOR,
    ATTR_NAME,
    ATTR_NUMBER,
    ATTR_PIN,
    ATTR_READER,
    ATTR_SECONDS,
    ATTR_USER,
    ATTR_VALID_FROM,
    ATTR_VALID_UNTIL,
    CARD_NUMBER,
    VALIDITY,
    called,
    card_of,
    named,
    one_of,
)
from .access_words import credential_json
from .const import DOMAIN
from .deeds import Asked, Deed
from .door_choice import door_called
from .secret_fields import secret

ATTR_CARD: Final = "card"
ATTR_MAX_USES: Final = "max_uses"
ATTR_VISITOR: Final = "visitor"

SECRETS: Final = frozenset({ATTR_NUMBER, ATTR_PIN, ATTR_CARD})

HASH: Final = re.compile("[0-9a-f]{64}")

# As long as an agent teaches a reader.
LONGEST_LESSON: Final = 300


async def _set_credential(asked: Asked) -> dict[str, Any]:
    """Keep a card or PIN; what is not said stays as it is."""
    fields = asked.fields
    is_new = ATTR_CREDENTIAL not in fields
    # First, as it takes long: what is kept meanwhile stays kept.
    shown = await _shown(asked) if is_new or fields.keys() & SECRETS else {}
    given = shown | asked.given(
        ATTR_NAME, ATTR_ACTIVE, ATTR_VALID_FROM, ATTR_VALID_UNTIL, ATTR_MAX_USES, ATTR_VISITOR
    )
    if is_new:
        one_of(fields, ATTR_USER)
    if ATTR_USER in fields:
        given["person"] = called(asked.policy.people, fields[ATTR_USER]).id
    if is_new:
        return await _kept(asked, Credential(id="", **named(given)))
    known = called(asked.policy.credentials, fields[ATTR_CREDENTIAL])
    return await _kept(asked, replace(known, **given))


async def _delete_credential(asked: Asked) -> dict[str, Any]:
    credential = asked.policy.credentials.get(asked.fields[ATTR_CREDENTIAL])
    if credential is None:
        raise AccessNotFound("There is no such card or PIN any more: list the users again")
    told = credential_json(credential, await asked.hub.admission.access.uses())
    await asked.forget(Credential, credential.id)
    return {"credential": told, "unconfirmed": await asked.unconfirmed()}


async def _enroll_credential(asked: Asked) -> dict[str, Any]:
    """Take the next card that a reader is shown; without a user it is only told."""
    fields, policy = asked.fields, asked.policy
    user = called(policy.people, fields[ATTR_USER]) if ATTR_USER in fields else None
    if user and ATTR_NAME not in fields:
        raise NameBad("The card needs a name: say what to call it")
    door = door_called(asked.hub, fields[ATTR_DOOR])
    within = timedelta(seconds=fields[ATTR_SECONDS])
    found = await asked.hub.admission.access.lessons.enroll(door, fields.get(ATTR_READER), within)
    if found.random:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="card_random")
    shown = {"technology": found.technology, "length": found.length}
    if user is None:
        holder = asked.policy.find(CredentialKind.RFID, found.card)
        name = asked.policy.people[holder.person].name if holder else None
        return shown | {ATTR_CARD: found.card, "belongs_to": name}
    card = Credential(
        id="", person=user.id, kind=CredentialKind.RFID, name=fields[ATTR_NAME], hash=found.card
    )
    return shown | await _kept(asked, card)


async def _cancel_enrollment(asked: Asked) -> dict[str, Any]:
    door = door_called(asked.hub, asked.fields[ATTR_DOOR])
    return {"cancelled": asked.hub.admission.access.lessons.cancel(door)}


async def _kept(asked: Asked, credential: Credential) -> dict[str, Any]:
    saved = await asked.keep(credential)
    uses = await asked.hub.admission.access.uses()
    return {
        "credential": credential_json(saved.kept, uses),
        "before": credential_json(saved.before, uses) if saved.before else None,
        "unconfirmed": await asked.unconfirmed(),
    }


async def _shown(asked: Asked) -> dict[str, Any]:
    """Return what kind of credential is said, and what is kept of its number."""
    fields, policy = asked.fields, asked.policy
    match one_of(fields, ATTR_NUMBER, ATTR_PIN, ATTR_CARD):
        case "pin":
            pin = checked_pin(fields[ATTR_PIN].text())
            digest = await asyncio.to_thread(pin_hash, pin, policy.salt)
            return {"kind": CredentialKind.PIN, "hash": digest}
        case "number":
            digest = card_hash(policy.key, card_of(fields))
        case _:
            digest = fields[ATTR_CARD].text()
            if not HASH.fullmatch(digest):
                raise CardNumberBad("This is no card that a reader was shown: teach it again")
    return {"kind": CredentialKind.RFID, "hash": digest}


CREDENTIALS: Final = (
    Deed(
        action="set_credential",
        command="access/credential/save",
        do=_set_credential,
        fields={
            vol.Optional(ATTR_CREDENTIAL): cv.string,
            vol.Optional(ATTR_USER): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            **CARD_NUMBER,
            vol.Optional(ATTR_PIN): secret,
            vol.Optional(ATTR_CARD): secret,
            vol.Optional(ATTR_ACTIVE): cv.boolean,
            **VALIDITY,
            vol.Optional(ATTR_MAX_USES): vol.Any(None, vol.All(vol.Coerce(int), vol.Range(min=1))),
            vol.Optional(ATTR_VISITOR): cv.boolean,
        },
        secrets=SECRETS,
    ),
    Deed(
        action="delete_credential",
        command="access/credential/delete",
        do=_delete_credential,
        fields={vol.Required(ATTR_CREDENTIAL): cv.string},
    ),
    Deed(
        action="enroll_credential",
        command="access/enroll",
        do=_enroll_credential,
        fields={
            vol.Required(ATTR_DOOR): cv.string,
            vol.Optional(ATTR_READER): cv.string,
            vol.Optional(ATTR_USER): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_SECONDS, default=30): vol.All(
                vol.Coerce(int), vol.Range(min=5, max=LONGEST_LESSON)
            ),
        },
    ),
    Deed(
        action="cancel_enrollment",
        command="access/enroll/cancel",
        do=_cancel_enrollment,
        fields={vol.Required(ATTR_DOOR): cv.string},
    ),
)
