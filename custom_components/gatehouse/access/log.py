"""The access log: one row for each passage, and how often each credential was used."""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Select,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from ..agent import Direction
from ..database import Database, metadata
from ..models import Passage, PassageKind
from .export import HEADER, csv_line
from .passages import PASSAGES, passage_of, passage_values
from .rows import MICROSECOND
from .rules import Whereabouts
from .search import PassageQuery, selection

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


def _add(db: Connection, entries: Sequence[Entry]) -> list[Entry]:
    by_id: dict[str, Entry] = {}
    for entry in entries:
        by_id.setdefault(entry.passage.id, entry)
    known = set(db.execute(select(_COLUMNS.id).where(_COLUMNS.id.in_(by_id))).scalars())
    new = [entry for name, entry in by_id.items() if name not in known]
    if new:
        numbers = _free_numbers(db, [entry.passage.at for entry in new])
        rows = [
            {"number": number, **passage_values(entry.passage, entry.credential)}
            for number, entry in zip(numbers, new, strict=True)
        ]
        db.execute(insert(PASSAGES), rows)
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


def _passages(db: Connection, rows: Select[Any]) -> list[Passage]:
    return [passage_of(row) for row in db.execute(rows).mappings()]
