"""A whole agent on loopback, and somebody who wants to own it: the site's half of pairing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import hashlib
import hmac
from pathlib import Path
import secrets
import ssl
from typing import Any

from aiohttp import ClientResponse, ClientSession, Fingerprint, TCPConnector

from camera_agent.code_file import CodeFile
from camera_agent.config import AgentConfig
from camera_agent.hub import Hub
from camera_agent.listen import listen
from camera_agent.pairing import Code
from camera_agent.tls import Certificate

INFO = "/api/v1/info"
PAIR = "/api/v1/pair"


@dataclass(frozen=True, kw_only=True)
class There:
    """An agent that is there: who it is, and where."""

    config: AgentConfig
    port: int
    fingerprint: str

    @property
    def url(self) -> str:
        return f"{'https' if self.fingerprint else 'http'}://127.0.0.1:{self.port}"

    def shows(self, code: Code) -> None:
        """Have somebody ask for a code on the machine."""
        self.config.data.mkdir(exist_ok=True)
        CodeFile(self.config.data).leave(code)


@dataclass(frozen=True, kw_only=True)
class Here(There):
    """One that runs in this process."""

    hub: Hub


def somebody(folder: Path, **settings: Any) -> AgentConfig:
    """An agent without cameras that nobody owns."""
    plain: dict[str, Any] = {"id": "9f2c41d07ab3", "name": "Porch", "host": "127.0.0.1", "port": 0}
    return AgentConfig(**{**plain, "data": folder / "data", "announce": False, **settings})


@asynccontextmanager
async def reached(config: AgentConfig) -> AsyncIterator[Here]:
    certificate = Certificate.of(config)
    fingerprint = certificate.fingerprint if certificate else ""
    hub = Hub(config, fingerprint=fingerprint)
    runner = await listen(hub, config, certificate)
    try:
        port = runner.addresses[0][1]
        yield Here(config=config, hub=hub, port=port, fingerprint=fingerprint)
    finally:
        await runner.cleanup()


class Site:
    """Home Assistant's half, written from the words of the wire."""

    def __init__(self, session: ClientSession, agent: There) -> None:
        self._session = session
        self._agent = agent
        self.nonce = secrets.token_hex(32)

    async def ask(
        self, path: str, token: str | None = None, method: str = "GET"
    ) -> tuple[int, str | None]:
        """Return the status, and the code of a refusal."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(method, path, headers=headers) as answer:
            return await _said(answer)

    async def send(self, **said: Any) -> tuple[int, dict[str, Any], Any]:
        async with self._session.post(PAIR, json=said) as answer:
            return answer.status, dict(answer.headers), await answer.json()

    async def begin(self) -> tuple[str, str]:
        """Return the agent's id and its nonce."""
        status, _, answer = await self.send(nonce=self.nonce)
        assert status == 200, answer
        return answer["id"], answer["nonce"]

    def proof(self, code: str, who: str, *said: str) -> str:
        text = "\n".join([who, self.nonce, *said]).encode()
        key = code.replace("-", "").upper().encode()
        return hmac.new(key, text, hashlib.sha256).hexdigest()

    async def prove(
        self, code: str, certificate: str | None = None
    ) -> tuple[int, dict[str, Any], Any]:
        """Answer a question of the agent's; the agent has to prove itself as well."""
        agent, theirs = await self.begin()
        said = (theirs, agent, self._agent.fingerprint)
        ours = {"nonce": self.nonce, "answer": theirs}
        shown = {} if certificate is None else {"certificate": certificate}
        status, headers, answer = await self.send(
            **ours, proof=self.proof(code, "gatehouse site", *said), **shown
        )
        if status == 200:
            right = self.proof(code, "gatehouse agent", *said, answer["token"])
            assert hmac.compare_digest(right, answer["proof"])
        return status, headers, answer

    async def pair(self, code: str, certificate: str | None = None) -> str:
        status, _, answer = await self.prove(code, certificate)
        assert status == 200, answer
        return str(answer["token"])


@asynccontextmanager
async def visiting(agent: There, context: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """Come with the agent's certificate pinned, or with a context that also shows one."""
    pin = Fingerprint(bytes.fromhex(agent.fingerprint)) if agent.fingerprint else True
    async with ClientSession(agent.url, connector=TCPConnector(ssl=context or pin)) as session:
        yield Site(session, agent)


async def _said(answer: ClientResponse) -> tuple[int, str | None]:
    body = await answer.json() if answer.content_type == "application/json" else {}
    return answer.status, body.get("error", {}).get("code") if isinstance(body, dict) else None
