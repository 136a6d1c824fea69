"""A million incidents: pages, searches and single rows, beside plain sqlite3 on the same file.

Of both sides, a page is rows that have been read: the lists in them too.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
import json
from pathlib import Path
from random import Random
import sqlite3
from typing import Any, Final

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore
from custom_components.gatehouse.incidents.rows import LISTS, incident_of
from custom_components.gatehouse.incidents.search import TOLD, fts5, terms
from custom_components.gatehouse.models import Incident, Level

from . import batches
from .harness import Case, Depth, Missing, Result, asking, bounded, doing, measure, say
from .seeds import (
    AGENT,
    FIRST,
    INTO_LINES,
    INTO_ROWS,
    incidents,
    microseconds,
    raw_line,
    raw_row,
    seeded,
    span,
    vocabulary,
)

DAY_MS: Final = 10.0
SEARCH_MS: Final = 20.0
DAY: Final = timedelta(days=1)
PORCH: Final = (f"{AGENT}/porch",)
PAGE: Final = "24-hour page of 50"
COUNTS: Final = "totals of a day, beside a scan"
TEXT: Final = "text"
LEAST: Final = "{}: fetched by sqlite3, made incidents"
AFTER_ALL: Final = timedelta(days=3650)
MADE: Final = "made-while-measuring-"

# What a search may take, times what bare sqlite3 takes, and what a page may.
SEARCH_TIMES: Final = 2.0
PAGE_TIMES: Final = 4.0
# What counting a day may take of what a scan of all rows takes, where there are many.
COUNT_TIMES: Final = 1 / 50
MANY: Final = 1_000_000
SCANS: Final = 3

_READ: Final = ", ".join(f"incidents.{column.name}" for column in TOLD)
_LISTS: Final = [nth for nth, each in enumerate(TOLD) if each.name in {*LISTS, "reasons"}]
_NAMES: Final = [column.name for column in TOLD]

_DAY: Final = (
    f"SELECT {_READ} FROM incidents"  # noqa: S608 - our own names
    " WHERE number >= ? AND number < ? ORDER BY number DESC LIMIT 50"
)
_FOUND: Final = (
    f"SELECT {_READ} FROM incident_text JOIN incidents ON number = incident_text.rowid"  # noqa: S608
    " WHERE incident_text MATCH ? AND incident_text.rowid < ?"
    " ORDER BY incident_text.rowid DESC LIMIT 50"
)
_TOTALS: Final = (
    "SELECT place, level, count(*) FROM incidents {}WHERE number >= ? AND number < ? GROUP BY 1, 2"
)


class StoreBench:
    """The product's store and a plain connection, on one file."""

    def __init__(self, store: IncidentStore, raw: sqlite3.Connection, number: int) -> None:
        """Ask of the same moments and words each time."""
        self._store = store
        self._raw = raw
        self._number = number
        self._words = vocabulary()
        random = Random(3)  # noqa: S311 - the same each time
        self._moments = [FIRST + DAY + random.random() * (span(number) - DAY) for _ in range(997)]
        self._new = _new_incidents()

    def cases(self, calls: int) -> Iterator[Case]:
        """Yield what is measured, so many calls a round."""
        yield Case(
            name=PAGE,
            subject=asking(lambda nth: self._store.find(self._day(nth)), calls),
            reference=doing(lambda nth: _read(self._raw_span(_DAY, nth)), calls),
            most=DAY_MS,
            times=PAGE_TIMES,
            goal="E1",
        )
        yield Case(
            name="the same, beside a bare fetch",
            subject=asking(lambda nth: self._store.find(self._day(nth)), calls),
            reference=doing(lambda nth: self._raw_span(_DAY, nth), calls),
        )
        for name, ask in self._asks().items():
            yield self._found(name, ask, calls)
        yield Case(
            name="totals of a day",
            subject=asking(lambda nth: self._store.totals(*self._span(nth)), calls),
            reference=doing(lambda nth: self._raw_span(_TOTALS.format(""), nth), calls),
        )
        yield Case(
            name="one incident by its id",
            subject=asking(lambda nth: self._store.get(self._id(nth)), calls),
            reference=doing(lambda nth: self._raw_get(self._id(nth)), calls),
        )
        yield Case(
            name="save and commit",
            subject=asking(lambda _: self._store.save(next(self._new)), calls),
            reference=doing(lambda _: self._raw_save(next(self._new)), calls),
        )

    def least(self, calls: int) -> Iterator[Case]:
        """Yield what nobody gets below who looks for incidents, where something is promised."""
        for name, ask in self._asks().items():
            found = self._found(name, ask, calls)
            if found.goal is not None:
                made = doing(lambda nth, ask=ask: _made(self._raw_find(ask(nth))), calls)
                yield replace(
                    found, name=LEAST.format(name), subject=made, most=None, times=None, goal=None
                )

    def counting(self) -> Case:
        """Return what counting a day takes beside looking at all rows."""
        scan = _TOTALS.format("NOT INDEXED ")
        return Case(
            name=COUNTS,
            subject=asking(lambda nth: self._store.totals(*self._span(nth)), SCANS),
            reference=doing(lambda nth: self._raw_span(scan, nth), SCANS),
            times=COUNT_TIMES,
            goal="E2",
        )

    def clean(self) -> None:
        """Take out again what was put in."""
        made = "SELECT number FROM incidents WHERE id GLOB ?"
        self._raw.execute(f"DELETE FROM incident_text WHERE rowid IN ({made})", (f"{MADE}*",))  # noqa: S608
        self._raw.execute("DELETE FROM incidents WHERE id GLOB ?", (f"{MADE}*",))

    def _found(self, name: str, ask: Callable[[int], IncidentQuery], calls: int) -> Case:
        # Of few rows, a search is next to nothing, and the way to the thread and back is all.
        is_promised = name.startswith(TEXT) and self._number >= MANY
        return Case(
            name=name,
            subject=asking(lambda nth: self._store.find(ask(nth)), calls),
            reference=doing(lambda nth: _read(self._raw_find(ask(nth))), calls),
            most=SEARCH_MS,
            times=SEARCH_TIMES if is_promised else None,
            goal="E2" if is_promised else None,
        )

    def _asks(self) -> dict[str, Callable[[int], IncidentQuery]]:
        words, until = self._words, self._until
        return {
            "page of one camera": lambda nth: IncidentQuery(cameras=PORCH, until=until(nth)),
            "page of one camera, not reviewed, high": lambda nth: IncidentQuery(
                cameras=PORCH, reviewed=False, level=Level.HIGH, until=until(nth)
            ),
            "text: a common word": lambda nth: IncidentQuery(text="person", until=until(nth)),
            "text: a rare word": lambda nth: IncidentQuery(text=words[-1 - nth % 999]),
            "text: two words": lambda nth: IncidentQuery(
                text=f"person {words[100 + nth % 999]}", until=until(nth)
            ),
            "text: the beginning of a word": lambda nth: IncidentQuery(
                text=words[nth % 999][:3], until=until(nth)
            ),
            "text: one letter": lambda nth: IncidentQuery(
                text=words[nth % 999][:1], until=until(nth)
            ),
            "text: two common words, never together": lambda _: IncidentQuery(text="porch street"),
            "text of one camera": lambda nth: IncidentQuery(
                text=words[nth % 999], cameras=PORCH, until=until(nth)
            ),
        }

    def _until(self, nth: int) -> datetime:
        return self._moments[nth % len(self._moments)]

    def _span(self, nth: int) -> tuple[datetime, datetime]:
        return self._until(nth) - DAY, self._until(nth)

    def _day(self, nth: int) -> IncidentQuery:
        since, until = self._span(nth)
        return IncidentQuery(since=since, until=until)

    def _id(self, nth: int) -> str:
        return f"{nth * 7919 % self._number:032x}"

    def _raw_span(self, statement: str, nth: int) -> list[Any]:
        since, until = map(microseconds, self._span(nth))
        return self._raw.execute(statement, (since, until)).fetchall()

    def _raw_find(self, query: IncidentQuery) -> list[Any]:
        bound = microseconds(query.until or FIRST + AFTER_ALL)
        return self._raw.execute(_FOUND, (fts5(terms(query)), bound)).fetchall()

    def _raw_get(self, incident: str) -> Any:
        return self._raw.execute("SELECT * FROM incidents WHERE id = ?", (incident,)).fetchone()

    def _raw_save(self, incident: Incident) -> None:
        self._raw.execute("BEGIN IMMEDIATE")
        self._raw.execute(INTO_ROWS, raw_row(incident))
        self._raw.execute(INTO_LINES, raw_line(incident))
        self._raw.execute("COMMIT")


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it."""
    number = depth.incidents
    say(f"a database of {number:,} incidents (the first time, a million take some minutes) ...")
    async with opened(folder, number) as bench:
        measured = []
        for case in chain(bench.cases(depth.calls), bench.least(depth.calls)):
            say(f"{case.name} ...")
            measured.append(await measure(case, depth.rounds))
        results: list[Result | Missing] = [*_bounded(measured)]
        if number < MANY:
            results.append(Missing(name=COUNTS, reason=f"less than {MANY:,} rows", goal="E2"))
        else:
            results.append(await measure(bench.counting(), min(depth.rounds, SCANS)))
    return [*results, await batches.measured(folder, depth)]


@asynccontextmanager
async def opened(folder: Path, number: int) -> AsyncIterator[StoreBench]:
    """Open a database of so many incidents, made at the first time."""
    path = await seeded(folder, number)
    database = await Database.open(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute("PRAGMA synchronous = NORMAL")
            bench = StoreBench(IncidentStore(database), raw, number)
            bench.clean()
            yield bench
            bench.clean()
    finally:
        await database.close()


def _read(found: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Make of rows what can be worked with, by the standard library alone."""
    made = []
    for row in found:
        values = list(row)
        for nth in _LISTS:
            values[nth] = json.loads(values[nth]) if values[nth] else []
        made.append(dict(zip(_NAMES, values, strict=True)))
    return made


def _made(found: list[tuple[Any, ...]]) -> list[Incident]:
    """Make incidents of rows; what is a moment stays the number that it is kept as."""
    return [incident_of(dict(zip(_NAMES, row, strict=True))) for row in found]


def _bounded(results: list[Result]) -> list[Result]:
    """Say of each search what nobody gets below who wants incidents."""
    for name in [each.name for each in results if each.goal == "E2"]:
        what = f"{name}: fetching and making incidents of it, and nothing else,"
        results = bounded(results, name, LEAST.format(name), what)
    return results


def _new_incidents() -> Iterator[Incident]:
    """Yield incidents without end, after all that are there."""
    for nth, incident in enumerate(incidents(10_000_000)):
        started = FIRST + AFTER_ALL + timedelta(seconds=nth)
        yield replace(incident, id=f"{MADE}{nth}", started=started)
