"""Who came: the access log, page by page."""

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .access import AccessNotFound, PassageQuery
from .access_fields import ATTR_DOORS, ATTR_FORMAT, ATTR_UNTIL, DOORS, alike, called
from .access_words import passage_json
from .actions import ATTR_BEFORE, ATTR_LIMIT
from .asking import MOMENT
from .deeds import Asked, Deed
from .door_choice import doors_called
from .models import Passage, PassageKind

if TYPE_CHECKING:
    from .hub import Hub

ATTR_USERS: Final = "users"
ATTR_KINDS: Final = "kinds"
ATTR_SINCE: Final = "since"

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
)
