"""How a series repeats: RFC 5545's rules, by the clock on the wall."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import Final, Literal
from zoneinfo import ZoneInfo

from dateutil import rrule as engine

from .errors import RuleBad
from .grammar import WEEKDAYS, Rule

# The engine looks for the next hour however far it is: no rule may send it to the year 9999.
LONGEST_PAUSE: Final = timedelta(days=10 * 366)


def starts(
    rule: Rule, first: datetime, zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[datetime]:
    """Yield what the clock shows when hours begin, from since on and before until.

    First is what it shows at the first of all; none of these times has a zone.
    """
    over = last_of(rule, first, zone)
    for start in _from(rule, first, _ahead(rule, first, since)):
        if start >= until or (over is not None and moment(start, zone) > over):
            return
        if start >= since:
            yield start


def first_of(rule: Rule, first: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock shows at the first hour of a rule, on the day first or later.

    Raises RuleBad if there is none, or if the next one is too far away.
    """
    found: list[datetime] = list(islice(_from(rule, first, first), 2))
    if not found or (rule.until is not None and moment(found[0], zone) > rule.until):
        raise RuleBad("The series has no hour at all: let it end later, or choose other days")
    pauses = [after - before for before, after in pairwise((first, *found))]
    if len(found) < 2 or max(pauses) > LONGEST_PAUSE:
        raise RuleBad("The series comes too seldom: book each hour by itself")
    return found[0]


@lru_cache(maxsize=1024)
def last_of(rule: Rule, first: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the last hour begins, or a moment after that; None if there is no last one."""
    if rule.count is None:
        return rule.until
    *_, shown = islice(_from(rule, first, first), rule.count)
    return moment(shown, zone)


def ended(rule: Rule, first: datetime, zone: ZoneInfo, until: datetime) -> Rule:
    """Return a rule of which no hour begins after a moment."""
    over = last_of(rule, first, zone)
    return replace(rule, count=None, until=until if over is None else min(over, until))


def without_first(rule: Rule, first: datetime, start: datetime) -> Rule:
    """Return what a rule is for the hours from one of them on."""
    if rule.count is None:
        return rule
    before = sum(1 for _ in takewhile(lambda each: each < start, _from(rule, first, first)))
    return replace(rule, count=max(rule.count - before, 1))


def moment(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return when a clock shows a time, as RFC 5545 has it (3.3.5).

    That is the first time if it does so twice, and as if nobody had touched it if it never does.
    """
    return shown.replace(tzinfo=zone, fold=0).astimezone(UTC)


_FREQUENCIES: Final[Mapping[str, Literal[0, 1, 2, 3]]] = {
    "DAILY": engine.DAILY,
    "WEEKLY": engine.WEEKLY,
    "MONTHLY": engine.MONTHLY,
    "YEARLY": engine.YEARLY,
}


def _from(rule: Rule, first: datetime, begin: datetime) -> engine.rrule:
    """Return the starts of a rule without its end, from the period that begins somewhere on."""
    days, month_days, months = rule.days, rule.month_days, rule.months
    if not days and not month_days:
        # What a rule leaves open is that of the first hour.
        if rule.frequency == "WEEKLY":
            days = (WEEKDAYS[first.weekday()],)
        elif rule.frequency != "DAILY":
            month_days = (first.day,)
            months = months or ((first.month,) if rule.frequency == "YEARLY" else ())
    return engine.rrule(
        _FREQUENCIES[rule.frequency],
        dtstart=begin,
        interval=rule.interval,
        wkst=WEEKDAYS.index(rule.week_start),
        byweekday=[_weekday(day) for day in days] or None,
        bymonthday=month_days or None,
        bymonth=months or None,
        bysetpos=rule.positions or None,
    )


def _weekday(day: str) -> engine.weekday:
    number = day[:-2]
    return engine.weekday(WEEKDAYS.index(day[-2:]), int(number) if number else None)


def _ahead(rule: Rule, first: datetime, since: datetime) -> datetime:
    """Return where to begin looking for hours from since on, some periods after the first."""
    if since <= first:
        return first
    step = rule.interval
    if rule.frequency in {"DAILY", "WEEKLY"}:
        days = step if rule.frequency == "DAILY" else 7 * step
        # One less: within its week, a period may begin after some of its hours.
        periods = (since - first).days // days - 1
        return first + timedelta(days=max(periods, 0) * days)
    if rule.frequency == "YEARLY":
        years = (since.year - first.year) // step * step
        return first.replace(year=first.year + years, month=1, day=1) if years else first
    months = (since.year - first.year) * 12 + since.month - first.month
    month = first.month - 1 + months // step * step
    ahead = first.replace(year=first.year + month // 12, month=month % 12 + 1, day=1)
    return max(ahead, first)
