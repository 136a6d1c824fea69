"""The access log: one row for each passage, found in the order of time."""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)

from ..agent import Direction
from ..database import Database, Moment, metadata
from ..models import Passage, PassageKind
from .export import HEADER, csv_line
from .rows import MICROSECOND
from .rules import Whereabouts

PASSAGES: Final = Table(
    "passages",
    metadata,
    Column("number", Moment, primary_key=True),
    Column("id", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("holder", Text),
    Column("person", Text),
    Column("credential_id", Text),
    Column("credential", Text),
    Column("card", Text),
    Column("reader", Text),
    Column("authentication", Text),
    Column("direction", Text),
    Column("reason", Text),
    Column("warning", Text),
    Column("latency_us", BigInteger),
    Column("decided_by", Text),
    Column("replayed", Integer, nullable=False),
    Column("incident", Text),
)
USES: Final = Table(
    "credential_uses",
    metadata,
    Column("credential", Text, primary_key=True),
    Column("decider", Text, primary_key=True),
    Column("uses", BigInteger, nullable=False),
)
_COLUMNS: Final = PASSAGES.c
_EXPORTED_AT_ONCE: Final = 500


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A passage for the log, and whose use of which credential it is, if it is one."""

    passage: Passage
    decider: str
    """Who counts the use: an agent's id, or another word."""
    credential: str | None = None
    """The id of the credential."""


class PassageLog:
    """Keeps what happened at the doors."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def add(self, entries: Sequence[Entry]) -> list[Entry]:
        """Keep passages, and return those that are new: others are there already."""
        return await self._database.write(lambda db: _add(db, entries))

    async def get(self, passage: str) -> Passage | None:
        """Return one passage."""
        rows = select(PASSAGES).where(_COLUMNS.id == passage)
        found = await self._database.read(lambda db: _passages(db, rows))
        return found[0] if found else None

    async def find(self, query: PassageQuery) -> list[Passage]:
        """Return a page of passages, newest first."""
        return await self._database.read(lambda db: _passages(db, selection(query)))

    async def lines(self, query: PassageQuery, names: Mapping[str, str]) -> AsyncGenerator[str]:
        """Yield all passages as lines of CSV, newest first; doors are called by these names."""
        yield HEADER
        query = replace(query, limit=_EXPORTED_AT_ONCE)
        while page := await self.find(query):
            for passage in page:
                yield csv_line(passage, names)
            query = replace(query, before=page[-1])

    async def join(self, passage: str, incident: str) -> Passage | None:
        """Keep of which incident a passage is part, and return it."""

        def work(db: Connection) -> None:
            joined = update(PASSAGES).where(_COLUMNS.id == passage).values(incident=incident)
            db.execute(joined)

        await self._database.write(work)
        return await self.get(passage)

    async def uses(self) -> dict[str, dict[str, int]]:
        """Return how often each credential opened a door, by who decided."""
        rows = await self._database.read(lambda db: db.execute(select(USES)).mappings().all())
        uses: dict[str, dict[str, int]] = defaultdict(dict)
        for row in rows:
            uses[row["credential"]][row["decider"]] = row["uses"]
        return dict(uses)

    async def whereabouts(self, since: datetime) -> dict[str, Whereabouts]:
        """Return which way everybody went last since a moment, by the ids of persons."""
        columns = (_COLUMNS.holder, _COLUMNS.direction, _COLUMNS.at)
        went = (
            _COLUMNS.kind == PassageKind.GRANTED.value,
            _COLUMNS.number >= since,
            _COLUMNS.holder.is_not(None),
            _COLUMNS.direction.is_not(None),
        )
        rows = select(*columns).where(*went).order_by(_COLUMNS.number)
        found = await self._database.read(lambda db: db.execute(rows).mappings().all())
        return {
            row["holder"]: Whereabouts(direction=Direction(row["direction"]), at=row["at"])
            for row in found
        }

    async def delete_before(self, moment: datetime) -> int:
        """Forget what happened before a moment, and return how much that was."""
        old = delete(PASSAGES).where(_COLUMNS.number < moment)
        return await self._database.write(lambda db: db.execute(old).rowcount)


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


def _add(db: Connection, entries: Sequence[Entry]) -> list[Entry]:
    by_id: dict[str, Entry] = {}
    for entry in entries:
        by_id.setdefault(entry.passage.id, entry)
    known = set(db.execute(select(_COLUMNS.id).where(_COLUMNS.id.in_(by_id))).scalars())
    new = [entry for name, entry in by_id.items() if name not in known]
    if new:
        numbers = _free_numbers(db, [entry.passage.at for entry in new])
        rows = zip(numbers, map(_values, new), strict=True)
        db.execute(insert(PASSAGES), [{"number": number, **values} for number, values in rows])
        _count_uses(db, new)
    return new


def _free_numbers(db: Connection, moments: Sequence[datetime]) -> list[datetime]:
    """Return the microsecond of each passage, or the next one that is free."""
    taken, numbers = _taken(db, moments), []
    for moment in moments:
        number = moment
        while number in taken:
            number += MICROSECOND
            taken |= _taken(db, [number])
        taken.add(number)
        numbers.append(number)
    return numbers


def _taken(db: Connection, numbers: Sequence[datetime]) -> set[datetime]:
    rows = select(_COLUMNS.number).where(_COLUMNS.number.in_(numbers))
    return set(db.execute(rows).scalars())


def _count_uses(db: Connection, entries: Iterable[Entry]) -> None:
    uses = Counter(
        (entry.credential, entry.decider)
        for entry in entries
        if entry.credential is not None and entry.passage.kind is PassageKind.GRANTED
    )
    for (credential, decider), count in uses.items():
        its = (USES.c.credential == credential, USES.c.decider == decider)
        counted = update(USES).where(*its).values(uses=USES.c.uses + count)
        if not db.execute(counted).rowcount:
            db.execute(insert(USES).values(credential=credential, decider=decider, uses=count))


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


def _passages(db: Connection, rows: Select[Any]) -> list[Passage]:
    return [_passage(row) for row in db.execute(rows).mappings()]


def _values(entry: Entry) -> dict[str, Any]:
    passage = entry.passage
    return {
        "id": passage.id,
        "door": passage.door,
        "kind": passage.kind.value,
        "at": passage.at,
        "holder": passage.holder,
        "person": passage.person,
        "credential_id": entry.credential,
        "credential": passage.credential,
        "card": passage.card,
        "reader": passage.reader,
        "authentication": passage.authentication,
        "direction": passage.direction,
        "reason": passage.reason,
        "warning": passage.warning,
        "latency_us": None if passage.latency is None else passage.latency // MICROSECOND,
        "decided_by": passage.decided_by,
        "replayed": int(passage.replayed),
        "incident": passage.incident,
    }


def _passage(row: RowMapping) -> Passage:
    latency: int | None = row["latency_us"]
    return Passage(
        id=row["id"],
        door=row["door"],
        kind=PassageKind(row["kind"]),
        at=row["at"],
        person=row["person"],
        reason=row["reason"],
        reader=row["reader"],
        holder=row["holder"],
        credential=row["credential"],
        card=row["card"],
        authentication=row["authentication"],
        direction=row["direction"],
        latency=None if latency is None else timedelta(microseconds=latency),
        decided_by=row["decided_by"],
        warning=row["warning"],
        replayed=bool(row["replayed"]),
        incident=row["incident"],
    )
