"""Agents on loopback, made of the routes that a test gives them, and the golden messages."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from custom_components.gatehouse.agent import Agent

WIRE = Path(__file__).parents[2] / "wire"
TOKEN = "a-token-that-is-long-enough"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Loopback:
    """Starts servers and gives clients of them."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.forever = asyncio.Event()
        self._servers: list[TestServer] = []

    async def agent(self, *routes: web.RouteDef, token: str = TOKEN) -> Agent:
        """Return the client of an agent with these routes; it knows TOKEN."""
        app = web.Application(middlewares=[_gate])
        app.add_routes(routes)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server(shutdown_timeout=0.1)
        self._servers.append(server)
        return Agent(self.session, server.host, server.port or 0, token)

    def nobody(self) -> Agent:
        """Return the client of an agent that is switched off."""
        return Agent(self.session, "127.0.0.1", unused_port(), TOKEN)

    async def close(self) -> None:
        """Stop all of them, also those that wait for ever."""
        self.forever.set()
        for server in self._servers:
            await server.close()


def golden(name: str) -> dict[str, Any]:
    """Return a golden message of the wire."""
    message: dict[str, Any] = json.loads((WIRE / f"{name}.json").read_text("utf-8"))
    return message


def says(body: object, status: int = 200) -> Handler:
    """Return a handler that always answers with this JSON."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return answer


@web.middleware
async def _gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        body = {"error": {"code": "unauthorized", "message": "Send the agent's token."}}
        return web.json_response(body, status=401)
    return await handler(request)
