"""When and where people may enter: schedules, holidays, and doors that go together."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .access import (
    DoorGroup,
    Holiday,
    HolidayRule,
    Hours,
    HoursBad,
    Saved,
    Schedule,
    SpecialDays,
    Weekday,
    Window,
)
from .access_fields import ATTR_DOORS, ATTR_NAME, DOORS, Named, alike, called, named
from .access_words import group_json, holiday_json, schedule_json
from .deeds import Asked, Deed
from .door_choice import doors_called

ATTR_SCHEDULE_ID: Final = "schedule_id"
ATTR_WINDOWS: Final = "windows"
ATTR_SPECIAL: Final = "special"
ATTR_HOLIDAYS: Final = "holidays"
ATTR_HOLIDAY: Final = "holiday_id"
ATTR_FIRST: Final = "first"
ATTR_LAST: Final = "last"
ATTR_YEARLY: Final = "yearly"
ATTR_GROUP: Final = "door_group_id"


async def _get_schedules(asked: Asked) -> dict[str, Any]:
    return {"schedules": _listed(asked.policy.schedules, schedule_json)}


async def _set_schedule(asked: Asked) -> dict[str, Any]:
    """Keep a schedule; what is not said stays as it is."""
    known = _meant(asked, asked.policy.schedules, ATTR_SCHEDULE_ID)
    given = asked.given(ATTR_NAME, ATTR_WINDOWS, ATTR_SPECIAL, ATTR_HOLIDAYS)
    schedule = replace(known, **given) if known else Schedule(id="", **named(given))
    return await _answer(asked, "schedule", await asked.keep(schedule), schedule_json)


async def _delete_schedule(asked: Asked) -> dict[str, Any]:
    gone = called(asked.policy.schedules, asked.fields[ATTR_SCHEDULE_ID])
    return await _forget(asked, "schedule", gone, schedule_json)


async def _get_holidays(asked: Asked) -> dict[str, Any]:
    holidays = asked.policy.holidays.values()
    return {"holidays": [holiday_json(each) for each in sorted(holidays, key=_first_day)]}


async def _set_holiday(asked: Asked) -> dict[str, Any]:
    """Keep a holiday; it is one day if no last one is said."""
    known = _meant(asked, asked.policy.holidays, ATTR_HOLIDAY)
    given = asked.given(ATTR_NAME, ATTR_YEARLY, ATTR_FIRST, ATTR_LAST)
    if ATTR_FIRST in given:
        given.setdefault(ATTR_LAST, given[ATTR_FIRST])
    holiday = replace(known, **given) if known else Holiday(id="", **_dated(named(given)))
    return await _answer(asked, "holiday", await asked.keep(holiday), holiday_json)


async def _delete_holiday(asked: Asked) -> dict[str, Any]:
    gone = called(asked.policy.holidays, asked.fields[ATTR_HOLIDAY])
    return await _forget(asked, "holiday", gone, holiday_json)


async def _get_groups(asked: Asked) -> dict[str, Any]:
    return {"door_groups": _listed(asked.policy.groups, group_json)}


async def _set_group(asked: Asked) -> dict[str, Any]:
    """Keep doors that are given to people together; what is not said stays as it is."""
    known = _meant(asked, asked.policy.groups, ATTR_GROUP)
    given = asked.given(ATTR_NAME)
    if ATTR_DOORS in asked.fields:
        given["doors"] = doors_called(asked.hub, asked.fields[ATTR_DOORS])
    group = replace(known, **given) if known else DoorGroup(id="", **named(given))
    return await _answer(asked, "door_group", await asked.keep(group), group_json)


async def _delete_group(asked: Asked) -> dict[str, Any]:
    gone = called(asked.policy.groups, asked.fields[ATTR_GROUP])
    return await _forget(asked, "door_group", gone, group_json)


async def _forget[T: (Schedule, Holiday, DoorGroup)](
    asked: Asked, word: str, gone: T, told: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    await asked.forget(type(gone), gone.id)
    return {word: told(gone), "unconfirmed": await asked.unconfirmed()}


async def _answer[T: Named](
    asked: Asked, word: str, saved: Saved[T], told: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    return {
        word: told(saved.kept),
        "before": told(saved.before) if saved.before else None,
        "unconfirmed": await asked.unconfirmed(),
    }


def _meant[T: Named](asked: Asked, known: Mapping[str, T], identity: str) -> T | None:
    """Return what is to be changed: by its id, else by its name; None for something new."""
    if identity in asked.fields:
        return called(known, asked.fields[identity])
    name = asked.fields.get(ATTR_NAME)
    return called(known, name) if name and alike(known, name) else None


def _listed[T: Named](
    known: Mapping[str, T], told: Callable[[T], dict[str, Any]]
) -> list[dict[str, Any]]:
    return [told(each) for each in sorted(known.values(), key=lambda each: each.name.casefold())]


def _first_day(holiday: Holiday) -> tuple[date, str]:
    return holiday.first, holiday.id


def _dated(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is said of a new holiday; raises HoursBad if no day is."""
    if ATTR_FIRST not in given:
        raise HoursBad("A new holiday needs its first day: say it")
    return given


def _window(fields: Mapping[str, Any]) -> Window:
    return Window(start=fields["start"], end=fields["end"], days=frozenset(fields["days"]))


def _special(fields: Mapping[str, Any]) -> SpecialDays:
    first = fields[ATTR_FIRST]
    hours = tuple(Hours(start=each["start"], end=each["end"]) for each in fields["hours"])
    return SpecialDays(first=first, last=fields.get(ATTR_LAST, first), hours=hours)


_HOURS: Final = {vol.Required("start"): cv.time, vol.Required("end"): cv.time}
_WINDOW: Final = vol.All(
    vol.Schema(
        {
            **_HOURS,
            vol.Optional("days", default=list(Weekday)): vol.All(
                cv.ensure_list, [vol.Coerce(Weekday)]
            ),
        }
    ),
    _window,
)
_SPECIAL: Final = vol.All(
    vol.Schema(
        {
            vol.Required(ATTR_FIRST): cv.date,
            vol.Optional(ATTR_LAST): cv.date,
            vol.Optional("hours", default=list): vol.All(cv.ensure_list, [vol.Schema(_HOURS)]),
        }
    ),
    _special,
)


def _deleting(word: str, command: str, do: Callable[[Asked], Any], identity: str) -> Deed:
    return Deed(
        action=f"delete_{word}",
        command=f"access/{command}/delete",
        do=do,
        fields={vol.Required(identity): cv.string},
    )


def _listing(words: str, command: str, do: Callable[[Asked], Any]) -> Deed:
    return Deed(
        action=f"get_{words}",
        command=f"access/{command}",
        do=do,
        fields={},
        response=SupportsResponse.ONLY,
    )


HOURS: Final = (
    _listing("schedules", "schedules", _get_schedules),
    Deed(
        action="set_schedule",
        command="access/schedule/save",
        do=_set_schedule,
        fields={
            vol.Optional(ATTR_SCHEDULE_ID): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_WINDOWS): vol.All(cv.ensure_list, [_WINDOW], vol.Coerce(tuple)),
            vol.Optional(ATTR_SPECIAL): vol.All(cv.ensure_list, [_SPECIAL], vol.Coerce(tuple)),
            vol.Optional(ATTR_HOLIDAYS): vol.Coerce(HolidayRule),
        },
    ),
    _deleting("schedule", "schedule", _delete_schedule, ATTR_SCHEDULE_ID),
    _listing("holidays", "holidays", _get_holidays),
    Deed(
        action="set_holiday",
        command="access/holiday/save",
        do=_set_holiday,
        fields={
            vol.Optional(ATTR_HOLIDAY): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_FIRST): cv.date,
            vol.Optional(ATTR_LAST): cv.date,
            vol.Optional(ATTR_YEARLY): cv.boolean,
        },
    ),
    _deleting("holiday", "holiday", _delete_holiday, ATTR_HOLIDAY),
    _listing("door_groups", "groups", _get_groups),
    Deed(
        action="set_door_group",
        command="access/group/save",
        do=_set_group,
        fields={
            vol.Optional(ATTR_GROUP): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_DOORS): DOORS,
        },
    ),
    _deleting("door_group", "group", _delete_group, ATTR_GROUP),
)
