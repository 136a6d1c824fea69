"""How much footage there is, here and off-site, and how much was deleted."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Table, Text, func, select, update

from ..database import metadata
from .rows import FOOTAGE

TALLIES: Final = Table(
    "tallies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("total", BigInteger, nullable=False),
)
_FREED: Final = "freed_bytes"
_COLUMNS: Final = FOOTAGE.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How much there is: the files here, the objects off-site; and how much went."""

    here: int
    """Files."""
    here_bytes: int
    away: int
    """Objects."""
    away_bytes: int
    freed: int
    """Bytes that were deleted here since the beginning."""


def stock_of(db: Connection) -> Stock:
    """Return how much there is."""
    size = (func.count(), func.coalesce(func.sum(_COLUMNS.bytes), 0))
    here = db.execute(select(*size).where(_COLUMNS.path.is_not(None))).one()
    away = db.execute(select(*size).where(_COLUMNS.object_key.is_not(None))).one()
    freed = db.execute(select(TALLIES.c.total).where(TALLIES.c.name == _FREED)).scalar()
    return Stock(
        here=here[0],
        here_bytes=here[1],
        away=away[0],
        away_bytes=away[1],
        freed=freed or 0,
    )


def count_freed(db: Connection, size: int) -> None:
    """Count bytes that were deleted here."""
    change = update(TALLIES).where(TALLIES.c.name == _FREED).values(total=TALLIES.c.total + size)
    if db.execute(change).rowcount == 0:
        db.execute(TALLIES.insert().values(name=_FREED, total=size))
