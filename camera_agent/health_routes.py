"""How the agent is, for whoever watches over the house: no token, and so no details."""

from collections.abc import Collection
from typing import Final

from aiohttp import web

from . import __version__, wire
from .channel import Channel
from .hub import Hub
from .stats import Stats
from .wire import CameraStatus

HUB: Final = web.AppKey("health", Hub)

NEARLY_FULL: Final = 1_000_000_000  # bytes that are left: an hour of one camera


def add(app: web.Application, hub: Hub) -> None:
    """Register what an agent tells everybody."""
    app[HUB] = hub
    app.add_routes(
        [
            web.get(wire.HEALTH, health),
            web.get(wire.HEALTH_LIVE, live),
            web.get(wire.HEALTH_READY, ready),
        ]
    )


async def health(request: web.Request) -> web.Response:
    """Whether everything does what it should."""
    hub = request.app[HUB]
    online, of = _cameras(hub.channels.values())
    is_fine = online == of and not _suffers(hub.stats)
    about = {
        "status": "ok" if is_fine else "degraded",
        "version": __version__,
        "cameras": {"online": online, "of": of},
    }
    return web.json_response(about, status=200 if is_fine else 503)


async def live(_: web.Request) -> web.Response:
    """Whether the agent answers at all."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """Whether there is a picture of any camera that may look."""
    online, of = _cameras(request.app[HUB].channels.values())
    if online or not of:
        return web.json_response({"status": "ok"})
    return web.json_response({"status": "starting"}, status=503)


def _cameras(channels: Collection[Channel]) -> tuple[int, int]:
    """Return how many cameras are online, of how many that are not private."""
    states = [one.camera.state.status for one in channels if not one.is_private]
    return states.count(CameraStatus.ONLINE), len(states)


def _suffers(stats: Stats) -> bool:
    """Whether the machine itself needs somebody; what is unknown is no trouble."""
    free = stats.disk_free_bytes
    return stats.clock_synchronised is False or (free is not None and free < NEARLY_FULL)
