"""Hundreds of simulated agents in one process, each at a port of its own: a program.

Who detects for the site is one of them; it knows the picture with somebody in it by its bytes, at
once.
"""

import asyncio
import json
import sys
import time
from typing import Final

from aiohttp import web

from camera_agent import wire

from .thousand_agents import Crowd, SimulatedAgent, golden
from .thousand_shown import EMPTY, FILM, SOMEBODY

LOCAL: Final = "127.0.0.1"
READY: Final = "ready "
TOKEN: Final = "a-thousand-cameras"  # noqa: S105 - nobody else can reach them
TOLD: Final = "/told"  # GET what was told since the last time
PACE: Final = "/pace"  # PUT how many times as busy as a busy day it is from now on
BOUNDARY: Final = "frame"


class Wire:
    """What agents answer; which of them is asked says the port."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._ports: dict[int, SimulatedAgent] = {}

    def at(self, ports: list[int]) -> None:
        """Know who listens where."""
        self._ports = dict(zip(ports, self._crowd.agents, strict=True))

    def application(self) -> web.Application:
        """Build it, with the two addresses that no agent has."""
        app = web.Application(client_max_size=2**26)
        app.add_routes(
            [
                web.get(TOLD, self._tell),
                web.put(PACE, self._hurry),
                web.get(wire.INFO, self._info),
                web.get(wire.FEED, self._feed, allow_head=False),
                web.get(wire.STREAM, self._stream, allow_head=False),
                web.get(wire.SNAPSHOT, self._snapshot),
                web.post(wire.DETECT, self._detect),
                web.put(wire.GRANTS, self._grants),
                web.put(wire.BOOKINGS, self._bookings),
                web.delete(wire.PASSAGES, _done),
                web.get(wire.RECORDINGS, self._recordings),
                web.post(wire.RECORDINGS, self._record),
                web.get(wire.RECORDING, _film),
                web.patch(wire.RECORDING, self._extend),
                web.delete(wire.RECORDING, self._delete),
            ]
        )
        return app

    def _asked(self, request: web.Request) -> SimulatedAgent:
        return self._ports[request.url.port or 0]

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(self._crowd.told())

    async def _hurry(self, request: web.Request) -> web.Response:
        self._crowd.pace = float(await request.text())
        return web.Response()

    async def _info(self, request: web.Request) -> web.Response:
        return web.json_response(self._asked(request).info())

    async def _feed(self, request: web.Request) -> web.WebSocketResponse:
        self._crowd.met.append(time.monotonic())
        return await self._asked(request).feed.serve(request)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        pause = 1 / float(request.query.get(wire.QUERY_FPS, "5"))
        try:
            while True:
                await response.write(_part(self._picture(request)))
                await asyncio.sleep(pause)
        except ConnectionError:
            return response

    async def _snapshot(self, request: web.Request) -> web.Response:
        headers = {wire.CAPTURED_HEADER: f"{time.time():.6f}"}
        picture = self._picture(request)
        return web.Response(body=picture, content_type="image/jpeg", headers=headers)

    def _picture(self, request: web.Request) -> bytes:
        somebody = request.match_info["camera"] in self._asked(request).somebody
        return SOMEBODY if somebody else EMPTY

    async def _detect(self, request: web.Request) -> web.Response:
        self._crowd.looks += 1
        answer = golden("detect")
        if await request.read() != SOMEBODY:
            answer["detections"] = []
        return web.json_response(answer)

    async def _grants(self, request: web.Request) -> web.Response:
        self._asked(request).go_by((await request.json())["document"])
        return web.json_response({})

    async def _bookings(self, request: web.Request) -> web.Response:
        return web.json_response({"segment_s": 300.0, "bookings": []})

    async def _recordings(self, request: web.Request) -> web.Response:
        there = self._asked(request).recordings.values()
        camera = request.match_info["camera"]
        return web.json_response({"recordings": [one for one in there if one["camera"] == camera]})

    async def _record(self, request: web.Request) -> web.Response:
        wanted, camera = await request.json(), request.match_info["camera"]
        recording = self._asked(request).record(camera, wanted["since"], wanted["until"])
        return web.json_response(recording, status=201)

    async def _extend(self, request: web.Request) -> web.Response:
        recording = self._asked(request).recordings.get(request.match_info["recording"])
        if recording is None or recording["status"] != "recording":
            error = {"code": wire.ErrorCode.RECORDING_OVER, "message": "It is over."}
            return web.json_response({"error": error}, status=409)
        recording["until"] = (await request.json())["until"]
        return web.json_response(recording)

    async def _delete(self, request: web.Request) -> web.Response:
        self._asked(request).recordings.pop(request.match_info["recording"], None)
        return web.Response(status=204)


async def _done(_: web.Request) -> web.Response:
    return web.Response(status=204)


async def _film(_: web.Request) -> web.Response:
    return web.Response(body=FILM, content_type="video/mp4")


def _part(jpeg: bytes) -> bytes:
    head = (
        f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
        f"{wire.CAPTURED_HEADER}: {time.time():.6f}\r\n\r\n"
    )
    return head.encode() + jpeg + b"\r\n"


async def serve(cameras: int) -> None:
    """Serve until the process is ended; say where, once all of them listen."""
    crowd = Crowd(cameras)
    answers = Wire(crowd)
    runner = web.AppRunner(answers.application(), access_log=None)
    await runner.setup()
    for _ in range(len(crowd.agents) + 1):
        await web.TCPSite(runner, LOCAL, 0, backlog=1024).start()
    *ports, control = [address[1] for address in runner.addresses]
    answers.at(ports)
    print(READY + json.dumps({"ports": ports, "control": control}), flush=True)
    await crowd.run()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
