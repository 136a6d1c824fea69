"""One Pi, over HTTP and WebSocket."""

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

import aiohttp

from ..models import Picture
from . import wire
from .arrivals import woken_for
from .bookings import Planned, Underway, parse_plan, plan_body
from .clock import AgentClock
from .connection import ANSWER, STREAM, Connection
from .decoding import decoding, moment
from .doors import AgentDoors
from .errors import AgentGarbled, AgentOutdated, AgentRefused, NotAnAgent
from .live import Live, boundary_of, expect
from .machine import AgentInfo
from .messages import Message, State, StatsChanged, parse_info, parse_message
from .mjpeg import PictureParser
from .pin import Pin
from .recordings import Recordings
from .spool import SpoolReport, parse_spool
from .upkeep import Upkeep
from .webrtc import WebRtc


class Agent:
    """Asks one agent and listens to it; the session is somebody else's."""

    recordings: Recordings
    doors: AgentDoors
    upkeep: Upkeep
    webrtc: WebRtc
    live: Live

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        port: int,
        token: str,
        pin: Pin | None = None,
    ) -> None:
        """Nothing is sent before somebody asks; without a pin it goes over plain HTTP."""
        self._connection = Connection(session, host, port, token, pin)
        self._clock = AgentClock()
        self.recordings = Recordings(self._connection, self._clock)
        self.doors = AgentDoors(self._connection)
        self.upkeep = Upkeep(self._connection)
        self.webrtc = WebRtc(self._connection)
        self.live = Live(self._connection)

    @property
    def clock_ahead(self) -> timedelta:
        """How far the agent's clock is ahead of ours, by all that its feed tells."""
        return self._clock.ahead

    async def info(self) -> AgentInfo:
        """Return who the agent is; NotAnAgent or AgentIncompatible if we cannot talk with it."""
        try:
            body = await self._connection.json("GET", wire.INFO)
        except AgentGarbled as error:
            raise NotAnAgent("What answers there is not an agent of Gatehouse.") from error
        return parse_info(body)

    async def feed(self) -> AsyncGenerator[Message]:
        """Yield what the agent tells, its full state first, until it closes the connection."""
        async with self._connection.websocket(wire.FEED) as socket:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.ERROR:
                    raise AgentGarbled(f"The agent's feed is broken: {frame.data!r}")
                message = parse_message(frame.data)
                match message:
                    case State(now=now):
                        self._clock.hear(now, anew=True)
                    case StatsChanged(now=datetime() as now):
                        self._clock.hear(now)
                if message is not None:
                    yield message

    async def snapshot(self, camera: str) -> Picture:
        """Return a picture of now."""
        path = wire.SNAPSHOT.format(camera=quote(camera, safe=""))
        async with self._connection.request("GET", path, timeout=ANSWER) as response:
            expect(response, "image/jpeg")
            with decoding():
                captured = moment(float(response.headers[wire.CAPTURED_HEADER]))
            return Picture(jpeg=await response.read(), captured=captured)

    async def pictures(self, camera: str, fps: float | None = None) -> AsyncGenerator[Picture]:
        """Yield pictures as they come, at most fps a second, until the agent ends the stream."""
        path = wire.STREAM.format(camera=quote(camera, safe=""))
        query = None if fps is None else {wire.QUERY_FPS: f"{fps:g}"}
        async with self._connection.request("GET", path, query=query, timeout=STREAM) as response:
            parser = PictureParser(boundary_of(response), lambda: self._clock.now)
            with woken_for(response) as misses:
                async for chunk in response.content.iter_any():
                    for picture in parser.feed(chunk):
                        yield picture
                    misses(parser.missing)

    def live_url(self, camera: str, lifetime: timedelta) -> str:
        """Return an address of the camera's H.264 in MPEG-TS, good for a while, for any player."""
        path = wire.LIVE.format(camera=quote(camera, safe=""))
        return self._connection.signed(path, self._clock.now + lifetime)

    async def plan(
        self, appointments: Iterable[Planned], segment: timedelta
    ) -> tuple[Underway, ...]:
        """Have the agent record these by itself, in parts, and nothing else of earlier plans.

        What runs and is not planned any more ends. Raises AgentOutdated if it cannot do that.
        """
        try:
            body = plan_body(appointments, segment)
            return parse_plan(await self._connection.json("PUT", wire.BOOKINGS, body))
        except AgentRefused as error:
            if error.code != wire.ErrorCode.NOT_FOUND:
                raise
            raise AgentOutdated("The agent cannot record by appointment; update it.") from error

    async def spool(self) -> SpoolReport:
        """Return what the agent kept while nobody listened to its feed."""
        return parse_spool(await self._connection.json("GET", wire.SPOOL))

    async def forget_readings(self, until: datetime) -> None:
        """Have the agent forget its readings up to a moment of its own clock."""
        query = {wire.QUERY_UNTIL: f"{until.timestamp():.6f}"}
        async with self._connection.request("DELETE", wire.SPOOL, query=query, timeout=ANSWER):
            pass
