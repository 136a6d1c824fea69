"""Becoming the owner of an agent: by the code that it shows, both prove that they know it."""

from dataclasses import dataclass, replace
from datetime import timedelta
import hashlib
import hmac
import re
import secrets
from typing import Final

import aiohttp
from yarl import URL

from . import wire
from .connection import ANSWER, Connection
from .decoding import decoding
from .errors import (
    AgentError,
    AgentGarbled,
    AgentImpostor,
    AgentRefused,
    AgentUnauthorized,
    AgentUnreachable,
    NotAnAgent,
)
from .messages import parse_info
from .pin import Pin

# Wrong codes are answered slowly, one after the other.
PROOF: Final = aiohttp.ClientTimeout(total=30)

CODE: Final = re.compile("[A-Z0-9]{12}")

# The certificate that nobody has: whoever is asked for it shows his own, and is told nothing.
NOBODYS: Final = aiohttp.Fingerprint(bytes(32))


class BadCode(AgentError):
    """What was typed cannot be a pairing code; the agent was not asked."""


class WrongCode(AgentError):
    """This is not the code that the agent shows now."""


class PairingLocked(AgentError):
    """Too many wrong codes were tried; `retry_after` says when it takes the next."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        """Keep the agent's own sentence."""
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """What an agent tells everybody; nothing of it is proven."""

    host: str
    port: int
    fingerprint: str
    """The SHA-256 of its certificate as lower-case hex; empty where it speaks plain HTTP."""
    id: str = ""
    """Empty if it tells only who has the token, as agents did before they could be paired."""
    name: str = ""
    paired: bool = True
    takes_code: bool = False
    """Whether it can be paired; if not, its token is in its configuration."""


async def fingerprint_of(session: aiohttp.ClientSession, host: str, port: int) -> str:
    """Return the SHA-256 of the certificate that is shown there, empty if there is no TLS.

    Raises AgentUnreachable, and ValueError where that is no address.
    """
    url = URL.build(scheme="https", host=host, port=port)
    try:
        async with session.get(url, ssl=NOBODYS, timeout=ANSWER):
            raise AgentGarbled("A certificate was shown that nobody has.")
    except aiohttp.ServerFingerprintMismatch as shown:
        return shown.got.hex()
    except aiohttp.ClientConnectorSSLError:
        return ""
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or "it does not answer in time"
        raise AgentUnreachable(f"{url.authority} cannot be reached: {reason}") from error


async def greet(session: aiohttp.ClientSession, host: str, port: int) -> Stranger:
    """Ask who is there, as somebody whom it does not know.

    Raises AgentError; NotAnAgent or AgentIncompatible if we cannot talk with it.
    """
    fingerprint = await fingerprint_of(session, host, port)
    connection = _connection(session, host, port, fingerprint)
    stranger = Stranger(host=host, port=port, fingerprint=fingerprint)
    try:
        told = await connection.json("GET", wire.INFO)
    except AgentUnauthorized:
        return stranger
    except AgentGarbled as error:
        raise NotAnAgent("What answers there is not an agent of Gatehouse.") from error
    info = parse_info({"cameras": (), **told})
    paired = told.get("paired") is not False
    takes_code = not paired or await _takes_code(connection)
    return replace(stranger, id=info.id, name=info.name, paired=paired, takes_code=takes_code)


async def pair(
    session: aiohttp.ClientSession, stranger: Stranger, code: str, certificate: str
) -> str:
    """Return the token by which the agent knows its new owner; the old one knows it no more.

    The certificate (PEM) is what the agent may ask us to show from now on. Raises AgentError;
    BadCode, WrongCode or PairingLocked where that helps, AgentImpostor if it does not know the
    code itself or is not the stranger that was met.
    """
    key = _key(code)
    connection = _connection(session, stranger.host, stranger.port, stranger.fingerprint)
    ours = secrets.token_hex(32)
    try:
        theirs = await _begin(connection, ours)
        if theirs["id"] != stranger.id:
            raise AgentImpostor("Another agent answers than the one that was met.")
        said = (ours, theirs["nonce"], theirs["id"], stranger.fingerprint)
        proof = _proof(key, wire.PROOF_OF_SITE, *said)
        body = {"nonce": ours, "answer": theirs["nonce"], "proof": proof}
        answer = await connection.json(
            "POST", wire.PAIR, {**body, "certificate": certificate}, timeout=PROOF
        )
    except AgentRefused as refusal:
        raise _told(refusal) from refusal
    with decoding():
        token, proof = str(answer["token"]), str(answer["proof"])
    right = _proof(key, wire.PROOF_OF_AGENT, *said, token)
    if not hmac.compare_digest(proof.encode(), right.encode()):
        raise AgentImpostor("What answers there does not know the code of this agent.")
    return token


async def _takes_code(connection: Connection) -> bool:
    try:
        await _begin(connection, secrets.token_hex(32))
    except AgentRefused as refusal:
        # Who must wait will be taken later; who has a token in its configuration never will.
        return refusal.code == wire.ErrorCode.TOO_MANY
    return True


async def _begin(connection: Connection, nonce: str) -> dict[str, str]:
    """Return the agent's nonce and its id."""
    answer = await connection.json("POST", wire.PAIR, {"nonce": nonce})
    with decoding():
        return {"nonce": str(answer["nonce"]), "id": str(answer["id"])}


def _connection(
    session: aiohttp.ClientSession, host: str, port: int, fingerprint: str
) -> Connection:
    """Return the way of somebody who has no token and shows no certificate."""
    return Connection(session, host, port, pin=Pin(fingerprint) if fingerprint else None)


def _key(code: str) -> bytes:
    plain = re.sub(r"[\s-]", "", code).upper()
    if not CODE.fullmatch(plain):
        raise BadCode("A pairing code has twelve letters and digits.")
    return plain.encode()


def _proof(key: bytes, *said: str) -> str:
    return hmac.digest(key, "\n".join(said).encode(), hashlib.sha256).hex()


def _told(refusal: AgentRefused) -> AgentError:
    match refusal.code:
        case wire.ErrorCode.WRONG_CODE:
            return WrongCode(str(refusal))
        case wire.ErrorCode.TOO_MANY:
            return PairingLocked(str(refusal), refusal.retry_after or timedelta(minutes=1))
    return refusal
