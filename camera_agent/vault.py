"""The grants at rest: signed, whole or not at all, and for nobody else to read."""

import asyncio
import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Final

from .durable import write_whole
from .errors import Refused
from .grants import Grants, GrantsError, parse
from .wire import GRANTS_PURPOSE, ErrorCode

LOGGER = logging.getLogger(__name__)

FORGED: Final = "The grants are not signed with the token of this agent."


def sign(token: str, document: str) -> str:
    """Sign the document of the grants (see `wire`), as lower-case hex."""
    key = hmac.digest(token.encode(), GRANTS_PURPOSE, hashlib.sha256)
    # JSON may hold halves of characters, which UTF-8 has no bytes for.
    return hmac.digest(key, document.encode(errors="surrogatepass"), hashlib.sha256).hex()


class Vault:
    """What was accepted last holds, here and after a restart, until something newer is accepted."""

    def __init__(self, path: Path, token: str | None) -> None:
        """Keep the grants in this file; they are signed with this token of the owner's."""
        self._path = path
        self._token = token
        self._document: str | None = None
        self._accepting = asyncio.Lock()
        self.grants: Grants | None = None
        """By which the doors decide now."""

    def load(self) -> Grants | None:
        """Read what was stored, before the first scan; blocks.

        What is damaged, or signed with another token, is worth no more than nothing at all.
        """
        try:
            document, signature = _stored(self._path)
            self.grants, self._document = self._verified(document, signature), document
        except FileNotFoundError:
            LOGGER.info("There are no grants yet: nobody enters until Home Assistant sends them")
        except (OSError, ValueError, RecursionError, Refused) as error:
            LOGGER.error(
                "The grants in %s cannot be used (%s); nobody enters until Home Assistant sends "
                "them again, which it does when it connects",
                self._path,
                error,
            )
        return self.grants

    async def accept(self, document: str, signature: str) -> Grants:
        """Store grants and go by them before this returns; raises Refused, or OSError.

        What cannot be stored is obeyed all the same while this agent runs: a revocation that a
        restart may undo is better than none. But it is not accepted, so that it is sent again.
        """
        # Who sends them may leave meanwhile: what is in force must still be what is stored.
        return await asyncio.shield(self._accept(document, signature))

    async def obey(self, token: str) -> None:
        """Belong to another owner: what the last one granted is worth nothing any more."""
        async with self._accepting:
            self._token, self.grants, self._document = token, None, None
            try:
                await asyncio.to_thread(self._path.unlink, missing_ok=True)
            except OSError as error:
                LOGGER.warning("%s stays where it is, and is worth nothing: %s", self._path, error)

    async def _accept(self, document: str, signature: str) -> Grants:
        async with self._accepting:
            grants = await asyncio.to_thread(self._verified, document, signature)
            self._refuse_older(grants, document)
            try:
                await asyncio.to_thread(self._store, document, signature)
            finally:
                self.grants, self._document = grants, document
        return grants

    def _verified(self, document: str, signature: str) -> Grants:
        right = sign(self._token, document) if self._token else ""
        given = signature.encode(errors="surrogatepass")
        if not right or not hmac.compare_digest(right.encode(), given):
            raise Refused(ErrorCode.BAD_SIGNATURE, FORGED)
        try:
            return parse(document)
        except GrantsError as error:
            raise Refused(ErrorCode.BAD_REQUEST, str(error)) from None

    def _refuse_older(self, grants: Grants, document: str) -> None:
        if self.grants is None or grants.version > self.grants.version:
            return
        if grants.version < self.grants.version or document != self._document:
            sentence = f"This agent has version {self.grants.version} of the grants; send a newer."
            raise Refused(ErrorCode.STALE, sentence)

    def _store(self, document: str, signature: str) -> None:
        text = json.dumps({"document": document, "signature": signature})
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path, text.encode())


def _stored(path: Path) -> tuple[str, str]:
    match json.loads(path.read_bytes()):
        case {"document": str(document), "signature": str(signature)}:
            return document, signature
    raise ValueError("it holds no grants")
