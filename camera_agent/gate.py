"""What every request goes through: who may ask, and what is said when something went wrong."""

import asyncio
import logging
import time
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from . import auth, messages
from .errors import Refused
from .owner import Owner
from .wire import ErrorCode

LOGGER = logging.getLogger(__name__)

STATUS: Final = {
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CAMERA_OFFLINE: 503,
    ErrorCode.CAMERA_PRIVATE: 409,
    ErrorCode.RECORDING_RUNNING: 409,
    ErrorCode.RECORDING_OVER: 409,
    ErrorCode.NO_SPACE: 507,
    ErrorCode.TOO_MANY: 429,
    ErrorCode.NO_DETECTOR: 503,
    ErrorCode.NO_WEBRTC: 501,
    ErrorCode.NO_CARD: 408,
    ErrorCode.BAD_SIGNATURE: 403,
    ErrorCode.STALE: 409,
    ErrorCode.DOOR_FAILED: 503,
    ErrorCode.BAD_PICTURE: 400,
    ErrorCode.BUSY: 503,
    ErrorCode.NOT_PAIRED: 403,
    ErrorCode.WRONG_CODE: 403,
    ErrorCode.NO_CERTIFICATE: 403,
    ErrorCode.NOT_ALLOWED: 403,
    ErrorCode.INTERNAL: 500,
}
HEADERS: Final = {
    ErrorCode.UNAUTHORIZED: {"WWW-Authenticate": auth.CHALLENGE},
    ErrorCode.BUSY: {"Retry-After": "1"},
}


def gate(owner: Owner) -> Middleware:
    """Let pass whom `auth` lets, and answer errors with a code and a sentence each."""
    inside: set[asyncio.Transport] = set()

    async def hang_up() -> None:
        """Whoever came with the last owner's token has to come again with the new one's."""
        for line in inside:
            line.abort()

    owner.follow(hang_up)

    @web.middleware
    async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not auth.check(owner, request, time.time()) or not (line := request.transport):
                return await handler(request)
            inside.add(line)
            try:
                return await handler(request)
            finally:
                inside.discard(line)
        except Refused as error:
            return _refusal(STATUS[error.code], error.code, error.message, error.retry_after)
        except web.HTTPException as error:
            code = ErrorCode.NOT_FOUND if error.status == 404 else ErrorCode.BAD_REQUEST
            return _refusal(error.status, code, f"{request.method} {request.path}: {error.reason}.")
        except ConnectionError:
            raise  # who asked has left
        except OSError as error:
            LOGGER.error("%s %s failed: %s", request.method, request.path, error)
            return _refusal(500, ErrorCode.INTERNAL, f"The agent could not do that: {error}")

    return pass_through


def _refusal(
    status: int, code: ErrorCode, message: str, retry_after: int | None = None
) -> web.Response:
    body = messages.error(code, message)
    headers = HEADERS.get(code) if retry_after is None else {"Retry-After": str(retry_after)}
    return web.json_response(body, status=status, headers=headers)
