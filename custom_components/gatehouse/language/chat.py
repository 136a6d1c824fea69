"""A server of language models that speaks OpenAI's chat completions, or llama.cpp's own tongue."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
import re
from typing import Any, Final

import aiohttp
from yarl import URL

from .dialect import NEGOTIABLE, PICTURES, Dialect, Form, Question, said
from .errors import (
    LanguageBusy,
    LanguageError,
    LanguageGarbled,
    LanguageRefused,
    LanguageTimeout,
    LanguageUnreachable,
)

LARGEST: Final = 4_000_000  # bytes; the longest lists of models are a good part of it
CONNECTING: Final = 10.0  # seconds; what is not there is not waited for
LONGEST: Final = 2_000  # characters of what a server says
DAY: Final = 86_400.0  # seconds; nobody is told to wait longer

UNAUTHORIZED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
BUSY: Final = frozenset({429, 503, 529})  # 529 is what some clouds say when overloaded
LATE: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})
WITHOUT_LIST: Final = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)

CHAT: Final = "chat/completions"
COMPLETION: Final = "completion"
MODELS: Final = "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server answered: JSON (None where it is none), and its words if it said no."""

    status: int
    answer: Any
    words: str
    retry_after: timedelta | None


class ChatModel:
    """Asks one server; what it does not take is remembered, and refused only once."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        *,
        model: str | None = None,
        api_key: str | None = None,
        timeout: timedelta = timedelta(seconds=60),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Send nothing yet; without a model it is the server's first, without a path /v1."""
        self._session = session
        self._key = "".join(filter(str.isprintable, api_key or "")).strip()
        self._base = _base(base_url)
        if self._key and self._base.host:
            self._base = self._base.with_user(None)
        self._model = model
        self._timeout = timeout
        self._now = now
        self._dialect = Dialect()

    async def ask(
        self, instructions: str, schema: Mapping[str, Any], pictures: Sequence[bytes] = ()
    ) -> str | dict[str, Any]:
        """Return the model's own words, or an object; both are to follow the JSON schema.

        At most four pictures (JPEG) are shown, and none to a model that cannot see. All that is
        tried with the server takes no longer than the time-out. Raises LanguageError.
        """
        question = Question(words=instructions, schema=schema, pictures=tuple(pictures[:PICTURES]))
        async with self._patience():
            reply = await self._ask(question, self._model or await self._first())
        return said(reply.answer, question, reply.words)

    async def models(self) -> tuple[str, ...]:
        """Return the names of the server's models; raises LanguageError if it tells none."""
        async with self._patience():
            return self._names(await self._send("GET", MODELS))

    async def _first(self) -> str | None:
        """Return the first model's name, or None where the server lists none."""
        reply = await self._send("GET", MODELS)
        return None if reply.status in WITHOUT_LIST else next(iter(self._names(reply)), None)

    def _names(self, reply: Reply) -> tuple[str, ...]:
        match reply:
            case Reply(status=HTTPStatus.OK, answer={"data": [*items]}):
                names = (item.get("id") for item in items if isinstance(item, dict))
                return tuple(name for name in names if isinstance(name, str))
            case Reply(status=HTTPStatus.OK, words=words):
                raise LanguageGarbled(f"{self._base.host} lists no models: {words:.120}")
        raise self._error(reply)

    async def _ask(self, question: Question, model: str | None) -> Reply:
        """Ask in the way that worked before, then in others, and remember the one that works."""
        dialect: Dialect | None = self._dialect
        while dialect is not None:
            path = COMPLETION if dialect.form is Form.COMPLETION else CHAT
            reply = await self._send("POST", path, dialect.body(question, model))
            if reply.status == HTTPStatus.OK:
                self._dialect = dialect
                return reply
            dialect = dialect.relented(question, reply.status, reply.words)
        if reply.status in NEGOTIABLE:
            self._dialect = Dialect()  # perhaps another server answers there now
        raise self._error(reply)

    async def _send(self, method: str, path: str, body: object = None) -> Reply:
        try:
            async with self._session.request(
                method,
                self._url(path),
                json=body,
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECTING),
                allow_redirects=False,  # whoever is there instead shall not get the key
            ) as response:
                wait = self._seconds(response.headers.get("Retry-After", ""))
                return self._reply(response.status, await _content(response), wait)
        except (aiohttp.ClientError, OSError) as error:
            words = self._clean(str(error))
        # Outside, because aiohttp's errors carry what was sent, the key with it.
        raise LanguageUnreachable(f"{self._base.host} cannot be asked: {words}")

    def _url(self, path: str) -> URL:
        base = self._base
        if base.scheme not in {"http", "https"} or not base.host:
            raise LanguageUnreachable("No address of a server: one is like http://host:8080/v1")
        if path == COMPLETION and base.name == "v1":
            base = base.parent
        return base / path

    def _reply(self, status: int, content: bytes, retry_after: timedelta | None) -> Reply:
        try:
            answer = json.loads(content)
        except ValueError, RecursionError:
            answer = None
        words = content.decode(errors="replace")
        match answer:
            case {"error": {"message": str(words)} as error} if status == HTTPStatus.OK:
                status = _status(error.get("code"))
            case {"error": str(words)} if words and status == HTTPStatus.OK:
                status = _status(None)
            case {"error": {"message": str(words)}} | {"error": str(words)}:
                pass
        return Reply(
            status=status, answer=answer, words=self._clean(words), retry_after=retry_after
        )

    def _error(self, reply: Reply) -> LanguageError:
        host, status, words = self._base.host, reply.status, f"{reply.words:.160}"
        if status in UNAUTHORIZED:
            return LanguageRefused(f"{host} does not let us in: check the API key ({words})")
        if status in BUSY:
            return LanguageBusy(f"{host} has too much to do ({status}): {words}", reply.retry_after)
        if status in LATE:
            return LanguageTimeout(f"{host} gave up waiting for the model ({status}): {words}")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return LanguageUnreachable(f"{host} is out of order ({status}): {words}")
        if status == HTTPStatus.NOT_FOUND:
            return LanguageRefused(
                f"{host} has no such model, or none at this address, which often ends in /v1:"
                f" check both ({words})"
            )
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return LanguageRefused(f"{host} sends us elsewhere ({status}): use that address")
        return LanguageRefused(f"{host} did not take the question ({status}): {words}")

    @asynccontextmanager
    async def _patience(self) -> AsyncGenerator[None]:
        seconds = self._timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise LanguageTimeout(
                f"{self._base.host} gave no whole answer in {seconds:g} s"
            ) from None

    def _seconds(self, retry_after: str) -> timedelta | None:
        """Read a header that is seconds or a date; None if it is neither."""
        if re.fullmatch(r"\d+(\.\d+)?", retry_after, re.ASCII):
            return timedelta(seconds=min(float(retry_after), DAY))
        try:
            until = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - self._now()).total_seconds()
        return timedelta(seconds=min(max(seconds, 0.0), DAY))

    def _clean(self, words: str) -> str:
        """Return a server's words on one line, without the key if it said that back."""
        hidden = words.replace(self._key, "…") if self._key else words
        return " ".join(hidden[:LONGEST].split())


def _base(text: str) -> URL:
    """Return the address below which a server is asked; one without a host if it is none."""
    try:
        url = URL(text.strip().rstrip("/").removesuffix(CHAT).rstrip("/"))
    except ValueError:
        return URL()
    return url / "v1" if url.host and not url.path.strip("/") else url


def _status(code: object) -> int:
    """Return the status of a refusal that came as a success."""
    return code if isinstance(code, int) and code in range(400, 600) else HTTPStatus.BAD_REQUEST


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > LARGEST:
            raise LanguageGarbled(f"{response.url.host} answered more than {LARGEST} bytes.")
    return bytes(content)
