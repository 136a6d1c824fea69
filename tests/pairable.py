"""An agent that can be paired, over real TLS: its half of it, written from the words of `wire`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import json
from pathlib import Path
import secrets
import ssl
import time
from typing import Any, Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

WIRE: Final = Path(__file__).parent / "wire"
CODE: Final = "K7QM-2XPA-94TD"
OPEN: Final = {"/api/v1/info", "/api/v1/pair"}


class PairableAgent:
    """Serves who it is, its feed and its pairing; what it is like is the test's to say."""

    def __init__(self, folder: Path, *, tls: bool = True, mutual: bool = False) -> None:
        self.state: dict[str, Any] = json.loads((WIRE / "state.json").read_text("utf-8"))
        self.folder, self.tls, self.mutual = folder, tls, mutual
        self.code = CODE
        self.token: str | None = None
        self.named = False
        """Whether its token is in its configuration."""
        self.locked = 0
        """Seconds for which it takes no code."""
        self.knows_code = True
        """If not, it takes any, as whoever stands in its place would."""
        self.shown: str | None = None
        """The site's certificate, as it came with the proof."""
        self.asked: list[tuple[str, str]] = []
        """Each path, and the token that came with it."""
        self.port = 0
        self.fingerprint = ""
        self._nonces: dict[str, str] = {}
        self._feeds: set[web.WebSocketResponse] = set()
        self._context: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        if tls:
            self.reset()

    @property
    def info(self) -> dict[str, Any]:
        """What it says of itself to its owner."""
        info: dict[str, Any] = self.state["info"]
        return info

    def reset(self) -> None:
        """Make another certificate, for the next start."""
        path = self.folder / f"{secrets.token_hex(4)}.pem"
        self.fingerprint = make_certificate(path)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)

    def trust(self, certificate: str) -> None:
        """Ask who connects for a certificate, and take this one."""
        assert self._context
        self._context.load_verify_locations(cadata=certificate)
        self._context.verify_mode = ssl.CERT_OPTIONAL

    async def start(self) -> None:
        """Answer, at the port of the last time if there was one."""
        app = web.Application(middlewares=[self._gate])
        app.router.add_get("/api/v1/info", self._info)
        app.router.add_post("/api/v1/pair", self._pair)
        app.router.add_get("/api/v1/feed", self._feed)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._context).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be gone."""
        self._let_nobody_in()
        for feed in tuple(self._feeds):
            await feed.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def _let_nobody_in(self) -> None:
        """Accept no connection; asyncio fails where one comes in while its server is closed."""
        loop = asyncio.get_running_loop()
        for site in self._runner.sites if self._runner else ():
            for socket in site._server.sockets:
                loop.remove_reader(socket)

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.asked.append((request.path, token))
        if request.path in OPEN and not token:
            return await handler(request)
        if self.token is None:
            return refusal(403, "not_paired", "Pair this agent first.")
        if token != self.token:
            return refusal(401, "unauthorized", "This token is not the agent's.")
        if self.mutual and not request.get_extra_info("peercert"):
            return refusal(403, "no_certificate", "Show the certificate that you paired with.")
        return await handler(request)

    async def _info(self, request: web.Request) -> web.Response:
        told = self.info | {"paired": self.token is not None}
        if not request.headers.get("Authorization"):
            public = ("product", "api", "id", "name", "version", "model", "paired")
            told = {key: value for key, value in told.items() if key in public}
        return web.json_response(told)

    async def _pair(self, request: web.Request) -> web.Response:
        said = await request.json()
        if self.named:
            return refusal(403, "not_allowed", "Its owner is named in its agent.toml.")
        if self.locked:
            waiting = {"Retry-After": str(self.locked)}
            return refusal(429, "too_many", "Too many wrong codes were tried.", waiting)
        if "proof" not in said:
            nonce = secrets.token_hex(32)
            self._nonces[nonce] = said["nonce"]
            return web.json_response({"id": self.info["id"], "nonce": nonce})
        if self._nonces.pop(said["answer"], None) != said["nonce"]:
            return refusal(400, "bad_request", "That answers no question of this agent.")
        proven = (said["nonce"], said["answer"], self.info["id"], self.fingerprint)
        if self.knows_code and said["proof"] != self._proof("gatehouse site", *proven):
            return refusal(403, "wrong_code", "That is not the code of this agent.")
        self.token, self.shown = secrets.token_hex(32), said.get("certificate")
        if self.mutual and self.shown:
            self.trust(self.shown)
        proof = self._proof("gatehouse agent", *proven, self.token)
        return web.json_response({"token": self.token, "proof": proof})

    def _proof(self, *lines: str) -> str:
        key = self.code.replace("-", "") if self.knows_code else "AAAAAAAAAAAA"
        return hmac.new(key.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()

    async def _feed(self, request: web.Request) -> web.WebSocketResponse:
        feed = web.WebSocketResponse()
        await feed.prepare(request)
        await feed.send_json(self.state | {"now": time.time()})
        self._feeds.add(feed)
        async for _ in feed:
            pass
        self._feeds.discard(feed)
        return feed


@asynccontextmanager
async def pairable_agent(agent: PairableAgent) -> AsyncIterator[PairableAgent]:
    """Serve an agent for as long as the test runs."""
    await agent.start()
    try:
        yield agent
    finally:
        await agent.stop()


def refusal(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    """Return how an agent says no."""
    error = {"error": {"code": code, "message": message}}
    return web.json_response(error, status=status, headers=headers)


def make_certificate(path: Path, good: timedelta = timedelta()) -> str:
    """Make a key and a certificate; return its SHA-256. Who is pinned needs it good for no time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, path.stem)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + good)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return certificate.fingerprint(hashes.SHA256()).hex()
