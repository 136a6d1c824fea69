"""Pairing over HTTP (see `wire`): nonces first, then proofs."""

from typing import Any, Final

from aiohttp import web

from . import asked, wire
from .checks import Wrong, digest, fields
from .errors import Refused
from .reception import Reception
from .wire import ErrorCode

RECEPTION: Final = web.AppKey("reception", Reception)


def add(app: web.Application, reception: Reception) -> None:
    """Register what anybody may ask."""
    app[RECEPTION] = reception
    app.router.add_post(wire.PAIR, pair)


async def pair(request: web.Request) -> web.Response:
    said = await asked.fields(request)
    reception = request.app[RECEPTION]
    if "proof" not in said:
        return web.json_response(await reception.begin(*_digests(said, "nonce")))
    site_nonce, agent_nonce, proof = _digests(said, "nonce", "answer", "proof")
    certificate = said.get("certificate")
    if not isinstance(certificate, str | None):
        raise Refused(ErrorCode.BAD_REQUEST, "certificate must be a text.")
    asker = request.remote or "nowhere"
    answer = await reception.prove(site_nonce, agent_nonce, proof, certificate, asker)
    return web.json_response(answer)


def _digests(said: dict[str, Any], *keys: str) -> list[str]:
    try:
        return list(fields(said, dict.fromkeys(keys, digest)).values())
    except Wrong as wrong:
        raise Refused(ErrorCode.BAD_REQUEST, f"{str(wrong).removeprefix('.')}.") from None
