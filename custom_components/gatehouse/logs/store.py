"""The rows of records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    Text,
    delete,
    insert,
    select,
    tuple_,
)

from ..database import Database, Moment, metadata
from .nouns import LogQuery, LogRecord, Place
from .rules import KEPT_FOR, MOST, RANKS

RECORDS: Final = Table(
    "log_records",
    metadata,
    Column("source", Text, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("level", Integer, nullable=False),
    Column("logger", Text, nullable=False),
    Column("text", Text, nullable=False),
)
_COLUMNS: Final = RECORDS.c
_PLACE: Final = (_COLUMNS.at, _COLUMNS.source, _COLUMNS.run, _COLUMNS.seq)
_NEWEST_FIRST: Final = tuple(column.desc() for column in _PLACE)
_LEVELS: Final = {rank: level for level, rank in RANKS.items()}


class LogStore:
    """Keeps records, and not too many."""

    def __init__(self, database: Database, most: int = MOST) -> None:
        """Keep so many rows in this database."""
        self._database = database
        self._most = most

    async def add(self, records: Sequence[LogRecord], now: datetime) -> list[LogRecord]:
        """Keep records and forget the oldest; return those that are new and stay, newest first."""

        def work(db: Connection) -> list[LogRecord]:
            new = _unknown(db, records)
            if new:
                db.execute(insert(RECORDS), [_values(record) for record in new])
            last = _trim(db, now, self._most)
            staying = [each for each in new if each.at >= now - KEPT_FOR]
            staying = [each for each in staying if last is None or each.place > last]
            return sorted(staying, key=lambda each: each.place, reverse=True)

        return await self._database.write(work)

    async def find(self, query: LogQuery) -> list[LogRecord]:
        """Return a page of records, newest first."""
        return await self._database.read(lambda db: _records(db, selection(query)))

    async def sources(self) -> set[str]:
        """Return of whom there are records."""
        rows = select(_COLUMNS.source).distinct()
        return await self._database.read(lambda db: set(db.execute(rows).scalars()))


def selection(query: LogQuery) -> Select[Any]:
    """Walk an index in the order of time, and no further than the page is full."""
    rows = select(RECORDS).where(*_bounds(query))
    return rows.order_by(*_NEWEST_FIRST).limit(query.limit)


def _bounds(query: LogQuery) -> Iterable[ColumnElement[bool]]:
    if query.source is not None:
        yield _COLUMNS.source == query.source
    if query.level is not None:
        yield _COLUMNS.level >= RANKS[query.level]
    if query.text is not None:
        yield _COLUMNS.text.icontains(query.text, autoescape=True)
    if query.since is not None:
        yield _COLUMNS.at >= query.since
    if query.until is not None:
        yield _COLUMNS.at < query.until
    if query.before is not None:
        yield _COLUMNS.at <= query.before.at  # what an index can begin with
        yield tuple_(*_PLACE) < query.before


def _unknown(db: Connection, records: Sequence[LogRecord]) -> list[LogRecord]:
    """Return each record once that has no row."""
    runs: dict[tuple[str, str], dict[int, LogRecord]] = defaultdict(dict)
    for record in records:
        runs[record.source, record.run].setdefault(record.seq, record)
    new = []
    for (source, run), by_seq in runs.items():
        its = (_COLUMNS.source == source, _COLUMNS.run == run)
        between = _COLUMNS.seq.between(min(by_seq), max(by_seq))
        known = set(db.execute(select(_COLUMNS.seq).where(*its, between)).scalars())
        new += [record for seq, record in by_seq.items() if seq not in known]
    return new


def _trim(db: Connection, now: datetime, most: int) -> Place | None:
    """Forget what is old or too much, and return the newest place of what was too much."""
    db.execute(delete(RECORDS).where(_COLUMNS.at < now - KEPT_FOR))
    beyond = select(*_PLACE).order_by(*_NEWEST_FIRST).offset(most).limit(1)
    row = db.execute(beyond).first()
    if row is None:
        return None
    last = Place(*row)
    db.execute(delete(RECORDS).where(_COLUMNS.at <= last.at, tuple_(*_PLACE) <= last))
    return last


def _records(db: Connection, rows: Select[Any]) -> list[LogRecord]:
    return [
        LogRecord(**{**row, "level": _LEVELS[row["level"]]}) for row in db.execute(rows).mappings()
    ]


def _values(record: LogRecord) -> dict[str, Any]:
    return {
        "source": record.source,
        "run": record.run,
        "seq": record.seq,
        "at": record.at,
        "level": RANKS[record.level],
        "logger": record.logger,
        "text": record.text,
    }
