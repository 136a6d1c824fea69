"""An agent's recordings on loopback: real files, real sockets, and every way to fail at will."""

import asyncio
from collections.abc import Awaitable, Callable
import hashlib
from itertools import count
from pathlib import Path
import time
from typing import Any, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from custom_components.gatehouse.agent import Agent, RecordingChanged, Recordings
from custom_components.gatehouse.agent.recording import parse_recording

TOKEN = "a-token-that-is-long-enough"
CAMERA = "front"
ARRIVING_S = 0.02
"""What was sent before a connection breaks arrives: else aiohttp throws it away with the rest."""

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pi:
    """What one agent records; a test decides when it ends and what goes wrong."""

    def __init__(self, session: aiohttp.ClientSession, folder: Path, key: str) -> None:
        self.key = key
        self.requests: list[str] = []
        self.recordings: dict[str, dict[str, Any]] = {}
        self.ranges: list[int] = []
        """Where each of the connections that are to break began."""
        self.is_off = False
        """Every connection breaks before it is heard."""
        self.loses_answers_to: set[str] = set()
        """Methods that are carried out, but whose connections break then."""
        self.refusals: dict[str, tuple[int, str]] = {}
        """By method: the status and code of every answer."""
        self.cut_after: int | None = None
        """A file is sent in connections that break after so many bytes."""
        self.instantly: bytes | None = None
        """The file of every recording that is asked for: it is complete at once."""
        self.may_cut = asyncio.Event()
        """Those connections break only while this is set."""
        self.may_cut.set()
        self.held = asyncio.Event()
        """Files are sent only while this is set."""
        self.held.set()
        self.promised_s = 2.0
        """How long the agent says that its recordings are."""
        self.sending = 0
        self.most_sending = 0
        self._numbers = count(1)
        self._folder = folder
        self._session = session
        folder.mkdir()
        app = web.Application(middlewares=[self._gate])
        app.add_routes(
            [
                web.get("/api/v1/cameras/front/recordings", self._list),
                web.post("/api/v1/cameras/front/recordings", self._start),
                web.get("/api/v1/cameras/front/recordings/{id}", self._send),
                web.patch("/api/v1/cameras/front/recordings/{id}", self._extend),
                web.delete("/api/v1/cameras/front/recordings/{id}", self._delete),
            ]
        )
        self._server = TestServer(app, host="127.0.0.1")

    async def __aenter__(self) -> Self:
        await self._server.start_server(shutdown_timeout=0.1)
        self.address = (self._server.host, self._server.port or 0)
        self.client: Recordings = Agent(self._session, *self.address, TOKEN).recordings
        return self

    async def __aexit__(self, *_: object) -> None:
        self.held.set()
        self.may_cut.set()
        await self._server.close()

    @property
    def names(self) -> list[str]:
        """The ids of all recordings that are there."""
        return list(self.recordings)

    def finish(self, name: str, video: bytes, sha256: str | None = None) -> RecordingChanged:
        """End a recording with this file; returns what the feed tells of it."""
        (self._folder / name).write_bytes(video)
        self.recordings[name] |= {
            "status": "complete",
            "bytes": len(video),
            "duration_s": self.promised_s,
            "sha256": sha256 or hashlib.sha256(video).hexdigest(),
        }
        return RecordingChanged(recording=parse_recording(self.recordings[name]))

    def spool(self, name: str, video: bytes) -> RecordingChanged:
        """Have a recording that nobody asked for."""
        return self._own(name, video, {"origin": "spool"})

    def book(self, name: str, video: bytes, booking: str, number: int = 0) -> RecordingChanged:
        """Have the so-manyth part of an appointment."""
        return self._own(name, video, {"origin": "booked", "booking": booking}, 2.0 * number)

    def _own(
        self, name: str, video: bytes, why: dict[str, str], later: float = 0.0
    ) -> RecordingChanged:
        began = time.time() - 60 + later
        self.recordings[name] = {
            "id": name,
            "camera": CAMERA,
            "started": began,
            "until": began + 2.0,
            "error": None,
            **why,
        }
        return self.finish(name, video)

    def fail(self, name: str) -> None:
        """End a recording without a file."""
        self.recordings[name] |= {"status": "failed", "error": "The camera gave no picture."}

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        assert request.transport
        if self.is_off:
            request.transport.abort()
            return web.Response()
        self.requests.append(request.method)
        if request.method in self.refusals:
            status, code = self.refusals[request.method]
            return web.json_response({"error": {"code": code, "message": "No."}}, status=status)
        response = await handler(request)
        if request.method in self.loses_answers_to:
            request.transport.abort()
        return response

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"recordings": list(self.recordings.values())})

    async def _start(self, request: web.Request) -> web.Response:
        body = await request.json()
        name = f"{self.key.partition('/')[0]}-{next(self._numbers)}"
        self.recordings[name] = {
            "id": name,
            "camera": CAMERA,
            "status": "recording",
            "started": body["since"] - 0.5,
            "until": body["until"],
            "duration_s": None,
            "bytes": None,
            "sha256": None,
            "error": None,
            "origin": "asked",
        }
        if self.instantly is not None:
            self.finish(name, self.instantly)
        return web.json_response(self.recordings[name], status=201)

    async def _extend(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if found["status"] != "recording":
            over = {"error": {"code": "recording_over", "message": "It is over."}}
            return web.json_response(over, status=409)
        found["until"] = (await request.json())["until"]
        return web.json_response(found)

    async def _delete(self, request: web.Request) -> web.Response:
        self.recordings.pop(self._find(request)["id"])
        return web.Response(status=204)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        path = self._folder / self._find(request)["id"]
        self.sending += 1
        self.most_sending = max(self.most_sending, self.sending)
        try:
            await self.held.wait()
        finally:
            self.sending -= 1
        if self.cut_after is None:
            return web.FileResponse(path)
        return await self._send_some(request, path.read_bytes(), self.cut_after)

    async def _send_some(self, request: web.Request, video: bytes, most: int) -> web.StreamResponse:
        start = request.http_range.start or 0
        self.ranges.append(start)
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(video) - start
        await response.prepare(request)
        await response.write(video[start : start + most])
        await self.may_cut.wait()
        await asyncio.sleep(ARRIVING_S)
        assert request.transport
        request.transport.close()
        return response

    def _find(self, request: web.Request) -> dict[str, Any]:
        found = self.recordings.get(request.match_info["id"])
        if found is None:
            text = '{"error": {"code": "not_found", "message": "There is no such recording."}}'
            raise web.HTTPNotFound(text=text, content_type="application/json")
        return found
