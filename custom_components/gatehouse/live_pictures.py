"""Live pictures of one camera: its agent is asked once, and everybody who looks is shown them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from aiohttp import web

from .agent import BOUNDARY, AgentError
from .viewer import Viewer

CONTENT_TYPE: Final = f"multipart/x-mixed-replace; boundary={BOUNDARY.decode().strip('-\r\n')}"

type Follow = Callable[[Callable[[bytes], None]], Awaitable[None]]
"""Gives each part of the agent's stream until that ends; raises AgentError if there is none."""


class LivePictures:
    """Follows the agent's stream as long as anybody looks; no viewer waits for another."""

    def __init__(
        self,
        follow: Follow,
        begin: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """Follow is what asks the agent; begin makes a task of a story."""
        self._follow = follow
        self._begin = begin
        self._showing: _Showing | None = None

    async def show(self, request: web.Request) -> web.StreamResponse | None:
        """Show them until the viewer or the camera leaves; None if there are none."""
        showing = self._showing
        if showing is None or showing.is_over:
            showing = self._showing = _Showing()
            showing.story = self._begin(showing.run(self._follow))
        return await showing.show(request)


class _Showing:
    """One stream of the agent's, from its first viewer to its last."""

    story: asyncio.Task[None]

    def __init__(self) -> None:
        self.is_over = False
        self._audience = 0
        self._viewers: set[Viewer] = set()
        self._newest = b""
        self._begun = asyncio.Event()

    async def run(self, follow: Follow) -> None:
        """Pass pictures on until the agent ends them."""
        try:
            await follow(self._pass_on)
        except AgentError:
            pass  # the camera has left
        finally:
            self.is_over = True
            self._begun.set()
            for viewer in self._viewers:
                viewer.drop()

    async def show(self, request: web.Request) -> web.StreamResponse | None:
        """Have somebody look; who is the last to leave ends it."""
        self._audience += 1
        try:
            await self._begun.wait()
            return await self._show(request) if self._newest else None
        finally:
            self._audience -= 1
            if not self._audience:
                self.is_over = True
                self.story.cancel()

    async def _show(self, request: web.Request) -> web.StreamResponse:
        viewer = await Viewer.open(request, CONTENT_TYPE)
        viewer.push(BOUNDARY + self._newest)
        if self.is_over:
            viewer.drop()
        self._viewers.add(viewer)
        try:
            return await viewer.gone()
        finally:
            self._viewers.discard(viewer)

    def _pass_on(self, part: bytes) -> None:
        self._newest = part
        self._begun.set()
        for viewer in self._viewers:
            if not viewer.waiting:  # else it skips this one
                viewer.push(part)
