"""The authorized way to one agent over HTTP; every failure on it leaves as an AgentError."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
import hashlib
import hmac
from http import HTTPStatus
import json
from typing import Any, Final

import aiohttp
from yarl import URL

from . import wire
from .decoding import decoding
from .errors import AgentError, AgentGarbled, AgentRefused, AgentUnauthorized, AgentUnreachable

ANSWER: Final = aiohttp.ClientTimeout(total=10)

# A camera sends several pictures a second: after 15 s without a byte nothing will come any more.
STREAM: Final = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=15)

# An agent pings every 10 s: silence means that it lost its power, of which no packet ever tells.
# Who leaves waits for a good-bye, but not as long as aiohttp would for one that is gone.
FEED: Final = aiohttp.ClientWSTimeout(ws_receive=15, ws_close=1)


class Connection:
    """Asks one agent; the session is somebody else's."""

    def __init__(self, session: aiohttp.ClientSession, host: str, port: int, token: str) -> None:
        """Nothing is sent before somebody asks."""
        self._session = session
        self._root = URL.build(scheme="http", host=host, port=port)
        self._token = token

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,
        body: object = None,
        data: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, and hold the answer open; only an answer that grants what was asked gets here."""
        with self._translated():
            async with self._session.request(
                method,
                self._url(path),
                json=body,
                data=data,
                params=query,
                headers=self._authorized(headers),
                timeout=timeout,
                # A redirect would carry the token to somebody else.
                allow_redirects=False,
            ) as response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise await self._refusal(response)
                yield response

    async def json(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout = ANSWER,
    ) -> dict[str, Any]:
        """Ask, and return the JSON object of the answer."""
        async with self.request(method, path, timeout=timeout, body=body, query=query) as response:
            text = await response.read()
        with decoding():
            return dict(json.loads(text))

    async def send_signed(
        self, path: str, document: str, purpose: bytes, timeout: aiohttp.ClientTimeout
    ) -> None:
        """Put a document, signed for a purpose by who has the token (see `wire.GRANTS`)."""
        # Millions of characters would hold everybody up.
        data = await asyncio.to_thread(self._signed_body, document, purpose)
        headers = {"Content-Type": "application/json"}
        async with self.request("PUT", path, timeout=timeout, data=data, headers=headers):
            pass

    @asynccontextmanager
    async def websocket(self, path: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Hold a WebSocket open that notices by itself when the other end is gone."""
        with self._translated():
            async with self._session.ws_connect(
                self._url(path), headers=self._authorized(None), timeout=FEED
            ) as socket:
                yield socket

    def signed(self, path: str, expires: datetime) -> str:
        """Return an address of a path that needs no token until then (see `wire.QUERY_EXPIRES`)."""
        epoch = int(expires.timestamp())
        text = f"{path}\n{epoch}".encode()
        signature = hmac.new(self._token.encode(), text, hashlib.sha256).hexdigest()
        query = {wire.QUERY_EXPIRES: str(epoch), wire.QUERY_SIGNATURE: signature}
        return str(self._url(path).with_query(query))

    def _signed_body(self, document: str, purpose: bytes) -> bytes:
        key = hmac.digest(self._token.encode(), purpose, "sha256")
        signature = hmac.digest(key, document.encode(), "sha256").hex()
        return json.dumps({"document": document, "signature": signature}).encode()

    def _url(self, path: str) -> URL:
        return URL(f"{self._root.origin()}{path}", encoded=True)

    def _authorized(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", **(headers or {})}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except aiohttp.WSServerHandshakeError as error:
            raise self._bad_status(error.status) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or "it does not answer in time"
            raise AgentUnreachable(
                f"The agent at {self._root.authority} cannot be reached: {reason}"
            ) from error

    async def _refusal(self, response: aiohttp.ClientResponse) -> AgentError:
        """Return what the agent's own words for a refusal mean."""
        if response.status == HTTPStatus.UNAUTHORIZED:
            return self._bad_status(response.status)
        text = await response.read()
        try:
            error = json.loads(text)["error"]
            return AgentRefused(str(error["code"]), str(error["message"]))
        except ValueError, KeyError, TypeError:
            return self._bad_status(response.status)

    def _bad_status(self, status: int) -> AgentError:
        where = self._root.authority
        if status == HTTPStatus.UNAUTHORIZED:
            return AgentUnauthorized(f"The agent at {where} refuses our token; pair it again.")
        return AgentGarbled(f"{where} answered with status {status} and no reason that we know.")
