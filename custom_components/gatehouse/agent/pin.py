"""TLS without authorities: the one certificate that an agent may show, and ours for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import hashlib
import ssl
from tempfile import NamedTemporaryFile
from typing import override


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the site shows to agents that ask who it is, as PEM."""

    certificate: str
    key: str = field(repr=False)


class Pin:
    """Makes the TLS of one agent: of all certificates in the world it takes one."""

    def __init__(
        self, fingerprint: str, identity: Callable[[], Awaitable[Identity]] | None = None
    ) -> None:
        """Take the certificate whose SHA-256 this is, as lower-case hex.

        The identity is asked for when the first connection is made; without one, nothing is shown.
        """
        self._fingerprint = fingerprint
        self._identity = identity
        self._context: ssl.SSLContext | None = None
        self._making = asyncio.Lock()

    async def context(self) -> ssl.SSLContext:
        """Return the context, always the same: connections are kept by it."""
        async with self._making:
            if self._context is None:
                identity = await self._identity() if self._identity else None
                self._context = await asyncio.to_thread(_context, self._fingerprint, identity)
            return self._context


def _context(fingerprint: str, identity: Identity | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # no authority knows a Pi
    # aiohttp takes a fingerprint or a context for a request, not both: so the context compares, and
    # whoever shows another certificate is left before anything is asked.
    context.sslobject_class = _handshake(fingerprint)
    if identity:
        _show(context, identity)
    return context


def _handshake(fingerprint: str) -> type[ssl.SSLObject]:
    class Handshake(ssl.SSLObject):
        @override
        def do_handshake(self) -> None:
            super().do_handshake()
            shown = hashlib.sha256(self.getpeercert(binary_form=True) or b"").hexdigest()
            if shown != fingerprint:
                raise ssl.SSLCertVerificationError(f"it shows another certificate, {shown}")

    return Handshake


def _show(context: ssl.SSLContext, identity: Identity) -> None:
    """Have the context show a certificate; Python loads it from a file only."""
    with NamedTemporaryFile("w", encoding="ascii", prefix="gatehouse-") as file:
        file.write(identity.key + identity.certificate)
        file.flush()
        context.load_cert_chain(file.name)
