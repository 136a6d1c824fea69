"""From one database into another one that is empty: all of it or nothing, and read again."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import batched
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Table, column, func, insert, inspect, select, table

from .database import Database, DatabaseError, Moment, Place, metadata, peek
from .database_server import storable

type Progress = Callable[[float], None]
"""Is told how much is done, from 0 to 1, in any thread."""


class CopyFailed(DatabaseError):
    """What arrived is not what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How much there is in a database."""

    rows: Mapping[str, int]
    """By the table; none that has no rows."""

    @property
    def total(self) -> int:
        """All rows together."""
        return sum(self.rows.values())


async def stock(where: Place) -> Stock:
    """Count what there is, and change nothing: no file, no table is made; raises DatabaseError."""
    if isinstance(where, Path) and not await asyncio.to_thread(where.exists):
        return Stock(rows={})
    return await asyncio.to_thread(peek, where, _stock)


async def copy(source: Place, target: Place, told: Progress = lambda _: None) -> Stock:
    """Copy what there is, and return it; raises DatabaseError, and then nothing was copied.

    Nobody else may write the source meanwhile; it stays as it is.
    """
    old = await Database.open(source)
    try:
        new = await Database.open(target)
        try:
            return await new.write(partial(_all, old=old, told=told))
        finally:
            await new.close()
    finally:
        await old.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """What the rows of a table come to, in whichever order they are read."""

    rows: int = 0
    digest: int = 0

    def with_row(self, row: tuple[Any, ...]) -> _Sum:
        """Return the sum with one more row."""
        digest = int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())
        return _Sum(rows=self.rows + 1, digest=(self.digest + digest) % 2**128)


_BATCH: Final = 500


def _stock(connection: Connection) -> Stock:
    there = set(inspect(connection).get_table_names())
    counts = {
        each.name: connection.execute(select(func.count()).select_from(each)).scalar_one()
        for each in metadata.sorted_tables
        if each.name in there
    }
    return Stock(rows={name: count for name, count in counts.items() if count})


def _all(into: Connection, old: Database, told: Progress) -> Stock:
    if there := _stock(into).total:
        raise CopyFailed(f"There are {there} rows already: nothing is ever written over them.")
    copied = old.read_here(partial(_copied, into=into, told=told))
    if into.dialect.name == "postgresql":
        # It would plan its first searches as if there were next to nothing.
        into.exec_driver_sql("ANALYZE " + ", ".join(metadata.tables))
    return copied


def _copied(source: Connection, into: Connection, told: Progress) -> Stock:
    found = _stock(source)
    steps = _Steps(found.total * 2, told)
    for each in metadata.sorted_tables:
        plain = _plain(each)
        sent = _Sum()
        for batch in batched(_rows(source, plain, steps), _BATCH, strict=False):
            for row in batch:
                sent = sent.with_row(row)
            names = plain.c.keys()
            into.execute(insert(plain), [dict(zip(names, row, strict=True)) for row in batch])
        arrived = _Sum()
        for row in _rows(into, plain, steps):
            arrived = arrived.with_row(row)
        if arrived != sent:
            raise CopyFailed(
                f"Of the {sent.rows} rows of {each.name}, {arrived.rows} arrived, and they are not"
                " the same: nothing was copied."
            )
    return found


class _Steps:
    """Counts rows, and tells how far it has come once for each percent."""

    def __init__(self, most: int, told: Progress) -> None:
        self._most = max(most, 1)
        self._told = told
        self._done = 0

    def step(self) -> None:
        """Count a row."""
        self._done += 1
        if self._done * 100 // self._most != (self._done - 1) * 100 // self._most:
            self._told(min(self._done / self._most, 1.0))


def _plain(each: Table) -> Any:
    """Return a table whose moments are the numbers that they are kept as."""
    return table(each.name, *(column(c.name, _kind(c.type)) for c in each.columns))


def _kind(kind: Any) -> Any:
    return BigInteger() if isinstance(kind, Moment) else kind


def _rows(connection: Connection, plain: Any, steps: _Steps) -> Iterator[tuple[Any, ...]]:
    """Read a table a batch at a time; a text is what a server makes of it."""
    asked = select(plain).execution_options(yield_per=_BATCH)
    with closing(connection.execute(asked)) as found:
        for row in found:
            steps.step()
            yield tuple(storable(value) if isinstance(value, str) else value for value in row)
