"""Home Assistant as its own frontend sees it: the owner, REST and one WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

STARTED_WITHIN: Final = 180.0
ANSWERED_WITHIN: Final = 60.0
"""Seconds; a flow that tries out a model file may think for a while."""


class DemoError(Exception):
    """The demonstration cannot go on; the message says why."""


class HomeAssistant:
    """A running Home Assistant, spoken to as its owner."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self.token = ""
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._id = 0

    async def wait_until_up(self) -> None:
        """Wait until the frontend answers."""
        try:
            async with asyncio.timeout(STARTED_WITHIN):
                while not await self._is_up():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.2)
        except TimeoutError as error:
            raise DemoError(f"Home Assistant is not up after {STARTED_WITHIN:g} s.") from error

    async def enter(self, username: str, password: str, *, new: bool) -> None:
        """Log in as the owner, who is made first if new; then open the WebSocket."""
        meet = self._make_owner if new else self._log_in
        code = await meet(username, password)
        fields = {"grant_type": "authorization_code", "code": code, "client_id": self._client}
        async with self._session.post(f"{self.url}/auth/token", data=fields) as response:
            self.token = (await _answer(response))["access_token"]
        await self._connect()

    async def get(self, path: str) -> Any:
        """GET a JSON document."""
        return await self._request("GET", path)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST a JSON document."""
        return await self._request("POST", path, body)

    async def delete(self, path: str) -> None:
        """DELETE what is there."""
        await self._request("DELETE", path)

    async def fetch(self, path: str, first: int | None = None) -> tuple[int, bytes]:
        """GET bytes as a browser does, the first few of them where that is said."""
        headers = {**self._headers, **({"Range": f"bytes=0-{first - 1}"} if first else {})}
        async with self._session.get(f"{self.url}{path}", headers=headers) as response:
            return response.status, await response.read()

    async def visit(self, url: str) -> tuple[str, bytes]:
        """GET something as a stranger does, who has no login; return also where it came from.

        Raises aiohttp.ClientResponseError if he does not get it.
        """
        async with self._session.get(url, raise_for_status=True) as response:
            return str(response.url), await response.read()

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Send one WebSocket command and return its result."""
        socket = self._connected
        self._id += 1
        await socket.send_json({"id": self._id, "type": kind, **fields})
        async with asyncio.timeout(ANSWERED_WITHIN):
            while (answer := await socket.receive_json())["id"] != self._id:
                pass
        if not answer["success"]:
            raise DemoError(f"Home Assistant refused {kind}: {answer['error']['message']}")
        return answer["result"]

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[HomeAssistant]:
        """Close the WebSocket at the end."""
        try:
            yield self
        finally:
            if self._socket is not None:
                await self._socket.close()

    @property
    def _client(self) -> str:
        return f"{self.url}/"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def _connected(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None:
            raise DemoError("Nobody has logged in to Home Assistant yet.")
        return self._socket

    async def _is_up(self) -> bool:
        try:
            async with self._session.get(f"{self.url}/manifest.json") as response:
                return response.ok
        except aiohttp.ClientConnectionError:
            return False

    async def _make_owner(self, username: str, password: str) -> str:
        owner = {
            "client_id": self._client,
            "name": "Owner",
            "username": username,
            "password": password,
            "language": "en",
        }
        made = await self.post("/api/onboarding/users", owner)
        return str(made["auth_code"])

    async def _log_in(self, username: str, password: str) -> str:
        begin = {
            "client_id": self._client,
            "redirect_uri": self._client,
            "handler": ["homeassistant", None],
        }
        flow = await self.post("/auth/login_flow", begin)
        known = {"client_id": self._client, "username": username, "password": password}
        done = await self.post(f"/auth/login_flow/{flow['flow_id']}", known)
        if done["type"] != "create_entry":
            raise DemoError("The owner's password was changed; start again with --fresh.")
        return str(done["result"])

    async def _connect(self) -> None:
        self._socket = await self._session.ws_connect(f"{self.url}/api/websocket")
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self.token})
        if (await self._socket.receive_json())["type"] != "auth_ok":
            raise DemoError("Home Assistant does not take the token that it gave.")

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=self._headers
        ) as response:
            return await _answer(response)


async def _answer(response: aiohttp.ClientResponse) -> Any:
    if not response.ok:
        said = (await response.text())[:300]
        raise DemoError(f"{response.method} {response.url.path}: {response.status} {said}")
    return await response.json()
