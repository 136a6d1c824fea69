"""How passages are found: by walks down the order of time, a page at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from ..database import Moment
from ..models import Passage, PassageKind
from .passages import PASSAGES

_COLUMNS: Final = PASSAGES.c


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageQuery:
    """Which passages to find; None asks nothing."""

    doors: tuple[str, ...] | None = None
    """Keys of doors."""
    persons: tuple[str, ...] | None = None
    """Ids of persons."""
    kinds: tuple[PassageKind, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """At or after since, and before until."""
    before: Passage | None = None
    """The last one of the page before."""
    limit: int = 50


def selection(query: PassageQuery) -> Select[Any]:
    """Walk one index in the order of time for each of its values, and no further than a page."""
    bounds = list(_bounds(query))
    asked = _asked(query)
    column, values = asked[0] if asked else (None, ("",))
    others = [each.in_(wanted) for each, wanted in asked[1:]]
    walks = [
        _walk([*bounds, *others, *([] if column is None else [column == value])], query.limit)
        for value in dict.fromkeys(values)
    ]
    rows = select(PASSAGES).order_by(_COLUMNS.number.desc()).limit(query.limit)
    if not walks:
        return rows.where(literal(value=False))
    return rows.where(_COLUMNS.number.in_(union_all(*walks)))


def _walk(conditions: Iterable[ColumnElement[bool]], limit: int) -> Select[Any]:
    newest = _COLUMNS.number.desc()
    page = select(_COLUMNS.number).where(*conditions).order_by(newest).limit(limit).subquery()
    return select(page.c.number)


def _asked(query: PassageQuery) -> list[tuple[ColumnElement[str], Sequence[str]]]:
    """Return what is asked by value: first that of which most likely the least is passed over."""
    kinds = None if query.kinds is None else [kind.value for kind in query.kinds]
    by_kind, by_door = (_COLUMNS.kind, kinds), (_COLUMNS.door, query.doors)
    # Nearly all passages are granted ones.
    granted = PassageKind.GRANTED in (query.kinds or ())
    order = (by_door, by_kind) if granted else (by_kind, by_door)
    asked = ((_COLUMNS.holder, query.persons), *order)
    return [(column, values) for column, values in asked if values is not None]


def _bounds(query: PassageQuery) -> Iterable[ColumnElement[bool]]:
    number = _COLUMNS.number
    if query.since is not None:
        yield number >= query.since
    if query.until is not None:
        yield number < query.until
    if query.before is not None:
        same = PASSAGES.alias("same")
        its = select(same.c.number).where(same.c.id == query.before.id).scalar_subquery()
        yield number < func.coalesce(its, literal(query.before.at, Moment))
