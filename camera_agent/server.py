"""The agent's HTTP: one thin function a route; the gate is before all of them."""

import asyncio
from dataclasses import asdict
import json
import logging
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

from . import (
    asked,
    auth,
    booking_routes,
    care_routes,
    door_routes,
    health_routes,
    messages,
    pair_routes,
    wire,
)
from .broadcast import stamp
from .channel import Channel, named
from .detector import Detector
from .errors import Private, Refused
from .gate import gate
from .hub import Hub
from .wire import CameraStatus, ErrorCode

HUB: Final = web.AppKey("hub", Hub)
DETECTOR: Final = web.AppKey("detector", Detector)

LARGEST_PICTURE: Final = 8 * 1024 * 1024
LOOKED_FOR: Final = "person"
LEAST_FPS: Final = 0.01
MOST_FPS: Final = 1000
FAR: Final = 1e11  # a moment beyond the year 5000 is one in milliseconds


def application(hub: Hub, detector: Detector | None = None) -> web.Application:
    """Build the application; nearly all of it is for the owner alone. It closes the detector."""
    app = web.Application(middlewares=[gate(hub.owner)], client_max_size=asked.LARGEST)
    app[HUB] = hub
    app[DETECTOR] = detector or Detector(None)
    app.on_cleanup.append(_close_detector)
    app.add_routes(
        [
            web.get(wire.INFO, info),
            web.post(wire.DETECT, detect),
            web.get(wire.FEED, feed, allow_head=False),
            web.get(wire.SPOOL, spool),
            web.delete(wire.SPOOL, forget_readings),
            web.get(wire.SNAPSHOT, snapshot),
            web.get(wire.STREAM, stream, allow_head=False),
            web.get(wire.LIVE, live, allow_head=False),
            web.post(wire.WHEP, watch_by_webrtc),
            web.delete(wire.WHEP_SESSION, leave_webrtc),
            web.get(wire.RECORDINGS, recordings),
            web.post(wire.RECORDINGS, start_recording),
            web.get(wire.RECORDING, recording_file),
            web.patch(wire.RECORDING, extend_recording),
            web.delete(wire.RECORDING, delete_recording),
            # What programs ask for that know ustreamer or mjpg-streamer.
            web.get("/stream", stream, allow_head=False),
            web.get("/snapshot", snapshot),
            web.get("/", by_action, allow_head=False),
        ]
    )
    pair_routes.add(app, hub.reception)
    health_routes.add(app, hub)
    care_routes.add(app, hub)
    booking_routes.add(app, hub.appointments)
    door_routes.add(app, hub.doors)
    return app


class AccessLogger(AbstractAccessLogger):
    """One line a request, without the query: it may hold a signature."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        path = request.rel_url.raw_path  # as it was sent: without line breaks
        self.logger.debug("%s %s %s %.3f s", request.method, path, response.status, time)


def is_news(record: logging.LogRecord) -> bool:
    """Whether a line of aiohttp's server is worth logging: what strangers send is not."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, UnicodeEncodeError):
        # aiohttp would say again what it was told to expect, which may be no text.
        return not error.object.startswith("Unknown Expect")
    return not isinstance(error, HttpProcessingError | ConnectionError | web.RequestPayloadError)


async def info(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    if auth.is_stranger(hub.owner, request):
        return web.json_response(hub.introduction())
    detector = request.app[DETECTOR].about()
    return web.json_response({**hub.info(), "paired": True, "detector": detector})


async def detect(request: web.Request) -> web.Response:
    if request.content_type != "image/jpeg":
        raise web.HTTPUnsupportedMediaType(reason="send a picture as image/jpeg")
    threshold = asked.number(request, wire.QUERY_THRESHOLD, 0, 1)
    labels = request.query.get(wire.QUERY_LABELS, LOOKED_FOR).split(",")
    picture = await asked.body(request, LARGEST_PICTURE)
    return web.json_response(await request.app[DETECTOR].detect(picture, threshold, labels))


async def feed(request: web.Request) -> web.StreamResponse:
    return await request.app[HUB].feed.serve(request)


async def spool(request: web.Request) -> web.Response:
    kept = request.app[HUB].spool
    readings = await kept.readings()
    about = messages.spool(kept.spooled(), readings)
    return web.json_response(text=await asyncio.to_thread(json.dumps, about))


async def forget_readings(request: web.Request) -> web.Response:
    until = asked.number(request, wire.QUERY_UNTIL, 0, FAR)
    if until is None:
        sentence = f"Say with {wire.QUERY_UNTIL} up to when, in seconds since the epoch."
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
    await request.app[HUB].spool.forget(until)
    return web.Response(status=204)


async def snapshot(request: web.Request) -> web.Response:
    picture = await _looking(request).pictures.snapshot()
    headers = {wire.CAPTURED_HEADER: stamp(picture.captured_us), "Cache-Control": "no-store"}
    return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=headers)


async def stream(request: web.Request) -> web.StreamResponse:
    fps = asked.number(request, wire.QUERY_FPS, LEAST_FPS, MOST_FPS)
    return await _online(request).pictures.watch(request, fps)


async def live(request: web.Request) -> web.StreamResponse:
    return await _looking(request).live.watch(request)


async def watch_by_webrtc(request: web.Request) -> web.Response:
    offer = await asked.body(request)
    if request.content_type != wire.SDP:
        raise web.HTTPUnsupportedMediaType(reason=f"send an offer as {wire.SDP}")
    channel = _looking(request)
    camera = channel.camera.config.id
    webrtc = request.app[HUB].webrtc
    session, answer = await webrtc.answer(camera, channel.live, offer.decode(errors="replace"))
    place = wire.WHEP_SESSION.format(camera=camera, session=session)
    headers = {"Location": place}
    return web.Response(status=201, text=answer, content_type=wire.SDP, headers=headers)


async def leave_webrtc(request: web.Request) -> web.Response:
    camera = _channel(request).camera.config.id
    await request.app[HUB].webrtc.end(camera, request.match_info["session"])
    return web.Response(status=204)


async def by_action(request: web.Request) -> web.StreamResponse:
    match request.query.get("action"):
        case "stream":
            return await stream(request)
        case "snapshot":
            return await snapshot(request)
    raise Refused(ErrorCode.BAD_REQUEST, "Ask for /?action=stream or /?action=snapshot.")


async def recordings(request: web.Request) -> web.Response:
    found = request.app[HUB].recorder.recordings(_channel(request).camera.config.id)
    return web.json_response({"recordings": [asdict(one) for one in found]})


async def start_recording(request: web.Request) -> web.Response:
    camera = _channel(request).camera.config.id
    since, until = await _moments(request, "since", "until")
    started = await request.app[HUB].recorder.start(camera, since, until)
    return web.json_response(asdict(started), status=201)


async def extend_recording(request: web.Request) -> web.Response:
    (until,) = await _moments(request, "until")
    extended = request.app[HUB].recorder.extend(*_recording(request), until)
    return web.json_response(asdict(extended))


async def recording_file(request: web.Request) -> web.FileResponse:
    path = request.app[HUB].recorder.file(*_recording(request))
    return web.FileResponse(path, headers={"Content-Type": "video/mp4"})


async def delete_recording(request: web.Request) -> web.Response:
    await request.app[HUB].recorder.delete(*_recording(request))
    return web.Response(status=204)


async def _close_detector(app: web.Application) -> None:
    await app[DETECTOR].close()


def _channel(request: web.Request) -> Channel:
    """The camera of the path, or of the query, or else the first."""
    channels = request.app[HUB].channels
    default = request.query.get("camera", next(iter(channels), ""))
    return named(channels, request.match_info.get("camera", default))


def _online(request: web.Request) -> Channel:
    channel = _channel(request)
    state = channel.camera.state
    if state.status is CameraStatus.OFFLINE:
        raise Refused(ErrorCode.CAMERA_OFFLINE, state.error or "The camera is offline.")
    return channel


def _looking(request: web.Request) -> Channel:
    channel = _online(request)
    if channel.is_private:
        raise Private
    return channel


def _recording(request: web.Request) -> tuple[str, str]:
    return _channel(request).camera.config.id, request.match_info["recording"]


async def _moments(request: web.Request, *keys: str) -> list[float]:
    """Read moments out of a JSON body."""
    body = await asked.fields(request)
    moments = [float(said) for key in keys if asked.is_number(said := body.get(key), 0, FAR)]
    if len(moments) < len(keys):
        sentence = f"Send a JSON object with {' and '.join(keys)} in seconds since the epoch."
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
    return moments
