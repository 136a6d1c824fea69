"""What a request says, checked: numbers of its query, and the fields of its JSON body."""

import asyncio
import json
import math
from typing import Any, Final, TypeGuard

from aiohttp import web

from .errors import Refused
from .wire import ErrorCode

LARGEST: Final = 64 * 1024  # bytes of a body, unless something else is said
WITHIN: Final = 30.0  # seconds for a whole body; the largest, over a bad Wi-Fi, need them


def number(request: web.Request, key: str, low: float, high: float) -> float | None:
    """Read a number out of the query, if it is there."""
    text = request.query.get(key)
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not low <= found <= high:
        raise Refused(ErrorCode.BAD_REQUEST, f"{key} must be a number from {low} to {high}.")
    return found


async def body(request: web.Request, largest: int = LARGEST) -> bytes:
    """Read the body; raises HTTPException for one that is too large, at once if it says so."""
    if (size := request.content_length or 0) > largest:
        raise web.HTTPRequestEntityTooLarge(largest, size)
    try:
        async with asyncio.timeout(WITHIN):
            return await request.clone(client_max_size=largest).read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(reason="send a body that is what its headers say") from error


async def fields(request: web.Request) -> dict[str, Any]:
    """Read the JSON object of the body; what is not one has no fields."""
    return parsed(await body(request))


def parsed(body: bytes) -> dict[str, Any]:
    """Read a JSON object; what is not one has no fields."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_number(value: object, low: float, high: float) -> TypeGuard[float]:
    """Whether a field is a number within bounds, both included; true and false are none."""
    return isinstance(value, int | float) and type(value) is not bool and low <= value <= high
