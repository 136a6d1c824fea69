"""What the programs of the soak that are asked by HTTP have in common: they can be made to fail."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from .schedule import Kind

FAULT: Final = "/soak/fault"  # PUT the words of what is wrong from now on, nothing if nothing is
SLOW_S: Final = 3.0

REFUSAL: Final = "<Error><Code>{}</Code><Message>Not now.</Message></Error>"

type Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Failing:
    """Answers as it was told to, whatever is asked."""

    def __init__(self) -> None:
        self._kind: Kind | None = None

    @web.middleware
    async def fail(self, request: web.Request, handler: Answering) -> web.StreamResponse:
        """Let a request through, or not."""
        if request.path == FAULT:
            self._kind = Kind(said) if (said := await request.text()) else None
            return web.Response()
        match self._kind:
            case Kind.BROKEN:
                return _refused(500, "InternalError")
            case Kind.DENIED:
                return _refused(403, "AccessDenied")
            case Kind.NONSENSE:
                return web.Response(text='{"detections": [{"label": 7}, "person"', status=200)
            case Kind.SLOW:
                await asyncio.sleep(SLOW_S)
        return await handler(request)


def serve(app: web.Application, port: int) -> None:
    """Serve until the process is ended."""
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def _refused(status: int, code: str) -> web.Response:
    return web.Response(status=status, text=REFUSAL.format(code), content_type="application/xml")
