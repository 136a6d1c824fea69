"""How an agent finds its owner: codes, nonces and proofs (see `wire`); no clock, disk or network.

`now` is the monotonic clock: it is the same for all programs of a machine, and nobody sets it.
"""

from dataclasses import dataclass, field
import hashlib
import hmac
import math
import secrets
from typing import Final

from .errors import Refused
from .wire import PROOF_OF_SITE, ErrorCode

# Base32 without the digits that look like letters: twelve of them are 60 bits, which nobody
# guesses in the time that a code is good for, not even from a proof that was overheard.
ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH: Final = 12
GROUP: Final = 4
GOOD: Final = 600.0  # seconds
TRIES: Final = 5
NONCES: Final = 64  # that may be outstanding; the oldest make room
FRESH: Final = 60.0  # seconds for an answer to a nonce
FIRST_LOCK: Final = 60.0  # seconds; each is twice as long as the one before
LONGEST_LOCK: Final = 3600.0

_SHOW: Final = "run `gatehouse-agent pair` on its machine"
NO_CODE: Final = (
    f"This agent shows no code now, or it has run out: {_SHOW}, and type what it shows."
)
WRONG: Final = f"That is not the code of this agent: type it again, or {_SHOW} for another one."
LOCKED: Final = f"Too many wrong codes were tried: {_SHOW}, and type what it shows, or wait."
STALE: Final = "That answers no question of this agent, or one that is too old: begin anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What somebody has to type, as it is shown, and until when."""

    text: str = field(repr=False)
    until: float

    def is_good(self, now: float) -> bool:
        """Whether it can be used; one that ends later than any can is of another start."""
        return now < self.until <= now + GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """What both sides know before anybody proves it; nonces and fingerprint are hex."""

    code: str = field(repr=False)
    site_nonce: str
    agent_nonce: str
    agent: str
    fingerprint: str

    def proof(self, who: str, *secret: str) -> str:
        """Prove the knowledge of the code, and of a secret, as hex."""
        said = (who, self.site_nonce, self.agent_nonce, self.agent, self.fingerprint, *secret)
        key = self.code.replace("-", "").encode()
        return hmac.digest(key, "\n".join(said).encode(), hashlib.sha256).hex()


def new_code(now: float) -> Code:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    groups = (letters[start : start + GROUP] for start in range(0, LENGTH, GROUP))
    return Code(text="-".join(groups), until=now + GOOD)


class Pairing:
    """Knows the code of the moment, who may still try it, and who did."""

    def __init__(self, agent: str, fingerprint: str) -> None:
        """Of this agent, whose certificate has this fingerprint; "" without TLS."""
        self._agent = agent
        self._fingerprint = fingerprint
        self._asked: dict[str, tuple[str, float]] = {}
        """By the agent's nonces: the site's, and until when."""
        self.code: Code | None = None
        """The one that somebody may try; perhaps it has run out."""
        self._tries = 0
        self._locks = 0
        self._locked = -math.inf

    def wants_code(self, now: float) -> bool:
        """Whether there is none to use, and there may be one."""
        return now >= self._locked and not (self.code and self.code.is_good(now))

    def show(self, code: Code) -> None:
        """Go by another code; the last one is void."""
        self.code, self._tries = code, TRIES

    def unlock(self) -> None:
        """Forget who tried wrong codes: somebody at the machine says so."""
        self._locks, self._locked = 0, -math.inf

    def begin(self, site_nonce: str, now: float) -> dict[str, str]:
        """Answer who wants to pair; raises Refused."""
        self._refuse_locked(now)
        self._asked = {key: one for key, one in self._asked.items() if now < one[1]}
        while len(self._asked) >= NONCES:
            del self._asked[next(iter(self._asked))]
        nonce = secrets.token_hex(32)
        self._asked[nonce] = site_nonce, now + FRESH
        return {"id": self._agent, "nonce": nonce}

    def prove(self, site_nonce: str, agent_nonce: str, proof: str, now: float) -> Encounter | None:
        """Take an answer to a nonce; return what was proven, None for a wrong code.

        Either costs the code: at once, or a try of it. Raises Refused.
        """
        self._refuse_locked(now)
        asked, until = self._asked.pop(agent_nonce, ("", now))
        if not hmac.compare_digest(asked, site_nonce) or now >= until:
            raise Refused(ErrorCode.BAD_REQUEST, STALE)
        if self.code is None or not self.code.is_good(now):
            raise Refused(ErrorCode.WRONG_CODE, NO_CODE)
        encounter = Encounter(
            code=self.code.text,
            site_nonce=site_nonce,
            agent_nonce=agent_nonce,
            agent=self._agent,
            fingerprint=self._fingerprint,
        )
        if not hmac.compare_digest(encounter.proof(PROOF_OF_SITE), proof):
            self._count(now)
            return None
        self.code = None
        self.unlock()
        return encounter

    def _count(self, now: float) -> None:
        self._tries -= 1
        if self._tries <= 0:
            self.code = None
            self._locked = now + min(FIRST_LOCK * 2**self._locks, LONGEST_LOCK)
            self._locks += 1

    def _refuse_locked(self, now: float) -> None:
        if now < self._locked:
            raise Refused(ErrorCode.TOO_MANY, LOCKED, retry_after=math.ceil(self._locked - now))
