"""A million passages: the access log's pages, beside plain sqlite3 on the same file."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import batched
from pathlib import Path
from random import Random
import sqlite3
from typing import Any, Final

from custom_components.gatehouse import migrations
from custom_components.gatehouse.access import PassageLog, PassageQuery, door_key
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.models import PassageKind

from .harness import Case, asking, doing
from .seeds import AGENT, BATCH, EACH, FIRST, make_room, microseconds, span

DAY_MS: Final = 10.0
DAY: Final = timedelta(days=1)
DOORS: Final = tuple(door_key(AGENT, each) for each in ("front", "garage", "cellar", "gate"))
PEOPLE: Final = 300

_COLUMNS: Final = (
    "number, id, door, kind, at, holder, person, credential_id, credential, reader,"
    " authentication, direction, reason, latency_us, decided_by, replayed, card"
)
_INTO: Final = f"INSERT INTO passages ({_COLUMNS}) VALUES ({', '.join('?' * 17)})"  # noqa: S608
_DAY: Final = "SELECT * FROM passages WHERE number >= ? AND number < ? {} ORDER BY number DESC"


class LogBench:
    """The product's log and a plain connection, on one file."""

    def __init__(self, log: PassageLog, raw: sqlite3.Connection, number: int) -> None:
        """Ask of the same moments each time."""
        self._log = log
        self._raw = raw
        random = Random(3)  # noqa: S311 - the same each time
        self._moments = [FIRST + DAY + random.random() * (span(number) - DAY) for _ in range(997)]

    def cases(self, calls: int) -> Iterator[Case]:
        """Yield what is measured, so many calls a round."""
        denied = (PassageKind.DENIED,)
        asks: dict[str, tuple[dict[str, Any], str]] = {
            "log: page of 50 out of a day": ({}, ""),
            "log: of one door": ({"doors": DOORS[:1]}, f"AND door = '{DOORS[0]}'"),
            "log: of one person": ({"persons": ("p7",)}, "AND holder = 'p7'"),
            "log: denied": ({"kinds": denied}, "AND kind = 'denied'"),
        }
        for name, (asked, condition) in asks.items():
            statement = f"{_DAY.format(condition)} LIMIT 50"
            yield Case(
                name=name,
                subject=asking(partial(self._find, asked), calls),
                reference=doing(partial(self._raw_find, statement), calls),
                most=DAY_MS,
            )

    async def _find(self, asked: dict[str, Any], nth: int) -> None:
        since, until = self._day(nth)
        await self._log.find(PassageQuery(since=since, until=until, **asked))

    def _raw_find(self, statement: str, nth: int) -> list[Any]:
        since, until = map(microseconds, self._day(nth))
        return self._raw.execute(statement, (since, until)).fetchall()

    def _day(self, nth: int) -> tuple[datetime, datetime]:
        until = self._moments[nth % len(self._moments)]
        return until - DAY, until


@asynccontextmanager
async def opened(folder: Path, number: int) -> AsyncIterator[LogBench]:
    """Open a log of so many passages, made at the first time."""
    path = await _seeded(folder, number)
    database = await Database.open(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            yield LogBench(PassageLog(database), raw, number)
    finally:
        await database.close()


async def _seeded(folder: Path, number: int) -> Path:
    recipe = (Path(__file__), Path(str(migrations.__file__)))
    name = sha256(b"".join(each.read_bytes() for each in recipe)).hexdigest()[:12]
    path = folder / f"passages-{number}-{name}.db"
    part = path.with_suffix(".part")
    if make_room(path):
        await (await Database.open(part)).close()
        await asyncio.to_thread(_fill, part, number)
        part.rename(path)
    return path


def _fill(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for batch in batched(_rows(number), BATCH, strict=False):
            db.execute("BEGIN")
            db.executemany(_INTO, batch)
            db.execute("COMMIT")
        db.execute("PRAGMA optimize")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows(number: int) -> Iterator[tuple[object, ...]]:
    """Yield passages of two years: most are let in, some are unknown, some come too late."""
    random = Random(4)  # noqa: S311 - the same each time
    moment = FIRST
    for index in range(number):
        moment += EACH * random.uniform(0.2, 1.8)
        at, door = microseconds(moment), random.choice(DOORS)
        person = random.randrange(PEOPLE)
        who: tuple[object, ...] = (f"p{person}", f"Person {person}", f"c{person}", "Card")
        kind, reason, card = "granted", None, None
        if (chance := random.random()) < 0.02:
            kind, reason, card = "denied", "unknown_card", f"{index % 2**32:08x}"
            who = (None,) * 4
        elif chance < 0.05:
            kind, reason = "denied", "outside_schedule"
        how = ("outside", "rfid", "in", reason, random.randint(100, 900), "agent", 0, card)
        yield (at, f"{AGENT}-{index}", door, kind, at, *who, *how)
