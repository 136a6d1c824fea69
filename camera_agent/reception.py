"""Where strangers come who want to own this agent: each code is shown, and wrong ones cost time."""

import asyncio
import logging
import secrets
from time import monotonic
from typing import Final

from .code_file import CodeFile
from .errors import Refused
from .messages import Message
from .owner import Owner, Paired
from .pairing import GOOD, WRONG, Code, Pairing, new_code
from .tls import first_certificate
from .wire import PROOF_OF_AGENT, ErrorCode

LOGGER = logging.getLogger(__name__)

SLOW: Final = 1.0  # seconds that a wrong code costs everybody who tries one
LOOK: Final = 1.0  # seconds between two looks whether a code is still good

SHOWN: Final = (
    "Nobody owns this agent yet: add it in Home Assistant with the code %s, which is good for %d"
    " minutes"
)
NAMED: Final = (
    "The owner of this agent is named in its agent.toml: give Home Assistant that token, or take it"
    " out there and start the agent again to pair."
)
BAD_CERTIFICATE: Final = "certificate must be a certificate as PEM."
NEEDS_CERTIFICATE: Final = (
    "This agent wants to be shown a certificate (tls.mutual in agent.toml): send it as PEM with the"
    " proof."
)


class Reception:
    """Hands the agent over to who knows its code; one at a time, so that guessing is slow."""

    def __init__(self, owner: Owner, pairing: Pairing, codes: CodeFile) -> None:
        self._owner = owner
        self._pairing = pairing
        self._codes = codes
        self._left: Code | None = None
        """The last one that was found in the file."""
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Show a code in the log as long as nobody owns this agent, until cancelled."""
        while True:
            if self._wants_code():
                async with self._turn:
                    await self._look()
                    if self._wants_code():
                        self._show()
            await asyncio.sleep(LOOK)

    async def begin(self, nonce: str) -> Message:
        """Answer who wants to pair; raises Refused."""
        self._refuse_named()
        await self._look()
        return self._pairing.begin(nonce, monotonic())

    async def prove(
        self, site_nonce: str, agent_nonce: str, proof: str, certificate: str | None, asker: str
    ) -> Message:
        """Hand the agent over to who proves to know its code; raises Refused, or OSError."""
        self._refuse_named()
        certificate = self._checked(certificate)
        async with self._turn:
            await self._look()
            encounter = self._pairing.prove(site_nonce, agent_nonce, proof, monotonic())
            if not self._pairing.code:
                await asyncio.to_thread(self._codes.remove)
            if encounter is None:
                LOGGER.warning("A wrong code came from %s", asker)
                await asyncio.sleep(SLOW)
                raise Refused(ErrorCode.WRONG_CODE, WRONG)
            paired = Paired(token=secrets.token_hex(32), certificate=certificate)
            await self._owner.take(paired)
        LOGGER.info("This agent belongs to who paired from %s", asker)
        return {"token": paired.token, "proof": encounter.proof(PROOF_OF_AGENT, paired.token)}

    def _wants_code(self) -> bool:
        return self._owner.token is None and self._pairing.wants_code(monotonic())

    def _show(self) -> None:
        code = new_code(monotonic())
        self._pairing.show(code)
        LOGGER.warning(SHOWN, code.text, GOOD / 60)

    async def _look(self) -> None:
        """Go by a code that somebody asked for since the last look."""
        left = await asyncio.to_thread(self._codes.read)
        if left and left != self._left and left.is_good(monotonic()):
            self._left = left
            self._pairing.unlock()
            self._pairing.show(left)

    def _refuse_named(self) -> None:
        if self._owner.is_named:
            raise Refused(ErrorCode.NOT_ALLOWED, NAMED)

    def _checked(self, certificate: str | None) -> str | None:
        if certificate is None and self._owner.mutual:
            raise Refused(ErrorCode.BAD_REQUEST, NEEDS_CERTIFICATE)
        try:
            return None if certificate is None else first_certificate(certificate)
        except ValueError as error:
            raise Refused(ErrorCode.BAD_REQUEST, BAD_CERTIFICATE) from error
