"""HTTP: third-party readers ask who may enter; administrators read the log and keep the cards."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

from aiohttp import hdrs, web
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .access import AccessNotFound, Attempt, PassageQuery, checked_pin
from .access_fields import ATTR_DOOR, ATTR_PIN, called, card_of
from .access_history import last_of_page, page_json, passages_of
from .agent import Direction
from .api_view import ApiView, Asking, Refused, checked
from .asking import MOMENT
from .card_views import ATTR_CARD, CARD, CardsView, CardView
from .door_choice import door_called
from .models import PassageKind
from .other_doors import async_check, locks
from .pace import Pace, Rate
from .secret_fields import secret

CHECK_URL: Final = "/api/gatehouse/access/check"
LOG_URL: Final = "/api/gatehouse/access/log"

ATTR_DIRECTION: Final = "direction"

LONGEST_PAGE: Final = 500
PAGE: Final = 50

# One reader reads a card a second at most; the burst is a queue that meets a slow network.
CHECKS: Final = Rate(burst=30, per_second=2.0)
# A script that brings in a thousand cards takes some minutes; somebody who pages waits never.
BOOKKEEPING: Final = Rate(burst=60, per_second=5.0)


CHECK: Final = vol.Schema(
    {
        vol.Required(ATTR_DOOR): cv.string,
        vol.Optional(ATTR_CARD): CARD,
        vol.Optional(ATTR_PIN): secret,
        vol.Optional(ATTR_DIRECTION): vol.In([each.value for each in Direction]),
    }
)

LOG: Final = vol.Schema(
    {
        vol.Optional("door"): [cv.string],
        vol.Optional("user"): [cv.string],
        vol.Optional("kind"): [vol.In([each.value for each in PassageKind])],
        vol.Optional("since"): MOMENT,
        vol.Optional("until"): MOMENT,
        vol.Optional("before"): cv.string,
        vol.Optional("limit", default=PAGE): vol.All(vol.Coerce(int), vol.Range(1, LONGEST_PAGE)),
        vol.Optional("format", default="json"): vol.In(["json", "csv"]),
    }
)
SEVERAL: Final = frozenset({"door", "user", "kind"})


@callback
def async_register_access_views(hass: HomeAssistant) -> None:
    """Answer readers and scripts; there is no way to take a view away again: this is done once."""
    checks, bookkeeping = Pace(CHECKS), Pace(BOOKKEEPING)
    hass.http.register_view(CheckView(checks))
    hass.http.register_view(LogView(bookkeeping))
    hass.http.register_view(CardsView(bookkeeping))
    hass.http.register_view(CardView(bookkeeping))


class CheckView(ApiView):
    """A reader that is no agent's asks whether to open."""

    url = CHECK_URL
    name = "api:gatehouse:access:check"

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Decide; the attempt counts, is logged and is told."""
        return await self.answer(request, self._check)

    async def _check(self, asking: Asking) -> web.StreamResponse:
        began = perf_counter()
        attempt = _attempt(asking, await asking.fields(CHECK))
        decision = await async_check(asking.hass, asking.site, attempt, asking.context)
        person = decision.person if decision.granted else None
        return self.json(
            {
                "granted": decision.granted,
                "reason": decision.reason,
                "person": person.name if person else None,
                "wants_pin": decision.wants_pin,
                "latency_ms": round((perf_counter() - began) * 1000, 3),
            }
        )


class LogView(ApiView):
    """What happened at the doors."""

    url = LOG_URL
    name = "api:gatehouse:access:log"
    admin = True

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Return a page, newest first, or all of it as a table for spreadsheets."""
        return await self.answer(request, self._log)

    async def _log(self, asking: Asking) -> web.StreamResponse:
        given = asking.request.query
        fields = checked(
            LOG, {key: given.getall(key) if key in SEVERAL else given[key] for key in given}
        )
        hub, query = asking.hub, await _query(asking, fields)
        if fields["format"] == "csv":
            names = hub.admission.doors()
            async with aclosing(hub.admission.log.lines(query, names)) as lines:
                return await _table(asking.request, lines)
        return self.json(page_json(hub, await passages_of(hub, query)))


def _attempt(asking: Asking, fields: dict[str, Any]) -> Attempt:
    """Return what is shown, and where; raises AccessError and Refused."""
    if not {ATTR_CARD, ATTR_PIN} & fields.keys():
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_request", "card: send a card, a PIN, or both.")
    direction = fields.get(ATTR_DIRECTION)
    return Attempt(
        door=_allowed_door(asking, fields[ATTR_DOOR]),
        # Not the address: who holds a token can have many, and would guess as often with each.
        source=asking.user.name or asking.user.id,
        card=card_of(fields[ATTR_CARD]) if ATTR_CARD in fields else None,
        pin=checked_pin(fields[ATTR_PIN].text()) if ATTR_PIN in fields else None,
        direction=Direction(direction) if direction else None,
    )


def _door(asking: Asking, name: str) -> str:
    """Return the key of a door by its lock, its key, or what people call it.

    Raises AccessNotFound.
    """
    lock_of, name_of = locks(asking.site), asking.hub.admission.doors()
    if owned := [key for key, lock in lock_of.items() if lock == name]:
        return owned[0]
    alike = [key for key, each in name_of.items() if each.casefold() == name.casefold()]
    if len(alike) > 1:
        raise AccessNotFound("Several doors are called so: name the lock of one, or its key")
    return alike[0] if alike else door_called(asking.hub, name)


def _allowed_door(asking: Asking, name: str) -> str:
    """Return likewise a door that somebody may open in Home Assistant; raises Refused too."""
    door = _door(asking, name)
    entities = {asking.hub.admission.entities().get(door), locks(asking.site).get(door)}
    may = asking.user.permissions.check_entity
    if not all(may(entity, POLICY_CONTROL) for entity in entities if entity):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "not_allowed",
            "This user may not open this door in Home Assistant: use an access token of another.",
        )
    return door


async def _query(asking: Asking, fields: dict[str, Any]) -> PassageQuery:
    """Return what is asked of the log; raises AccessNotFound."""
    admission = asking.hub.admission
    people = admission.policies.policy.people
    doors = [_door(asking, name) for name in fields.get("door", ())]
    users = [called(people, name).id for name in fields.get("user", ())]
    kinds = [PassageKind(kind) for kind in fields.get("kind", ())]
    return PassageQuery(
        doors=tuple(doors) or None,
        persons=tuple(users) or None,
        kinds=tuple(kinds) or None,
        since=fields.get("since"),
        until=fields.get("until"),
        before=await last_of_page(asking.hub, fields.get("before")),
        limit=fields["limit"],
    )


async def _table(request: web.Request, lines: AsyncGenerator[str]) -> web.StreamResponse:
    """Send all lines; what fails before the first row is still an answer by itself."""
    first = [await anext(lines), await anext(lines, "")]
    name = f"access-{dt_util.now():%Y-%m-%d}.csv"
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "text/csv; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
        }
    )
    await response.prepare(request)
    await response.write("".join(first).encode())
    async for line in lines:
        await response.write(line.encode())
    await response.write_eof()
    return response
