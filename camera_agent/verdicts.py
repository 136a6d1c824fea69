"""Whether somebody may enter, and why not: the grants obeyed; no clock, no disk."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
import hmac
from typing import Final

from .grants import Credential, DoorRules, Grants
from .wire import Antipassback, Direction, DoorMode, Reason, SiteMode, Verify

CLOCK_SLACK: Final = 60.0  # seconds by which this clock may be behind Home Assistant's
SHOWN: Final = 8  # digits of an unknown card's hash that people may see


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Which way somebody went last, and when."""

    direction: Direction
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the doors remember: how often each credential entered, where each person went."""

    uses: Mapping[str, int] = field(default_factory=dict)
    whereabouts: Mapping[str, Whereabouts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether somebody may enter, and who it is as far as that is known."""

    reason: Reason | None = None
    """Why not."""
    warning: Reason | None = None
    """What would have been the reason at a stricter door."""
    wants_pin: bool = False
    """Whether the PIN is still to be typed; judge again then, with its hash."""
    credential: str | None = None
    person: str | None = None
    card: str | None = None
    """The first digits of the hash of a card that nobody knows."""

    @property
    def granted(self) -> bool:
        """Whether the door may be opened now."""
        return self.reason is None and not self.wants_pin


def judge(
    grants: Grants | None,
    door: str,
    card: str,
    now: float,
    memory: Memory,
    *,
    direction: Direction | None = None,
    locked_out: bool = False,
    pin: str | None = None,
) -> Verdict:
    """Return whether the card of a hash opens a door now; pin is the hash of what was typed.

    Direction is which way the reader leads, if it is known; locked_out whether it hears nobody now.
    A door that wants a PIN, alone or with a card, does not open for a card alone.
    """
    if grants is None or (reason := _unfit(grants, now, locked_out)):
        return Verdict(reason=Reason.NO_GRANTS if grants is None else reason)
    credential = grants.cards.get(card)
    if credential is None:
        return Verdict(reason=Reason.UNKNOWN_CARD, card=card[:SHOWN])
    verdict = _verdict(grants, door, credential, now, memory, direction)
    rules = grants.rules_of(door)
    if verdict.reason is not None or rules.verify not in (Verify.CARD_AND_PIN, Verify.PIN):
        return verdict
    if pin is None:
        return _known(credential, warning=verdict.warning, wants_pin=True)
    is_right = credential.pin is not None and hmac.compare_digest(pin, credential.pin)
    return verdict if is_right else _known(credential, reason=Reason.WRONG_PIN)


def judge_pin(
    grants: Grants | None,
    door: str,
    pin: str,
    now: float,
    memory: Memory,
    *,
    direction: Direction | None = None,
    locked_out: bool = False,
) -> Verdict:
    """Return whether the PIN of a hash opens a door now; at most doors none does without a card."""
    if grants is None or (reason := _unfit(grants, now, locked_out)):
        return Verdict(reason=Reason.NO_GRANTS if grants is None else reason)
    takes_pins = grants.rules_of(door).verify in (Verify.PIN, Verify.CARD_OR_PIN)
    credential = grants.pins.get(pin) if takes_pins else None
    if credential is None:
        return Verdict(reason=Reason.WRONG_PIN)
    return _verdict(grants, door, credential, now, memory, direction)


def _unfit(grants: Grants, now: float, locked_out: bool) -> Reason | None:
    """Return why nobody at all may enter now."""
    if now < grants.issued - CLOCK_SLACK:
        return Reason.CLOCK
    if now >= grants.until:
        return Reason.GRANTS_EXPIRED
    return Reason.LOCKED_OUT if locked_out else None


def _verdict(
    grants: Grants,
    door: str,
    credential: Credential,
    now: float,
    memory: Memory,
    direction: Direction | None,
) -> Verdict:
    """Return what becomes of somebody who is known, before any PIN."""
    rules = grants.rules_of(door)
    if grants.site is SiteMode.LOCKDOWN:
        return _known(credential, reason=Reason.LOCKDOWN)
    if grants.site is not SiteMode.EVACUATION and rules.mode_at(now) is DoorMode.KEEP_LOCKED:
        return _known(credential, reason=Reason.KEEP_LOCKED)
    if reason := _invalid(credential, door, now, memory):
        return _known(credential, reason=reason)
    if not _is_passback(rules, credential.person, direction, now, memory):
        return _known(credential)
    if rules.antipassback is Antipassback.HARD:
        return _known(credential, reason=Reason.ANTIPASSBACK)
    return _known(credential, warning=Reason.ANTIPASSBACK)


def _invalid(credential: Credential, door: str, now: float, memory: Memory) -> Reason | None:
    if credential.disabled:
        return Reason.DISABLED
    if credential.valid_from is not None and now < credential.valid_from:
        return Reason.NOT_YET_VALID
    if credential.valid_until is not None and now >= credential.valid_until:
        return Reason.EXPIRED
    windows = credential.windows.get(door)
    if windows is None:
        return Reason.NO_ACCESS
    if bisect_right(windows, now) % 2 == 0:
        return Reason.OUTSIDE_SCHEDULE
    used = max(credential.used, memory.uses.get(credential.id, 0))
    is_exhausted = credential.uses is not None and used >= credential.uses
    return Reason.USES_EXHAUSTED if is_exhausted else None


def _is_passback(
    rules: DoorRules, person: str, direction: Direction | None, now: float, memory: Memory
) -> bool:
    """Whether somebody goes the same way twice; a moment far in the future does not count."""
    last = memory.whereabouts.get(person)
    return (
        rules.antipassback is not Antipassback.OFF
        and last is not None
        and last.direction is direction
        and abs(now - last.at) < rules.antipassback_reset_s
    )


def _known(
    credential: Credential,
    *,
    reason: Reason | None = None,
    warning: Reason | None = None,
    wants_pin: bool = False,
) -> Verdict:
    return Verdict(
        reason=reason,
        warning=warning,
        wants_pin=wants_pin,
        credential=credential.id,
        person=credential.person,
    )
