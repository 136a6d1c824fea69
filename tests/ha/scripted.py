"""An agent and a detection service that say what a test tells them to: real servers on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
import hashlib
import io
import time
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
import av
from PIL import Image

from tests.ha.messages import AGENT_ID, CAMERA, KEY, TOKEN, golden
from tests.ha.scripted_doors import ScriptedDoors
from tests.ha.scripted_upkeep import ScriptedUpkeep
from tests.ha.scripted_webrtc import ScriptedWebRtc

__all__ = [
    "AGENT_ID",
    "CAMERA",
    "KEY",
    "TOKEN",
    "ScriptedAgent",
    "ScriptedDetections",
    "clip",
    "golden",
    "jpeg",
    "scripted_agent",
    "scripted_detections",
]


def jpeg(shade: int = 90, size: tuple[int, int] = (320, 180)) -> bytes:
    """Return a grey picture."""
    data = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(data, "JPEG")
    return data.getvalue()


@cache
def clip(seconds: float = 2.0) -> bytes:
    """Return a playable H.264 MP4."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for shade in range(int(seconds * 10)):
            image = Image.new("RGB", (320, 180), (shade * 4 % 255, 80, 80))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return file.getvalue()


async def _show_life(feed: web.WebSocketResponse) -> None:
    """Ping, as agents do: who hears nothing for ten seconds takes the agent for gone."""
    with suppress(ConnectionError):
        while True:
            await asyncio.sleep(1)
            await feed.ping()


class ScriptedAgent:
    """Serves one camera, `front`, and perhaps doors; what happens is the test's to say."""

    def __init__(self) -> None:
        self.state = golden("state")
        self.state["spool"] = {"clips": 0, "bytes": 0, "lost": 0, "readings": 0}
        self.readings: list[dict[str, Any]] = []
        self.plans: list[list[dict[str, Any]]] = []
        """What it was told to record ahead, time after time."""
        self.token = TOKEN
        self.pictures_per_second = 20
        self.port = 0
        self.recordings: dict[str, dict[str, Any]] = {}
        self.video = clip()
        self.streams = 0
        self.dark = False
        self.doors = ScriptedDoors(self)
        self.upkeep = ScriptedUpkeep(self)
        self.webrtc = ScriptedWebRtc(self)
        self._feeds: set[web.WebSocketResponse] = set()
        self.server = self._make_server()

    async def start(self, port: int = 0) -> None:
        """Answer, at a port that is free or at the one given."""
        if port:
            self.server = self._make_server(port)
        await self.server.start_server(shutdown_timeout=0.1)
        self.port = self.server.port

    async def say(self, message: dict[str, Any]) -> None:
        """Say something on every feed."""
        for feed in tuple(self._feeds):
            await feed.send_json(message)

    async def move(self, moving: bool) -> None:
        """Let something move in front of the camera, or stop."""
        self.state["cameras"][CAMERA]["moving"] = moving
        message = {"type": "motion", "camera": CAMERA, "score": 0.2 if moving else 0.0}
        await self.say({**message, "moving": moving, "at": time.time()})

    async def complete(self) -> None:
        """Let every running recording end."""
        for recording in self.recordings.values():
            recording.update(
                status="complete",
                duration_s=2.0,
                bytes=len(self.video),
                sha256=hashlib.sha256(self.video).hexdigest(),
            )
            await self.say({"type": "recording", "recording": recording})

    async def cut(self) -> None:
        """Break every feed."""
        for feed in tuple(self._feeds):
            await feed.close()

    async def stop(self) -> None:
        """Be gone, as a Pi without power is."""
        self._let_nobody_in()
        await self.cut()
        await self.server.close()

    def _let_nobody_in(self) -> None:
        """Accept no connection; asyncio fails where one comes in while its server is closed."""
        loop = asyncio.get_running_loop()
        for site in self.server.runner.sites if self.server.runner else ():
            for socket in site._server.sockets:
                loop.remove_reader(socket)

    def _make_server(self, port: int | None = None) -> TestServer:
        app = web.Application(middlewares=[self._authorized])
        camera = "/api/v1/cameras/{camera}"
        app.add_routes(
            [
                web.get("/api/v1/info", self._info),
                web.get("/api/v1/feed", self._feed),
                web.get("/api/v1/spool", self._spool),
                web.delete("/api/v1/spool", self._forget),
                web.put("/api/v1/bookings", self._plan),
                web.get(f"{camera}/snapshot", self._snapshot),
                web.get(f"{camera}/stream", self._stream),
                web.get(f"{camera}/recordings", self._list),
                web.post(f"{camera}/recordings", self._start),
                web.patch(f"{camera}/recordings/{{recording}}", self._extend),
                web.get(f"{camera}/recordings/{{recording}}", self._fetch),
                web.delete(f"{camera}/recordings/{{recording}}", self._delete),
                *self.doors.routes(),
                *self.upkeep.routes(),
                *self.webrtc.routes(),
            ]
        )
        return TestServer(app, host="127.0.0.1", port=port)

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            error = {"code": "unauthorized", "message": "This token is not the agent's."}
            return web.json_response({"error": error}, status=401)
        return await handler(request)

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response(self.state["info"])

    async def _feed(self, request: web.Request) -> web.WebSocketResponse:
        feed = web.WebSocketResponse()
        await feed.prepare(request)
        await feed.send_json(self.state | {"now": time.time()})
        self._feeds.add(feed)
        living = asyncio.create_task(_show_life(feed))
        try:
            async for message in feed:
                assert message.type is WSMsgType.TEXT
        finally:
            living.cancel()
            self._feeds.discard(feed)
        return feed

    async def _spool(self, _: web.Request) -> web.Response:
        return web.json_response(self.state["spool"] | {"readings": self.readings})

    async def _forget(self, request: web.Request) -> web.Response:
        until = float(request.query["until"])
        self.readings = [each for each in self.readings if each["at"] > until]
        return web.Response(status=204)

    async def _plan(self, request: web.Request) -> web.Response:
        """Know what is booked, and record none of it."""
        self.plans.append((await request.json())["bookings"])
        return web.json_response({"bookings": self.plans[-1]})

    async def _snapshot(self, _: web.Request) -> web.Response:
        headers = {"X-Timestamp": f"{time.time():.6f}"}
        return web.Response(body=jpeg(), content_type="image/jpeg", headers=headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "multipart/x-mixed-replace; boundary=frame"}
        )
        await response.prepare(request)
        self.streams += 1
        try:
            while not self.dark:
                data = jpeg()
                head = (
                    f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n"
                    f"X-Timestamp: {time.time():.6f}\r\n\r\n"
                )
                await response.write(head.encode() + data + b"\r\n")
                await asyncio.sleep(1 / self.pictures_per_second)
        finally:
            self.streams -= 1
        return response

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"recordings": list(self.recordings.values())})

    async def _start(self, request: web.Request) -> web.Response:
        body = await request.json()
        recording = golden("recording")["recording"] | {
            "id": f"{len(self.recordings) + 1:016x}",
            "status": "recording",
            "started": body["since"],
            "until": body["until"],
            "duration_s": None,
            "bytes": None,
            "sha256": None,
        }
        self.recordings[recording["id"]] = recording
        return web.json_response(recording, status=201)

    async def _extend(self, request: web.Request) -> web.Response:
        recording = self.recordings[request.match_info["recording"]]
        recording["until"] = (await request.json())["until"]
        return web.json_response(recording)

    async def _fetch(self, _: web.Request) -> web.Response:
        return web.Response(body=self.video, content_type="video/mp4")

    async def _delete(self, request: web.Request) -> web.Response:
        del self.recordings[request.match_info["recording"]]
        return web.Response(status=204)


class ScriptedDetections:
    """A detection service: `people` is how many it finds in whatever it is shown."""

    def __init__(self) -> None:
        self.people = 0
        self.asked = 0
        app = web.Application()
        app.router.add_post("/detect", self._detect)
        self.server = TestServer(app, host="127.0.0.1")

    @property
    def url(self) -> str:
        """The address of the service."""
        return str(self.server.make_url("/detect"))

    async def _detect(self, request: web.Request) -> web.Response:
        await request.read()
        self.asked += 1
        found = [
            {
                "label": "person",
                "score": 0.9,
                "box": {"xmin": 10 + 90 * n, "ymin": 20, "xmax": 70 + 90 * n, "ymax": 170},
            }
            for n in range(self.people)
        ]
        return web.json_response({"detections": found, "width": 320, "height": 180})


@asynccontextmanager
async def scripted_agent() -> AsyncIterator[ScriptedAgent]:
    """Serve an agent for as long as the test runs."""
    agent = ScriptedAgent()
    await agent.start()
    try:
        yield agent
    finally:
        await agent.stop()


@asynccontextmanager
async def scripted_detections() -> AsyncIterator[ScriptedDetections]:
    """Serve detections for as long as the test runs."""
    detections = ScriptedDetections()
    await detections.server.start_server(shutdown_timeout=0.1)
    try:
        yield detections
    finally:
        await detections.server.close()
