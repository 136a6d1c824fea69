"""Who may enter where and when, and why not; an agent decides the same by its grants."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ..agent import Antipassback, Direction, DoorMode, Reason, SiteMode, Verify
from .hours import is_open
from .people import Credential, CredentialKind, DoorRules, Person, Policy

# The doors that a PIN opens, and those that no card opens without one.
PIN_ALONE: Final = frozenset({Verify.PIN, Verify.CARD_OR_PIN})
PIN_TOO: Final = frozenset({Verify.PIN, Verify.CARD_AND_PIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Which way somebody went last, and when."""

    direction: Direction
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether somebody may enter, and who it is as far as that is known."""

    reason: Reason | None = None
    """Why not."""
    warning: Reason | None = None
    """What would have been the reason at a stricter door."""
    person: Person | None = None
    credential: Credential | None = None
    wants_pin: bool = False
    """Whether the PIN is still to be typed; decide again then, with its hash."""

    @property
    def granted(self) -> bool:
        """Whether the door may be opened now."""
        return self.reason is None and not self.wants_pin


def decide(
    policy: Policy,
    door: str,
    credential: Credential | None,
    at: datetime,
    *,
    kind: CredentialKind = CredentialKind.RFID,
    pin: str | None = None,
    uses: int = 0,
    direction: Direction | None = None,
    last: Whereabouts | None = None,
) -> Decision:
    """Return whether a credential opens a door; pin is the hash of what was typed after a card.

    Without a credential, as nobody knows what was shown, kind is what that was. Uses is how often
    it opened a door so far, direction which way the reader leads, last where its person went last.
    """
    rules = policy.door(door)
    if credential is None:
        is_card = kind is CredentialKind.RFID
        return Decision(reason=Reason.UNKNOWN_CARD if is_card else Reason.WRONG_PIN)
    is_card = credential.kind is CredentialKind.RFID
    if not is_card and rules.verify not in PIN_ALONE:
        return Decision(reason=Reason.WRONG_PIN)
    decision = _known(policy, rules, credential, at, uses)
    if decision.reason is None and _is_passback(rules, direction, last, at):
        decision = _passed_back(decision, rules)
    if decision.reason is not None or not is_card or rules.verify not in PIN_TOO:
        return decision
    if pin is None:
        return replace(decision, wants_pin=True)
    is_right = pin == policy.pin_of(credential.person)
    return decision if is_right else replace(decision, reason=Reason.WRONG_PIN, warning=None)


def valid_between(
    person: Person, credential: Credential
) -> tuple[datetime | None, datetime | None]:
    """Return from when to before when a person's credential is valid."""
    begins = [at for at in (person.valid_from, credential.valid_from) if at is not None]
    ends = [at for at in (person.valid_until, credential.valid_until) if at is not None]
    return max(begins, default=None), min(ends, default=None)


def schedules_at(policy: Policy, person: Person, door: str) -> Iterator[str | None]:
    """Yield the schedules by which somebody may enter a door; None is always."""
    for permission in person.permissions:
        groups = [policy.groups[group] for group in permission.groups if group in policy.groups]
        if door in permission.doors or any(door in group.doors for group in groups):
            yield permission.schedule


def _known(
    policy: Policy, rules: DoorRules, credential: Credential, at: datetime, uses: int
) -> Decision:
    """Return what becomes of a credential, wherever its person went last."""
    person = policy.people[credential.person]
    reason = (
        _closed(policy, rules, at)
        or _not_valid(person, credential, at)
        or _not_here(policy, person, rules.door, at)
        or _used_up(credential, uses)
    )
    return Decision(reason=reason, person=person, credential=credential)


def _passed_back(decision: Decision, rules: DoorRules) -> Decision:
    if rules.antipassback is Antipassback.HARD:
        return replace(decision, reason=Reason.ANTIPASSBACK)
    return replace(decision, warning=Reason.ANTIPASSBACK)


def _closed(policy: Policy, rules: DoorRules, at: datetime) -> Reason | None:
    """Return why nobody enters here; who must leave the site may do so by any door."""
    if policy.site is SiteMode.LOCKDOWN:
        return Reason.LOCKDOWN
    is_shut = rules.mode_at(at) is DoorMode.KEEP_LOCKED and policy.site is SiteMode.NORMAL
    return Reason.KEEP_LOCKED if is_shut else None


def _not_valid(person: Person, credential: Credential, at: datetime) -> Reason | None:
    begins, ends = valid_between(person, credential)
    if not (person.active and credential.active):
        return Reason.DISABLED
    if begins is not None and at < begins:
        return Reason.NOT_YET_VALID
    return Reason.EXPIRED if ends is not None and at >= ends else None


def _not_here(policy: Policy, person: Person, door: str, at: datetime) -> Reason | None:
    schedules = tuple(schedules_at(policy, person, door))
    if not schedules:
        return Reason.NO_ACCESS
    return None if any(_opens(policy, each, at) for each in schedules) else Reason.OUTSIDE_SCHEDULE


def _opens(policy: Policy, name: str | None, at: datetime) -> bool:
    if name is None:
        return True
    schedule = policy.schedules.get(name)
    return schedule is not None and is_open(schedule, policy.holidays.values(), policy.zone, at)


def _used_up(credential: Credential, uses: int) -> Reason | None:
    limit = credential.max_uses
    return Reason.USES_EXHAUSTED if limit is not None and uses >= limit else None


def _is_passback(
    rules: DoorRules, direction: Direction | None, last: Whereabouts | None, at: datetime
) -> bool:
    """Return whether somebody goes twice the same way without having come back."""
    if rules.antipassback is Antipassback.OFF or last is None:
        return False
    # A moment that is still to come was noted while a clock was wrong.
    is_recent = abs(at - last.at) < rules.antipassback_reset
    return last.direction is direction and is_recent
