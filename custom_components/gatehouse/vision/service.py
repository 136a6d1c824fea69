"""Asking a detection service over HTTP: in turn, in time, and no more than fits."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
import json
import ssl
from typing import Any, Final

import aiohttp
from yarl import URL

from ..models import Detection, Picture
from .answers import read_detections
from .detector import DetectorOptions, Sight
from .errors import DetectorFailed

TIMEOUT: Final = aiohttp.ClientTimeout(total=10)  # an older sight is of no use at the door
LARGEST: Final = 1 << 20  # bytes; a thousand detections take a tenth of it

_AT_FAULT: Final = "look into the log of the service"
ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "check the token or key that it wants",
    HTTPStatus.FORBIDDEN: "check the token or key that it wants, and what that may do",
    HTTPStatus.NOT_FOUND: "check the address, and that the service has loaded its model",
    HTTPStatus.METHOD_NOT_ALLOWED: "check the address",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "let the service take larger pictures",
    HTTPStatus.TOO_MANY_REQUESTS: "allow more requests there, or let fewer cameras ask it",
    HTTPStatus.INTERNAL_SERVER_ERROR: _AT_FAULT,
    HTTPStatus.BAD_GATEWAY: _AT_FAULT,
    HTTPStatus.SERVICE_UNAVAILABLE: "it is busy or not ready, and is asked again later",
    HTTPStatus.GATEWAY_TIMEOUT: "it takes too long; choose a smaller model there",
}


type Tls = Callable[[], Awaitable[ssl.SSLContext]]
"""Gives, always the same, who is trusted and what is shown to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a service sent back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Service:
    """A detection service at an address; whatever goes wrong with it leaves as DetectorFailed."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        advice: Mapping[int, str] | None = None,
        tls: Tls | None = None,
    ) -> None:
        """Take the headers of each request, and the secrets that no message may repeat.

        The advice is what to do about a status, where this service needs other words than most.
        Without TLS of its own, the service is trusted as every site is.
        """
        self._session = session
        self._url = url
        self._headers = dict(headers or {})
        self._secrets = tuple(filter(None, secrets))
        self._advice = {**ADVICE, **(advice or {})}
        self._tls = tls
        self.name = url.host or "The detection service"

    async def post(
        self, data: aiohttp.FormData | bytes, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send this to the service's address."""
        return await self.request("POST", self._url, data=data, headers=headers)

    async def request(
        self,
        method: str,
        url: URL,
        *,
        data: aiohttp.FormData | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = LARGEST,
    ) -> Reply:
        """Ask at one of the service's addresses for an answer of at most so many bytes."""
        try:
            async with self._session.request(
                method,
                url,
                data=BytesIO(data) if isinstance(data, bytes) else data,  # goes out in pieces
                headers={**self._headers, **(headers or {})},
                timeout=TIMEOUT,
                allow_redirects=False,  # a picture, and a token, go where the user said
                ssl=await self._tls() if self._tls else True,
            ) as response:
                body = await self._read(response, largest)
                return Reply(status=response.status, body=body, headers=response.headers)
        except TimeoutError as error:
            raise self.failed(
                f"did not answer in {TIMEOUT.total} s; check that it runs and is not overloaded"
            ) from error
        except aiohttp.ClientPayloadError as error:
            raise self.failed(f"broke off in the middle of its answer; {_AT_FAULT}") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise self.failed("has no valid address; it starts with http:// or https://") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            said = self._quoted(str(error) or type(error).__name__)
            raise self.failed(
                f"cannot be asked: {said}; check its address and that it runs"
            ) from error

    def answer(self, reply: Reply) -> Any:
        """Return what the reply says in JSON, if it is one at all."""
        if reply.status != HTTPStatus.OK:
            raise self.refused(reply)
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            raise self.failed(
                f"answered no JSON: {self._quoted(_text(reply.body))}; check the address"
            ) from error

    async def detections(self, answer: Any, jpeg: bytes) -> list[Detection]:
        """Return what the answer says of the picture, best first."""
        try:
            # Pillow reads files when it meets its first picture.
            return await asyncio.to_thread(read_detections, answer, jpeg)
        except (LookupError, TypeError, ValueError) as error:
            raise self.failed(
                f"answered what is no list of detections ({self._quoted(repr(error))}):"
                f" {self._quoted(json.dumps(answer))}; check the address"
            ) from error

    def refused(self, reply: Reply) -> DetectorFailed:
        """Return what a status other than 200 means, in the service's words and in ours."""
        advice = self._advice.get(reply.status, "check the address, and the log of the service")
        if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
            advice = f"give the address that it moved to: {reply.headers.get('Location')}"
        said = self._quoted(_sentence(reply.body))
        return self.failed(f"answered {reply.status}: {said.rstrip('.')}; {advice}")

    def failed(self, what: str) -> DetectorFailed:
        """Return the error that says what the service did."""
        return DetectorFailed(f"{self.name} {what}")

    async def _read(self, response: aiohttp.ClientResponse, largest: int) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > largest:
                response.close()
                raise self.failed(
                    f"answered more than {largest >> 10} KB, which is no list of detections;"
                    " check the address"
                )
        return bytes(body)

    def _quoted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return f"{text:.120}"


class Turns:
    """One picture at a time, in the order of asking, so that no camera starves."""

    def __init__(self, options: DetectorOptions) -> None:
        """Take what is looked for."""
        self._options = options
        self._turn = asyncio.Lock()  # wakes in the order of asking

    async def look(
        self,
        newest: Callable[[], Picture],
        find: Callable[[bytes], Awaitable[Iterable[Detection]]],
    ) -> Sight:
        """Wait for a turn, let find look at the newest picture, and keep what is looked for."""
        async with self._turn:
            picture = newest()
            found = await find(picture.jpeg)
        return Sight(picture=picture, detections=tuple(filter(self._counts, found)))

    def _counts(self, found: Detection) -> bool:
        return found.score >= self._options.threshold and found.label in self._options.labels


def _text(body: bytes) -> str:
    return " ".join(body.decode(errors="replace").split()) or "nothing"


def _sentence(body: bytes) -> str:
    """Return what is for people in an error, in the languages of the services that we know."""
    try:
        said = json.loads(body)
    except ValueError, RecursionError:
        return _text(body)
    match said:
        case (
            {"error": {"message": str(words)}}
            | {"error": str(words)}
            | {"errorMessage": str(words)}
            | {"message": str(words)}
            | {"Message": str(words)}
            | {"detail": str(words)}
        ):
            return words
    return _text(body)
