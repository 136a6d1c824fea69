"""One camera's pictures to any number of viewers: encoded once, the newest wins, nobody waits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from .errors import Private, Refused
from .models import Picture
from .viewer import Viewer, push_to_all
from .wire import CAPTURED_HEADER, ErrorCode

FRESH: Final = 1.0  # seconds; what a picture may be old to answer the next who asks
PATIENCE: Final = 5.0  # seconds for a camera's first picture, which may have to open its encoder

BOUNDARY: Final = b"--gatehouse\r\n"
CONTENT_TYPE: Final = "multipart/x-mixed-replace;boundary=gatehouse"


class Broadcast:
    """Pushes pictures to viewers, each at its rate, and asks the camera for no more than that."""

    def __init__(self, limit: float, demand: Callable[[float], None]) -> None:
        """Limit is the most pictures a second; demand is told how many are wanted now."""
        self._limit = limit
        self._demand = demand
        self._latest: Picture | None = None
        self._arrived = 0.0
        self._viewers: set[_Paced] = set()
        self._askers: set[asyncio.Future[Picture]] = set()

    def publish(self, picture: Picture) -> None:
        """Send a picture to every viewer that is due and whose last one has left."""
        self._latest = picture
        self._arrived = asyncio.get_running_loop().time()
        for asker in self._askers:
            if not asker.done():
                asker.set_result(picture)
        if due := [paced.viewer for paced in self._viewers if paced.takes(picture)]:
            push_to_all(due, _part(picture))

    async def watch(self, request: web.Request, fps: float | None) -> web.StreamResponse:
        """Serve pictures until the viewer leaves; no fps means all there are."""
        fps = min(fps or self._limit, self._limit)
        viewer = await Viewer.open(request, CONTENT_TYPE)
        viewer.push(BOUNDARY)
        paced = _Paced(viewer, fps, 0 if fps == self._limit else round(1_000_000 / fps))
        if (picture := self._fresh()) and paced.takes(picture):
            viewer.push(_part(picture))
        self._viewers.add(paced)
        self._ask()
        try:
            return await viewer.gone()
        finally:
            self._viewers.discard(paced)
            self._ask()

    async def snapshot(self) -> Picture:
        """Return a picture that is at most a second old; refused if the camera gives none."""
        if picture := self._fresh():
            return picture
        asker: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()
        self._askers.add(asker)
        self._ask()
        try:
            async with asyncio.timeout(PATIENCE):
                return await asker
        except TimeoutError as error:
            sentence = f"The camera gave no picture within {PATIENCE:g} s."
            raise Refused(ErrorCode.CAMERA_OFFLINE, sentence) from error
        finally:
            self._askers.discard(asker)
            self._ask()

    def forget(self) -> None:
        """Let go of the newest picture, and refuse who waits for one: the camera is private."""
        self._latest = None
        for asker in self._askers:
            if not asker.done():
                asker.set_exception(Private())

    def close(self) -> None:
        """Drop every viewer."""
        for paced in self._viewers:
            paced.viewer.drop()

    def _fresh(self) -> Picture | None:
        is_fresh = asyncio.get_running_loop().time() - self._arrived < FRESH
        return self._latest if is_fresh else None

    def _ask(self) -> None:
        wanted = max((paced.fps for paced in self._viewers), default=0.0)
        self._demand(self._limit if self._askers else wanted)


def stamp(captured_us: int) -> str:
    """Write a moment as seconds with six decimals, exactly."""
    return f"{captured_us // 1_000_000}.{captured_us % 1_000_000:06d}"


@dataclass(slots=True, eq=False)
class _Paced:
    """A viewer and when its next picture is due; an interval of 0 takes every picture."""

    viewer: Viewer
    fps: float
    interval_us: int
    due_us: int = 0

    def takes(self, picture: Picture) -> bool:
        """Whether to send this picture: it is due, and the one before has left."""
        if self.viewer.waiting:
            return False
        if not self.interval_us:
            return True
        early = self.due_us - picture.captured_us
        # Half an interval of jitter is allowed; more than two are a clock that was set back.
        if self.interval_us / 2 < early <= self.interval_us * 2:
            return False
        on_time = abs(early) < self.interval_us
        self.due_us = (self.due_us if on_time else picture.captured_us) + self.interval_us
        return True


def _part(picture: Picture) -> bytes:
    """Prepare a part, up to the next one's boundary: without it browsers show a frame late."""
    head = (
        f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n"
        f"{CAPTURED_HEADER}: {stamp(picture.captured_us)}\r\n\r\n"
    )
    return b"".join((head.encode(), picture.jpeg, b"\r\n", BOUNDARY))
