"""Who looks at a dashboard, and sees a state as soon as Home Assistant tells it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from scripts.demonstration.home_assistant import HomeAssistant

TOLD_WITHIN: Final = 10.0  # seconds


class Listener:
    """A dashboard that shows one entity: it hears of each of its states."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._word = ""
        self._heard: asyncio.Future[None] | None = None

    @classmethod
    @asynccontextmanager
    async def of(cls, home: HomeAssistant, entity: str) -> AsyncIterator[Listener]:
        """Begin to listen; who listens has been told the state of now."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{home.url}/api/websocket") as socket,
        ):
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": home.token})
            await socket.receive_json()
            wanted = {"id": 1, "type": "subscribe_entities", "entity_ids": [entity]}
            await socket.send_json(wanted)
            await socket.receive_json()
            await socket.receive_json()
            listener = cls(socket)
            listening = asyncio.create_task(listener._listen())
            try:
                yield listener
            finally:
                listening.cancel()

    async def hear(self, word: str, act: Awaitable[object]) -> None:
        """Do something, and wait for the state in which this word is."""
        self._word, self._heard = word, asyncio.get_running_loop().create_future()
        async with asyncio.timeout(TOLD_WITHIN):
            await asyncio.gather(act, self._heard)

    async def _listen(self) -> None:
        while True:
            said = await self._socket.receive_str()
            if self._heard and not self._heard.done() and self._word in said:
                self._heard.set_result(None)
