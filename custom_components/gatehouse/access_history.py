"""Who came, who would be let in, and who is."""

from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import Context, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .access import (
    AccessNotFound,
    Attempt,
    Credential,
    CredentialKind,
    Decision,
    PassageQuery,
    card_hash,
    decide,
)
from .access_fields import (
    ATTR_CREDENTIAL,
    ATTR_DOOR,
    ATTR_DOORS,
    ATTR_FORMAT,
    ATTR_NUMBER,
    ATTR_PIN,
    ATTR_READER,
    ATTR_UNTIL,
    ATTR_USER,
    CARD_NUMBER,
    DOORS,
    alike,
    called,
    card_of,
    one_of,
)
from .access_words import passage_json
from .actions import ATTR_BEFORE, ATTR_LIMIT
from .agent import Direction
from .asking import MOMENT, site_of
from .const import DOMAIN
from .deeds import Asked, Deed
from .door_choice import door_called, doors_called
from .models import Passage, PassageKind
from .other_doors import async_check
from .passage_events import MILLISECOND
from .secret_fields import secret

if TYPE_CHECKING:
    from .hub import Hub

ATTR_USERS: Final = "users"
ATTR_KINDS: Final = "kinds"
ATTR_SINCE: Final = "since"
ATTR_AT: Final = "at"
ATTR_DIRECTION: Final = "direction"

JSON: Final = "json"
CSV: Final = "csv"

LARGEST_LOG: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Passages, newest first, and before which one the next page begins; None at the end."""

    passages: tuple[Passage, ...]
    next: str | None


async def passages_of(hub: Hub, query: PassageQuery) -> LogPage:
    """Return a page of the access log."""
    found = await hub.admission.log.find(replace(query, limit=query.limit + 1))
    shown = tuple(found[: query.limit])
    return LogPage(passages=shown, next=shown[-1].id if len(found) > query.limit else None)


def page_json(hub: Hub, page: LogPage) -> dict[str, Any]:
    """Return a page of the access log as answers tell it."""
    names = hub.admission.doors()
    return {"passages": [passage_json(each, names) for each in page.passages], "next": page.next}


async def last_of_page(hub: Hub, identity: str | None) -> Passage | None:
    """Return the passage that a page ended with, None of none; raises AccessNotFound."""
    if identity is None:
        return None
    passage = await hub.admission.log.get(identity)
    if passage is None:
        raise AccessNotFound("The page before is not in the log any more: begin with the first")
    return passage


async def _get_log(asked: Asked) -> dict[str, Any]:
    query = await _query(asked)
    if asked.fields[ATTR_FORMAT] == CSV:
        return await _csv(asked, query)
    return page_json(asked.hub, await passages_of(asked.hub, query))


async def _csv(asked: Asked, query: PassageQuery) -> dict[str, Any]:
    """Return a page as one text, with its header."""
    admission, lines = asked.hub.admission, list[str]()
    async with aclosing(admission.log.lines(query, admission.doors())) as told:
        async for line in told:
            if len(lines) > query.limit:
                # The id is the last cell of a line.
                last = lines[-1].rstrip().rpartition(",")[2]
                return {"csv": "".join(lines), "next": last}
            lines.append(line)
    return {"csv": "".join(lines), "next": None}


async def _query(asked: Asked) -> PassageQuery:
    fields = asked.fields
    doors, users, kinds = (fields.get(each) for each in (ATTR_DOORS, ATTR_USERS, ATTR_KINDS))
    return PassageQuery(
        doors=None if doors is None else doors_called(asked.hub, doors),
        persons=None if users is None else tuple(_holder(asked, each) for each in users),
        kinds=None if kinds is None else tuple(kinds),
        since=fields.get(ATTR_SINCE),
        until=fields.get(ATTR_UNTIL),
        before=await last_of_page(asked.hub, fields.get(ATTR_BEFORE)),
        limit=fields[ATTR_LIMIT],
    )


def _holder(asked: Asked, name: str) -> str:
    """Return the id of somebody; who was deleted is still in the log, by the id."""
    known = asked.policy.people
    return called(known, name).id if alike(known, name) else name


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


HISTORY: Final = (
    Deed(
        action="get_access_log",
        command="access/log",
        do=_get_log,
        fields={
            vol.Optional(ATTR_DOORS): DOORS,
            vol.Optional(ATTR_USERS): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional(ATTR_KINDS): vol.All(cv.ensure_list, [vol.Coerce(PassageKind)]),
            vol.Optional(ATTR_SINCE): MOMENT,
            vol.Optional(ATTR_UNTIL): MOMENT,
            vol.Optional(ATTR_BEFORE): cv.string,
            vol.Optional(ATTR_LIMIT, default=50): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=LARGEST_LOG)
            ),
            vol.Optional(ATTR_FORMAT, default=JSON): vol.In((JSON, CSV)),
        },
        response=SupportsResponse.ONLY,
    ),
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
