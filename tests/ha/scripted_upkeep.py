"""What a scripted agent does for its cameras and itself when it is asked to."""

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.ha.messages import CAMERA

if TYPE_CHECKING:
    from tests.ha.scripted import ScriptedAgent


class ScriptedUpkeep:
    """Answers, and remembers what it was asked; `refusal` is what it says instead, if anything."""

    def __init__(self, agent: ScriptedAgent) -> None:
        self._agent = agent
        self.asked: list[str] = []
        self.refusal: tuple[int, dict[str, Any]] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        return [
            web.put("/api/v1/cameras/{camera}/privacy", self._privacy),
            web.post("/api/v1/cameras/{camera}/restart", self._note),
            web.post("/api/v1/restart", self._note),
            web.post("/api/v1/reboot", self._note),
        ]

    def refuse(self, code: str, message: str, status: int = 403) -> None:
        """Say no from now on."""
        self.refusal = status, {"error": {"code": code, "message": message}}

    async def tell(self, **fields: Any) -> None:
        """Have the camera be in another state."""
        state = self._agent.state["cameras"][CAMERA]
        state |= fields
        await self._agent.say({"type": "camera", "camera": CAMERA, "state": state})

    async def measure(self, **fields: Any) -> None:
        """Tell the stats of now, with other things told beside them."""
        message = {"type": "stats", "now": time.time(), "stats": self._agent.state["stats"]}
        await self._agent.say(message | fields)

    async def _privacy(self, request: web.Request) -> web.Response:
        private = (await request.json())["private"]
        self.asked.append(f"private {private}")
        if self.refusal:
            return web.json_response(self.refusal[1], status=self.refusal[0])
        status = "private" if private else "online"
        self._agent.state["cameras"][CAMERA] |= {"status": status, "moving": False}
        return web.json_response(self._agent.state["cameras"][CAMERA])

    async def _note(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.refusal:
            return web.json_response(self.refusal[1], status=self.refusal[0])
        return web.json_response({}, status=202)
