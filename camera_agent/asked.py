"""What a request says, checked: numbers of its query, and the fields of its JSON body."""

import json
import math
from typing import Any, TypeGuard

from aiohttp import web

from .errors import Refused
from .wire import ErrorCode


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


async def fields(request: web.Request) -> dict[str, Any]:
    """Read the JSON object of the body; what is not one has no fields."""
    return parsed(await request.read())


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
