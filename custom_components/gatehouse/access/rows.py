"""The nouns of the room as the values of their rows, and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
import json
from typing import Any, Final

from ..agent import Antipassback, DoorMode, Verify
from .people import (
    Credential,
    CredentialKind,
    DoorGroup,
    DoorRules,
    Holiday,
    HolidayRule,
    Hours,
    Permission,
    Person,
    Schedule,
    SpecialDays,
    Weekday,
    Window,
)

type Noun = Person | Credential | Schedule | Holiday | DoorGroup | DoorRules
type Row = Mapping[Any, Any]
"""Values by the names of their columns."""

MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one kind of noun is kept."""

    values: Callable[[Any], dict[str, Any]]
    noun: Callable[[Row], Noun]


def key_of(noun: Noun) -> str:
    """Return what a noun is called by."""
    return noun.door if isinstance(noun, DoorRules) else noun.id


def kind_of(noun: Noun) -> type[Noun]:
    """Return what kind of noun it is."""
    return type(noun)


def _person_values(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "active": int(person.active),
        "valid_from": person.valid_from,
        "valid_until": person.valid_until,
        "permissions": json.dumps([_permission_values(each) for each in person.permissions]),
        "note": person.note,
    }


def _person(row: Row) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        active=bool(row["active"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        permissions=tuple(_permission(each) for each in json.loads(row["permissions"])),
        note=row["note"],
    )


def _permission_values(permission: Permission) -> dict[str, Any]:
    return {
        "doors": permission.doors,
        "groups": permission.groups,
        "schedule": permission.schedule,
    }


def _permission(values: Row) -> Permission:
    return Permission(
        doors=tuple(values["doors"]),
        groups=tuple(values["groups"]),
        schedule=values["schedule"],
    )


def _credential_values(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "person": credential.person,
        "kind": credential.kind.value,
        "name": credential.name,
        "hash": credential.hash,
        "active": int(credential.active),
        "valid_from": credential.valid_from,
        "valid_until": credential.valid_until,
        "max_uses": credential.max_uses,
        "visitor": int(credential.visitor),
    }


def _credential(row: Row) -> Credential:
    return Credential(
        id=row["id"],
        person=row["person"],
        kind=CredentialKind(row["kind"]),
        name=row["name"],
        hash=row["hash"],
        active=bool(row["active"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        max_uses=row["max_uses"],
        visitor=bool(row["visitor"]),
    )


def _schedule_values(schedule: Schedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "name": schedule.name,
        "windows": json.dumps(
            [{**_hours_values(each), "days": sorted(each.days)} for each in schedule.windows]
        ),
        "special": json.dumps([_special_values(each) for each in schedule.special]),
        "holidays": schedule.holidays.value,
    }


def _schedule(row: Row) -> Schedule:
    return Schedule(
        id=row["id"],
        name=row["name"],
        windows=tuple(_window(each) for each in json.loads(row["windows"])),
        special=tuple(_special(each) for each in json.loads(row["special"])),
        holidays=HolidayRule(row["holidays"]),
    )


def _hours_values(hours: Hours) -> dict[str, Any]:
    return {"start": hours.start.isoformat(), "end": hours.end.isoformat()}


def _window(values: Row) -> Window:
    days = frozenset(Weekday(day) for day in values["days"])
    return Window(start=_time(values["start"]), end=_time(values["end"]), days=days)


def _special_values(special: SpecialDays) -> dict[str, Any]:
    hours = [_hours_values(each) for each in special.hours]
    return {"first": special.first.isoformat(), "last": special.last.isoformat(), "hours": hours}


def _special(values: Row) -> SpecialDays:
    return SpecialDays(
        first=date.fromisoformat(values["first"]),
        last=date.fromisoformat(values["last"]),
        hours=tuple(
            Hours(start=_time(each["start"]), end=_time(each["end"])) for each in values["hours"]
        ),
    )


def _time(text: str) -> time:
    return time.fromisoformat(text)


def _holiday_values(holiday: Holiday) -> dict[str, Any]:
    return {
        "id": holiday.id,
        "name": holiday.name,
        "first": holiday.first.isoformat(),
        "last": holiday.last.isoformat(),
        "yearly": int(holiday.yearly),
    }


def _holiday(row: Row) -> Holiday:
    return Holiday(
        id=row["id"],
        name=row["name"],
        first=date.fromisoformat(row["first"]),
        last=date.fromisoformat(row["last"]),
        yearly=bool(row["yearly"]),
    )


def _group_values(group: DoorGroup) -> dict[str, Any]:
    return {"id": group.id, "name": group.name, "doors": json.dumps(group.doors)}


def _group(row: Row) -> DoorGroup:
    return DoorGroup(id=row["id"], name=row["name"], doors=tuple(json.loads(row["doors"])))


def _rules_values(rules: DoorRules) -> dict[str, Any]:
    return {
        "door": rules.door,
        "mode": rules.mode.value,
        "mode_until": rules.mode_until,
        "verify": rules.verify.value,
        "antipassback": rules.antipassback.value,
        "antipassback_reset_us": rules.antipassback_reset // MICROSECOND,
    }


def _rules(row: Row) -> DoorRules:
    return DoorRules(
        door=row["door"],
        mode=DoorMode(row["mode"]),
        mode_until=row["mode_until"],
        verify=Verify(row["verify"]),
        antipassback=Antipassback(row["antipassback"]),
        antipassback_reset=row["antipassback_reset_us"] * MICROSECOND,
    )


SHAPES: Final[Mapping[type[Noun], Shape]] = {
    Person: Shape(values=_person_values, noun=_person),
    Credential: Shape(values=_credential_values, noun=_credential),
    Schedule: Shape(values=_schedule_values, noun=_schedule),
    Holiday: Shape(values=_holiday_values, noun=_holiday),
    DoorGroup: Shape(values=_group_values, noun=_group),
    DoorRules: Shape(values=_rules_values, noun=_rules),
}
