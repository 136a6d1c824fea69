"""What the HTTP API shares: who may ask and how often, bodies that are JSON, errors in words."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
import math
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from homeassistant.auth.models import User
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads
import voluptuous as vol

from .access import AccessError, AccessNotFound, CardTaken
from .const import DOMAIN
from .database import DatabaseError
from .pace import Pace

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .hub import Hub

# The largest body is 64 readings with all that can be said of each.
MOST_BYTES: Final = 64 * 1024

# A device on a weak radio needs a second or two; who sends a byte at a time means harm.
BODY_WITHIN: Final = 10.0

# Of a field's name that nobody knows, so much is said again.
SHOWN_NAME: Final = 40

STATUS: Final[Mapping[type[AccessError], HTTPStatus]] = {
    AccessNotFound: HTTPStatus.NOT_FOUND,
    CardTaken: HTTPStatus.CONFLICT,
}


class Refused(Exception):
    """Something cannot be asked like this: with which status and code, and what to do."""

    def __init__(self, status: HTTPStatus, code: str, sentence: str, **headers: str) -> None:
        """Answer so; the headers are called as Python writes them."""
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Somebody who is logged in and may ask."""

    request: web.Request = field(repr=False)
    hass: HomeAssistant = field(repr=False)
    site: GatehouseConfigEntry = field(repr=False)
    user: User

    @property
    def hub(self) -> Hub:
        """The site, running."""
        return self.site.runtime_data

    @property
    def context(self) -> Context:
        """In whose name things are done."""
        return Context(user_id=self.user.id)

    async def fields(self, schema: vol.Schema) -> dict[str, Any]:
        """Return the body as the schema wants it; raises Refused."""
        return checked(schema, await _json(self.request))


class ApiView(HomeAssistantView):
    """Something that devices and scripts ask, with an access token of Home Assistant."""

    requires_auth = True
    admin = False
    """Whether only administrators may ask."""

    def __init__(self, pace: Pace) -> None:
        """Let nobody ask more often than this."""
        self._pace = pace

    async def answer(
        self,
        request: web.Request,
        do: Callable[[Asking], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Return what do answers, or why it does not."""
        try:
            return await do(self._admitted(request))
        except Refused as err:
            return self._refusal(err)
        except vol.Invalid as err:
            return self._refusal(bad_field(err))
        except AccessError as err:
            status = STATUS.get(type(err), HTTPStatus.BAD_REQUEST)
            return self._refusal(Refused(status, err.code, str(err)))
        except ServiceValidationError as err:
            code = err.translation_key or "bad_request"
            return self._refusal(Refused(HTTPStatus.BAD_REQUEST, code, str(err)))
        except DatabaseError as err:
            later = f"The database does not answer: look at Home Assistant's log. {err}"
            return self._refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, "database_failed", later))

    def _admitted(self, request: web.Request) -> Asking:
        """Return who asks; raises Refused."""
        hass, user = request.app[KEY_HASS], request[KEY_HASS_USER]
        # Not 401: that would count towards a ban of the address.
        if self.admin and not user.is_admin:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "not_an_administrator",
                "Only administrators may ask this: use an access token of one.",
            )
        if seconds := self._pace.wait((user.id, request.remote)):
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_requests",
                "This was asked too often: wait as long as Retry-After says, in seconds.",
                Retry_After=str(math.ceil(seconds)),
            )
        for site in hass.config_entries.async_loaded_entries(DOMAIN):
            return Asking(request=request, hass=hass, site=site, user=user)
        raise Refused(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not_running",
            "Gatehouse does not run: look under Devices & services for the reason.",
        )

    def _refusal(self, refused: Refused) -> web.Response:
        return self.json_message(
            str(refused), refused.status, refused.code, headers=refused.headers
        )


def checked(schema: vol.Schema, fields: object) -> dict[str, Any]:
    """Return fields as a schema wants them; raises Refused with a sentence that has no value."""
    try:
        taken: dict[str, Any] = schema(fields)
    except vol.Invalid as err:
        raise bad_field(err) from None
    return taken


def bad_field(err: vol.Invalid) -> Refused:
    """Return the refusal of a field."""
    where = ".".join(str(step) for step in err.path)[:SHOWN_NAME] or "body"
    return Refused(HTTPStatus.BAD_REQUEST, "bad_request", f"{where}: {err.error_message}")


async def _json(request: web.Request) -> object:
    body = await _body(request)
    try:
        return json_loads(body)
    except JSON_DECODE_EXCEPTIONS:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "not_json",
            "The body is not JSON: send one object, in UTF-8, with numbers that are finite.",
        ) from None


async def _body(request: web.Request) -> bytes:
    """Return what was sent, unpacked; raises Refused before it has read too much."""
    body = bytearray()
    if (request.content_length or 0) > MOST_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for part in request.content.iter_any():
                body += part
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Refused(
            HTTPStatus.REQUEST_TIMEOUT,
            "too_slow",
            f"The body did not come within {BODY_WITHIN:.0f} seconds: send it again.",
            Connection="close",
        ) from None
    return bytes(body)


def _too_large() -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"A body has at most {MOST_BYTES} bytes: send less at once.",
        Connection="close",
    )
