"""The owner of the soak's Home Assistant, who comes in again whenever it was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from scripts.demonstration.happened import ask_action
from scripts.demonstration.home_assistant import DemoError, HomeAssistant

USERNAME: Final = "owner"
PASSWORD: Final = "soaked-in-rain"  # noqa: S105 - it ends with the soak

TROUBLES: Final = (aiohttp.ClientError, TimeoutError, DemoError, TypeError)
"""What asking may end with; a WebSocket that is closed while it is read gives a TypeError."""


class Owner:
    """Asks Home Assistant for what an owner may."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.home = HomeAssistant(session, address)
        self._session = session
        self._entering = asyncio.Lock()

    async def enter(self, *, new: bool = False) -> None:
        """Log in, or become the owner."""
        async with self._entering, self.home.talking():
            await self.home.enter(USERNAME, PASSWORD, new=new)

    async def asks(self, action: str, **fields: Any) -> dict[str, Any]:
        """Perform an action of Gatehouse and return its response; raises one of TROUBLES."""
        try:
            return await ask_action(self.home, action, fields)
        except DemoError as error:
            if ": 401" not in str(error):
                raise
        await self.enter()
        return await ask_action(self.home, action, fields)

    async def commands(self, kind: str) -> Any:
        """Send one WebSocket command and return its result."""
        async with self._entering, self.home.talking():
            await self.home.enter(USERNAME, PASSWORD, new=False)
            return await self.home.ask(kind)

    @asynccontextmanager
    async def listening(self, *events: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Log in anew and yield the events of these types, as they come."""
        await self.enter()
        url = f"{self.home.url}/api/websocket"
        async with self._session.ws_connect(url, heartbeat=20) as socket:
            await socket.receive_json(timeout=20)
            await socket.send_json({"type": "auth", "access_token": self.home.token})
            if (await socket.receive_json(timeout=20))["type"] != "auth_ok":
                raise DemoError("Home Assistant does not take the token that it gave.")
            for number, event in enumerate(events, start=1):
                asked = {"id": number, "type": "subscribe_events", "event_type": event}
                await socket.send_json(asked)
            yield _told(socket)


async def _told(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    async for message in socket:
        said = message.json()
        if said["type"] == "event":
            yield dict(said["event"])
