"""What an agent with doors needs in order to decide as we would, for some days, without us."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from .hours import Span, merged, windows_of
from .people import PIN_COST, Credential, CredentialKind, Person, Policy, door_key
from .rules import schedules_at, valid_between

# So long a site may be without Home Assistant before its doors stay shut.
HORIZON: Final = timedelta(days=7)

# An agent goes by the grants even if its clock is behind ours by as much.
SLACK: Final = timedelta(seconds=60)

type Uses = Mapping[str, Mapping[str, int]]
"""How often each credential opened a door, by who decided: an agent's id, or any other word."""


def compile_grants(
    policy: Policy,
    agent: str,
    doors: Iterable[str],
    *,
    version: int,
    now: datetime,
    horizon: timedelta = HORIZON,
    uses: Uses | None = None,
) -> dict[str, Any]:
    """Return what an agent may decide at its doors, from now until the horizon.

    Doors are what the agent calls them. Who may not enter is in it too, so that the reason is told.
    """
    doors, until = tuple(doors), now + horizon
    profiles = _Profiles(policy, agent, doors, (now - SLACK, until))
    entries: dict[CredentialKind, dict[str, Any]] = {kind: {} for kind in CredentialKind}
    for credential in policy.credentials.values():
        if person := policy.people.get(credential.person):
            used = (uses or {}).get(credential.id, {})
            entry = _entry(policy, person, credential, agent, used)
            entries[credential.kind][credential.hash] = entry | {"profile": profiles.of(person)}
    n, r, p = PIN_COST
    return {
        "version": version,
        "agent": agent,
        "issued": now.timestamp(),
        "until": until.timestamp(),
        "key": policy.key.hex(),
        "pin": {"salt": policy.salt.hex(), "n": n, "r": r, "p": p},
        "site": policy.site.value,
        "windows": profiles.windows,
        "profiles": profiles.profiles,
        "doors": {door: _door(policy, door_key(agent, door)) for door in doors},
        "cards": entries[CredentialKind.RFID],
        "pins": entries[CredentialKind.PIN],
    }


class _Profiles:
    """Which doors are open when, once for all the people of whom the same is said."""

    def __init__(self, policy: Policy, agent: str, doors: tuple[str, ...], span: Span) -> None:
        """Begin with nobody's; windows are those within the span."""
        self.profiles: list[dict[str, int]] = []
        self.windows: list[list[list[float]]] = []
        self._policy = policy
        self._doors = {door: door_key(agent, door) for door in doors}
        self._span = span
        self._profile_of: dict[object, int] = {}
        self._window_of: dict[frozenset[str | None], int] = {}
        self._open: dict[str | None, list[Span]] = {}

    def of(self, person: Person) -> int:
        """Return the index of somebody's profile."""
        known = self._profile_of.get(person.permissions)
        if known is None:
            known = self._profile_of[person.permissions] = len(self.profiles)
            self.profiles.append(
                {
                    door: self._windows(schedules)
                    for door, key in self._doors.items()
                    if (schedules := frozenset(schedules_at(self._policy, person, key)))
                }
            )
        return known

    def _windows(self, schedules: frozenset[str | None]) -> int:
        known = self._window_of.get(schedules)
        if known is None:
            known = self._window_of[schedules] = len(self.windows)
            spans = merged(span for schedule in schedules for span in self._spans(schedule))
            self.windows.append([[start.timestamp(), end.timestamp()] for start, end in spans])
        return known

    def _spans(self, name: str | None) -> list[Span]:
        if name not in self._open:
            self._open[name] = self._computed(name)
        return self._open[name]

    def _computed(self, name: str | None) -> list[Span]:
        policy = self._policy
        if name is None:
            return [self._span]
        if (schedule := policy.schedules.get(name)) is None:
            return []
        return windows_of(schedule, policy.holidays.values(), policy.zone, *self._span)


def _entry(
    policy: Policy, person: Person, credential: Credential, agent: str, used: Mapping[str, int]
) -> dict[str, Any]:
    begins, ends = valid_between(person, credential)
    here, most = used.get(agent, 0), credential.max_uses
    is_card = credential.kind is CredentialKind.RFID
    return {
        "id": credential.id,
        "person": person.id,
        "disabled": not (person.active and credential.active),
        "from": _epoch(begins),
        "until": _epoch(ends),
        "pin": policy.pin_of(person.id) if is_card else None,
        "uses": None if most is None else max(most - (sum(used.values()) - here), 0),
        "used": here,
    }


def _door(policy: Policy, key: str) -> dict[str, Any]:
    rules = policy.door(key)
    return {
        "mode": rules.mode.value,
        "mode_until": _epoch(rules.mode_until),
        "verify": rules.verify.value,
        "antipassback": rules.antipassback.value,
        "antipassback_reset_s": rules.antipassback_reset.total_seconds(),
    }


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
