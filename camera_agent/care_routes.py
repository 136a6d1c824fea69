"""What somebody does to the agent over HTTP: hide a camera, and begin anew what hangs."""

from typing import Final

from aiohttp import web

from . import asked, messages, wire
from .channel import Channel, named
from .errors import Private, Refused
from .hub import Hub
from .wire import ErrorCode

HUB: Final = web.AppKey("care", Hub)


def add(app: web.Application, hub: Hub) -> None:
    """Register how an agent is cared for."""
    app[HUB] = hub
    app.add_routes(
        [
            web.put(wire.PRIVACY, put_privacy),
            web.post(wire.RESTART_CAMERA, restart_camera),
            web.post(wire.RESTART, restart),
            web.post(wire.REBOOT, reboot),
        ]
    )


async def put_privacy(request: web.Request) -> web.Response:
    channel = _channel(request)
    private = (await asked.fields(request)).get("private")
    privacy, camera = request.app[HUB].privacy, channel.camera.config.id
    match private:
        case True:
            await privacy.hide(camera)
        case False:
            await privacy.show(camera)
        case _:
            sentence = 'Send a JSON object with "private": true or false.'
            raise Refused(ErrorCode.BAD_REQUEST, sentence)
    return web.json_response(messages.camera_state(channel.camera.state))


async def restart_camera(request: web.Request) -> web.Response:
    channel = _channel(request)
    if channel.is_private:
        raise Private
    channel.camera.restart()
    return web.json_response(messages.camera_state(channel.camera.state), status=202)


async def restart(request: web.Request) -> web.Response:
    request.app[HUB].power.restart()
    return web.json_response({}, status=202)


async def reboot(request: web.Request) -> web.Response:
    said = await request.app[HUB].power.reboot()
    return web.json_response({"said": said}, status=202)


def _channel(request: web.Request) -> Channel:
    return named(request.app[HUB].channels, request.match_info["camera"])
