"""A server of language models on loopback that says what a test wants."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import json
from typing import Any

from aiohttp import web

type Answer = Callable[[web.Request, Any], Awaitable[web.StreamResponse]]

TEXT = '{"risk": 40, "summary": "Somebody rang.", "reasoning": "It is late."}'
MODELS = {"object": "list", "data": [{"id": "small"}, {"id": "large"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    authorization: str | None
    body: Any

    @property
    def form(self) -> str | None:
        """The kind of answer that was asked for."""
        kind: str | None = self.body.get("response_format", {}).get("type")
        return kind

    @property
    def pictures(self) -> list[str]:
        """The pictures that were shown."""
        content = self.body["messages"][0]["content"]
        parts = content if isinstance(content, list) else []
        return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]

    @property
    def words(self) -> str:
        """What was said to the model."""
        content = self.body["messages"][0]["content"]
        return content if isinstance(content, str) else content[0]["text"]


class Scripted:
    """Answers each path as the script says, and what is not in it with 404."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: dict[str, Answer] = {"/v1/models": says(MODELS)}
        self.forever = asyncio.Event()
        self.url = ""
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0.1)

    @property
    def questions(self) -> list[Asked]:
        """What came but for the questions which models there are."""
        return [asked for asked in self.asked if asked.method == "POST"]

    def chat(self, answer: Answer) -> None:
        """Answer a question in a chat in this way."""
        self.script["/v1/chat/completions"] = answer

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.forever.set()
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.text() or "null")
        authorization = request.headers.get("Authorization")
        self.asked.append(
            Asked(method=request.method, path=request.path, authorization=authorization, body=body)
        )
        return await self.script.get(request.path, NOT_FOUND)(request, body)


def says(body: object, status: int = 200, **headers: str) -> Answer:
    """Answer always with this JSON."""

    async def answer(_request: web.Request, _body: object) -> web.Response:
        return web.json_response(body, status=status, headers=headers)

    return answer


def sends(text: str | bytes, status: int = 200) -> Answer:
    """Answer always with these bytes."""

    async def answer(_request: web.Request, _body: object) -> web.Response:
        return web.Response(body=text, status=status)

    return answer


def refuses(words: str, status: int = 400) -> Answer:
    """Answer always with an error in OpenAI's words."""
    return says({"error": {"message": words, "type": "invalid_request_error"}}, status)


def takes(answer: Answer, refusal: Answer, if_: Callable[[Any], bool]) -> Answer:
    """Answer a body that is as it should be, and refuse all others."""

    async def choose(request: web.Request, body: object) -> web.StreamResponse:
        return await (answer if if_(body) else refusal)(request, body)

    return choose


def spoken(content: object, finish: str = "stop") -> dict[str, Any]:
    """Return what a model says as a chat completion."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 9}}


NOT_FOUND = refuses("File Not Found", 404)
FINE = says(spoken(TEXT))
