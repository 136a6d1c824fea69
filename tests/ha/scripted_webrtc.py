"""What a scripted agent answers to browsers; no picture ever goes to them."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.ha.scripted import ScriptedAgent


class ScriptedWebRtc:
    """Answers offers, once it `may`; an agent that is not told to `offer` WebRTC has none."""

    def __init__(self, agent: ScriptedAgent) -> None:
        self._agent = agent
        self.offers: list[str] = []
        self.sessions: set[str] = set()
        self.may = asyncio.Event()
        self.may.set()
        self.refusal: tuple[int, dict[str, Any]] | None = None
        agent.state["info"]["webrtc"] = False

    def offer(self) -> None:
        """Be an agent that can."""
        self._agent.state["info"]["webrtc"] = True

    def refuse(self, code: str, message: str, status: int) -> None:
        """Say no from now on."""
        self.refusal = status, {"error": {"code": code, "message": message}}

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers."""
        path = "/api/v1/cameras/{camera}/whep"
        return [web.post(path, self._answer), web.delete(f"{path}/{{session}}", self._end)]

    async def _answer(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/sdp"
        self.offers.append(await request.text())
        await self.may.wait()
        if self.refusal:
            return web.json_response(self.refusal[1], status=self.refusal[0])
        session = str(len(self.offers))
        self.sessions.add(session)
        headers = {"Location": f"{request.path}/{session}"}
        text = f"answer {session} for {request.match_info['camera']}"
        return web.Response(status=201, text=text, content_type="application/sdp", headers=headers)

    async def _end(self, request: web.Request) -> web.Response:
        if request.match_info["session"] not in self.sessions:
            error = {"code": "not_found", "message": "That session is over."}
            return web.json_response({"error": error}, status=404)
        self.sessions.remove(request.match_info["session"])
        return web.Response(status=204)
