"""Third-party readers ask who may enter: judged by the policy, logged, and not too often."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import uuid4

from ..agent import Authentication, Decider, Direction, Reason
from ..models import Passage, PassageKind
from .guard import Guard
from .house import House
from .ledger import Ledger
from .log import Entry
from .people import CredentialKind, Policy
from .policies import Policies
from .rules import Decision, decide
from .secrets import card_hash, pin_hash

# What costs an attempt; whoever is known and may not enter here is no stranger.
FAILED: Final = frozenset({Reason.UNKNOWN_CARD, Reason.WRONG_PIN})

# So many digits of the hash of an unknown card are for people to see.
SHOWN_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody shows a card, a PIN, or one after the other."""

    door: str
    source: str
    """What shows it to us; it is not heard for a while after too many failures."""
    card: str | None = field(default=None, repr=False)
    """The canonical id of a card (see `canonical`)."""
    pin: str | None = field(default=None, repr=False)
    direction: Direction | None = None

    @property
    def authentication(self) -> Authentication:
        """How somebody says who they are."""
        if self.pin is None:
            return Authentication.RFID
        return Authentication.PIN if self.card is None else Authentication.RFID_AND_PIN


class Checkpoint:
    """Judges what other readers than those of agents are shown."""

    def __init__(self, policies: Policies, ledger: Ledger, house: House) -> None:
        """Nobody has asked."""
        self._policies = policies
        self._ledger = ledger
        self._house = house
        self._guard = Guard()
        self._shut: set[str] = set()
        self._pins = asyncio.Lock()

    async def check(self, attempt: Attempt) -> tuple[Decision, Entry | None]:
        """Return the decision, and the passage that it makes, if it is one: counted, not yet kept.

        A card that wants a PIN is none yet, nor is each attempt of who is locked out. Raises
        DatabaseError if nobody knows how often a credential was used.
        """
        began = self._house.clock()
        await self._ledger.load(self._house.now())
        if attempt.pin is None:
            return self._decided(attempt, None, began)
        # One after the other: who guesses has no more guesses than the guard allows.
        async with self._pins:
            return self._decided(attempt, await self._digest(attempt), began)

    async def _digest(self, attempt: Attempt) -> str:
        if attempt.pin is None or self._guard.locked_out(attempt.source, self._house.clock()):
            return ""
        return await asyncio.to_thread(pin_hash, attempt.pin, self._policies.policy.salt)

    def _decided(
        self, attempt: Attempt, pin: str | None, began: float
    ) -> tuple[Decision, Entry | None]:
        """Decide, remember and count in one step of the loop."""
        now = self._house.clock()
        if self._guard.locked_out(attempt.source, now):
            decision = Decision(reason=Reason.LOCKED_OUT)
            is_news = attempt.source not in self._shut
            self._shut.add(attempt.source)
        else:
            decision = self._decide(attempt, pin)
            is_news = not decision.wants_pin
            self._shut.discard(attempt.source)
            self._weigh(attempt.source, decision, now)
        if not is_news:
            return decision, None
        entry = self._entry(attempt, decision, began)
        self._ledger.count(entry)
        return decision, entry

    def _decide(self, attempt: Attempt, pin: str | None) -> Decision:
        policy, kind = self._policies.policy, CredentialKind.RFID
        if attempt.card is not None:
            credential = policy.find(kind, card_hash(policy.key, attempt.card))
        else:
            kind = CredentialKind.PIN
            credential = policy.find(kind, pin or "")
        return decide(
            policy,
            attempt.door,
            credential,
            self._house.now(),
            kind=kind,
            pin=pin,
            uses=0 if credential is None else self._ledger.uses_of(credential.id),
            direction=attempt.direction,
            last=None if credential is None else self._ledger.last_of(credential.person),
        )

    def _weigh(self, source: str, decision: Decision, now: float) -> None:
        if decision.reason in FAILED:
            self._guard.failed(source, now)
        elif decision.granted:
            self._guard.granted(source)

    def _entry(self, attempt: Attempt, decision: Decision, began: float) -> Entry:
        person, credential = decision.person, decision.credential
        granted = PassageKind.GRANTED if decision.granted else PassageKind.DENIED
        return Entry(
            passage=Passage(
                id=f"site-{uuid4().hex}",
                door=attempt.door,
                kind=granted,
                at=self._house.now(),
                person=person.name if person else None,
                reason=decision.reason,
                reader=attempt.source,
                holder=person.id if person else None,
                credential=credential.name if credential else None,
                card=_card(attempt, decision, self._policies.policy),
                authentication=attempt.authentication,
                direction=attempt.direction,
                latency=timedelta(seconds=self._house.clock() - began),
                decided_by=Decider.SERVER,
                warning=decision.warning,
            ),
            credential=credential.id if credential else None,
            decider=Decider.SERVER,
        )


def _card(attempt: Attempt, decision: Decision, policy: Policy) -> str | None:
    """Return what people may see of a card that nobody knows."""
    if attempt.card is None or decision.reason is not Reason.UNKNOWN_CARD:
        return None
    return card_hash(policy.key, attempt.card)[:SHOWN_DIGITS]
