"""What people say about who may enter: kept in rows, read from memory."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from ..agent import SiteMode
from .checks import (
    checked_credential,
    checked_door,
    checked_group,
    checked_holiday,
    checked_person,
    checked_schedule,
)
from .errors import AccessNotFound, CardTaken, InUse, PinTaken
from .people import (
    Credential,
    CredentialKind,
    DoorGroup,
    DoorRules,
    Holiday,
    Person,
    Policy,
    Schedule,
)
from .rows import Noun, key_of, kind_of
from .secrets import new_key, new_salt
from .store import PolicyStore, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved[T: Noun]:
    """Something as it is kept now, and as it was; None if it is new."""

    kept: T
    before: T | None


class Policies:
    """Holds the policy of the site, and changes it."""

    def __init__(self, store: PolicyStore, zone: ZoneInfo) -> None:
        """Go by the local time of this zone."""
        self._store = store
        self._policy = Policy(zone=zone, key=b"", salt=b"")
        self._listeners: list[Callable[[], None]] = []
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read what is kept, and make a new site's secrets; until then nobody may enter."""
        site, nouns = await self._store.load()
        if site is None:
            site = Site(key=new_key(), salt=new_salt())
            await self._store.save_site(site)
        empty = Policy(zone=self._policy.zone, key=site.key, salt=site.salt, site=site.mode)
        self._policy = _with(empty, nouns)

    @property
    def policy(self) -> Policy:
        """What holds now; it never changes, there is another one then."""
        return self._policy

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tell of each change of the policy, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def save[T: Noun](self, noun: T) -> Saved[T]:
        """Keep something; what is new has no id, or that of something removed.

        Raises AccessError.
        """
        return await self._in_turn(self._save, noun)

    async def delete(self, kind: type[Noun], key: str) -> tuple[Noun, ...]:
        """Forget something, a person with their credentials; saved again in this order, it is back.

        Raises AccessNotFound, or InUse if a person's permissions need it.
        """
        return await self._in_turn(self._delete, kind, key)

    async def set_site(self, mode: SiteMode) -> SiteMode:
        """Let something go before what any door says, or nothing, and return what did so far."""
        return await self._in_turn(self._set_site, mode)

    def move(self, zone: ZoneInfo) -> None:
        """Go by the local time of another zone."""
        if zone != self._policy.zone:
            self._publish(replace(self._policy, zone=zone))

    async def _in_turn[*Given, T](
        self, change: Callable[[*Given], Coroutine[Any, Any, T]], *given: *Given
    ) -> T:
        """Make one change after the other; one whose caller leaves is still finished."""

        async def alone() -> T:
            async with self._turn:
                return await change(*given)

        # Left half-way, rows and memory would no longer say the same.
        return await asyncio.shield(alone())

    async def _save[T: Noun](self, noun: T) -> Saved[T]:
        kept = _kept(noun, self._policy)
        before: Any = _all(self._policy, kind_of(kept)).get(key_of(kept))
        await self._store.save((kept,))
        self._publish(_with(self._policy, (kept,)))
        return Saved(kept=kept, before=before)

    async def _delete(self, kind: type[Noun], key: str) -> tuple[Noun, ...]:
        if (found := _all(self._policy, kind).get(key)) is None:
            raise AccessNotFound("It is not there any more: list them again")
        if users := sorted(_users(self._policy, found)):
            raise InUse(f"Take it from {', '.join(users)} first")
        gone = (found, *_belongings(self._policy, found))
        await self._store.delete(gone)
        self._publish(_without(self._policy, gone))
        return gone

    async def _set_site(self, mode: SiteMode) -> SiteMode:
        before, policy = self._policy.site, self._policy
        if mode is not before:
            await self._store.save_site(Site(key=policy.key, salt=policy.salt, mode=mode))
            self._publish(replace(self._policy, site=mode))
        return before

    def _publish(self, policy: Policy) -> None:
        self._policy = policy
        for listener in tuple(self._listeners):
            listener()


# Where the policy holds each kind, and what can be kept of it by itself.
_KINDS: Final[Mapping[type[Noun], tuple[str, Callable[[Any], Noun]]]] = {
    Person: ("people", checked_person),
    Credential: ("credentials", checked_credential),
    Schedule: ("schedules", checked_schedule),
    Holiday: ("holidays", checked_holiday),
    DoorGroup: ("groups", checked_group),
    DoorRules: ("doors", checked_door),
}


def _all(policy: Policy, kind: type[Noun]) -> Mapping[str, Noun]:
    nouns: Mapping[str, Noun] = getattr(policy, _KINDS[kind][0])
    return nouns


def _with(policy: Policy, nouns: Iterable[Noun]) -> Policy:
    changed: dict[str, Any] = {}
    for noun in nouns:
        name, _ = _KINDS[type(noun)]
        changed.setdefault(name, dict(getattr(policy, name)))[key_of(noun)] = noun
    return replace(policy, **changed)


def _without(policy: Policy, nouns: Iterable[Noun]) -> Policy:
    changed: dict[str, Any] = {}
    for noun in nouns:
        name, _ = _KINDS[type(noun)]
        changed.setdefault(name, dict(getattr(policy, name))).pop(key_of(noun))
    return replace(policy, **changed)


def _kept[T: Noun](noun: T, policy: Policy) -> T:
    """Return a noun as it can be kept beside all others, with an id."""
    match noun:
        case Person():
            _check_permissions(noun, policy)
        case Credential():
            _check_owner(noun, policy)
        case DoorRules(door=""):
            raise AccessNotFound("There is no such door: choose another")
    _, check = _KINDS[kind_of(noun)]
    checked: Any = check(noun)
    kept: T = checked if key_of(checked) else replace(checked, id=uuid4().hex)
    return kept


def _check_permissions(person: Person, policy: Policy) -> None:
    for permission in person.permissions:
        if permission.schedule is not None and permission.schedule not in policy.schedules:
            raise AccessNotFound("There is no such schedule: save it first, or choose another")
        if not policy.groups.keys() >= set(permission.groups):
            raise AccessNotFound("There is no such group of doors: save it first")


def _check_owner(credential: Credential, policy: Policy) -> None:
    if credential.person not in policy.people:
        raise AccessNotFound("There is nobody of this id: save the person first")
    taken = policy.find(credential.kind, credential.hash)
    if taken is None or taken.id == credential.id:
        return
    if credential.kind is CredentialKind.PIN:
        raise PinTaken("Choose another PIN")
    owner = policy.people[taken.person]
    raise CardTaken(f"The card belongs to {owner.name} already: take it from them first")


def _users(policy: Policy, noun: Noun) -> Iterator[str]:
    """Yield the names of those whose permissions need something."""
    for person in policy.people.values():
        for permission in person.permissions:
            is_schedule = isinstance(noun, Schedule) and permission.schedule == noun.id
            is_group = isinstance(noun, DoorGroup) and noun.id in permission.groups
            if is_schedule or is_group:
                yield person.name
                break


def _belongings(policy: Policy, noun: Noun) -> tuple[Noun, ...]:
    """Return what nobody has any more without a person."""
    if not isinstance(noun, Person):
        return ()
    return tuple(each for each in policy.credentials.values() if each.person == noun.id)
