"""The authorized way to one agent over HTTP; every failure on it leaves as an AgentError."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
import hashlib
import hmac
from http import HTTPStatus
import json
import re
import ssl
from typing import Any, Final

import aiohttp
from yarl import URL

from . import wire
from .decoding import decoding, read_json
from .errors import (
    AgentError,
    AgentGarbled,
    AgentImpostor,
    AgentRefused,
    AgentUnauthorized,
    AgentUnreachable,
)
from .pin import Pin

ANSWER: Final = aiohttp.ClientTimeout(total=10)

# A camera sends several pictures a second: after 15 s without a byte nothing will come any more.
STREAM: Final = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=15)

# An agent pings every 10 s: silence means that it lost its power, of which no packet ever tells.
# Who leaves waits for a good-bye, but not as long as aiohttp would for one that is gone.
FEED: Final = aiohttp.ClientWSTimeout(ws_receive=15, ws_close=1)

# Many times what an agent has to say; who answers at an address may be anybody.
MOST_BYTES: Final = 16 * 1024 * 1024

# What an agent says to somebody whom it does not know (any more).
STRANGERS: Final = frozenset({wire.ErrorCode.NOT_PAIRED, wire.ErrorCode.NO_CERTIFICATE})


class Connection:
    """Asks one agent; the session is somebody else's."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        port: int,
        token: str = "",
        pin: Pin | None = None,
    ) -> None:
        """Nothing is sent before somebody asks; without a pin it goes over plain HTTP."""
        self._session = session
        self._root = URL.build(scheme="https" if pin else "http", host=host, port=port)
        self._token = token
        self._pin = pin
        self._numbered = self._root

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
                ssl=await self._tls(),
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
            text = await read(response)
        with decoding():
            return dict(read_json(text))

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
            async with AsyncExitStack() as stack:
                opening = self._session.ws_connect(
                    self._url(path),
                    headers=self._authorized(None),
                    ssl=await self._tls(),
                    timeout=FEED,
                    max_msg_size=MOST_BYTES,
                )
                async with asyncio.timeout(ANSWER.total):
                    socket = await stack.enter_async_context(opening)
                if peer := socket.get_extra_info("peername"):
                    self._numbered = self._root.with_host(peer[0])
                yield socket

    def signed(self, path: str, expires: datetime) -> str:
        """Return an address of a path that needs no token until then (see `wire.QUERY_EXPIRES`).

        It has the number of the host, not its name: no player finds names like `porch.local`, and
        go2rtc takes an unknown certificate from a number only.
        """
        epoch = int(expires.timestamp())
        text = f"{path}\n{epoch}".encode()
        signature = hmac.new(self._token.encode(), text, hashlib.sha256).hexdigest()
        query = {wire.QUERY_EXPIRES: str(epoch), wire.QUERY_SIGNATURE: signature}
        return str(_below(self._numbered, path).with_query(query))

    def path_of(self, address: str) -> str | None:
        """Return the path of an address at this agent, without its query; None for any other."""
        try:
            url = URL(address)
            known = url.origin() in (self._root, self._numbered)
        except ValueError:
            return None
        return url.raw_path if known else None

    def _signed_body(self, document: str, purpose: bytes) -> bytes:
        key = hmac.digest(self._token.encode(), purpose, "sha256")
        signature = hmac.digest(key, document.encode(), "sha256").hex()
        return json.dumps({"document": document, "signature": signature}).encode()

    def _url(self, path: str) -> URL:
        return _below(self._root, path)

    def _authorized(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        token = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return token | dict(headers or {})

    async def _tls(self) -> ssl.SSLContext | bool:
        return await self._pin.context() if self._pin else True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except aiohttp.WSServerHandshakeError as error:
            # Who opens a WebSocket is told a number and no reason.
            forbidden = error.status == HTTPStatus.FORBIDDEN
            raise self._bad_status(401 if forbidden else error.status) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise AgentImpostor(
                f"Another certificate than the agent's is shown at {self._root.authority}. "
                "If the Pi was reset, pair it again."
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or "it does not answer in time"
            raise AgentUnreachable(
                f"The agent at {self._root.authority} cannot be reached: {reason}"
            ) from error

    async def _refusal(self, response: aiohttp.ClientResponse) -> AgentError:
        """Return what the agent's own words for a refusal mean."""
        if response.status == HTTPStatus.UNAUTHORIZED:
            return self._bad_status(response.status)
        text = await read(response)
        try:
            error = read_json(text)["error"]
            code, sentence = str(error["code"]), str(error["message"])
        except ValueError, KeyError, TypeError, RecursionError:
            return self._bad_status(response.status)
        if code in STRANGERS:
            return AgentUnauthorized(sentence)
        return AgentRefused(code, sentence, _retry_after(response))

    def _bad_status(self, status: int) -> AgentError:
        where = self._root.authority
        if status == HTTPStatus.UNAUTHORIZED:
            return AgentUnauthorized(f"The agent at {where} refuses our token; pair it again.")
        return AgentGarbled(f"{where} answered with status {status} and no reason that we know.")


async def read(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer; one that does not end raises AgentGarbled."""
    try:
        await response.content.readexactly(MOST_BYTES)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    raise AgentGarbled(f"{response.url.authority} does not stop talking.")


def _below(root: URL, path: str) -> URL:
    return URL(f"{root.origin()}{path}", encoded=True)


def _retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if re.fullmatch("[0-9]{1,6}", seconds) else None
