"""Who may enter, where and when, and who did: as actions and the WebSocket answer."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .access import (
    Credential,
    DoorGroup,
    DoorRules,
    Holiday,
    Hours,
    Permission,
    Person,
    Policy,
    Schedule,
    SpecialDays,
    Uses,
    Weekday,
)
from .agent import DoorState
from .models import Passage
from .passage_events import passage_attributes
from .serialize import iso

_DAYS: Final = tuple(Weekday)


def users_json(policy: Policy, users: Iterable[Person], uses: Uses) -> list[dict[str, Any]]:
    """Return people with what they show at doors, by name."""
    shown: dict[str, list[Credential]] = {}
    for credential in policy.credentials.values():
        shown.setdefault(credential.person, []).append(credential)
    return [
        user_json(user, shown.get(user.id, ()), uses)
        for user in sorted(users, key=lambda each: (each.name.casefold(), each.id))
    ]


def user_json(
    user: Person, credentials: Iterable[Credential], uses: Uses | None = None
) -> dict[str, Any]:
    """Return somebody, and what they show at doors: its numbers are kept nowhere."""
    return {
        "id": user.id,
        "name": user.name,
        "active": user.active,
        "valid_from": iso(user.valid_from),
        "valid_until": iso(user.valid_until),
        "permissions": [_permission_json(each) for each in user.permissions],
        "note": user.note,
        "credentials": [
            credential_json(each, uses)
            for each in sorted(credentials, key=lambda each: (each.name.casefold(), each.id))
        ],
    }


def credential_json(credential: Credential, uses: Uses | None = None) -> dict[str, Any]:
    """Return a card or PIN."""
    return {
        "id": credential.id,
        "user_id": credential.person,
        "credential_type": credential.kind.value,
        "name": credential.name,
        "active": credential.active,
        "valid_from": iso(credential.valid_from),
        "valid_until": iso(credential.valid_until),
        "max_uses": credential.max_uses,
        "uses": sum((uses or {}).get(credential.id, {}).values()),
        "visitor": credential.visitor,
    }


def schedule_json(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule; its hours are local time."""
    return {
        "id": schedule.id,
        "name": schedule.name,
        "windows": [
            {"days": sorted(each.days, key=_DAYS.index), **_hours_json(each)}
            for each in schedule.windows
        ],
        "special": [_special_json(each) for each in schedule.special],
        "holidays": schedule.holidays.value,
    }


def holiday_json(holiday: Holiday) -> dict[str, Any]:
    """Return a holiday."""
    return {
        "id": holiday.id,
        "name": holiday.name,
        "first": holiday.first.isoformat(),
        "last": holiday.last.isoformat(),
        "yearly": holiday.yearly,
    }


def group_json(group: DoorGroup) -> dict[str, Any]:
    """Return a group of doors."""
    return {"id": group.id, "name": group.name, "doors": list(group.doors)}


def rules_json(rules: DoorRules) -> dict[str, Any]:
    """Return what people say about a door."""
    return {
        "mode": rules.mode.value,
        "mode_until": iso(rules.mode_until),
        "verify": rules.verify.value,
        "antipassback": rules.antipassback.value,
        "antipassback_reset": rules.antipassback_reset.total_seconds(),
    }


def state_json(state: DoorState) -> dict[str, Any]:
    """Return how a door is."""
    return {
        "locked": state.locked,
        "open": state.open,
        "forced": state.forced,
        "held_open": state.held_open,
        "mode": state.mode.value,
        "mode_until": iso(state.mode_until),
        "error": state.error,
        "readers": {
            name: {"online": each.online, "error": each.error, "tampered": each.tampered}
            for name, each in state.readers.items()
        },
    }


def passage_json(passage: Passage, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what happened at a door; names are those of the doors, by key."""
    return {
        "id": passage.id,
        "door": passage.door,
        "door_name": names.get(passage.door, passage.door),
        "kind": passage.kind.value,
        "user_id": passage.holder,
        **passage_attributes(passage),
    }


def _permission_json(permission: Permission) -> dict[str, Any]:
    return {
        "doors": list(permission.doors),
        "door_groups": list(permission.groups),
        "schedule": permission.schedule,
    }


def _special_json(special: SpecialDays) -> dict[str, Any]:
    return {
        "first": special.first.isoformat(),
        "last": special.last.isoformat(),
        "hours": [_hours_json(each) for each in special.hours],
    }


def _hours_json(hours: Hours) -> dict[str, str]:
    return {"start": hours.start.isoformat(), "end": hours.end.isoformat()}
