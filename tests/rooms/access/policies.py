"""People, cards and schedules for tests, and policies made of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.gatehouse.access import (
    Credential,
    CredentialKind,
    DoorGroup,
    DoorRules,
    Holiday,
    Hours,
    Permission,
    Person,
    Policy,
    Schedule,
    Weekday,
    Window,
    card_hash,
    door_key,
)

BERLIN: Final = ZoneInfo("Europe/Berlin")
AGENT: Final = "9f2c41d07ab3"
FRONT: Final = door_key(AGENT, "front")
GARAGE: Final = door_key(AGENT, "garage")

KEY: Final = bytes(range(32))
SALT: Final = bytes(range(16))

EVERY_DAY: Final = tuple(Weekday)
WORKDAYS: Final = EVERY_DAY[:5]


def hours(start: str, end: str) -> Hours:
    return Hours(start=time.fromisoformat(start), end=time.fromisoformat(end))


def window(start: str, end: str, days: Iterable[Weekday] = EVERY_DAY) -> Window:
    return Window(
        days=frozenset(days), start=time.fromisoformat(start), end=time.fromisoformat(end)
    )


def schedule(*windows: Window, **other: Any) -> Schedule:
    return Schedule(**{"id": "hours", "name": "Hours", "windows": windows, **other})


def holiday(first: str, last: str | None = None, *, yearly: bool = False) -> Holiday:
    days = date.fromisoformat(first), date.fromisoformat(last or first)
    return Holiday(id=first, name=first, first=days[0], last=days[1], yearly=yearly)


def person(id: str = "anna", **other: Any) -> Person:  # noqa: A002
    return Person(
        id=id, **{"name": id.title(), "permissions": (Permission(doors=(FRONT,)),), **other}
    )


def card(id: str = "tag", person: str = "anna", **other: Any) -> Credential:  # noqa: A002
    return Credential(
        id=id,
        person=person,
        **{"name": id.title(), "kind": CredentialKind.RFID, "hash": card_hash(KEY, id), **other},
    )


def pin(id: str = "code", person: str = "anna", **other: Any) -> Credential:  # noqa: A002
    """Return a PIN whose hash is as good as a slow one, and quick."""
    return card(id, person, kind=CredentialKind.PIN, **other)


def policy(
    *things: Person | Credential | Schedule | Holiday | DoorGroup | DoorRules, **other: Any
) -> Policy:
    """Return a policy that has these things in it."""
    by_id: Mapping[type, dict[str, Any]] = {
        kind: {each.id: each for each in things if isinstance(each, kind)}
        for kind in (Person, Credential, Schedule, Holiday, DoorGroup)
    }
    return Policy(
        **{
            "zone": BERLIN,
            "key": KEY,
            "salt": SALT,
            "people": by_id[Person],
            "credentials": by_id[Credential],
            "schedules": by_id[Schedule],
            "holidays": by_id[Holiday],
            "groups": by_id[DoorGroup],
            "doors": {each.door: each for each in things if isinstance(each, DoorRules)},
            **other,
        }
    )


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """Return a moment by a zone's clocks, or by the offset that the text ends with."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
