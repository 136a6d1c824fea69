"""Incidents by the thousand, written as a copy of the database writes them, beside sqlite3."""

from collections.abc import Iterator
from contextlib import closing
from itertools import batched
from pathlib import Path
import sqlite3
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Table, column, insert, table

from custom_components.gatehouse.database import Database, Moment
from custom_components.gatehouse.incidents.rows import INCIDENTS, LINES

from .harness import Case, Depth, asking, doing, measure, say
from .results import Result
from .seeds import COLUMNS, INTO_LINES, INTO_ROWS, incidents, raw_line, raw_row

BATCH: Final = 1000
ROUNDS: Final = 5
GLANCE: Final = 1
GOAL: Final = "E3"
# At least 0.8 times as many rows a second.
TIMES: Final = 1.25

type Rows = list[tuple[object, ...]]
type Batch = tuple[Rows, Rows]
"""Values of rows, and of what is searched of each."""


def _plain(each: Table) -> Any:
    """Return a table whose moments are numbers, as they come out of another database."""
    columns = (
        column(c.name, BigInteger() if isinstance(c.type, Moment) else c.type) for c in each.c
    )
    return table(each.name, *columns)


_INTO_ROWS: Final = insert(_plain(INCIDENTS))
_INTO_LINES: Final = insert(_plain(LINES))
_OF_A_LINE: Final = LINES.c.keys()


async def measured(folder: Path, depth: Depth) -> Result:
    """Measure it, in a file of its own."""
    rounds = GLANCE if depth.quick else ROUNDS
    name = f"{BATCH:,} rows in a batch"
    say(f"{name} ...")
    batches = _batches(2 * (rounds + 1))
    with TemporaryDirectory(dir=folder) as temporary:
        path = Path(temporary, "gatehouse.db")
        database = await Database.open(path)
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as raw:
                raw.execute("PRAGMA synchronous = NORMAL")
                case = Case(
                    name=name,
                    subject=asking(lambda _: _write(database, next(batches)), 1),
                    reference=doing(lambda _: _write_raw(raw, next(batches)), 1),
                    times=TIMES,
                    goal=GOAL,
                )
                return await measure(case, rounds)
        finally:
            await database.close()


async def _write(database: Database, batch: Batch) -> None:
    rows, lines = batch

    def work(db: Connection) -> None:
        db.execute(_INTO_ROWS, [dict(zip(COLUMNS, row, strict=True)) for row in rows])
        db.execute(_INTO_LINES, [dict(zip(_OF_A_LINE, line, strict=True)) for line in lines])

    await database.write(work)


def _write_raw(raw: sqlite3.Connection, batch: Batch) -> None:
    rows, lines = batch
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany(INTO_ROWS, rows)
    raw.executemany(INTO_LINES, lines)
    raw.execute("COMMIT")


def _batches(count: int) -> Iterator[Batch]:
    made = [(raw_row(each), raw_line(each)) for each in incidents(count * BATCH)]
    for some in batched(made, BATCH, strict=True):
        yield [row for row, _ in some], [line for _, line in some]
