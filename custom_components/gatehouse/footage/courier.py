"""Signed requests about the objects of one bucket, over connections that are kept for a while.

boto3's own way of sending costs several times the CPU of the request itself; it signs, and the
standard library sends.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import hashlib
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
import select
import socket
from ssl import SSLContext
import time
from typing import Final
from urllib.parse import quote, urlsplit

from .complaints import unreachable
from .parcel import Pace, Span

CONNECTING: Final = 10.0  # seconds
ANSWERING: Final = 60.0  # seconds; a disk of a small storage may have to spin up first
IDLE: Final = 4.0  # seconds; servers hang up after five and more
EMPTY: Final = hashlib.sha256().hexdigest()
READ: Final = 256 * 1024
COMPLAINT: Final = 64 * 1024  # no storage has more to say

type Sign = Callable[[str, str, Mapping[str, str], str], dict[str, str]]
"""Returns the headers of a request (method, address, headers, SHA-256 of the body), signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the storage said; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a request carries, and how fast."""

    span: Span
    pace: Pace


class Courier:
    """Sends requests from any thread."""

    def __init__(self, address: str, sign: Sign, trust: SSLContext) -> None:
        """Reach the objects of a bucket below this address; connects when there is need."""
        parts = urlsplit(address)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = parts.path
        self._sign = sign
        self._trust = trust
        self._idle: list[tuple[HTTPConnection, float]] = []
        self._busy: set[HTTPConnection] = set()

    def send(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        load: Load | None = None,
        take: Callable[[bytes], object] | None = None,
    ) -> Answer:
        """Ask something about an object; raises StorageUnreachable if there is no answer.

        Where `take` is given it is called with each block of a good answer's body.
        """
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in (query or {}).items())
        target = self._path + quote(key, safe="/~") + (asked and f"?{asked}")
        size = {"Content-Length": str(load.span.size)} if load else {}
        digest = load.span.sha256 if load else EMPTY
        told = self._sign(method, self._origin + target, {**(headers or {}), **size}, digest)
        return self._exchange(method, target, told, load, take)

    def ask(self, method: str, address: str, headers: Mapping[str, str]) -> Answer:
        """Ask as somebody who has nothing but an address."""
        parts = urlsplit(address)
        return self._exchange(method, f"{parts.path}?{parts.query}", headers, None, None)

    def hang_up(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop()[0].close()

    def break_off(self) -> None:
        """Close all connections; who waits for an answer gets StorageUnreachable."""
        self.hang_up()
        for connection in tuple(self._busy):
            _cut(connection)

    def _exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        load: Load | None,
        take: Callable[[bytes], object] | None,
    ) -> Answer:
        connection = self._borrowed()
        self._busy.add(connection)
        is_whole = False
        try:
            response = _sent(connection, method, target, headers, load)
            answer = _read(response, take)
            is_whole = not response.will_close
        except (OSError, HTTPException) as error:
            raise unreachable(error) from error
        finally:
            self._busy.discard(connection)
            if is_whole:
                self._idle.append((connection, time.monotonic()))
            else:
                connection.close()
        return answer

    def _borrowed(self) -> HTTPConnection:
        while self._idle:
            connection, since = self._idle.pop()
            if time.monotonic() - since < IDLE and not _has_news(connection):
                return connection
            connection.close()
        return self._connected()

    def _connected(self) -> HTTPConnection:
        parts = urlsplit(self._origin)
        connection = (
            HTTPSConnection(parts.netloc, timeout=CONNECTING, context=self._trust)
            if parts.scheme == "https"
            else HTTPConnection(parts.netloc, timeout=CONNECTING)
        )
        try:
            connection.connect()
        except OSError as error:
            raise unreachable(error) from error
        connection.sock.settimeout(ANSWERING)
        return connection


def _sent(
    connection: HTTPConnection,
    method: str,
    target: str,
    headers: Mapping[str, str],
    load: Load | None,
) -> HTTPResponse:
    body = load.span.blocks(load.pace) if load else None
    try:
        connection.request(method, target, body=body, headers=dict(headers))
    except BrokenPipeError, ConnectionResetError:
        # It may have said why before it hung up.
        return connection.getresponse()
    return connection.getresponse()


def _read(response: HTTPResponse, take: Callable[[bytes], object] | None) -> Answer:
    """Read an answer to its end."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    if take is None or response.status >= 300:
        body = response.read(COMPLAINT)
        if response.read(1):
            raise HTTPException(f"an answer of more than {COMPLAINT} bytes")
        return Answer(status=response.status, headers=headers, body=body)
    while block := response.read(READ):
        take(block)
    return Answer(status=response.status, headers=headers)


def _has_news(connection: HTTPConnection) -> bool:
    """Whether the server has closed a connection: it says nothing else of its own."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _cut(connection: HTTPConnection) -> None:
    """Wake whoever waits for a connection."""
    with suppress(OSError, AttributeError):  # it may be closed already
        connection.sock.shutdown(socket.SHUT_RDWR)
