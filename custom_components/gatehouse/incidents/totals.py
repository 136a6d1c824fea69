"""How many incidents there were, counted off the index of their order."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Select, bindparam, func, select, type_coerce

from ..database import Moment
from ..models import Level
from .rows import INCIDENTS

_COLUMNS: Final = INCIDENTS.c
_HOUR: Final = timedelta(hours=1) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many incidents began in a span; false alarms are counted by themselves only."""

    incidents: int
    false_alarms: int
    places: Mapping[str, int]
    levels: Mapping[Level, int]
    hours: Mapping[int, int]
    """By the full hours since the beginning of the span; in all three the most first."""


def totals_of(db: Connection, since: datetime, until: datetime) -> Totals:
    """Count the incidents that started at or after since, and before until."""
    counts = db.execute(_counted(), {"since": since, "until": until}).all()
    seen = [(each, count) for *each, is_false, count in counts if not is_false]
    everything = sum(count for *_, count in counts)
    incidents = sum(count for _, count in seen)
    return Totals(
        incidents=incidents,
        false_alarms=everything - incidents,
        places=_summed((place, count) for (place, _, _), count in seen),
        levels=_summed((Level(level), count) for (_, level, _), count in seen if level),
        hours=_summed((hour, count) for (*_, hour), count in seen),
    )


@cache
def _counted() -> Select[Any]:
    """Count the incidents of a span by all that is told apart, off the index of their order."""
    since, until = (bindparam(name, type_=Moment) for name in ("since", "until"))
    hour = ((type_coerce(_COLUMNS.number, BigInteger) - since) // _HOUR).label("hour")
    parts = (_COLUMNS.place, _COLUMNS.level, hour, _COLUMNS.false_alarm)
    span = (_COLUMNS.number >= since, _COLUMNS.number < until)
    return select(*parts, func.count()).where(*span).group_by(*parts)


def _summed[K](counts: Iterable[tuple[K, int]]) -> dict[K, int]:
    """Add up what belongs together, the most first."""
    sums = Counter[K]()
    for key, count in counts:
        sums[key] += count
    return dict(sums.most_common())
