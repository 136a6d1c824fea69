"""Who may ask: who sends the token (as bearer, or as password to read), or a signed address."""

import base64
import hashlib
import hmac
import re
import ssl
from typing import Final

from aiohttp import web

from . import wire
from .errors import Refused
from .owner import Owner
from .wire import QUERY_EXPIRES, QUERY_SIGNATURE, ErrorCode

# Players such as ffmpeg send the password of an address only after they were asked for it.
CHALLENGE: Final = 'Basic realm="gatehouse-agent", charset="UTF-8"'

# For everybody; what INFO tells a stranger is another matter.
OPEN: Final = frozenset({wire.PAIR, wire.HEALTH, wire.HEALTH_LIVE, wire.HEALTH_READY})

# What programs are sent to that have no token; the short names are not of one camera alone.
SIGNED: Final = frozenset({wire.LIVE, wire.SNAPSHOT, wire.STREAM})
_CAMERA: Final = re.compile("(?<=/cameras/)[^/]+")
LONGEST: Final = 86_400  # seconds that an address may be good for

UNPAIRED: Final = (
    "Nobody owns this agent yet: add it in Home Assistant with the code that its log shows, or"
    " `gatehouse-agent pair`."
)
WHO: Final = (
    "Send the agent's token as bearer, or to read also as password, or come by a signed address."
)
SHOW: Final = (
    "This agent wants to be shown the certificate that it was paired with (tls.mutual in its"
    " agent.toml); pair again if there is none."
)


def check(owner: Owner, request: web.BaseRequest, now: float) -> bool:
    """Let a request pass, or raise Refused; whether it is the owner's, and not for everybody.

    Now is in seconds since the epoch.
    """
    if request.path in OPEN or is_stranger(owner, request):
        return False
    if owner.token is None:
        raise Refused(ErrorCode.NOT_PAIRED, UNPAIRED)
    if not admits(owner.token, request, now):
        raise Refused(ErrorCode.UNAUTHORIZED, WHO)
    if owner.mutual and not (_is_shown(owner, request) or _is_players(request)):
        raise Refused(ErrorCode.NO_CERTIFICATE, SHOW)
    return True


def is_stranger(owner: Owner, request: web.BaseRequest) -> bool:
    """Whether somebody who does not claim to be the owner asks what this is."""
    claims = owner.token is not None and "Authorization" in request.headers
    return request.path == wire.INFO and request.method in ("GET", "HEAD") and not claims


def admits(token: str, request: web.BaseRequest, now: float) -> bool:
    """Whether a request proves that it knows the token; now is in seconds since the epoch."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # aiohttp reads headers with surrogates for what is not UTF-8.
        return _same(credentials.strip().encode(errors="surrogateescape"), token.encode())
    # A browser remembers a password, and sends it with forms and feeds of any page.
    if request.method not in ("GET", "HEAD") or "Upgrade" in request.headers:
        return False
    if scheme.lower() == "basic":
        return _same(_password(credentials), token.encode())
    return _is_signed(token, request, now)


def signature(token: str, path: str, expires: str) -> str:
    """Sign a path until a moment (see `wire`), as lower-case hex."""
    return hmac.new(token.encode(), f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _is_signed(token: str, request: web.BaseRequest, now: float) -> bool:
    expires = request.query.get(QUERY_EXPIRES, "")
    given = request.query.get(QUERY_SIGNATURE, "")
    if _kind(request) not in SIGNED:
        return False
    if not _same(given.encode(), signature(token, request.path, expires).encode()):
        return False
    return expires.isdecimal() and now <= int(expires) <= now + LONGEST


def _is_players(request: web.BaseRequest) -> bool:
    """Whether a player comes by a signed address: it has no certificate to show."""
    return "Authorization" not in request.headers and _kind(request) == wire.LIVE


def _kind(request: web.BaseRequest) -> str:
    """Return the path as `wire` writes it, without the camera's name."""
    return _CAMERA.sub("{camera}", request.path)


def _is_shown(owner: Owner, request: web.BaseRequest) -> bool:
    """Whether the other side of the connection has the owner's certificate, and its key."""
    tls = request.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True) if tls else None
    return shown is not None and ssl.DER_cert_to_PEM_cert(shown) == owner.certificate


def _password(credentials: str) -> bytes:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except ValueError:
        return b""
    return decoded.partition(b":")[2]


def _same(given: bytes, right: bytes) -> bool:
    """Compare without telling by the time it takes how much was right."""
    return hmac.compare_digest(given, right)
