"""A million incidents: pages, searches and single rows, beside plain sqlite3 on the same file.

Of both sides, a page is rows that have been read: the lists in them too.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from random import Random
import sqlite3
from typing import Final

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore
from custom_components.gatehouse.models import Incident, Level

from . import batches
from .bare_store import BareStore, Rows, incidents_of, read
from .harness import Case, Depth, asking, doing, measure, say
from .results import Missing, Result, bounded
from .seeds import AGENT, FIRST, incidents, seeded, span, vocabulary

DAY_MS: Final = 10.0
SEARCH_MS: Final = 20.0
DAY: Final = timedelta(days=1)
PORCH: Final = (f"{AGENT}/porch",)
PAGE: Final = "24-hour page of 50"
COUNTS: Final = "totals of a day, beside a scan"
TEXT: Final = "text"
LEAST: Final = "{}: fetched by sqlite3, made incidents"
AFTER_ALL: Final = FIRST + timedelta(days=3650)
MADE: Final = "made-while-measuring-"
# So many different searches: the first round, which does not count, has read them from the disk.
# Else who asks first would pay for that, and who asks second, which is plain sqlite3, would not.
SEARCHES: Final = 20

# What a search may take, times what bare sqlite3 takes, and what a page may.
SEARCH_TIMES: Final = 2.0
PAGE_TIMES: Final = 4.0
# What counting a day may take of what a scan of all rows takes, where there are many.
COUNT_TIMES: Final = 1 / 50
MANY: Final = 1_000_000
SCANS: Final = 3


class StoreBench:
    """The product's store and a plain connection, on one file."""

    def __init__(self, store: IncidentStore, raw: sqlite3.Connection, number: int) -> None:
        """Ask of the same moments and words each time."""
        self._store = store
        self._bare = BareStore(raw)
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
            reference=doing(lambda nth: read(self._bare.page(*self._span(nth))), calls),
            most=DAY_MS,
            times=PAGE_TIMES,
            goal="E1",
        )
        yield Case(
            name="the same, beside a bare fetch",
            subject=asking(lambda nth: self._store.find(self._day(nth)), calls),
            reference=doing(lambda nth: self._bare.page(*self._span(nth)), calls),
        )
        for name, ask in self._asks().items():
            yield self._found(name, ask, calls)
        yield Case(
            name="totals of a day",
            subject=asking(lambda nth: self._store.totals(*self._span(nth)), calls),
            reference=doing(lambda nth: self._bare.totals(*self._span(nth)), calls),
        )
        yield Case(
            name="one incident by its id",
            subject=asking(lambda nth: self._store.get(self._id(nth)), calls),
            reference=doing(lambda nth: self._bare.get(self._id(nth)), calls),
        )
        yield Case(
            name="save and commit",
            subject=asking(lambda _: self._store.save(next(self._new)), calls),
            reference=doing(lambda _: self._bare.save(next(self._new)), calls),
        )

    def least(self, calls: int) -> Iterator[Case]:
        """Yield what nobody gets below who looks for incidents, where something is promised."""
        for name, ask in self._asks().items():
            found = self._found(name, ask, calls)
            if found.goal is not None:
                made = doing(lambda nth, ask=ask: incidents_of(self._bare_find(ask(nth))), calls)
                yield replace(
                    found, name=LEAST.format(name), subject=made, most=None, times=None, goal=None
                )

    def counting(self) -> Case:
        """Return what counting a day takes beside looking at all rows."""
        return Case(
            name=COUNTS,
            subject=asking(lambda nth: self._store.totals(*self._span(nth)), SCANS),
            reference=doing(lambda nth: self._bare.scan(*self._span(nth)), SCANS),
            times=COUNT_TIMES,
            goal="E2",
        )

    def clean(self) -> None:
        """Take out again what was put in."""
        self._bare.clean(f"{MADE}*")

    def _found(self, name: str, ask: Callable[[int], IncidentQuery], calls: int) -> Case:
        # Of few rows, a search is next to nothing, and the way to the thread and back is all.
        is_promised = name.startswith(TEXT) and self._number >= MANY
        return Case(
            name=name,
            subject=asking(lambda nth: self._store.find(ask(nth)), calls),
            reference=doing(lambda nth: read(self._bare_find(ask(nth))), calls),
            most=SEARCH_MS,
            times=SEARCH_TIMES if is_promised else None,
            goal="E2" if is_promised else None,
        )

    def _asks(self) -> dict[str, Callable[[int], IncidentQuery]]:
        words, until = self._words, self._until
        asks: dict[str, Callable[[int], IncidentQuery]] = {
            "page of one camera": lambda nth: IncidentQuery(cameras=PORCH, until=until(nth)),
            "page of one camera, not reviewed, high": lambda nth: IncidentQuery(
                cameras=PORCH, reviewed=False, level=Level.HIGH, until=until(nth)
            ),
            "text: a common word": lambda nth: IncidentQuery(text="person", until=until(nth)),
            "text: a rare word": lambda nth: IncidentQuery(text=words[-1 - nth]),
            "text: two words": lambda nth: IncidentQuery(
                text=f"person {words[100 + nth]}", until=until(nth)
            ),
            "text: the beginning of a word": lambda nth: IncidentQuery(
                text=words[nth][:3], until=until(nth)
            ),
            "text: one letter": lambda nth: IncidentQuery(text=words[nth][:1], until=until(nth)),
            "text: two common words, never together": lambda _: IncidentQuery(text="porch street"),
            "text of one camera": lambda nth: IncidentQuery(
                text=words[nth], cameras=PORCH, until=until(nth)
            ),
        }
        return {name: _one_of_few(ask) for name, ask in asks.items()}

    def _until(self, nth: int) -> datetime:
        return self._moments[nth % len(self._moments)]

    def _span(self, nth: int) -> tuple[datetime, datetime]:
        return self._until(nth) - DAY, self._until(nth)

    def _day(self, nth: int) -> IncidentQuery:
        since, until = self._span(nth)
        return IncidentQuery(since=since, until=until)

    def _id(self, nth: int) -> str:
        return f"{nth * 7919 % self._number:032x}"

    def _bare_find(self, query: IncidentQuery) -> Rows:
        return self._bare.find(query, query.until or AFTER_ALL)


def _one_of_few(ask: Callable[[int], IncidentQuery]) -> Callable[[int], IncidentQuery]:
    return lambda nth: ask(nth % SEARCHES)


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


def _bounded(results: list[Result]) -> list[Result]:
    """Say of each search what nobody gets below who wants incidents."""
    for name in [each.name for each in results if each.goal == "E2"]:
        what = f"{name}: fetching and making incidents of it, and nothing else,"
        results = bounded(results, name, LEAST.format(name), what)
    return results


def _new_incidents() -> Iterator[Incident]:
    """Yield incidents without end, after all that are there."""
    for nth, incident in enumerate(incidents(10_000_000)):
        started = AFTER_ALL + timedelta(seconds=nth)
        yield replace(incident, id=f"{MADE}{nth}", started=started)
