"""RRULEs as text: what they may say, and what that is to us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from .errors import RuleBad

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MOST_HOURS: Final = 1000
LONGEST_INTERVAL: Final = 366

FIRST_YEAR: Final = 1970
# Many calendars write the last day of the year 9999 where they mean none.
FOR_EVER: Final = 9000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One RRULE; as text it is RFC 5545's."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    """The last moment at which an hour may begin, in UTC."""
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    days: tuple[str, ...] = ()
    """Days of the week (`MO`), or days of the month or year by their number (`-1FR`)."""
    positions: tuple[int, ...] = ()
    week_start: str = "MO"

    def __str__(self) -> str:
        """Return it as RFC 5545 writes it, without what goes without saying."""
        parts = {
            "FREQ": self.frequency,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "COUNT": str(self.count or ""),
            "UNTIL": f"{self.until:%Y%m%dT%H%M%SZ}" if self.until else "",
            "BYMONTH": ",".join(map(str, self.months)),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": ",".join(self.days),
            "BYSETPOS": ",".join(map(str, self.positions)),
            "WKST": self.week_start if self.week_start != "MO" else "",
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)


@lru_cache(maxsize=1024)
def parsed(text: str, zone: ZoneInfo) -> Rule:
    """Return the rule that a text is, by the clock of a zone; raises RuleBad."""
    parts = _parts(text)
    if unknown := parts.keys() - _READERS.keys():
        raise RuleBad(f"Leave {' and '.join(sorted(unknown))} out of the rule")
    read: dict[str, Any] = {}
    for name, value in parts.items():
        field, reader = _READERS[name]
        read[field] = reader(name, value, zone)
    if "frequency" not in read:
        raise RuleBad(_FREQUENCY)
    rule = Rule(**read)
    _check(rule)
    return rule


_DAY: Final = re.compile(rf"([+-]?[1-9]\d?)?({'|'.join(WEEKDAYS)})")
_FREQUENCY: Final = "Begin the rule with FREQ=DAILY, FREQ=WEEKLY, FREQ=MONTHLY or FREQ=YEARLY"
_UNTIL: Final = "Give UNTIL a time as 20261231T225959Z"
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _parts(text: str) -> dict[str, str]:
    words = text.strip().upper().removeprefix("RRULE:").strip(";").split(";")
    parts: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value or name in parts:
            raise RuleBad(f"Write the rule as FREQ=WEEKLY;BYDAY=MO,WE: '{word}' is no part of one")
        parts[name] = value
    return parts


def _frequency(_: str, value: str, __: ZoneInfo) -> str:
    if value not in FREQUENCIES:
        raise RuleBad(_FREQUENCY)
    return value


def _number(most: int) -> Callable[[str, str, ZoneInfo], int]:
    def read(name: str, value: str, _: ZoneInfo) -> int:
        if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= most):
            raise RuleBad(f"Give {name} a number from 1 to {most}")
        return int(value)

    return read


def _numbers(least: int, most: int) -> Callable[[str, str, ZoneInfo], tuple[int, ...]]:
    def read(name: str, value: str, _: ZoneInfo) -> tuple[int, ...]:
        if not re.fullmatch(r"[+-]?\d{1,3}(,[+-]?\d{1,3})*", value, re.ASCII):
            raise RuleBad(f"Give {name} numbers with commas between them")
        numbers = tuple(sorted({int(each) for each in value.split(",")}))
        if 0 in numbers or numbers[0] < least or numbers[-1] > most:
            raise RuleBad(f"Give {name} numbers up to {most}, and not 0")
        return numbers

    return read


def _days(_: str, value: str, __: ZoneInfo) -> tuple[str, ...]:
    days = value.split(",")
    if not all(_DAY.fullmatch(day) for day in days):
        raise RuleBad(f"Give BYDAY days as {','.join(WEEKDAYS)}, or 2MO, or -1FR")
    return tuple(dict.fromkeys(day.removeprefix("+") for day in days))


def _week_start(name: str, value: str, _: ZoneInfo) -> str:
    if value not in WEEKDAYS:
        raise RuleBad(f"Give {name} one of {','.join(WEEKDAYS)}")
    return value


def _until(_: str, value: str, zone: ZoneInfo) -> datetime | None:
    try:
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise RuleBad(_UNTIL) from error
    if read.year < FIRST_YEAR:
        raise RuleBad(_UNTIL)
    if read.year >= FOR_EVER:
        return None
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    if "T" not in value:
        read = datetime.combine(read, time(23, 59, 59))
    return max(read.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


# What each part of a rule is to us, and how it is read.
_READERS: Final[Mapping[str, tuple[str, Callable[[str, str, ZoneInfo], Any]]]] = {
    "FREQ": ("frequency", _frequency),
    "INTERVAL": ("interval", _number(LONGEST_INTERVAL)),
    "COUNT": ("count", _number(MOST_HOURS)),
    "UNTIL": ("until", _until),
    "BYMONTH": ("months", _numbers(1, 12)),
    "BYMONTHDAY": ("month_days", _numbers(-31, 31)),
    "BYDAY": ("days", _days),
    "BYSETPOS": ("positions", _numbers(-366, 366)),
    "WKST": ("week_start", _week_start),
}


def _check(rule: Rule) -> None:
    """Refuse what RFC 5545 does not know, and what would be looked for in vain."""
    if rule.count is not None and rule.until is not None:
        raise RuleBad("Give the rule COUNT or UNTIL, not both")
    ordinals = [abs(int(day[:-2])) for day in rule.days if day[:-2]]
    if rule.frequency in {"DAILY", "WEEKLY"}:
        _check_short(rule, ordinals)
    elif rule.positions and not (rule.days or rule.month_days):
        raise RuleBad("Give the rule BYDAY or BYMONTHDAY beside BYSETPOS")
    in_month = rule.frequency == "MONTHLY" or rule.months
    if max(ordinals, default=0) > (5 if in_month else 53):
        raise RuleBad("No month has more than five of a day: give BYDAY a smaller number")
    longest = max(_MONTH_DAYS[month - 1] for month in rule.months or range(1, 13))
    if rule.month_days and min(map(abs, rule.month_days)) > longest:
        raise RuleBad("Those months have no such day: give BYMONTHDAY a smaller number")


def _check_short(rule: Rule, ordinals: list[int]) -> None:
    """Refuse a rule of days or weeks that may never come, or that is one of months."""
    if rule.positions or ordinals or (rule.month_days and rule.frequency == "WEEKLY"):
        raise RuleBad("Repeat by FREQ=MONTHLY or FREQ=YEARLY, to name days of a month")
    chosen = rule.days or rule.month_days or rule.months
    if rule.interval > 1 and rule.frequency == "DAILY" and chosen:
        raise RuleBad("Leave INTERVAL out, or repeat by FREQ=WEEKLY or FREQ=MONTHLY")
    # Every month has four weeks.
    if rule.interval > 4 and rule.frequency == "WEEKLY" and rule.months:
        raise RuleBad("Give INTERVAL a number up to 4 beside BYMONTH, or leave BYMONTH out")
