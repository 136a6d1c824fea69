"""Who stands before a reader: a card, a PIN or both, and what comes of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import time
from typing import Final

from .grants import Grants
from .guard import Guard
from .hardware import Feedback
from .keypad import Keypad, is_pin
from .logbook import Logbook
from .reader_config import ReaderConfig
from .verdicts import Verdict, judge, judge_pin
from .wire import Authentication, PassageKind, Reason, Verify

PATIENCE: Final = 10.0  # seconds without a key until a PIN is given up
SUSPICIOUS: Final = frozenset({Reason.UNKNOWN_CARD, Reason.WRONG_PIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What lies behind a reader."""

    door: str
    release: Callable[[], bool]
    """Unlock the door; tells whether that could be done."""
    show: Callable[[Feedback], None]
    """Tell who stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Somebody whose card opens the door together with a PIN."""

    card: str
    verdict: Verdict
    giving_up: asyncio.TimerHandle


class Identification:
    """Judges what one reader hears. A card is judged, written down and let in in one step."""

    def __init__(
        self,
        reader: ReaderConfig,
        threshold: Threshold,
        logbook: Logbook,
        grants: Callable[[], Grants | None],
    ) -> None:
        """Grants gives those that are in force now."""
        self._reader = reader
        self._threshold = threshold
        self._logbook = logbook
        self._grants = grants
        self._guard = Guard()
        self._keypad = Keypad(PATIENCE)
        self._asked: _Asked | None = None
        self._checking: asyncio.Task[None] | None = None

    def present(self, card: str, at: float) -> None:
        """Judge the card of a hash, whose last byte came at a moment of the monotonic clock."""
        self.give_up()
        verdict = self._judge(card)
        if verdict.wants_pin:
            self._ask(card, verdict)
            self._threshold.show(Feedback.PIN_WANTED)
        else:
            self._conclude(verdict, Authentication.RFID, at)

    def press(self, key: str, at: float) -> None:
        """Take a key of a PIN, where one is wanted; the one that ends it has it judged."""
        if self._checking or not (self._asked or self._takes_pins()):
            return
        if self._asked:
            self._ask(self._asked.card, self._asked.verdict)
        typed = self._keypad.press(key, at)
        if typed is not None:
            asked = self._take_asked()
            check = self._check(asked.card if asked else None, typed, at)
            self._checking = asyncio.create_task(check, name=f"PIN {self._reader.id}")

    def give_up(self) -> None:
        """Turn somebody away whose PIN did not come, if there is anybody."""
        self._keypad.clear()
        if asked := self._take_asked():
            late = replace(asked.verdict, reason=Reason.PIN_TIMEOUT, wants_pin=False)
            self._conclude(late, Authentication.RFID, None)

    def close(self) -> None:
        """Judge nobody any more."""
        self._take_asked()
        if self._checking:
            self._checking.cancel()

    async def _check(self, card: str | None, typed: str, at: float) -> None:
        """Judge a PIN, and its card once more, by the grants that are in force after hashing."""
        try:
            pin = await self._hash(typed)
            if card is None:
                self._conclude(self._judge_pin(pin), Authentication.PIN, at)
            else:
                self._conclude(self._judge(card, pin), Authentication.RFID_AND_PIN, at)
        finally:
            self._checking = None

    def _conclude(self, verdict: Verdict, way: Authentication, at: float | None) -> None:
        """Write down what becomes of an attempt that began at a moment; then let it become so."""
        passage = self._logbook.write(
            self._threshold.door,
            PassageKind.GRANTED if verdict.granted else PassageKind.DENIED,
            reader=self._reader.id,
            authentication=way,
            direction=self._reader.direction,
            credential=verdict.credential,
            person=verdict.person,
            card=verdict.card or None,
            reason=verdict.reason,
            warning=verdict.warning,
            latency_ms=None if at is None else round((time.monotonic() - at) * 1000, 3),
        )
        opens = verdict.granted and self._threshold.release()
        # A PIN is no measure of the agent: its hash is slow on purpose.
        latency = None if at is None or way is not Authentication.RFID else time.monotonic() - at
        self._logbook.done(passage, latency)
        self._remember(verdict)
        # A turn of the loop later, so that the news of it leaves first.
        feedback = Feedback.GRANTED if opens else Feedback.DENIED
        asyncio.get_running_loop().call_soon(self._threshold.show, feedback)

    def _remember(self, verdict: Verdict) -> None:
        if verdict.granted:
            self._guard.granted(self._reader.id)
        elif verdict.reason in SUSPICIOUS:
            self._guard.failed(self._reader.id, time.monotonic())

    def _judge(self, card: str, pin: str | None = None) -> Verdict:
        return judge(
            self._grants(),
            self._threshold.door,
            card,
            time.time(),
            self._logbook.journal.memory,
            direction=self._reader.direction,
            locked_out=self._guard.locked_out(self._reader.id, time.monotonic()),
            pin=pin,
        )

    def _judge_pin(self, pin: str) -> Verdict:
        return judge_pin(
            self._grants(),
            self._threshold.door,
            pin,
            time.time(),
            self._logbook.journal.memory,
            direction=self._reader.direction,
            locked_out=self._guard.locked_out(self._reader.id, time.monotonic()),
        )

    def _takes_pins(self) -> bool:
        """Whether keys mean anything here without a card before them."""
        grants = self._grants()
        verify = grants.rules_of(self._threshold.door).verify if grants else Verify.CARD
        return verify in (Verify.PIN, Verify.CARD_OR_PIN)

    async def _hash(self, typed: str) -> str:
        """Return a PIN's hash as those grants have it that are in force when it is there."""
        grants, hashed = self._grants(), ""
        while grants and is_pin(typed):
            hashed = await asyncio.to_thread(grants.hash_of_pin, typed)
            before, grants = grants, self._grants()
            if grants and grants.slow_hash == before.slow_hash:
                break
        return hashed

    def _ask(self, card: str, verdict: Verdict) -> None:
        """Wait for the PIN that belongs to a card, or for its next key."""
        self._take_asked()
        timer = asyncio.get_running_loop().call_later(PATIENCE, self.give_up)
        self._asked = _Asked(card=card, verdict=verdict, giving_up=timer)

    def _take_asked(self) -> _Asked | None:
        asked, self._asked = self._asked, None
        if asked:
            asked.giving_up.cancel()
        return asked
