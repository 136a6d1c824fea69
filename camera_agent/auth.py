"""Who may ask: who sends the token (as bearer, or as password), or comes by a signed address."""

import base64
import hashlib
import hmac
from typing import Final

from aiohttp import web

from .wire import QUERY_EXPIRES, QUERY_SIGNATURE

# Players such as ffmpeg send the password of an address only after they were asked for it.
CHALLENGE: Final = 'Basic realm="gatehouse-agent", charset="UTF-8"'

# A signature covers the path alone; the short names take their camera from the query.
SIGNED_PATHS: Final = "/api/"


def admits(token: str, request: web.BaseRequest, now: float) -> bool:
    """Whether a request proves that it knows the token; now is in seconds since the epoch."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            # aiohttp reads headers with surrogates for what is not UTF-8.
            return _same(credentials.strip().encode(errors="surrogateescape"), token.encode())
        case "basic":
            return _same(_password(credentials), token.encode())
    return request.method in ("GET", "HEAD") and _is_signed(token, request, now)


def signature(token: str, path: str, expires: str) -> str:
    """Sign a path until a moment (see `wire`), as lower-case hex."""
    return hmac.new(token.encode(), f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _is_signed(token: str, request: web.BaseRequest, now: float) -> bool:
    expires = request.query.get(QUERY_EXPIRES, "")
    given = request.query.get(QUERY_SIGNATURE, "")
    if not request.path.startswith(SIGNED_PATHS):
        return False
    if not _same(given.encode(), signature(token, request.path, expires).encode()):
        return False
    return expires.isdecimal() and now <= int(expires)


def _password(credentials: str) -> bytes:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except ValueError:
        return b""
    return decoded.partition(b":")[2]


def _same(given: bytes, right: bytes) -> bool:
    """Compare without telling by the time it takes how much was right."""
    return hmac.compare_digest(given, right)
